import shutil
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from gen3d.errors import ModelUnavailable
from gen3d.models.adapters import caption
from gen3d.models.adapters.caption import CATEGORIES, LONGEST_CAPTION, load_captioner, tidied
from gen3d.models.base import Captioner
from gen3d.models.placement import Placement
from tests.tiny_caption import write_blip, write_clip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("caption")
    return write_blip(base / "blip"), write_clip(base / "clip")


@pytest.fixture(scope="module")
def captioner(folders):
    return load_captioner(*folders, Placement())


@pytest.fixture
def damaged(folders, tmp_path):
    """Copies of both folders, to be spoilt."""
    return tuple(shutil.copytree(folder, tmp_path / folder.name) for folder in folders)


def picture(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    coarse = np.random.default_rng(seed).random((4, 4, 3), np.float32)
    return np.kron(coarse, np.ones((-(-height // 4), -(-width // 4), 1), np.float32))[:height, :width]


def test_it_plays_the_role(captioner):
    assert isinstance(captioner, Captioner)


def test_a_caption_is_words_without_marks_and_the_same_each_time(captioner, folders):
    said = captioner.describe(picture(0))
    assert said and "[" not in said and len(said) <= LONGEST_CAPTION
    assert captioner.describe(picture(0)) == said
    assert load_captioner(*folders, Placement()).describe(picture(0)) == said


def test_captions_and_categories_depend_on_the_picture(captioner):
    pictures = [picture(seed) for seed in range(6)]
    assert len({captioner.describe(p) for p in pictures}) > 1
    assert len({captioner.categorize(p) for p in pictures}) > 1


def test_the_category_is_one_of_the_list_and_the_nearest(captioner):
    """Held against transformers' own reckoning."""
    chosen = captioner.categorize(picture(1))
    prepared = caption.normalised(caption.middle_square(picture(1), 32))
    sentences = clip_tokenizer(captioner)([f"a photo of the {c}." for c in CATEGORIES], padding=True)
    with torch.inference_mode():
        out = captioner.clip(torch.tensor(sentences["input_ids"]), prepared, torch.tensor(sentences["attention_mask"]))
    assert chosen == CATEGORIES[int(out.logits_per_image.argmax())]


def clip_tokenizer(captioner):
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(captioner.clip.name_or_path, local_files_only=True)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (389, 517), (32, 256), (256, 32)])
def test_any_size_and_aspect_is_taken(captioner, height, width):
    assert captioner.describe(picture(2, height, width))
    assert captioner.categorize(picture(2, height, width)) in CATEGORIES


def test_pictures_are_prepared_as_transformers_prepares_them():
    """Up to its rounding to bytes; smooth pictures, since rounding also cuts off what overshoots at edges."""
    from transformers import BlipImageProcessorPil, CLIPImageProcessorPil

    y, x = np.mgrid[:60, :90]
    image = np.stack([2 * x + y, 100 + 50 * np.sin(x / 9), 3 * y], axis=-1).astype(np.uint8)
    floats = image.astype(np.float32) / 255
    blip = BlipImageProcessorPil(size={"height": 32, "width": 32})(image, return_tensors="pt")["pixel_values"]
    clip = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    byte = 1 / 255 / min(caption.STD)
    assert (caption.normalised(caption.resized(floats, 32, 32)) - blip).abs().max() < 1.1 * byte
    theirs = clip(image, return_tensors="pt")["pixel_values"][..., 2:-2]  # where it cuts, it has seen beyond
    ours = caption.normalised(caption.middle_square(floats, 32))[..., 2:-2]
    assert (ours - theirs).abs().max() < 1.1 * byte


def test_old_pickles_of_weights_say_the_same(captioner, tmp_path):
    pickled = load_captioner(
        write_blip(tmp_path / "b", safetensors=False), write_clip(tmp_path / "c", safetensors=False), Placement()
    )
    assert pickled.describe(picture(4)) == captioner.describe(picture(4))
    assert pickled.categorize(picture(4)) == captioner.categorize(picture(4))


@pytest.mark.parametrize(("which", "left_out"), [(0, "tokenizer.json"), (1, "tokenizer.json")])
def test_a_tokenizer_in_parts_will_do(captioner, damaged, which, left_out):
    if which == 0:
        tokens = captioner.tokenizer.get_vocab()
        (damaged[0] / "vocab.txt").write_text("\n".join(sorted(tokens, key=tokens.get)), encoding="utf-8")
    (damaged[which] / left_out).unlink()
    again = load_captioner(*damaged, Placement())
    assert again.describe(picture(5)) == captioner.describe(picture(5))
    torch.testing.assert_close(again.categories, captioner.categories)


@pytest.mark.parametrize(
    ("which", "lost", "named"),
    [(0, "config.json", "config.json"), (0, "model.safetensors", "model.safetensors"),
     (0, "tokenizer.json", "vocab.txt"), (1, "model.safetensors", "model.safetensors"),
     (1, "config.json", "config.json")],
)  # fmt: skip
def test_a_missing_file_is_named(damaged, which, lost, named):
    (damaged[which] / lost).unlink()
    with pytest.raises(ModelUnavailable, match=f"{damaged[which].name}/{named}.*gen3d download"):
        load_captioner(*damaged, Placement())


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_truncated_file_is_named(damaged, which, file):
    path = damaged[which] / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ModelUnavailable, match=f"{damaged[which].name}/{file}.*gen3d download"):
        load_captioner(*damaged, Placement())


def test_weights_that_lack_a_tensor_are_refused(damaged):
    from safetensors.torch import load_file, save_file

    path = damaged[1] / "model.safetensors"
    tensors = load_file(path)
    del tensors["visual_projection.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors.*visual_projection\.weight"):
        load_captioner(*damaged, Placement())


def test_a_pickle_that_would_run_something_is_refused(damaged, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (damaged[0] / "model.safetensors").unlink()
    torch.save({"weight": Evil()}, damaged[0] / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match=r"pytorch_model\.bin"):
        load_captioner(*damaged, Placement())
    assert not (tmp_path / "ran").exists()


def test_a_babbling_network_is_cut_at_a_word():
    assert tidied("  a  house\n by the\tsea ") == "a house by the sea"
    cut = tidied("very " * 100)
    assert len(cut) <= LONGEST_CAPTION and set(cut.split()) == {"very"}
    assert tidied("x" * 300) == "x" * LONGEST_CAPTION
    exact = "ab " * 66 + "ab"
    assert len(exact) == LONGEST_CAPTION and tidied(exact) == exact


def test_networks_in_half_precision_are_given_half_precision(captioner):
    half = replace(captioner, blip=deepcopy(captioner.blip).half(), clip=deepcopy(captioner.clip).half())
    assert half.describe(picture(0)) and half.categorize(picture(0)) in CATEGORIES


def test_categories_are_distinct_and_short():
    assert len(set(CATEGORIES)) == len(CATEGORIES) >= 40
    assert all(len(c.split()) <= 3 for c in CATEGORIES)
