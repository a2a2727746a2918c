"""`gen3d depth`: the estimated depth of a photo as a file, in the format of its name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from gen3d.commands.engines import engine_options, models_of
from gen3d.commands.telling import Teller, quiet_option
from gen3d.errors import InputError
from gen3d.format_table import listed

if TYPE_CHECKING:
    import numpy as np

HELP = "estimate depth: metres along z, inf = sky"
KINDS = {".npy": "metres", ".png": "16 bit; its units are told", ".exr": "metres"}
"""How a file's name ends -> what its numbers are; without an ending it is the first."""


def options(parser: ArgumentParser) -> None:
    """What may be given."""
    parser.add_argument("image", type=Path, metavar="IMAGE")
    engine_options(parser)
    quiet_option(parser)
    kinds = listed(f"{kind} ({numbers})" for kind, numbers in KINDS.items())
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=f"FILE{kinds}")


def run(a: Namespace) -> None:
    """Estimated depth as a file."""
    teller = Teller(a.quiet)
    with teller.waiting("engines"):
        from gen3d.formats.claims import sweep
        from gen3d.formats.picture import read_photo
        from gen3d.run.checked import checked
        from gen3d.stages.depth import ALONE_PX, depth_of

        photo, kind = read_photo(a.image, ALONE_PX), a.output.suffix.lower() or next(iter(KINDS))
        if kind not in KINDS:
            raise InputError(f"There is no depth format for {a.output.name}.", f"End its name in {listed(KINDS)}.")
        sweep(a.output.parent)
        estimator = checked(models_of(a), teller.note).depth
    untimed = Teller(a.quiet, timed=False)
    metres = untimed.follow(depth_of(photo.image, estimator, photo.size))
    teller.say(f"wrote {a.output}{_write(a.output, kind, metres)}")


def _write(file: Path, kind: str, metres: np.ndarray) -> str:
    """Writes it, and says what one must know to read it back."""
    from gen3d.formats.depth_file import png_scale, write_depth, write_depth_exr, write_depth_png

    if kind != ".png":
        (write_depth if kind == ".npy" else write_depth_exr)(file, metres)
        return ""
    scale = png_scale([metres])
    write_depth_png(file, metres, scale)
    return f" (16 bit, {scale:g} units a metre: --depth-scale {scale:g}; 0 is sky or unknown)"
