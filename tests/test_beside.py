"""Which input an error is about."""

import pickle
from pathlib import Path

import pytest

from gen3d.errors import InputError
from gen3d.request import Request
from gen3d.ui.core.blamed import Blamed, blamed

ASKED = Request(photo=Path("/a/room.png"), depth=Path("/b/depth.npy"), path="/c/own.json")


@pytest.mark.parametrize(
    ("sentence", "field", "found"),
    [
        ("No.", "seed", "seed"),
        ("No.", "path", "transforms"),
        ("No.", "depth_scale", "units_per_metre"),
        ("room.png is not a picture.", None, "photo"),
        ("depth.npy holds no array.", None, "depth"),
        ("Frame 3 of own.json has no matrix.", None, "transforms"),
        ("room.png holds depth.npy.", "fov_deg", "fov_deg"),
        ("The machine ran out of memory.", None, None),
    ],
)
def test_an_error_names_its_field_or_the_file_it_is_about(sentence, field, found):
    assert blamed(sentence, field, ASKED) == (Blamed(found, sentence) if found else None)


def test_without_a_request_only_the_field_counts():
    assert blamed("room.png is not a picture.", None, None) is None
    assert blamed("There is no photo.", "photo", None) == Blamed("photo", "There is no photo.")


def test_a_field_crosses_a_process():
    error = pickle.loads(pickle.dumps(InputError("No.", "Yes.", "seed")))
    assert (str(error), error.field) == ("No. Yes.", "seed")
