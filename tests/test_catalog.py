import subprocess
import sys
from functools import partial
from pathlib import Path, PurePosixPath

import pytest

from gen3d.errors import InputError
from gen3d.models.weights.catalog import catalog, optional_weights, tier_weights
from tests.patience import PATIENCE_S
from tests.tiny_caption import write_blip, write_clip
from tests.tiny_diffusion import write_controlnet, write_flux, write_lcm_lora, write_stable_diffusion

EVERY = tuple(catalog().values())


def test_the_catalogue_is_read_without_anything_heavy() -> None:
    program = "import sys; import gen3d.models.weights.catalog; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    loaded = set(done.stdout.split())
    assert "gen3d.models.weights.catalog" in loaded
    assert not loaded & {"torch", "numpy", "huggingface_hub", "transformers"}


def test_all_weights_are_fetched_by_a_tier_or_by_name() -> None:
    in_tiers = {weights.key for tier in ("cpu", "gpu") for weights in tier_weights(tier)}
    optional = {weights.key for weights in optional_weights()}
    assert in_tiers | optional == set(catalog()) and not in_tiers & optional
    assert optional == {"moge-2-vits", "flux-2-klein", "shap-e", "shap-e-img2img"}


def test_a_tier_fetches_each_of_its_weights_once() -> None:
    assert [weights.key for weights in tier_weights("cpu")] == ["moge-2-vitb", "sam-vit-b", "lama"]
    gpu = [weights.key for weights in tier_weights("gpu")]
    assert gpu[:3] == ["moge-2-vitl", "sam-vit-h", "lama"] and len(gpu) == len(set(gpu)) == 9


def test_more_can_be_asked_for_by_key() -> None:
    assert tier_weights("cpu", ["lama", "flux-2-klein"]) == (*tier_weights("cpu"), catalog()["flux-2-klein"])
    with pytest.raises(InputError, match=r"no weights called flux\. Known are: .*moge-2-vits, .*flux-2-klein"):
        tier_weights("cpu", ["flux"])


def test_a_laptops_tier_stays_below_a_gigabyte() -> None:
    assert sum(weights.size_bytes for weights in tier_weights("cpu")) < 1e9


@pytest.mark.parametrize("weights", EVERY, ids=lambda weights: weights.key)
def test_every_file_is_named_outright(weights) -> None:
    assert weights.sources and weights.licence and weights.facts and weights.size_bytes > 1e8 * 0.9
    for source in weights.sources:
        assert source.repo.count("/") == 1
        names = [name for names in source.files for name in names]
        assert len(source.files) == len(set(source.files)) and all(source.files)
        for name in names:
            path = PurePosixPath(name)
            assert path.as_posix() == name and not path.is_absolute() and ".." not in path.parts
            assert not set(name) & set("*?[]") and path.suffix


@pytest.mark.parametrize("weights", EVERY, ids=lambda weights: weights.key)
def test_half_precision_comes_first_and_pickles_last(weights) -> None:
    def rank(name: str) -> int:
        return (name.endswith(".bin")) * 2 + (".fp16." not in name)

    for source in weights.sources:
        for names in source.files:
            if not names[0].endswith((".pt", ".pth", ".onnx")):
                assert sorted(names, key=rank) == list(names)


WRITERS = {
    "sd15-inpainting": partial(write_stable_diffusion, checker=True, variant="fp16"),
    "controlnet-inpaint": write_controlnet,
    "lcm-lora": write_lcm_lora,
    "flux-2-klein": write_flux,
    "blip": write_blip,
    "clip": write_clip,
}


@pytest.mark.parametrize("key", WRITERS)
def test_of_what_diffusers_and_transformers_write_all_that_counts_is_asked_for(key: str, tmp_path: Path) -> None:
    """And nothing is asked for that they do not write, in one form or another."""
    folder = tmp_path / key
    WRITERS[key](folder)
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    (source,) = catalog()[key].sources
    assert all(written & set(names) for names in source.files)
    known = {name for names in source.files for name in names}
    assert written - known <= {"processor_config.json", "generation_config.json"}
