"""The page over the networks: a sentence typed in a browser becomes a scene, through every adapter, offline."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gen3d.models.pick import load_models
from gen3d.settings import PRESETS, EngineSettings
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from tests.page import served
from tests.runs import TINY
from tests.tiny_hub import at_home

pytest_plugins = ["tests.page"]


@pytest.fixture(scope="module")
def networks(gradio_home: Path, hub_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app's own steps over tiny random networks."""
    import app

    home = tmp_path_factory.mktemp("networks")
    with at_home(hub_home):
        models = load_models("hub", tier="gpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "MODELS", models)
        quick = EngineSettings(depth_tokens=1200, mask_grid=4, diffusion_steps=2)
        patch.setitem(PRESETS, "fast", replace(TINY, preset="fast", engines=quick))
        with served(app.steps(), Visits(home / "visits"), Gallery((), home / "gallery")) as url:
            yield url


@pytest.mark.slow
def test_a_sentence_becomes_a_scene_in_the_browser(networks, open_window):
    window = open_window(networks)
    window.choose_tab("Text")
    window.part("prompt").locator("textarea").fill("a harbour at dawn")
    window.button("Build").click()
    window.says("Done in")
    for name in ("depth", "layers", "views"):
        window.shows(name)
    assert {"scene.ply", "flythrough.mp4"} <= set(window.downloads())
    for name in ("MoGe-2 vitl", "SAM vit_h", "Stable Diffusion", "BLIP"):
        window.expect(window.page.get_by_text(name).first).to_be_visible()
