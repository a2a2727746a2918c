"""Odd inputs through the page's API, on the app's own steps: what the command line builds is built, others are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from gen3d.settings import PRESETS
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.core.steps import UNEXPECTED
from tests.corpus.case import Case
from tests.corpus.driver import CASES, prepare
from tests.page import served
from tests.test_corpus import QUICK

pytest_plugins = ["tests.page"]
pytestmark = pytest.mark.slow
ARGUMENT = {"pictures": "photo", "depths": "depth", "paths": "transforms"}
"""Kind of input -> what takes it in a build."""
FIFTH = 5
"""Beside the sample, every so many-th case is tried."""


def tried(cases: list[Case]) -> list:
    """Those whose file can be uploaded: it has a content, which is no bomb, and a name that is UTF-8."""
    some = [c for c in cases if c.content is not None and not c.heavy and "drawn" not in c.name and c.file.isascii()]
    return [pytest.param(c, id=c.title) for i, c in enumerate(some) if c.sample or i % FIFTH == 0]


@pytest.fixture(scope="module")
def client(gradio_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A visitor of the page as app.py serves it, with a preset that finishes at once."""
    import app

    home = tmp_path_factory.mktemp("builtin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "fast", QUICK)
        with served(app.steps(), Visits(home / "visits"), Gallery((), home / "gallery")) as url:
            visitor = Client(url, verbose=False, download_files=str(home / "files"))
            yield visitor
            visitor.close()


@pytest.mark.parametrize("case", tried([c for c in CASES if c.group in ARGUMENT and "scale" not in c.name]))
def test_an_odd_upload_is_built_or_told_in_our_words(client, case, tmp_path):
    prepare(case, tmp_path)
    file = tmp_path / "in" / case.file
    photo = file if case.group == "pictures" else tmp_path / "in" / "photo.png"
    given = {"photo": handle_file(photo), ARGUMENT[case.group]: handle_file(file), "fov_deg": 60, "seed": 1}
    try:
        values = client.predict(**given, api_name="/build")
    except AppError as error:
        assert case.wanted != "built" and is_ours(str(error), tmp_path)
        return
    assert case.wanted != "refused" and whole([Path(one) for one in values[7]])


@pytest.mark.parametrize("case", tried([c for c in CASES if c.group == "scenes"]))
def test_an_odd_scene_is_shown_or_told_in_our_words(client, case, tmp_path):
    """It may be shown where no export takes it, and the other way around."""
    prepare(case, tmp_path)
    try:
        client.predict(handle_file(tmp_path / "in" / case.file), api_name="/open_scene")
    except AppError as error:
        assert case.wanted != "built" and is_ours(str(error), tmp_path)


def is_ours(sentence: str, folder: Path) -> bool:
    """A sentence for visitors, which names no folder and blames no engine."""
    foreign = (UNEXPECTED, str(folder), "/visits", "plays", "Traceback")
    return sentence.rstrip().endswith((".", "!")) and not [words for words in foreign if words in sentence]


def whole(files: list[Path]) -> bool:
    """Whether the scene among the files of a build is one of numbers."""
    [scene] = [file for file in files if file.name == "scene.ply"]
    content = scene.read_bytes()
    numbers = np.frombuffer(content[content.index(b"end_header\n") + 11 :], "<f4")
    return len(numbers) > 0 and bool(np.isfinite(numbers).all())
