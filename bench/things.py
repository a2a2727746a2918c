"""How well a foreground is taken apart: `python -m bench.things [SCENE ...] [--preset fast balanced]`.

The objects of the ray-cast examples are known, so each pixel of the foreground has a true one. Two figures tell how
well things are those objects, each before and after fragments are joined:

    purity      of all pixels of things, the share that shows its thing's main object
    coverage    of all pixels of objects that things show, the share that shows its object's main thing

Fragments alone are pure and cover little; one thing for everything covers all and is impure.
"""

from __future__ import annotations

import argparse
import importlib
import sys

import numpy as np
from jaxtyping import Int

from bench.scenes import EXAMPLES
from gen3d.events import product
from gen3d.geometry.things import find_things
from gen3d.models.pick import load_models
from gen3d.pipeline import Plain, make_layers
from gen3d.request import Request
from gen3d.settings import PRESETS
from gen3d.source.read import read_source
from gen3d.values import Layers

SCENES = ("room", "terrace")


def purity_and_coverage(
    things: Int[np.ndarray, "h w"], objects: Int[np.ndarray, "h w"]
) -> tuple[float, float]:
    """The two figures; 0 is no thing and no object. A pixel of a thing that shows no object counts against purity."""
    shown = things > 0
    table = np.zeros((things.max() + 1, objects.max() + 1), np.int64)
    np.add.at(table, (things[shown], objects[shown]), 1)
    of_objects = table[1:, 1:]
    purity = of_objects.max(axis=1, initial=0).sum() / max(table.sum(), 1)
    return float(purity), float(of_objects.max(axis=0, initial=0).sum() / max(of_objects.sum(), 1))


def layers_of(name: str, preset: str, given: bool = True) -> Layers:
    """Of an example, as the engines without downloads find them; given: from its true depth, else from its photo."""
    scene, _ = described(name)
    depth = next((EXAMPLES / name).glob("depth.*")) if given else None
    request = Request(EXAMPLES / name / "rgb.jpg", None, depth, None, scene.FOV_DEG)
    settings, models = PRESETS[preset], load_models("builtin", "cpu")
    source = product(read_source(request, settings, models))
    return product(make_layers(source, Plain(models, None, settings)))


def objects_of(name: str, height: int, width: int) -> tuple[Int[np.ndarray, "h w"], list[str]]:
    """Which object each pixel shows, 0 none, and their names."""
    scene, make = described(name)
    return make.things_of(scene, make.camera_of(scene, scene.EYE, scene.TARGET, 1.0).resized(width, height))


def described(name: str) -> tuple:
    """The example's module, and the one that renders it."""
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))  # its files are scripts that import each other by name
    return importlib.import_module(name), importlib.import_module("make_examples")


def main() -> None:
    """Reads the command line and prints a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=SCENES, metavar="SCENE")
    parser.add_argument("--preset", nargs="+", default=["fast", "balanced"], choices=list(PRESETS))
    args = parser.parse_args()
    print(f"{'':24}{'fragments':>10} purity coverage   {'things':>8} purity coverage")
    for name in args.scenes:
        for preset in args.preset:
            layers = layers_of(name, preset)
            objects, _ = objects_of(name, *layers.foreground.shape)
            line = f"{name + ' ' + preset:24}"
            for joins, width in ((False, 10), (True, 11)):
                things = find_things(layers, joins)
                purity, coverage = purity_and_coverage(things, objects)
                line += f"{things.max():{width}} {purity:6.3f} {coverage:8.3f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
