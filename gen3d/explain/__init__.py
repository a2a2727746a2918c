"""What is drawn of a run: a preview for every stage and, with --explain, exhibits of its intermediate results.

Stages draw nothing: they yield `Intermediate` results by name. The two tables here say what is drawn from which; the
functions take its values by their names. `ink.py`, `chart.py` and `sheet.py` hold what drawing needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gen3d.events import Intermediate, Preview
from gen3d.explain import background, depth, expand, flythrough, layers, lift, optimize
from gen3d.explain.exhibit import Exhibit

PREVIEWS: dict[str, Callable[..., Preview]] = {
    "source": depth.preview_photo,
    "depth": depth.preview_depth,
    "layers": layers.preview_layers,
    "background.filled": background.preview_background,
    "lift": lift.preview_points,
    "expand": expand.preview_pose,
    "optimize.photo": optimize.preview_photo,
    "flythrough": flythrough.preview_frame,
}
"""Name of an intermediate result -> what draws its preview."""

EXHIBITS: dict[str, Callable[..., Iterator[Exhibit]]] = {
    "depth": depth.show_depth,
    "layers.proposals": layers.show_proposals,
    "layers": layers.show_layers,
    "background.borrow": background.show_borrow,
    "background": background.show_background,
    "lift.flying": lift.show_flying,
    "lift.behind_edges": lift.show_behind_edges,
    "lift": lift.show_points,
    "expand": expand.show_pose,
    "optimize.loss": optimize.show_loss,
    "optimize": optimize.show_fit,
    "flythrough": flythrough.show_flight,
}
"""Name of an intermediate result -> what draws its exhibits."""


def preview_of(found: Intermediate) -> Preview | None:
    """The preview drawn from a result; None where there is none."""
    draw = PREVIEWS.get(found.name)
    return draw(**found.values) if draw else None


def exhibits_of(found: Intermediate) -> Iterator[Exhibit]:
    """The exhibits drawn from a result."""
    if show := EXHIBITS.get(found.name):
        yield from show(**found.values)
