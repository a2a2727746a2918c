"""Makes the path-traced places: `python -m bench.truth make OUT [PLACE ...]`; `check OUT` compares with the manifest.

It takes about ten minutes on two cores that are free, and goes on where it was stopped; needs Mitsuba
(`pip install -c constraints.txt mitsuba`). The same versions give the same bytes on the same kind of processor, and
pictures that are alike on another.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench.truth.folder import differing, has_view, manifest, sign, write_place, write_view
from bench.truth.places import PLACES, modelled
from bench.truth.trace import Tracer, picture
from bench.truth.views import cameras_of


def make(out: Path, name: str) -> None:
    """One place: the views of it that are not there yet."""
    place, folder = modelled(name), out / name
    cameras = cameras_of(place)
    left = [n for n in range(len(cameras)) if not has_view(folder, n)]
    if not left and (folder / "place.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    tracer = Tracer(place)
    for n in left:
        start = time.perf_counter()
        light = tracer.light(cameras[n], place.passes, seed=n)
        write_view(folder, n, picture(light), *tracer.surfaces(cameras[n]))
        print(f"{name}, view {n}: {time.perf_counter() - start:.0f} s", flush=True)
    write_place(folder, cameras, tracer.things)


def check(out: Path, names: list[str]) -> int:
    """Says which files differ from the manifest, and which places are not in it; 1 if any is not even alike."""
    signed = {path.split("/")[0] for path in manifest()}
    other = list(differing(out, names))
    wrong = [path for path, alike in other if not alike]
    for path, alike in other:
        print(f"{path} is not as the manifest says" + (" to the byte, but alike" if alike else ""))
    for name in names:
        if name not in signed:
            print(f"{name} is not in the manifest yet: `python -m bench.truth sign {out}` adds what was traced")
    if not wrong and signed & set(names):
        print(f"{', '.join(name for name in names if name in signed)}: all files are as the manifest says, or alike")
    return int(bool(wrong))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("make", "check", "sign"))
    parser.add_argument("out", type=Path)
    parser.add_argument("places", nargs="*", metavar="PLACE", help=f"of {', '.join(PLACES)}; all by default")
    asked = parser.parse_args()
    names = asked.places or list(PLACES)
    if unknown := set(names) - set(PLACES):
        parser.error(f"no place {', '.join(sorted(unknown))}: there are {', '.join(PLACES)}")
    if asked.task == "sign":
        sign(asked.out)
        return 0
    if asked.task == "make":
        for name in names:
            make(asked.out, name)
    return check(asked.out, names)


if __name__ == "__main__":
    sys.exit(main())
