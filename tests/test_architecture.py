"""docs/architecture.md names what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted({name for name in re.findall(r"`([\w/]+(?:\.py|/))`", TEXT) if "NAME" not in name})


@pytest.mark.parametrize("name", NAMED)
def test_every_file_and_room_that_it_names_is_there(name):
    found = [folder / name for folder in (ROOT, ROOT / "gen3d") if (folder / name).exists()]
    assert found and found[0].is_dir() == name.endswith("/")


def test_the_way_of_a_photo_is_counted_and_leads_from_the_app_to_the_ply():
    rows = re.findall(r"^\| (\d+) \| `([\w/.]+)` \|", TEXT, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    assert rows[0][1] == "app.py" and rows[-1][1] == "gen3d/formats/ply.py"
    assert len({file for _, file in rows}) == len(rows)


def test_its_picture_has_every_room():
    rooms = {path.name for path in (ROOT / "gen3d").iterdir() if (path / "__init__.py").is_file()}
    assert {room for room in rooms if f"{room}/" not in TEXT} == set()
