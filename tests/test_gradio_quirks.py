"""Workarounds for versions of Gradio: in one file, each with its version and with what it waits for."""

import ast
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import gradio
import pytest
from gradio.state_holder import SessionState

from gen3d.ui.core.disk import upload_folder
from gen3d.ui.page import gradio_quirks
from gen3d.ui.page.guarded import GuardedBlocks

FILE = Path(gradio_quirks.__file__)
UI = FILE.parents[1]


def documented() -> Iterator[tuple[str, str]]:
    """The public names of the file, but for GRADIO and what is imported, and what each says of itself."""
    body = ast.parse(FILE.read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) or ""
        elif isinstance(node, ast.Assign) and not isinstance(getattr(node.value, "func", None), ast.Name):
            yield node.targets[0].id, ast.literal_eval(after.value) if is_text(after) else ""


def is_text(node: ast.stmt | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


WORKAROUNDS = {name: told for name, told in documented() if name not in ("GRADIO", "DRAWING_CODE")}


@pytest.mark.parametrize("name", WORKAROUNDS)
def test_each_names_its_version_and_what_it_waits_for(name):
    told = " ".join(WORKAROUNDS[name].split())
    assert f"Gradio {gradio_quirks.GRADIO}" in told and ("Goes when " in told or "oes with " in told)


def test_they_are_for_the_gradio_that_is_installed():
    """After an update: try which of them can go, then set GRADIO."""
    assert len(WORKAROUNDS) > 10 and gradio.__version__.startswith(f"{gradio_quirks.GRADIO}.")


def test_no_other_file_of_the_page_speaks_of_a_version():
    files = [file for kind in ("*.py", "*.css") for file in UI.rglob(kind) if file != FILE]
    assert len(files) > 40
    assert [file.name for file in files if gradio_quirks.GRADIO in file.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("told", [None, "/somewhere/else"])
def test_the_disk_counts_the_folder_that_gradio_uses(monkeypatch, told):
    if told:
        monkeypatch.setenv("GRADIO_TEMP_DIR", told)
    else:
        monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    assert str(upload_folder()) == gradio.utils.get_upload_folder()


def test_a_visit_costs_little_whatever_the_page_holds():
    with GuardedBlocks() as page:
        for _ in range(100):
            gradio.Textbox("x" * 100)
    visits = [SessionState(page)]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(10):
        visits.append(SessionState(page))
        visits[-1]._update_value_in_config(next(iter(page.blocks)), "x" * 10_000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < len(visits) * 20_000, "bytes"


def test_nothing_of_the_page_is_reckoned_when_a_visit_begins(monkeypatch):
    with GuardedBlocks() as page:
        box = gradio.Textbox("x")
    monkeypatch.setattr(type(page.default_config), "config_for_block", None)
    assert SessionState(page)[box._id] is box


FIRST_CALL = """
import sys, gradio
from gradio_client import Client
from gen3d.ui.page.guarded import GuardedBlocks
with GuardedBlocks() as page:
    box = gradio.Textbox()
    gradio.Button().click(lambda said: said + "!", box, box, api_name="said")
_, url, _ = page.launch(prevent_thread_lock=True, quiet=True)
print(Client(url, verbose=False).predict("so", api_name="/said"), "matplotlib" in sys.modules)
"""


def test_a_call_loads_no_plots_where_every_answer_waits_for_it():
    pytest.importorskip("matplotlib")
    run = subprocess.run([sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True)
    assert run.stdout.split()[-2:] == ["so!", "False"]
