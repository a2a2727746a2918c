"""The kinds of video as a table: a row a kind, and the shapes that a video may have.

`gen3d tour --kind`, the page's choice, the API and `gen3d.tour` are derived from these rows. What makes a kind is
named, `module:function`, and found when it is wanted, since this table costs nothing to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class VideoRow:
    """One kind of video."""

    name: str
    """What one asks for."""
    file: str
    """Of a tour's folder. Players know by `_LR` and `_180` how to show what lies side by side."""
    title: str
    """What it is."""
    for_whom: str
    """What plays it, and for what."""
    shoots: str = "gen3d.splat.shots:OneView"
    """Makes its frames: a `Shoot` of `splat/shots.py`."""
    writes: str = "gen3d.formats.video:VideoWriter"
    """Opens the file: (path, width, height, frames per second) -> a context that takes frames of bytes by `add`."""
    shaped: bool = True
    """Whether it may have another shape than the photo."""
    there_and_back: bool = False
    """Whether what writes it plays the frames backwards, too."""
    costs: int = 1
    """So many times the pixels of a plain video are drawn for it."""

    @property
    def suffix(self) -> str:
        """How its file's name ends."""
        return Path(self.file).suffix

    @property
    def is_picture(self) -> bool:
        """Whether it plays where pictures are shown, and no player takes it."""
        return self.suffix != ".mp4"

    def frames(self, wanted: int) -> int:
        """So many are drawn, so that so many are played."""
        return wanted // 2 + 1 if self.there_and_back else wanted


VIDEOS = (
    VideoRow("video", "flythrough.mp4", "Video", "any player, any page"),
    VideoRow(
        "webp", "boomerang.webp", "Boomerang, WebP", "chats and pages: there and back for ever, in all colours",
        writes="gen3d.formats.boomerang:Boomerang", there_and_back=True,
    ),
    VideoRow(
        "gif", "boomerang.gif", "Boomerang, GIF", "wherever nothing newer is taken: there and back, in 256 colours",
        writes="gen3d.formats.boomerang:Boomerang", there_and_back=True,
    ),
    VideoRow(
        "side-by-side", "flythrough_LR.mp4", "Stereo, side by side", "3D screens and headsets: left eye, right eye",
        shoots="gen3d.splat.shots:SideBySide", writes="gen3d.formats.spherical:SideBySideWriter", costs=2,
    ),
    VideoRow(
        "anaglyph", "flythrough_anaglyph.mp4", "Stereo, anaglyph", "any screen, with red-cyan glasses",
        shoots="gen3d.splat.shots:Anaglyph", costs=2,
    ),
    VideoRow(
        "vr180", "flythrough_180_LR.mp4", "VR180", "headsets: half a sphere for each eye",
        shoots="gen3d.splat.shots:HalfSphere", writes="gen3d.formats.spherical:HalfSphereWriter", shaped=False,
        costs=10,
    ),
    VideoRow(
        "depth", "flythrough_depth.mp4", "Depth", "compositing, and tools that take depth: near is white",
        shoots="gen3d.splat.shots:DepthPass",
    ),
)  # fmt: skip

SHAPES: dict[str, tuple[int, int] | None] = {"photo": None, "16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}
"""Name -> width to height; None: the photo's own."""
WIDTHS_PX = (16, 7680)
"""Of a frame, or of an eye of VR180. By definition, of what players take."""
STRENGTHS = (0.0, 2.0)
"""How far a path may be made to move; 1 is as far as it is meant to, 0 stands still."""


def video_row(name: str) -> VideoRow:
    """The kind of that name; KeyError where there is none."""
    return {row.name: row for row in VIDEOS}[name]


def row_for(file: Path) -> VideoRow | None:
    """The first kind that is written in files of such an ending: what somebody who names no kind wants."""
    return next((row for row in VIDEOS if row.suffix == file.suffix.lower()), None)


def video_in(folder: Path) -> Path | None:
    """The video that a tour left there."""
    files = [folder / row.file for row in VIDEOS]
    return next((file for file in files if file.is_file()), None)
