"""More formats on demand: the pieces, and a small page in Chromium whose button makes and offers them."""

from pathlib import Path

import gradio as gr
import pytest

from gen3d.errors import InputError
from gen3d.format_table import on_page
from gen3d.products.export import FinishedScene, export_file
from gen3d.splat.pick import pick_rasterizer
from gen3d.ui.page.more_files import add_more_files, made_files
from gen3d.ui.page.queue import QUEUE
from tests.browser import browser  # noqa: F401
from tests.page import launched
from tests.patience import eventually
from tests.small_scenes import photo_scene


def writing(scene: Path, file: Path) -> None:
    file.write_text(f"{file.name} of {scene.name}")


def test_files_come_one_by_one_and_are_made_once(tmp_path):
    made = []

    def make(scene: Path, file: Path) -> None:
        made.append(file.name)
        writing(scene, file)

    wanted = ["scene.zip", "scene.glb"]
    told = list(made_files(tmp_path, wanted, make))
    assert [len(files) for _, files in told] == [0, 1, 2]
    assert [Path(file).read_text() for file in told[-1][1]] == [f"{n} of {tmp_path.name}" for n in reversed(wanted)]
    assert "scene.glb (1 of 2)" in told[0][0] and "2 files are ready" in told[-1][0]
    list(made_files(tmp_path, wanted, make))
    assert made == ["scene.glb", "scene.zip"]


@pytest.mark.parametrize("wanted", [[], ["../run.json"], ["scene.glb", "other"]])
def test_only_files_that_are_offered_are_made(tmp_path, wanted):
    with pytest.raises(InputError, match="No such file"):
        list(made_files(tmp_path, wanted, writing))


def test_every_file_that_is_offered_can_be_made(tmp_path):
    assert {row.name for row in on_page() if row.page == "ticked"} == {"scene.glb", "scene.spz"}
    assert {row.suffix for row in on_page()} == {
        ".glb", "collider.glb", ".spz", ".sog", ".splats.glb", ".usdz", ".zip", "site.zip",
    }
    scene = FinishedScene(photo_scene(), tmp_path, pick_rasterizer())
    with pytest.raises(ValueError, match="no file of the kind"):
        list(export_file(scene, Path("scene.obj")))


def test_the_button_makes_the_files_of_the_job_on_show(tmp_path, browser):  # noqa: F811
    asked = []

    def find(visitor: str, name: str | None) -> Path:
        asked.append((bool(visitor), name))
        if name != "mine":
            raise InputError("There is no scene yet.", "Build one first.")
        return tmp_path

    with gr.Blocks() as page:
        job = gr.Textbox("mine", elem_id="job")
        add_more_files(find, writing, job, QUEUE)
    with launched(page, allowed_paths=[str(tmp_path)]) as url:
        window = browser.new_page()
        window.goto(url)
        window.get_by_text("More formats").click()
        window.locator("#more-make").click()
        window.get_by_text("2 files are ready below.").wait_for()
        links = window.locator("#more-downloads a[download]")
        eventually(lambda: links.count() == 2)
        with window.expect_download() as download:
            links.first.click()
        assert Path(download.value.path()).read_text() == f"scene.glb of {tmp_path.name}"
        assert asked == [(True, "mine")]
        window.locator("#job textarea").fill("other's")
        window.locator("#more-make").click()
        window.get_by_text("There is no scene yet. Build one first.").first.wait_for()
        eventually(lambda: window.locator("#more-make").is_enabled())
        window.close()
