"""What a visitor can download tells nothing of the server: no folder of an upload, of a visit, of the project."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from gen3d.events import Notice, Started
from gen3d.request import Request
from gen3d.run.record import Record
from gen3d.settings import PRESETS
from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from tests.page import served
from tests.play import DOWNLOADS
from tests.runs import TINY, save_rgbd

pytest_plugins = ["tests.page"]
ROOT = Path(__file__).parents[1]
JOB = 9
"""Of what /build gives."""
MORE = ["scene.glb", "collider.glb", "scene.spz", "scene.zip"]


@pytest.fixture
def builtin(gradio_home: Path, tmp_path: Path) -> Iterator[str]:
    """The app's own steps, with presets that finish at once."""
    import app

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "fast", replace(TINY, preset="fast"))
        with served(app.steps(), Visits(tmp_path / "visits"), Gallery((), tmp_path / "gallery")) as url:
            yield url


def contents(file: Path) -> Iterator[tuple[str, bytes]]:
    """A file, and what is packed in it."""
    packed = {file.name: file.read_bytes()}
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            packed |= {f"{file.name}/{name}": archive.read(name) for name in archive.namelist()}
    for name, content in packed.items():
        yield name, gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def test_no_product_names_a_folder_of_the_server(builtin, built, gradio_home, tmp_path):
    request, got = save_rgbd(tmp_path / "in"), tmp_path / "got"
    client = Client(builtin, verbose=False, download_files=str(got))
    *given, path = map(handle_file, (request.photo, request.depth, built.folder / "transforms.json"))
    asked = {"preset": "fast", "fov_deg": 60, "transforms": path, "left": "/a harbour/ at dawn"}
    job = client.predict(*given, **asked, api_name="/build")[JOB]
    client.predict(job, MORE, api_name="/more_files")
    client.close()
    files = [file for file in got.rglob("*") if file.is_file()]
    assert {*DOWNLOADS, *MORE} <= {file.name for file in files}
    uploads = [folder.name for folder in gradio_home.iterdir() if folder.is_dir()]
    secret = [str(folder).encode() for folder in (tmp_path, gradio_home, ROOT, Path.home(), *uploads)]
    told = [(name, one) for file in files for name, content in contents(file) for one in secret if one in content]
    assert not told and len(uploads) >= 3


def test_what_a_run_was_told_is_kept_without_folders(tmp_path):
    def stage() -> Iterator[object]:
        yield Started("depth")
        yield Notice("The weights in /srv/models/moge cannot be read.")

    record = Record(Request(prompt="a lake"), PRESETS["fast"], {}, tmp_path)
    assert "/srv/models/moge" in list(record.follow(stage()))[-1].text, "whoever runs it may know"
    assert record.as_json()["notices"] == ["The weights in moge cannot be read."]
