"""What is sent of the viewer's source: all of it but for comments and indentation."""

from __future__ import annotations

import re
from pathlib import Path

from gen3d import viewer
from tests.drawn import VIEWER
from tests.npm import node


def source() -> str:
    return "\n".join((VIEWER / name).read_text(encoding="utf-8") for name in viewer._SCRIPTS)


def test_no_line_is_a_comment_or_indented():
    lines = viewer.SCRIPT.splitlines()
    assert [line for line in lines if line.startswith(("//", " ", "\t"))] == []
    assert len(viewer.SCRIPT) < 0.85 * len(source())


def test_every_other_line_is_there_in_its_order():
    kept = [line.strip() for line in source().splitlines() if not line.strip().startswith("//")]
    assert [line.strip() for line in viewer.SCRIPT.splitlines()] == kept


def test_it_is_a_script_still(tmp_path: Path):
    (tmp_path / "viewer.js").write_text(viewer.SCRIPT, encoding="utf-8")
    done = node("--check", tmp_path / "viewer.js")
    assert done.returncode == 0, done.stderr


def test_no_string_goes_over_lines_but_a_shader():
    """Since what looks like a comment in it, or like indentation, would be lost."""
    over_lines = [text for text in re.findall(r"`[^`]*`", source()) if "\n" in text]
    assert over_lines and all("void main" in text or "uniform int mode" in text for text in over_lines)
