"""`gen3d presets`: what there is to choose from."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

HELP = "list the presets and the camera paths"


def options(parser: ArgumentParser) -> None:
    """Nothing may be given."""


def run(a: Namespace) -> None:
    """The presets and the paths, a line each."""
    from gen3d.geometry.trajectory import PATHS
    from gen3d.models.engines import choices, roles
    from gen3d.settings import PRESETS

    print("preset     long side  views  fit steps  gaussians  seconds for 640x480 RGBD on 2 cores")
    for s in PRESETS.values():
        numbers = f"{s.size_px:>6} px {s.expand.poses:>6} {s.fit.iterations:>10} {s.fit.max_gaussians:>10}"
        print(f"{s.preset:<10} {numbers} {s.seconds:>8}")
    print("\npath")
    for name, path in PATHS.items():
        print(f"{name:<10} {path.words}")
    print("\nrole           engines for --use ROLE=ENGINE, the better first")
    for role in roles():
        print(f"{role:<14} {', '.join(engine.key for engine in choices(role))}")
