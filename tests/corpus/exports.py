"""The other commands: export to odd places, render through odd cameras, depth of odd pictures."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from tests.corpus.case import Case, Content, Wanted
from tests.corpus.contents import png, png_of_zeros, png_saying, zeros


def export(wanted: Wanted, name: str, *argv: str, sample: bool = False) -> Case:
    return Case("exports", name, wanted, ("export", "{scene}", "--to", *argv), sample=sample)


def render(wanted: Wanted, name: str, *argv: str, sample: bool = False, **different: Any) -> Case:
    """Through one camera that differs from a good one."""
    frame = {"fl_x": 60, "w": 64, "h": 48, "transform_matrix": np.diag([1.0, -1, -1, 1]).tolist(), **different}
    cameras = ("render", "{scene}", "--cameras", "{file}", "-o", "{out}", *argv)
    content = json.dumps({"frames": [frame]}).encode()
    return Case("exports", name, wanted, cameras, "cameras.json", content, sample=sample)


def depth(wanted: Wanted, name: str, content: Content, to: str = "{out}.npy", **more: object) -> Case:
    return Case("exports", name, wanted, ("depth", "{file}", "--engine", "builtin", "-o", to), "a.png", content, **more)


def far_away() -> list[list[float]]:
    pose = np.diag([1.0, -1, -1, 1])
    pose[0, 3] = 1e11
    return pose.tolist()


EXPORTS = [
    export("refused", "mesh without layers", "{out}.glb", sample=True),
    export("built", "bundle of a scene alone", "{out}.zip"),
    export("refused", "folder of a scene alone", "{out}"),
    export("refused", "unknown kind", "{out}.obj"),
    export("refused", "onto itself", "{scene}", sample=True),
    export("refused", "into a folder that is not there", "{home}/nowhere/x.spz"),
    export("refused", "under a device", "/dev/full/x.spz"),
    export("built", "pruned without cameras", "{out}.spz", "--max-gaussians", "10"),
    export("refused", "pruned to nothing", "{out}.spz", "--max-gaussians", "0"),
    export("either", "the same file twice", "{out}.spz", "{out}.spz"),
    export("refused", "one good name, one bad", "{out}.spz", "{home}/nowhere/y.splat"),
]
RENDERS = [
    render("built", "good camera", sample=True),
    render("refused", "67 Mpx", w=8192, h=8192, fl_x=8000),
    render("built", "34 Mpx", w=8192, h=4096, fl_x=8000),
    render("either", "one pixel", w=1, h=1),
    render("either", "focal length of 1e11 px", fl_x=1e11),
    render("either", "focal length of 2e-3 px", fl_x=2e-3),
    render("either", "centre 1e11 px away", cx=1e11),
    render("either", "1e11 m away", transform_matrix=far_away()),
    render("refused", "background of two numbers", "--background", "1,2"),
    render("refused", "background below zero", "--background=-1,0,0"),
    render("refused", "background of NaN", "--background", "nan,0,0", sample=True),
]
DEPTHS = [
    depth("built", "depth of a photo", png, sample=True),
    depth("refused", "depth of nothing", b""),
    depth("refused", "depth of text", b"hello\n"),
    depth("refused", "depth of 50 000 a side", lambda: png_saying(50_000, 50_000, data=zeros(1 << 20))),
    depth("either", "depth of 99 Mpx", lambda: png_of_zeros(9999, 8, 2), heavy=True),
    depth("refused", "depth into a folder that is not there", png, "{home}/nowhere/d.npy"),
    depth("refused", "depth onto a folder", png, "{home}/foreign"),
    depth("either", "depth without a suffix", png, "{out}"),
]

CASES = [*EXPORTS, *RENDERS, *DEPTHS]
