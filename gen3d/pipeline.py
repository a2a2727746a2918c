"""Figure 1 of the paper in memory: a picture becomes layers, layers become a scene, a scene is filmed.

    make_layers   depth -> layers                                        paper 3.1
    make_scene    words -> background -> lift -> expand -> optimize      paper 3.1 to 3.3
    film          flythrough

Each is a generator of events that returns its product; none touches a file. `run/` reads the picture before, keeps
folders, records and previews around, and writes what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from gen3d.camera import Camera
from gen3d.events import Enough, Stage, never
from gen3d.geometry.fringe import unmix_fringe
from gen3d.geometry.place import place_of
from gen3d.geometry.things import find_things
from gen3d.geometry.together import meanwhile
from gen3d.models.base import Models
from gen3d.settings import Settings
from gen3d.splat.gaussians import Gaussians
from gen3d.splat.role import Rasterizer
from gen3d.splat.shots import OneView, Shoot
from gen3d.stages.background import fill_background
from gen3d.stages.depth import find_depth
from gen3d.stages.expand import expand_world
from gen3d.stages.flythrough import FrameSink, fly_through
from gen3d.stages.layers import split_layers
from gen3d.stages.lift import lift_layers
from gen3d.stages.optimize import optimize_gaussians
from gen3d.stages.words import Words, find_words, prompt_at
from gen3d.values import RGBD, Layers, Place, Source, View, World

T = TypeVar("T")


@runtime_checkable
class Engines(Protocol):
    """The engines of the roles, the settings, and how a stage is run with them.

    `Plain` runs it as it is; `run/thrift.py` runs it once more with less where a card's memory does not hold it.
    """

    models: Models
    rasterizer: Rasterizer
    settings: Settings

    def run(self, stage: Callable[[Engines], Stage[T]]) -> Stage[T]:
        """The stage that is made from these engines."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Plain:
    """Engines that run every stage as it is."""

    models: Models
    rasterizer: Rasterizer
    settings: Settings

    def run(self, stage: Callable[[Engines], Stage[T]]) -> Stage[T]:
        """The stage itself."""
        return stage(self)


@dataclass(frozen=True, eq=False, slots=True)
class Wanted:
    """What a scene is to hold, beside its layers."""

    path: tuple[Camera, ...]
    """The poses to expand along; the first is a wider view from the photo's own place."""
    sweep: tuple[Camera, ...] = ()
    """Places along the video's path, checked for slivers that the poses left open."""
    prompt: str | None = None
    prompts: tuple[tuple[str, str], ...] = ()
    """(where, words) for single views; see `stages/words.py`."""
    seed: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """A scene, and what it was made from."""

    gaussians: Gaussians
    world: World
    layers: Layers
    background: RGBD
    place: Place
    words: Words


def make_layers(source: Source, engines: Engines) -> Stage[Layers]:
    """What is in a picture, and how far away (paper 3.1)."""
    rgbd = yield from engines.run(lambda e: find_depth(source, e.models.depth))
    return (yield from engines.run(lambda e: split_layers(rgbd, e.models.segmenter, e.settings.layers, source.things)))


def make_scene(layers: Layers, wanted: Wanted, engines: Engines, enough: Enough = never) -> Stage[Made]:
    """What is behind and around the layers, as Gaussians (paper 3.1 to 3.3)."""
    photo, seed = layers.rgbd, wanted.seed
    place = place_of(photo)
    words = yield from engines.run(
        lambda e: find_words(photo.image, layers.foreground, wanted.prompt, e.models.captioner)
    )
    fringe = unmix_fringe(photo) if engines.settings.layers.matting else None
    background = yield from engines.run(
        lambda e: fill_background(layers, e.models.background, e.models.depth, words.background, seed, fringe)
    )
    points = yield from lift_layers(layers, background, engines.settings.layers.behind_edges, fringe)
    seen = World(points, (View(photo.image, np.ones(photo.depth.shape, bool), photo.camera),), wanted.path)
    with meanwhile(partial(find_things, layers)) as things:  # not before there are points to look around in
        world = yield from engines.run(
            lambda e: expand_world(
                seen, place, e.models.outpainter, e.models.depth, e.settings.expand,
                prompt_at(words.scene, wanted.prompts), seed, enough, wanted.sweep, layers.foreground,
            )
        )  # fmt: skip
        layers = replace(layers, things=things())
    gaussians = yield from engines.run(
        lambda e: optimize_gaussians(world, e.rasterizer, e.settings.fit, place.scale.median, seed, enough, layers)
    )
    return Made(gaussians, world, layers, background, place, words)


def film(
    gaussians: Gaussians,
    path: Callable[[float], Sequence[Camera]],
    engines: Engines,
    sink: FrameSink,
    enough: Enough = never,
    shoot: Shoot = OneView,
) -> Stage[float]:
    """A video of a scene, handed to `sink` frame by frame; returns the amplitude that the path was flown with."""
    return (yield from engines.run(
        lambda e: fly_through(gaussians, path, e.rasterizer, e.settings.tour, sink, enough, shoot)
    ))  # fmt: skip
