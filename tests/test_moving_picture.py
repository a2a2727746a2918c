"""What is drawn while the camera moves and the machine is slow: fewer Gaussians, and no holes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gen3d.camera import Camera
from gen3d.formats.view import Limits, read_view, write_view
from gen3d.products.limits import Pose, orbit
from gen3d.splat.gaussians import joined
from gen3d.splat.pick import pick_rasterizer
from tests.browser import browser as browser
from tests.measures import psnr
from tests.scene_page import ScenePage, shelf
from tests.small_scenes import sheet, shown

LENS = Camera.from_fov(60.0, 160, 120)
PIVOT_M = 3.0
LIMITS = Limits(20.0, 20.0, 5.0, 5.0, 0.7, 1.2)
WALL = sheet((0, 0, 4), (6, 0, 0), (0, 5, 0), 0.04)
CARD = sheet((0, 0, 2), (0.5, 0, 0), (0, 0.6, 0), 0.02)
"""Before the wall: what it hides of it the photo does not see."""
SLOW = """() => {
  const real = requestAnimationFrame
  window.requestAnimationFrame = act => real(now => act(20 * now))
}"""
"""Every picture seems to take twenty times as long."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.view"
    write_view(path, joined(WALL, CARD), LENS, PIVOT_M, LIMITS)
    return path


@pytest.fixture
def slow(browser: object, scene: Path) -> Iterator[ScenePage]:
    """A page with the scene on it, at the photo's size, on what seems a slow machine."""
    with shelf() as stock:
        stock.files["scene.view"] = scene.read_bytes()
        page = ScenePage(browser, stock.url)
        page.page.add_style_tag(content=f"#stage {{ width: {LENS.width}px }}")
        page.open()
        page.page.evaluate(SLOW)
        yield page
        page.context.close()
        assert page.wrong == []


def test_while_a_hand_drags_there_are_fewer_gaussians_and_no_holes(slow, scene):
    file = read_view(scene)
    x, y = slow.middle()
    slow.page.mouse.move(x, y)
    slow.page.mouse.down()
    for step in range(60):
        slow.page.mouse.move(x + (40 if step % 2 else 35), y)
        slow.page.wait_for_timeout(30)
        if int(slow.told("count")) <= len(file.gaussians) / 8 + 1:
            break
    slow.page.wait_for_timeout(200)
    yaw, pitch, zoom = slow.pose()
    few = int(slow.told("count"))
    assert len(file.gaussians) / 9 < few < len(file.gaussians) / 7 and yaw > 5
    assert slow.page.evaluate("() => viewer.canvas.width") == LENS.width / 2
    camera = orbit(file.camera, Pose(yaw, pitch, zoom), file.pivot_m)
    whole, moving = shown(pick_rasterizer().render(file.gaussians, camera)), slow.picture()
    inside = np.s_[8:-8, 8:-8]
    assert whole[inside].min() > 0.3 and moving[inside].min() > 0.25, "what the photo did not see is there, too"
    slow.page.mouse.up()
    slow.rest()
    assert int(slow.told("count")) == len(file.gaussians)
    assert psnr(slow.picture(), shown(pick_rasterizer().render(file.gaussians, camera))) > 30


def test_a_swaying_scene_counts_as_whole_though_few_of_it_are_drawn(slow):
    """Or a slow machine would never say that all is there."""
    slow.page.evaluate("() => { viewer.dispose(); window.viewer = createSceneViewer(stage, {sway: true}) }")
    slow.page.evaluate("() => { viewer.show('scene.view') }")
    slow.wait("ready === 'true'")
