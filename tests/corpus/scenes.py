"""Scene files of others: .ply, .splat and .spz, each exported, some of them drawn."""

from __future__ import annotations

import gzip
import io
import json
import struct
from collections.abc import Callable
from functools import cache

import numpy as np
import zstandard

from tests.corpus.case import Case, Content, Wanted
from tests.corpus.contents import MB, noise, png, sparse

N = 400
PROPERTIES = (
    *["x", "y", "z", "nx", "ny", "nz"], "f_dc_0", "f_dc_1", "f_dc_2", "opacity", *(f"scale_{i}" for i in range(3)),
    *(f"rot_{i}" for i in range(4)),
)  # fmt: skip
COLOUR, OPACITY, SCALES, ROTATION = [6, 7, 8], 9, [10, 11, 12], 13
EXPORT = ("export", "{file}", "--to", "{out}.splat", "{out}.spz", "{out}.ply")
RENDER = ("render", "{file}", "--cameras", "{cameras}", "-o", "{out}")


def cameras() -> bytes:
    """One camera in front of what these files hold."""
    frame = {"fl_x": 60, "w": 64, "h": 48, "transform_matrix": np.diag([1.0, -1, -1, 1]).tolist()}
    return json.dumps({"frames": [frame]}).encode()


def scene(wanted: Wanted, name: str, file: str, content: Content, **more: object) -> Case:
    return Case("scenes", name, wanted, EXPORT, file, content, **more)


def drawn(case: Case) -> Case:
    return Case("scenes", f"{case.name}, drawn", case.wanted, RENDER, case.file, case.content)


@cache
def rows() -> np.ndarray:
    """A cloud ahead of the camera, as a .ply stores it."""
    chance, rows = np.random.default_rng(0), np.zeros((N, len(PROPERTIES)), "<f4")
    rows[:, :3] = chance.normal((0, 0, 4), 1, (N, 3))
    rows[:, COLOUR] = chance.normal(0, 1, (N, 3))
    rows[:, OPACITY], rows[:, SCALES], rows[:, ROTATION] = 2, -3, 1
    return rows


def ply(
    rows: np.ndarray, count: object = None, names: tuple[str, ...] = PROPERTIES, form: str = "binary_little_endian",
    before: str = "", after: str = "", kind: str = "float",
) -> bytes:  # fmt: skip
    """A .ply whose header says what it is told to say."""
    listed = "".join(f"property {kind} {name}\n" for name in names)
    count = len(rows) if count is None else count
    head = f"ply\nformat {form} 1.0\n{before}element vertex {count}\n{listed}{after}end_header\n"
    return head.encode() + rows.tobytes()


def with_all(columns: object, value: float) -> Callable[[], bytes]:
    """A .ply in which these numbers are the same for all."""

    def content() -> bytes:
        changed = rows().copy()
        changed[:, columns] = value
        return ply(changed)

    return content


COUNTS = [
    scene("refused", f"ply that counts {count[:24]}", "a.ply", lambda count=count: ply(rows(), count))
    for count in (str(10**9), str(10**18), "9" * 5000, "-5", "abc", "0", str(N + 1), "inf")
]
ODD_VALUES = [
    scene("built", "ply", "a.ply", lambda: ply(rows()), sample=True),
    scene("refused", "ply of NaN", "a.ply", with_all(0, np.nan), sample=True),
    scene("either", "ply 10^30 m away", "a.ply", with_all(0, 1e30)),
    scene("either", "ply of scales of e^88", "a.ply", with_all(SCALES, 88)),
    scene("either", "ply of scales of e^40", "a.ply", with_all(SCALES, 40), sample=True),
    scene("either", "ply of scales of e^5", "a.ply", with_all(SCALES, 5)),
    scene("either", "ply of scales of e^-100", "a.ply", with_all(SCALES, -100)),
    scene("either", "ply of colours of 10^30", "a.ply", with_all(COLOUR, 1e30)),
    scene("either", "ply of quaternions of 10^30", "a.ply", with_all(ROTATION, 1e30)),
    scene("either", "ply at the camera's centre", "a.ply", with_all([0, 1, 2], 0)),
    scene("either", "ply behind the camera", "a.ply", with_all(2, -4)),
    scene("either", "ply with one Gaussian", "a.ply", lambda: ply(rows()[:1])),
]
PLY = [
    *COUNTS,
    *ODD_VALUES,
    *(drawn(case) for case in ODD_VALUES),
    scene("built", "ply that counts one less", "a.ply", lambda: ply(rows(), N - 1)),
    scene("refused", "ply of infinity", "a.ply", with_all(0, np.inf)),
    scene("refused", "ply of no rotation", "a.ply", with_all(ROTATION, 0)),
    scene("built", "ply of infinite opacity", "a.ply", with_all(OPACITY, np.inf)),
    scene("refused", "ply without rotations", "a.ply", lambda: ply(rows()[:, :13], names=PROPERTIES[:13])),
    scene("refused", "ply with a property twice", "a.ply", lambda: ply(rows(), names=(*PROPERTIES[:-1], "x"))),
    scene("refused", "ply with a list", "a.ply", lambda: ply(rows(), after="property list uchar int vertices\n")),
    scene("refused", "ply with a list before", "a.ply",
          lambda: ply(rows(), before="element face 5\nproperty list uchar int v\n")),
    scene("refused", "ply of an unknown type", "a.ply", lambda: ply(rows(), kind="float128")),
    scene("refused", "ply, compressed", "a.ply", lambda: ply(rows()[:, :4], names=(
        "packed_position", "packed_rotation", "packed_scale", "packed_color"))),
    scene("refused", "ply with a header of 5000 lines", "a.ply", lambda: ply(rows(), before="comment x\n" * 5000)),
    scene("refused", "ply with a header without end", "a.ply", b"ply\nformat ascii 1.0\n" + b"comment " * 10_000),
    scene("refused", "ply with 10^18 others before", "a.ply",
          lambda: ply(rows(), before=f"element a {10**18}\nproperty float q\n")),
    scene("built", "ply, big-endian", "a.ply", lambda: ply(rows().astype(">f4"), form="binary_big_endian")),
    scene("refused", "ply that says it is text", "a.ply", lambda: ply(rows(), form="ascii", count=10**7)),
    scene("refused", "ply cut short", "a.ply", lambda: ply(rows())[:-7], sample=True),
    scene("refused", "ply without a body", "a.ply", lambda: ply(rows()[:0], count=5)),
    scene("refused", "ply of a mesh", "a.ply", b"ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\n"
          b"property float y\nproperty float z\nend_header\n0 0 0\n1 0 0\n0 1 0\n"),
    scene("refused", "ply of 20 000 001, mostly holes", "a.ply", None, heavy=True,
          make=lambda path: sparse(4200 * MB, ply(rows()[:0], count=20_000_001))(path)),
    scene("refused", "ply of 4 GB and a bit", "a.ply", None, make=sparse(4096 * MB + 5)),
    scene("either", "ply of ten million zeros", "a.ply", None, heavy=True,
          make=lambda path: sparse(1500 * MB, ply(rows()[:0], count=10_000_000))(path)),
    scene("refused", "PNG named ply", "a.ply", png),
    scene("refused", "a kind that is none", "a.obj", b"v 0 0 0\n"),
]  # fmt: skip


def splat(scale_m: float = 0.05) -> bytes:
    layout = [("xyz", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("quat", "u1", 4)]
    stored = np.zeros(N, layout)
    stored["xyz"], stored["scale"], stored["rgba"] = rows()[:, :3], scale_m, 200
    stored["quat"][:, 0] = 255
    return stored.tobytes()


SPLAT = [
    scene("built", "splat", "a.splat", splat),
    drawn(scene("built", "splat", "a.splat", splat)),
    scene("built", "splat cut short", "a.splat", lambda: splat()[:-1], sample=True),
    scene("refused", "empty splat", "a.splat", b""),
    scene("either", "text of 32 letters a line", "a.splat", b"hello splat world, 32 bytes long" * 8),
    scene("either", "splat of noise", "a.splat", lambda: noise(32 * 500)),
    drawn(scene("either", "splat of noise", "a.splat", lambda: noise(32 * 500))),
    scene("refused", "splat of sizes below zero", "a.splat", lambda: splat(-1)),
    scene("either", "splat of sizes of 10^30", "a.splat", lambda: splat(1e30)),
    scene("refused", "PNG named splat", "a.splat", lambda: png()[: len(png()) // 32 * 32]),
    scene("built", "ply named spz", "a.spz", lambda: ply(rows())),
]


def spz_header(
    version: int = 3, count: int = N, degree: int = 0, bits: int = 12, magic: bytes = b"NGSP"
) -> bytes:
    return magic + struct.pack("<IIBBBB", version, count, degree, bits, 0, 0)


def spz(body: bytes | None = None, **header: int | bytes) -> bytes:
    return gzip.compress(spz_header(**header) + (noise(20 * N) if body is None else body), mtime=0)


def spz_of_zeros(megabytes: int, count: int) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(spz_header(count=count))
        for _ in range(megabytes):
            packed.write(bytes(MB))
    return file.getvalue()


SIZES = [9 * N, N, 3 * N, 3 * N, 4 * N]


def arrays() -> list[bytes]:
    """Those of version 4, each compressed."""
    return [zstandard.ZstdCompressor(19).compress(noise(size)) for size in SIZES]


def spz4(
    arrays: list[bytes], sizes: list[int] = SIZES, count: int = N, streams: int | None = None, table_at: int = 32
) -> bytes:
    streams = len(arrays) if streams is None else streams
    header = b"NGSP" + struct.pack("<IIBBBBI12x", 4, count, 0, 12, 0, streams, table_at)
    table = b"".join(struct.pack("<QQ", len(array), size) for array, size in zip(arrays, sizes, strict=True))
    return header + table + b"".join(arrays)


SPZ = [
    scene("built", "spz", "a.spz", spz),
    drawn(scene("built", "spz", "a.spz", spz)),
    scene("refused", "spz of 10 GB, 20 million counted", "a.spz", lambda: spz_of_zeros(10_240, 20_000_000), heavy=True),
    scene("refused", "spz of a gigabyte, 20 million counted", "a.spz", lambda: spz_of_zeros(1024, 20_000_001)),
    scene("either", "spz of a gigabyte, two counted", "a.spz", lambda: spz_of_zeros(1024, 2)),
    scene("either", "spz of zeros, two counted", "a.spz", lambda: spz_of_zeros(1, 2), sample=True),
    scene("refused", "spz that counts 2^32 - 1", "a.spz", lambda: spz(count=2**32 - 1)),
    scene("refused", "spz that counts none", "a.spz", lambda: spz(count=0)),
    scene("refused", "spz of version 99", "a.spz", lambda: spz(version=99)),
    scene("refused", "spz of degree 5", "a.spz", lambda: spz(degree=5)),
    scene("either", "spz of 255 bits", "a.spz", lambda: spz(bits=255)),
    scene("refused", "spz of another magic", "a.spz", lambda: spz(magic=b"XXXX")),
    scene("refused", "spz cut short", "a.spz", lambda: spz()[:-50]),
    scene("refused", "spz with a wrong checksum", "a.spz", lambda: spz()[:-8] + bytes(8)),
    scene("refused", "spz with too little inside", "a.spz", lambda: spz(body=noise(20 * N)[:-9]), sample=True),
    scene("built", "spz 4", "a.spz", lambda: spz4(arrays())),
    scene("refused", "spz 4 whose table lies far away", "a.spz", lambda: spz4(arrays(), table_at=2**31)),
    scene("refused", "spz 4 of 255 streams", "a.spz", lambda: spz4(arrays(), streams=255)),
    scene("either", "spz 4 of streams of 2^63", "a.spz", lambda: spz4(arrays(), [2**63] * 5)),
    scene("refused", "spz 4 of 1.3 GB of zeros", "a.spz", lambda: spz4(
        [zstandard.ZstdCompressor(19).compress(bytes(256 * MB))] * 5, [1] * 5, 19_000_000), heavy=True),
    scene("either", "spz 4 with a window of gigabytes", "a.spz",
          lambda: spz4([b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(8), *arrays()[1:]])),
]  # fmt: skip

CASES = [*PLY, *SPLAT, *SPZ]
