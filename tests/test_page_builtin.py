"""The page in a real Chromium on the builtin pipeline itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from plyfile import PlyData

from gen3d.formats.ply import read_ply, write_ply
from gen3d.scene_files import SceneFiles
from gen3d.settings import PRESETS
from gen3d.ui.core import words
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from tests.page import served
from tests.patience import eventually
from tests.play import DOWNLOADS
from tests.runs import TINY, save_rgbd
from tests.window import contrast

pytest_plugins = ["tests.page"]


@pytest.fixture(scope="module")
def builtin(gradio_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app's own steps, with presets that finish at once."""
    import app

    home = tmp_path_factory.mktemp("builtin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "fast", replace(TINY, preset="fast"))
        with served(app.steps(), Visits(home / "visits"), Gallery((), home / "gallery")) as url:
            yield url


@pytest.mark.journey
def test_the_builtin_pipeline_makes_a_scene_that_is_drawn_and_flown_through(builtin, open_window, tmp_path):
    request = save_rgbd(tmp_path / "in")
    window = open_window(builtin, viewer=True)
    window.choose_tab("Photo + depth")
    window.give("photo", request.photo)
    window.give("depth-file", request.depth)
    window.button("Build").click()
    window.says("Done in")
    for name in ("depth", "layers", "background", "views"):
        window.shows(name)

    links = window.downloads()
    assert set(links) == DOWNLOADS
    (tmp_path / "scene.ply").write_bytes(window.fetch(links["scene.ply"]))
    gaussians = PlyData.read(tmp_path / "scene.ply")["vertex"]
    assert len(gaussians) > 1000 and {"x", "f_dc_0", "opacity", "scale_0", "rot_0"} <= set(gaussians.data.dtype.names)
    assert len(window.fetch(links["scene.splat"])) == 32 * len(gaussians)

    video = window.part("video").locator("video")
    eventually(lambda: video.evaluate("v => v.readyState >= 2 && v.duration > 0 && v.videoWidth > 0"))
    eventually(lambda: window.views()["count"] == str(len(gaussians)) and contrast(window.canvas()) > 0.05)
    window.unfold(words.OTHER_VIEWER)
    canvas = window.part("scene").locator("canvas")
    eventually(lambda: contrast(canvas) > 0.05)

    window.unfold("More formats")
    window.page.get_by_role("button", name="Make these files").click()
    window.page.get_by_text("2 files are ready below.").wait_for()
    made = window.links("more-downloads")
    assert set(made) == {"scene.glb", "scene.spz"}
    assert window.fetch(made["scene.glb"])[:4] == b"glTF" and window.fetch(made["scene.spz"])[:2] == b"\x1f\x8b"


def test_a_scene_file_of_a_visitor_is_opened_by_the_real_page(builtin, built, open_window, tmp_path):
    window = open_window(builtin)
    window.unfold("Open a scene file")
    some = write_some(tmp_path / "mine.ply", SceneFiles(built.folder).ply, 900)
    window.part("scene-file").locator("input[type=file]").set_input_files(some)
    window.says("This is mine.ply, a file of yours.")
    eventually(lambda: window.views()["count"] == "900" and contrast(window.canvas()) > 0.05)


def write_some(path: Path, scene: Path, count: int) -> Path:
    """A part of a scene file."""
    whole = read_ply(scene)
    write_ply(path, whole.keep(torch.arange(len(whole)) < count))
    return path


def test_what_is_wrong_is_told_beside_what_caused_it_until_the_next_build(builtin, open_window, tmp_path):
    for name, content in (("broken.png", "no picture"), ("wrong.json", "{not json"), ("depth.npy", "no array")):
        (tmp_path / name).write_text(content)
    good = save_rgbd(tmp_path / "in").photo
    window = open_window(builtin)
    window.choose_tab("Photo")

    def fails(field: str, sentence: str) -> None:
        window.button("Build").click()
        window.expect(window.part(f"beside-{field}")).to_contain_text(sentence)
        window.says(sentence)
        window.is_free()
        told = window.page.locator(".beside p")
        window.expect(told).to_have_count(1)
        window.expect(told).to_be_in_viewport()

    fails("photo", "There is no photo yet.")
    window.give("photo", tmp_path / "broken.png")
    fails("photo", "is not a picture that can be read")
    window.set_seed(-3)
    fails("seed", "-3 is not a seed. Give a whole number from 0 to 2147483647, or leave it empty.")
    window.set_seed(3)
    window.unfold("Advanced")
    window.give("transforms", tmp_path / "wrong.json")
    window.fold("Advanced")
    fails("transforms", "wrong.json is not JSON.")
    window.part("transforms").get_by_role("button", name="Clear").click()
    window.type_number("Field of view", 500)
    window.give_anew("photo", good)
    fails("fov_deg", "A field of view of 500 degrees is not possible.")
    window.type_number("Field of view", 0)
    window.choose_tab("Photo + depth")
    fails("depth", "There is no depth file yet.")
    window.give("depth-file", tmp_path / "depth.npy")
    fails("depth", "depth.npy")


def test_sentences_fill_the_field_at_once_and_one_that_nobody_can_draw_is_told(builtin, open_window):
    window = open_window(builtin)
    window.choose_tab("Text")
    window.expect(window.page.get_by_text(words.BY_RULE)).to_be_visible()
    window.page.get_by_role("button", name=words.SENTENCES[1]).click()
    window.expect(window.part("prompt").locator("textarea")).to_have_value(words.SENTENCES[1])
    window.part("prompt").locator("textarea").fill("colourless ideas sleep furiously")
    window.button("Build").click()
    window.says("No engine here can draw a sentence. Give a photo")
    window.is_free()


def test_a_photo_of_any_kind_reaches_the_pipelines_own_words(builtin, open_window):
    """A browser calls a HEIC photo nothing at all, and Gradio lets only pictures into the field."""
    photo = Path(__file__).parent / "data" / "cases" / "IMG_0001.HEIC"
    window = open_window(builtin)
    window.choose_tab("Photo")
    window.give("photo", photo)
    window.button("Build").click()
    window.expect(window.part("beside-photo")).to_contain_text("IMG_0001.HEIC is a HEIC photo that cannot be read.")
    window.is_free()
    window.part("photo").get_by_role("button", name="Remove").click()
    window.page.evaluate(DROP, [*photo.read_bytes()])
    window.part("photo").locator("img").first.wait_for()
    window.button("Build").click()
    window.expect(window.part("beside-photo")).to_contain_text("dropped.heic is a HEIC photo that cannot be read.")


DROP = """bytes => {
  const dataTransfer = new DataTransfer()
  dataTransfer.items.add(new File([new Uint8Array(bytes)], 'dropped.heic'))
  const field = document.querySelector('#photo .upload-container') ?? document.querySelector('#photo button')
  field.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer}))
}"""
