"""An exported LaMa and how to speak with it.

Exports differ in the names, order, layout and size of what goes in, and put out 0..1 or 0..255: all that is read from
the file, or measured with one picture when it is opened. What all have in common, and what is checked: a picture of
0..1 and a hole marked by 1 go in, and a picture comes out in which known pixels are as they were.
The two exports in use, opencv/inpainting_lama and Carve/LaMa-ONNX, call these image, mask and output, take squares of
512 pixels, channels first, and put out 0..255.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, NodeArg

LONGEST_PX, MULTIPLE = 1024, 64
"""A network for any size gets pictures of this longer side at most, all sides multiples of the second."""
WHITES = (1.0, 255.0)
"""What a network may put out for 1."""
TOLERANCE = 0.1
"""Known pixels of the probe come back this well (mean absolute difference): quantised networks are not exact, but one
that guesses them, be it because it takes 0 for a hole, is off by a fourth."""
DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@dataclass(frozen=True, eq=False)
class LamaNetwork:
    """A network in a file."""

    path: Path
    image: str
    hole: str
    output: str
    """The names of what goes in and comes out."""
    side: int | None
    """Of the square it takes; None takes any size."""
    channels_last: bool
    """Of what goes in; what comes out shows it."""
    dtype: type[np.floating]
    white: float = 1.0
    """What it puts out for 1."""
    sessions: dict[int, InferenceSession] = field(default_factory=dict, repr=False)
    """By process: a session's threads do not live on in a forked one, and it would run on a single core there."""

    @property
    def longest(self) -> int:
        """The longest side of a picture that can go in."""
        return self.side or LONGEST_PX

    def fill(self, image: Float[np.ndarray, "h w 3"], hole: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w 3"]:
        """The network's picture, in [0, 1]; what is in the hole is not shown to it. No side above `longest`."""
        h, w = hole.shape
        pads = [(0, (self.side or -(-length // MULTIPLE) * MULTIPLE) - length) for length in (h, w)]
        shown = np.pad(np.where(hole[..., None], 0, image), [*pads, (0, 0)], mode="edge")
        marked = np.pad(hole, pads, mode="edge")[..., None]
        fed = {self.image: self._laid_out(shown), self.hole: self._laid_out(marked)}
        picture = self._session().run([self.output], fed)[0][0].astype(np.float32) / np.float32(self.white)
        picture = picture if picture.shape[2] == 3 else picture.transpose(1, 2, 0)
        return np.clip(picture[:h, :w], 0, 1)

    def _laid_out(self, picture: np.ndarray) -> np.ndarray:
        laid = picture if self.channels_last else picture.transpose(2, 0, 1)
        return np.ascontiguousarray(laid[None], self.dtype)

    def _session(self) -> InferenceSession:
        if os.getpid() not in self.sessions:
            self.sessions[os.getpid()] = _open(self.path)
        return self.sessions[os.getpid()]


def read_network(path: Path) -> LamaNetwork:
    """The network in a file, probed. Raises ValueError, or whatever onnxruntime does, where it is no LaMa."""
    session = _open(path)
    image, hole = (_only(session.get_inputs(), channels) for channels in (3, 1))
    outputs = session.get_outputs()
    output = outputs[0] if len(outputs) == 1 else _only(outputs, 3)  # exporters do not always know an output's shape
    if image.type not in DTYPES or hole.type != image.type:
        raise ValueError(f"it takes a picture as {image.type} and a hole as {hole.type}, not as numbers from 0 to 1")
    last = image.shape[1] != 3
    sizes = image.shape[1:3] if last else image.shape[2:]
    fixed = [size for size in sizes if isinstance(size, int)]
    if len(fixed) == 1 or len(set(fixed)) > 1:
        raise ValueError(f"it takes pictures of {sizes[0]} x {sizes[1]}, neither a square nor any size")
    side = fixed[0] if fixed else None
    network = LamaNetwork(path, image.name, hole.name, output.name, side, last, DTYPES[image.type])
    network.sessions[os.getpid()] = session
    return replace(network, white=_white(network))


def _open(path: Path) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # its warnings are about the file's maker, its errors are raised anyway
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _only(tensors: list[NodeArg], channels: int) -> NodeArg:
    """The one tensor with so many channels."""
    fitting = [t for t in tensors if len(t.shape) == 4 and channels in (t.shape[1], t.shape[3])]
    if len(fitting) != 1:
        shapes = ", ".join(f"{t.name} {t.shape}" for t in tensors)
        raise ValueError(f"one tensor of {channels} channel(s) was looked for among {shapes}")
    return fitting[0]


def _white(network: LamaNetwork) -> float:
    """What the network puts out for 1: that by which a picture without a hole comes back as it was.

    The picture is of random colours, which nobody guesses who is not shown them.
    """
    side = network.side or MULTIPLE
    probe = np.random.default_rng(0).random((side, side, 3), np.float32)
    no_hole = np.zeros((side, side), bool)
    off = {white: float(np.abs(replace(network, white=white).fill(probe, no_hole) - probe).mean()) for white in WHITES}
    best = min(off, key=off.__getitem__)
    if not off[best] < TOLERANCE:
        raise ValueError(f"pixels outside the hole come back changed (by {off[best]:.2f} on average), so it is no LaMa")
    return best
