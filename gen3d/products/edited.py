"""A scene as somebody edited it: edits.json and things.json beside scene.ply are heeded by whatever loads it.

What was built stays: scene.ply, layers.npz and their labels. Without edits.json, or with an empty one, everything comes
out byte for byte as it would have. Meshes are made of the pictures that a scene was grown from, so their parts go where
the Gaussians went; of a scene that edits were baked into, baked.json says how its pictures are to be read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.edits import UP, Edit, Instance, disc_under, instances
from gen3d.errors import InputError
from gen3d.formats.edits_file import Edits, parse_edits, read_edits
from gen3d.formats.known import Labels
from gen3d.formats.stored import StoredScene
from gen3d.formats.things_file import names_of, read_things
from gen3d.formats.transforms import read_transforms
from gen3d.formats.whole import MB, check_file, refusing
from gen3d.products.bringing import UNKNOWN_LENS, Find, Receiving, anywhere, beside, brought_in, numbered
from gen3d.products.brought import Alone, of_degree
from gen3d.products.relabel import relabelled
from gen3d.products.surfels import surfels
from gen3d.products.things import footprint_of, plane_of
from gen3d.scene_files import SceneFiles
from gen3d.splat.edited import edited, foot_of
from gen3d.splat.gaussians import Gaussians, joined, things_or_none
from gen3d.splat.shadow import discs
from gen3d.values import LAST_THING, Part

FOREGROUND = "foreground/thing "
"""How the names of a mesh's parts begin that are a thing each; its number follows."""


@dataclass(frozen=True, eq=False, slots=True)
class Edited:
    """What was done to the things of a scene."""

    things: Mapping[int, Instance] = field(default_factory=dict)
    """Every thing that is left, by its number."""
    names: Mapping[int, str] = field(default_factory=dict)
    changes: Sequence[dict[str, Any]] = ()
    """Of the labels that were built, as in things.json."""
    edits: tuple[Edit, ...] = ()
    """What is brought in has its place, size and light."""
    brought: Gaussians | None = None
    """What was brought in, each as it stands by itself, with its number."""
    shadows: tuple[Float[np.ndarray, "4 4"], ...] = ()
    """Where the unit disc goes (`splat/shadow.py`), once for each shadow."""
    notices: tuple[str, ...] = ()
    """What is to be told of it."""
    unpictured: frozenset[int] = frozenset()
    """Numbers of things that no picture of the scene shows, since they were brought in."""

    def name_of(self, number: int) -> str:
        """A copy without a name of its own is called after what it was copied from."""
        thing = self.things.get(number)
        own = (thing.name if thing else "") or self.names.get(number)
        return own or f"{self.names.get(thing.of if thing else 0, 'thing')}, copy {number}"

    def part_of(self, number: int) -> str:
        """What a thing's part of a file is called: by its name, and by its number where another has that name too."""
        name = self.name_of(number)
        shared = sum(self.name_of(n) == name for n, thing in self.things.items() if not thing.hidden) > 1
        return (f"{name} {number}" if shared else name).replace("/", " ")

    @property
    def told(self) -> str:
        """In a sentence, for whoever did not ask for it."""
        count = f"{len(self.edits)} edit" + ("s" if len(self.edits) > 1 else "")
        fills = " Filling what an edit uncovers is left to `gen3d edit`." if any(e.fill for e in self.edits) else ""
        return f"edits.json beside the scene is heeded ({count}); move it away for the scene as it was built.{fills}"


def edits_beside(files: SceneFiles, gaussians: Gaussians) -> Edited | None:
    """What lies beside a scene; None where nobody edited it or changed its things.

    Raises InputError for what cannot be read or done.
    """
    if not files.edits.is_file() and not files.things.is_file():
        return None
    told = read_things(files.things) if files.things.is_file() else None
    edits = read_edits(files.edits, names_of(told) if told else None) if files.edits.is_file() else Edits()
    if gaussians.things is None:
        if any(edit.op != "bring in" for edit in edits.done):
            raise InputError(
                "edits.json edits things, and the scene beside it does not say which of its Gaussians are which.",
                "Give scene.ply of a build that says so, or move edits.json away.",
            )
        if not edits.done:
            return None
    camera = read_transforms(files.transforms)[0] if files.transforms.is_file() else None
    return edited_by(edits.done, gaussians, told, beside(files.folder), camera)


def edited_by(
    edits: Sequence[Edit],
    gaussians: Gaussians,
    told: Mapping[str, Any] | None = None,
    find: Find = anywhere,
    camera: Camera | None = None,
) -> Edited:
    """The edits made of a scene's things.

    told: its things.json; find: where what is brought in lies; camera: the photo's, None where nobody knows it.
    """
    changes = tuple(told["changes"]) if told else ()
    if told:
        feet = {thing["id"]: np.array(thing["foot"]) for thing in told["things"]}
        names, up = {thing["id"]: thing["name"] for thing in told["things"]}, told["up"]
    else:
        of, up, names = things_or_none(gaussians).numpy(), UP, {}
        numbers = [int(n) for n in np.unique(of) if 0 < n <= LAST_THING]
        means = gaussians.means.double().numpy()
        feet = {n: foot_of(means[of == n], np.array(up)) for n in numbers}
    ground = plane_of(told) if told else None
    up = tuple(map(float, up))
    scene = Receiving(gaussians, camera or Camera.from_fov(*UNKNOWN_LENS), ground, up, find)
    edits, brought, notices = brought_in(edits, set(feet), scene)
    things = instances(edits, feet, up, ground)
    shadows = tuple(_shadows(things, brought, gaussians, told, up))
    names = names | {edit.new: edit.name for edit in edits if edit.op == "bring in"}
    whole = joined(*(numbered(alone, n) for n, alone in brought.items())) if brought else None
    unpictured = frozenset(n for n, thing in things.items() if thing.of in brought)
    return Edited(things, names, changes, edits, whole, shadows, notices, unpictured)


def _shadows(
    things: Mapping[int, Instance],
    brought: Mapping[int, Alone],
    gaussians: Gaussians,
    told: Mapping[str, Any] | None,
    up: Sequence[float],
) -> Iterator[Float[np.ndarray, "4 4"]]:
    known = {thing["id"]: thing.get("footprint") for thing in told["things"]} if told else {}
    for thing in things.values():
        if thing.shadow is None or thing.hidden:
            continue
        if thing.of in brought:
            footprint = brought[thing.of].footprint
        else:
            footprint = known.get(thing.of) or _footprint(gaussians, thing.of, up)
        disc = disc_under(thing, np.array(footprint), up)
        if disc is not None:
            yield disc


def _footprint(gaussians: Gaussians, number: int, up: Sequence[float]) -> list[list[float]]:
    own = gaussians.means[gaussians.things == number].detach().double().cpu().numpy()
    upward = np.asarray(up, np.float64) / np.linalg.norm(up)
    return footprint_of(own, upward, float(foot_of(own, upward) @ upward))


def parsed_edits(found: Any, told: Mapping[str, Any] | None) -> tuple[Edit, ...]:
    """Edits as JSON or Python has them; InputError for what is none."""
    return parse_edits(found, "The list of edits", names_of(told) if told else None).done


def heeding(scene: StoredScene, how: Edited | None) -> StoredScene:
    """The scene as it is to be seen."""
    if how is None:
        return scene
    before = relabelled(scene.gaussians, how.changes)
    degree = before.sh_degree
    whole = before if how.brought is None else joined(before.detached(), of_degree(how.brought, degree))
    after = edited(whole, how.things)
    if how.shadows:
        after = joined(after, discs(list(how.shadows), degree))
    labels = scene.labels if len(after) == len(scene.gaussians) else None
    return scene if after is scene.gaussians else replace(scene, gaussians=after, labels=labels)


def with_things(labels: Labels, gaussians: Gaussians, how: Edited | None) -> Labels:
    """Labels whose foreground is told apart: a part foreground/NAME for each thing."""
    if gaussians.things is None:
        return labels
    of, things = labels.of.copy(), gaussians.things.cpu().numpy()
    names = list(labels.names)
    for number in (int(n) for n in np.unique(things) if 0 < n <= LAST_THING):
        name = how.part_of(number) if how and (number in how.names or number in how.things) else f"thing {number}"
        of[things == number] = len(names)
        names.append(f"foreground/{name}")
    return Labels(tuple(names), of)


def edited_parts(parts: Sequence[Part], how: Edited | None) -> list[Part]:
    """A mesh's parts as they are to be seen; copies come last."""
    if how is None:
        return list(parts)
    own = {int(part.name.removeprefix(FOREGROUND)): part for part in parts if part.name.startswith(FOREGROUND)}
    kept = [part for part in parts if not part.name.startswith(FOREGROUND)]
    seen = [(n, thing) for n, thing in sorted(how.things.items()) if not thing.hidden and thing.of in own]
    return [_placed(own[thing.of], thing, how.part_of(n)) for n, thing in seen] + kept


def unpictured_parts(gaussians: Gaussians, how: Edited | None) -> list[Part]:
    """Parts of what was brought in, from the Gaussians of the scene as it is to be seen."""
    if how is None or gaussians.things is None:
        return []
    seen = sorted(n for n in how.unpictured if n in how.things and not how.things[n].hidden)
    parts = (surfels(f"foreground/{how.part_of(n)}", gaussians.keep(gaussians.things == n)) for n in seen)
    return [part for part in parts if part is not None]


def _placed(part: Part, thing: Instance, name: str) -> Part:
    part = replace(part, name=f"foreground/{name}")
    if thing.is_as_built:
        return part
    A = thing.matrix
    xyz = (part.mesh.xyz.astype(np.float64) @ A[:3, :3].T + A[:3, 3]).astype(np.float32)
    picture = part.picture
    if picture is not None and not np.array_equal(thing.colour, np.eye(3)):
        picture = picture.copy()
        mixed = picture[..., :3].astype(np.float64) @ thing.colour.T
        picture[..., :3] = np.rint(np.clip(mixed, 0, 255))
    return replace(part, mesh=replace(part.mesh, xyz=xyz), picture=picture)


# -- what was baked --------------------------------------------------------------------------------------------------


def baked_as_json(how: Edited) -> dict[str, Any]:
    """What baked.json says: the things that are seen, as the pictures beside them would have them."""
    things = {
        str(n): {"of": thing.of, "matrix": thing.matrix.tolist(), "colour": thing.colour.tolist()}
        for n, thing in how.things.items() if not thing.hidden
    }  # fmt: skip
    brought = sorted(n for n in how.unpictured if str(n) in things)
    return {"things": things, "changes": list(how.changes)} | ({"brought": brought} if brought else {})


def with_baked(how: Edited | None, files: SceneFiles) -> Edited | None:
    """For the pictures of a scene: after what was baked into its Gaussians what was edited since."""
    if not files.baked.is_file():
        return how
    again = "Bake the edits again."
    check_file(files.baked, 16 * MB, again)
    with refusing(f"{files.baked.name} cannot be read: it is damaged.", again):
        found = json.loads(files.baked.read_text(encoding="utf-8"))
        first = {
            int(n): Instance(one["of"], np.array(one["matrix"]), np.array(one["colour"]), np.zeros(3))
            for n, one in found["things"].items()
        }
        baked = Edited(first, {}, tuple(found["changes"]), unpictured=frozenset(found.get("brought", [])))
    return baked if how is None else one_after_other(baked, how)


def one_after_other(first: Edited, then: Edited) -> Edited:
    """For pictures: what was done to the scene that `then` was done to, and that."""
    both = {n: _after(first.things[t.of], t) if t.of in first.things else t for n, t in then.things.items()
            if t.of in first.things or n in then.unpictured}  # fmt: skip
    unpictured = then.unpictured | {n for n, t in then.things.items() if t.of in first.unpictured}
    return replace(then, things=both, changes=first.changes, unpictured=unpictured)


def _after(first: Instance, then: Instance) -> Instance:
    return replace(then, of=first.of, matrix=then.matrix @ first.matrix, colour=then.colour @ first.colour)
