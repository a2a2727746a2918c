"""A traced place on the disk, and back as a `Scene`.

    NAME/00.png ... 03.png          the photo, then the views held out
    NAME/depth_00.npy ...           float32 metres along z, inf = sky
    NAME/things_00.png ...          8 bits: the number of the thing in each pixel, 0 = none
    NAME/transforms.json            the cameras; the world is the photo's camera (nerfstudio's axes)
    NAME/place.json                 names of things and views, licence

`bench/truth/manifest.json` holds the SHA-256 of them, as made with the pinned versions on x86-64, place by place as
they were signed. Another processor may round otherwise, and a path of light that just missed a lamp then hits it: so
`means.json` holds what such a picture must still be like, the mean colours of its blocks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bench.scenes import Scene
from bench.truth.views import VIEWS
from gen3d.camera import Camera
from gen3d.formats.transforms import read_transforms, write_transforms
from gen3d.formats.whole import write_whole
from gen3d.values import RGBD

MANIFEST, MEANS = Path(__file__).with_name("manifest.json"), Path(__file__).with_name("means.json")
BLOCKS = 4, 6
"""Of a picture: so many below each other, and side by side."""
ALIKE = 0.5
"""Of 255: by how much a block's mean colour may differ. A block is 2048 pixels; where the grain is worst, two traces
with other random numbers differ by 24 dB (docs/ablation.md), by 11 of 255 a pixel each, so the mean of a block is known
to 0.25. What was modelled or lit otherwise is farther off somewhere."""
LICENCE = "CC0-1.0"


def has_view(folder: Path, number: int) -> bool:
    """Whether that view is there with all its files."""
    return all((folder / name).exists() for name in _files(number))


def _files(number: int) -> tuple[str, str, str]:
    return f"{number:02d}.png", f"depth_{number:02d}.npy", f"things_{number:02d}.png"


def write_view(folder: Path, number: int, picture: np.ndarray, depth: np.ndarray, things: np.ndarray) -> None:
    """Its three files, the picture last."""
    rgb, z, labels = _files(number)
    with write_whole(folder / z) as temporary:
        np.save(temporary, depth.astype(np.float32))
    for name, pixels in ((labels, things), (rgb, picture)):
        with write_whole(folder / name) as temporary:
            Image.fromarray(pixels).save(temporary, optimize=True)


def write_place(folder: Path, cameras: Sequence[Camera], things: Sequence[str]) -> None:
    """What holds for all of its views. cameras: in the model's world."""
    first = np.linalg.inv(cameras[0].c2w)
    depths = [{"depth_file_path": _files(n)[1]} for n in range(len(cameras))]
    write_transforms(folder / "transforms.json", [c.posed(first @ c.c2w) for c in cameras], beside=depths)
    about = {"licence": LICENCE, "views": [kind for kind, _, _ in VIEWS], "things": list(things)}
    with write_whole(folder / "place.json") as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def read_place(folder: Path) -> Scene:
    """The place as a scene to be judged by. Raises FileNotFoundError where it was not traced to its end."""
    about = json.loads((folder / "place.json").read_text(encoding="utf-8"))
    cameras = read_transforms(folder / "transforms.json")
    views = [_read_view(folder, n, camera) for n, camera in enumerate(cameras)]
    return Scene(f"traced-{folder.name}", views[0], tuple(views[1:]), kinds=tuple(about["views"][1:]))


def _read_view(folder: Path, number: int, camera: Camera) -> RGBD:
    rgb, z, _ = _files(number)
    picture = np.asarray(Image.open(folder / rgb).convert("RGB"), np.float32) / 255
    return RGBD(picture, np.load(folder / z), camera)


def checksums(out: Path) -> dict[str, str]:
    """Relative path -> SHA-256, of all files of all places under a folder that were traced to their end."""
    whole = [place.parent for place in sorted(out.glob("*/place.json"))]
    files = [p for folder in whole for p in sorted(folder.iterdir()) if p.suffix in (".png", ".npy", ".json")]
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def means(out: Path) -> dict[str, list[float]]:
    """Relative path -> mean colours of its blocks row by row, in 255ths; all pictures of finished places."""
    pictures = [path for path in checksums(out) if path.endswith(".png") and not Path(path).name.startswith("things")]
    return {path: [round(float(v), 2) for v in _block_means(out / path).ravel()] for path in pictures}


def _block_means(file: Path) -> np.ndarray:
    with Image.open(file) as opened:
        pixels = np.asarray(opened.convert("RGB"), np.float64)
    rows = np.array_split(pixels, BLOCKS[0])
    return np.array([[block.mean((0, 1)) for block in np.array_split(row, BLOCKS[1], axis=1)] for row in rows])


def differing(out: Path, names: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The manifest's files of these places that are not there, or are not what it says to the byte.

    With each, whether it is a picture that is alike all the same.
    """
    found, said = checksums(out), json.loads(MEANS.read_text(encoding="utf-8"))
    for path, wanted in manifest().items():
        if path.split("/")[0] in names and found.get(path) != wanted:
            yield path, path in found and path in said and _is_alike(out / path, said[path])


def _is_alike(file: Path, said: list[float]) -> bool:
    off = np.abs(_block_means(file).ravel() - said)
    return bool(off.max() <= ALIKE)


def manifest() -> dict[str, str]:
    """Relative path -> SHA-256, as it should be."""
    return json.loads(MANIFEST.read_text(encoding="utf-8"))


def sign(out: Path) -> None:
    """Puts the places that were traced to their end into both files."""
    said = json.loads(MEANS.read_text(encoding="utf-8")) if MEANS.exists() else {}
    write_lines(MANIFEST, manifest() | checksums(out))
    write_lines(MEANS, said | means(out))


def write_lines(file: Path, rows: dict) -> None:
    """JSON, a line for each row."""
    lines = ",\n".join(f"{json.dumps(path)}: {json.dumps(row)}" for path, row in rows.items())
    file.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
