"""What a click in the review takes: `python -m bench.clicks [SCENE ...] [--depth true network]`.

The objects of the ray-cast examples are known. Each one that is large enough is clicked at its innermost place, and
what changes sides is compared with the object: intersection over union, where the click means the smallest region, as
a pick from the list does, and where it means the thing that the click network sees there, as a click on the page does.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator

import numpy as np

from bench.things import SCENES, layers_of, objects_of
from gen3d.geometry.edges import innermost
from gen3d.request import Flip, Review
from gen3d.run.review import review_layers
from gen3d.settings import PRESETS
from gen3d.values import Layers

LEAST = 0.003
"""Of the picture: smaller objects are not clicked."""


def taken(layers: Layers, name: str, preset: str) -> Iterator[tuple[str, list[float]]]:
    """Of each object, its name and the two overlaps."""
    settings = PRESETS[preset].layers
    objects, names = objects_of(name, *layers.foreground.shape)
    for number in range(1, objects.max() + 1):
        true = (objects == number) & np.isfinite(layers.rgbd.depth)
        if true.mean() < LEAST:
            continue
        column, row = innermost(true)
        place = Flip((column + 0.5) / true.shape[1], (row + 0.5) / true.shape[0])
        flips = [dataclasses.replace(place, thing=thing) for thing in (False, True)]
        after = [review_layers(layers, Review(None, (flip,)), settings)[0].foreground for flip in flips]
        changed = [front ^ layers.foreground for front in after]
        yield names[number - 1], [float((c & true).sum() / max(1, (c | true).sum())) for c in changed]


def main() -> None:
    """Reads the command line and prints a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=SCENES, metavar="SCENE")
    parser.add_argument("--depth", nargs="+", default=["true", "network"], choices=["true", "network"])
    parser.add_argument("--preset", default="fast", choices=list(PRESETS))
    args = parser.parse_args()
    print(f"{'':34}{'region':>8}{'thing':>8}")
    for name in args.scenes:
        for depth in args.depth:
            layers = layers_of(name, args.preset, given=depth == "true")
            rows = list(taken(layers, name, args.preset))
            for thing, overlaps in rows:
                print(f"{name + ' ' + depth:18}{thing:16}" + "".join(f"{o:8.2f}" for o in overlaps))
            mean = np.mean([overlaps for _, overlaps in rows], axis=0)
            title = f"{name + ' ' + depth:18}{f'mean of {len(rows)}':16}"
            print(title + "".join(f"{o:8.3f}" for o in mean), flush=True)


if __name__ == "__main__":
    main()
