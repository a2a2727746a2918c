"""What a list of edits brings in: found, numbered, and given the place, size and light that an edit leaves open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from gen3d.camera import Camera
from gen3d.edits import Edit, Plane, Vector, free_number, instances
from gen3d.errors import InputError
from gen3d.products.brought import Alone, thing_in
from gen3d.products.fitting import Surroundings, fitted, surroundings
from gen3d.splat.gaussians import Gaussians

Find = Callable[[str], Alone]
"""The name that an edit gives to what stands there."""
UNKNOWN_LENS = (60.0, 640, 480)
"""Of a photo of which nobody knows it: degrees, pixels."""


def beside(folder: Path) -> Find:
    """Finds what is brought in by its name: in the folder of the edits, or below it; InputError for elsewhere."""

    def find(name: str) -> Alone:
        path = folder / name
        if "\0" in name or not path.parent.resolve().is_relative_to(folder.resolve()) or path.name in ("", ".."):
            raise InputError(
                f"{name[:80]!r} lies outside the folder of the edits.", "Give the name of a file that lies beside them."
            )
        return thing_in(path)

    return find


def anywhere(name: str) -> Alone:
    """Finds what is brought in wherever it lies: for who has written the edits himself."""
    return thing_in(Path(name))


class Receiving(NamedTuple):
    """The scene that something is brought into."""

    gaussians: Gaussians
    camera: Camera
    ground: Plane | None
    up: Vector
    find: Find


def brought_in(
    edits: Sequence[Edit], taken: set[int], into: Receiving
) -> tuple[tuple[Edit, ...], dict[int, Alone], tuple[str, ...]]:
    """The edits, those that bring in with all that they left open; what they bring, by number; what is to be told."""
    done: list[Edit] = []
    brought: dict[int, Alone] = {}
    notices: list[str] = []
    for place, edit in enumerate(edits, 1):
        if edit.op in ("bring in", "duplicate"):
            new = free_number(edit, taken, place)
            taken.add(new)
        if edit.op == "bring in":
            alone = _alone(edit, place, into.find)
            told = None
            if edit.at is None or edit.size_m is None or edit.light is None:
                edit, told = fitted(edit, alone, _surroundings(into, tuple(done), brought))
            edit = replace(edit, new=new, name=edit.name or _called(edit))
            brought[new] = alone
            notices += [*alone.told, *([told] if told else [])]
        done.append(edit)
    return tuple(done), brought, tuple(dict.fromkeys(notices))


def _alone(edit: Edit, place: int, find: Find) -> Alone:
    if not edit.file:
        raise InputError(
            f"Edit {place} is to bring in {edit.words[:40]!r}, and nobody has made that yet.",
            "Bake it in with `gen3d edit`, or bring it in on the page.",
        )
    return find(edit.file)


def _called(edit: Edit) -> str:
    return edit.words[:40] or Path(edit.file).name.partition(".")[0][:40] or "brought in"


def _surroundings(into: Receiving, before: tuple[Edit, ...], brought: Mapping[int, Alone]) -> Surroundings:
    """With what was brought in before, where it was put: nothing is put into it."""
    scene = surroundings(into.gaussians, into.camera, into.ground, np.array(into.up))
    there = [scene.means]
    for edit in before:
        if edit.op == "bring in":
            thing = instances([edit], {}, into.up)[edit.new]
            means = brought[edit.new].gaussians.means.double().numpy()[::20]
            there.append(means @ thing.matrix[:3, :3].T + thing.matrix[:3, 3])
    return replace(scene, means=np.concatenate(there))


def numbered(alone: Alone, number: int) -> Gaussians:
    """Its Gaussians as a thing of this number."""
    g = alone.gaussians
    return replace(g, things=torch.full((len(g),), number, dtype=torch.int32))
