"""painted.npz: a picture that was painted from a sentence, with all that is known of it, as one row of a data set.

    image   uint8 h w 3, sRGB        depth   float32 h w, metres along z at the pixel centres, inf is sky
    K       float64 3 3, pixels      things  uint16 h w, number of the thing there, 0 is none
    names   text n, of the things from 1 on; those that are hidden have one too
    prompt  text, the sentence

numpy.load reads it; nothing in it needs to be unpickled.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gen3d.camera import Camera
from gen3d.formats.picture import as_bytes
from gen3d.formats.whole import MB, check_file, refusing
from gen3d.values import Source, Things

LARGEST_BYTES = 512 * MB


def write_painted(file: Path, source: Source) -> None:
    """All of a source whose things are known."""
    np.savez_compressed(
        file, image=as_bytes(source.image), depth=source.depth, K=source.camera.K,
        things=source.things.labels.astype(np.uint16), names=np.array(source.things.names, np.str_),
        prompt=np.array(source.prompt or "", np.str_),
    )  # fmt: skip


def read_painted(file: Path) -> Source:
    """The counterpart of `write_painted`, its picture in floats. Raises InputError for a damaged file."""
    remedy = "Draw the sentence again."
    check_file(file, LARGEST_BYTES, remedy)
    with refusing(f"{file.name} cannot be read: it is damaged.", remedy), np.load(file, allow_pickle=False) as stored:
        image, depth, labels = stored["image"], stored["depth"], stored["things"].astype(np.int32)
        h, w = depth.shape
        if image.shape != (h, w, 3) or labels.shape != (h, w) or labels.max(initial=0) > len(stored["names"]):
            raise ValueError("its parts do not fit together")
        camera = Camera(stored["K"], np.eye(4), w, h)
        things = Things(labels, tuple(str(name) for name in stored["names"]))
        return Source(image.astype(np.float32) / 255, depth, camera, str(stored["prompt"]), things)
