"""Scene files of anybody, looked at: where the viewer starts, and the corner of the page that takes them."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch

from gen3d.camera import Camera
from gen3d.errors import InputError
from gen3d.format_table import asked_for
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import save_scene
from gen3d.formats.splats_glb import store_splats_glb
from gen3d.formats.spz import write_spz
from gen3d.formats.stored import StoredScene
from gen3d.formats.view import read_view
from gen3d.products.opened import AROUND, before, write_opened_view
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.pick import pick_rasterizer
from gen3d.ui.page import open_scene
from gen3d.ui.page.scene_viewer import scene_viewer
from tests.arrow import arrow_scene, walled
from tests.browser import browser as browser
from tests.page import launched
from tests.patience import PATIENCE_S
from tests.small_scenes import closed_room, photo_scene
from tests.test_spz import some


def opened(folder: Path, gaussians: Gaussians, name: str = "a.ply"):
    save_scene(asked_for(Path(name)), folder / name, StoredScene(gaussians))
    write_opened_view(folder / "a.view", folder / name, pick_rasterizer())
    return read_view(folder / "a.view")


@pytest.mark.parametrize("name", ["a.ply", "a.splat", "a.spz", "a.sog", "a.splats.glb", "a.compressed.ply"])
def test_a_scene_of_ours_is_looked_at_from_where_its_photo_was_taken(tmp_path, name):
    view = opened(tmp_path, photo_scene(Camera.from_fov(70.0, 96, 72)), name)
    assert np.allclose(view.camera.w2c, np.eye(4)) and max(view.camera.fov_deg) == pytest.approx(60)
    assert view.title == name and 2 < view.pivot_m < 6
    assert 0 < view.limits.yaw_left_deg < 60 and view.limits.farthest < 1.5


def test_a_scene_of_a_narrow_lens_is_looked_at_through_one(tmp_path):
    view = opened(tmp_path, photo_scene(Camera.from_fov(50.0, 96, 72)))
    assert np.allclose(view.camera.w2c, np.eye(4)) and max(view.camera.fov_deg) == pytest.approx(45)


def test_what_goes_all_around_the_origin_is_looked_at_from_outside(tmp_path):
    """The origin may be inside of a thing: nobody knows a thing's shell from a room's walls."""
    view = opened(tmp_path, closed_room((2.0, 1.5, 2.5), (0.3, 0.0, 0.2), 0.06))
    assert view.outside.starts and np.linalg.norm(view.camera.center) > 3


def test_an_object_is_looked_at_from_outside_and_all_around(tmp_path):
    arrow = arrow_scene()
    moved = Gaussians(arrow.means + torch.tensor([10.0, -3.0, 40.0]), *(arrow.quats, arrow.scales, arrow.opacities),
                      arrow.sh)  # fmt: skip
    view = opened(tmp_path, moved)
    assert view.limits == AROUND
    uv, z = view.camera.project(moved.means.double().numpy())
    framed = (z > 0) & (uv >= 0).all(axis=1) & (uv < (view.camera.width, view.camera.height)).all(axis=1)
    assert framed.mean() > 0.9
    picture = pick_rasterizer().render(view.gaussians, view.camera)
    assert 0.02 < float(picture.alpha.mean()) < 0.6


def test_stray_gaussians_do_not_push_the_camera_away():
    """A hundredth of the scene lies a kilometre off."""
    near = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0))
    near[::100] += 1000
    g = some(1000)
    _, distance_m = before(Gaussians(near, g.quats, g.scales, g.opacities, g.sh), Camera.from_fov(60.0, 64, 48))
    assert distance_m < 10


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_every_degree_is_shown(tmp_path, degree):
    view = opened(tmp_path, walled(arrow_scene(), degree))
    assert view.gaussians.sh_degree == 1


def test_files_too_large_to_show_are_refused(tmp_path):
    write_ply(tmp_path / "a.ply", some())
    with pytest.raises(InputError, match="at most"):
        write_opened_view(tmp_path / "a.view", tmp_path / "a.ply", pick_rasterizer(), most=399)
    with pytest.raises(InputError, match="MB"):
        write_opened_view(tmp_path / "a.view", tmp_path / "a.ply", pick_rasterizer(), largest_bytes=99)


# -- the page


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A small page: the viewer and the corner, over the real reader."""

    def show_file(view: Path, scene: Path) -> None:
        write_opened_view(view, scene, pick_rasterizer())

    with gr.Blocks() as page:
        open_scene.add_open_scene(show_file, scene_viewer(elem_id="viewer"), gr.HTML(elem_id="status"))
    with launched(page.queue()) as url:
        yield url


def test_a_visitor_opens_a_file_and_sees_it_and_is_told_what_is_wrong_with_another(browser, address, tmp_path):
    scene = walled(arrow_scene(), 1)
    count = len(scene)
    store_splats_glb(tmp_path / "wall.splats.glb", StoredScene(scene))
    write_spz(tmp_path / "wall.spz", scene)
    (tmp_path / "broken.spz").write_bytes((tmp_path / "wall.spz").read_bytes()[:5000])
    context = browser.new_context(viewport={"width": 800, "height": 700})
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.goto(address)
        page.get_by_role("button", name=open_scene.TITLE).click()
        page.locator("#scene-file input[type=file]").set_input_files(tmp_path / "wall.splats.glb")
        page.wait_for_selector(f"#viewer canvas[data-ready=true][data-count='{count}']")
        page.locator("#status", has_text="This is wall.splats.glb, a file of yours.").wait_for()
        page.get_by_role("button", name="Clear").first.click()
        page.locator("#scene-file input[type=file]").set_input_files(tmp_path / "broken.spz")
        page.get_by_text("broken.spz is damaged, or not a .spz file.").wait_for()
    finally:
        context.close()
