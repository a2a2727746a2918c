"""Camera paths as transforms.json; the photo is good."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.corpus.case import Case, Wanted
from tests.corpus.contents import MB
from tests.corpus.pictures import QUICK

BUILD = ("build", "{photo}", "--path", "{file}", *QUICK)


def frame(**different: Any) -> dict[str, Any]:
    """A good frame, but for what is said."""
    return {"fl_x": 90, "w": 96, "h": 72, "transform_matrix": np.eye(4).tolist(), **different}


def at(x: float, y: float = 0.0, z: float = 0.0) -> list[list[float]]:
    """Where a camera stands, looking ahead."""
    pose = np.eye(4)
    pose[:3, 3] = x, y, z
    return pose.tolist()


def path(wanted: Wanted, name: str, content: Any, sample: bool = False) -> Case:
    """content: bytes, what makes them, or what JSON holds."""
    if not isinstance(content, bytes | Callable):
        content = json.dumps(content).encode()
    return Case("paths", name, wanted, BUILD, "path.json", content, sample=sample)


def one(wanted: Wanted, name: str, sample: bool = False, **different: Any) -> Case:
    """A path of one frame that differs from a good one."""
    return path(wanted, name, {"frames": [frame(**different)]}, sample)


def second(wanted: Wanted, name: str, sample: bool = False, **different: Any) -> Case:
    """A path of a good frame and one that differs."""
    return path(wanted, name, {"frames": [frame(), frame(**different)]}, sample)


GOOD = [frame(), frame(transform_matrix=at(0.05)), frame(transform_matrix=at(0.1))]
ROW = b"[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]"

JSON = [
    path("built", "three frames", {"frames": GOOD}, sample=True),
    path("either", "one frame", {"frames": GOOD[:1]}),
    path("either", "byte order mark", b"\xef\xbb\xbf" + json.dumps({"frames": GOOD}).encode(), sample=True),
    path("either", "names of foreign files", {"frames": [
        frame(file_path="../../../../etc/passwd"), frame(file_path="/etc/shadow", transform_matrix=at(0.05))]}),
    path("refused", "a blank", b" "),
    path("refused", "a list", []),
    path("refused", "null", b"null"),
    path("refused", "no frames", {}),
    path("refused", "empty list of frames", {"frames": []}),
    path("refused", "frames as a dict", {"frames": {"a": 1}}),
    path("refused", "frames of numbers", {"frames": [1, 2]}, sample=True),
    path("built", "UTF-16", json.dumps({"frames": GOOD}).encode("utf-16")),
    path("refused", "no UTF-8", b"\xff\xfe{"),
    path("refused", "a hundred thousand brackets", b"[" * 100_000 + b"]" * 100_000, sample=True),
    path("refused", "a hundred thousand dicts", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    path("refused", "200 MB", lambda: b'{"frames":[' + b"1," * (100 * MB) + b"1]}"),
    path("refused", "31 MB of numbers", lambda: b'{"frames":[' + b"1," * (15 * MB) + b"1]}"),
    path("refused", "31 MB of dicts", lambda: b'{"frames":[' + b"{}," * (10 * MB) + b"{}]}"),
    path("refused", "10 001 frames", lambda: json.dumps({"frames": [frame()] * 10_001}).encode()),
    path("refused", "a pickle", b"\x80\x04cposix\nsystem\n."),
    path("refused", "a number of 400 digits", b'{"frames":[{"fl_x":1' + b"0" * 400 + b',"w":96,"h":72}]}'),
    path("refused", "a number of 5000 digits", b'{"frames":[1' + b"0" * 5000 + b"]}"),
    path("refused", "NaN", b'{"frames":[{"fl_x":NaN,"w":96,"h":72,"transform_matrix":[' + ROW + b"]}]}"),
    path("refused", "a place at infinity", b'{"frames":[{"fl_x":9,"w":96,"h":72,"transform_matrix":['
         + ROW.replace(b"[1,0,0,0]", b"[1,0,0,Infinity]") + b"]}]}"),
]  # fmt: skip

FRAMES = [
    one("refused", "matrix of zeros", transform_matrix=np.zeros((4, 4)).tolist()),
    one("refused", "matrix that mirrors", transform_matrix=np.diag([-1, 1, 1, 1]).tolist()),
    one("refused", "matrix that scales", transform_matrix=np.diag([2, 2, 2, 1]).tolist(), sample=True),
    one("refused", "matrix of a word", transform_matrix="x"),
    one("refused", "ragged matrix", transform_matrix=[[1], [2, 3]]),
    one("refused", "no matrix", transform_matrix=None),
    one("refused", "width of 0", w=0),
    one("refused", "width of a word", w="96"),
    one("refused", "width of 10^9", w=1e9),
    one("refused", "width true", w=True),
    one("refused", "fisheye", camera_model="OPENCV_FISHEYE"),
    one("refused", "camera model of HTML", camera_model="<img src=x onerror=alert(1)>"),
    second("either", "1 km away", transform_matrix=at(1e3), sample=True),
    second("either", "10^11 m away", transform_matrix=at(1e11)),
    second("either", "10^11 m ahead", transform_matrix=at(0, 0, -1e11)),
    second("either", "turned back", transform_matrix=np.diag([-1, 1, -1, 1]).tolist()),
    second("either", "inside the wall", transform_matrix=at(0, 0, -5)),
    second("either", "one pixel", w=1, h=1),
    second("either", "8192 x 1 pixels", w=8192, h=1),
    second("either", "1 x 8192 pixels", w=1, h=8192),
    second("either", "focal length of 2e-3 px", fl_x=2e-3),
    second("either", "focal length of 1e11 px", fl_x=1e11, transform_matrix=at(0.1)),
    second("either", "sides of another focal length", fl_y=1e6),
    second("either", "centre far outside", cx=1e9),
]

CASES = [*JSON, *FRAMES]
