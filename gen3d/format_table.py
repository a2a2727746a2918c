"""The files that a scene is kept in as a table: a row a format, and everything that lists formats asks these rows.

`gen3d export`, its help, the page's two corners for files, what goes into a bundle and who is told to open it there,
which files are read back: all of it is derived. What reads or writes a format is named, `module:function`, and found
when it is wanted, since this table costs nothing to import.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from gen3d.axes import AxesName


@dataclass(frozen=True, slots=True)
class FormatRow:
    """One format of a scene."""

    name: str
    """Of the file or folder that the page and a bundle have of it."""
    suffix: str
    """How a name ends that asks for it, in small letters; without a dot it is the name of a folder, "" of any."""
    title: str
    """What it is."""
    for_whom: str
    """What opens it, and for what."""
    axes: AxesName | Literal[""] = ""
    """Those of its numbers, where nobody asks for others; lengths are metres."""
    by_standard: bool = False
    """Whether the format says itself which axes a file is in, so that others are taken for those."""
    units: str = ""
    """What else one must know of the numbers in it."""
    read: str = ""
    """Reads a file: (path, most Gaussians) -> `StoredScene`. "" is not read."""
    starts: tuple[bytes, ...] = ()
    """How such files begin; () where only the name tells."""
    write: str = ""
    """Writes what a file can hold of a scene: (path, `StoredScene`, `Writing`) -> what of it is not said there."""
    make: str = ""
    """Makes it of a finished scene: (`FinishedScene`, path) -> `Stage[None]`. Of `write` and `make` one is given, or
    neither, for what only a build leaves."""
    tells: bool = False
    """Whether it also tells what a build's folder knows of its scene: parts, cameras, how far one may go."""
    stands: bool = False
    """Whether `make` heeds the scene's `Standing`; whatever is written does."""
    needs: tuple[str, ...] = ()
    """What `make` must find beside the scene: fields of `SceneFiles`."""
    page: Literal["", "offered", "ticked"] = ""
    """Whether the page makes it on demand, and whether it is ticked there at first."""
    bundled: bool = True
    """Whether it goes into the zip of everything."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return "." not in self.suffix

    @property
    def kind(self) -> str:
        """What one calls it: its suffix, or "a folder"."""
        return self.suffix or "a folder"

    @property
    def holds_gaussians(self) -> bool:
        """Whether it is a file of Gaussians, of which there may be fewer."""
        return bool(self.write or self.read)

    def lighter(self, path: PurePath, number: int) -> PurePath:
        """The name of a lighter twin: scene.lod0.ply for scene.ply."""
        end = len(path.name) - len(self.suffix)
        return path.with_name(f"{path.name[:end]}.lod{number}{path.name[end:]}")


FORMATS = (
    FormatRow(
        "scene.html", ".html", "Viewer and scene in one page", "any browser: double-click it; it needs no network",
    ),
    FormatRow("flythrough.mp4", ".mp4", "Video", "any player: the video"),
    FormatRow(
        "scene.glb", ".glb", "Textured mesh for Blender, Unity, Unreal",
        "Blender, Unity, Unreal, Godot, three.js, Windows 3D Viewer: a textured mesh; move \"foreground\"",
        axes="opengl", by_standard=True, make="gen3d.products.export:export_mesh", stands=True, needs=("layers",),
        page="ticked",
    ),
    FormatRow(
        "collider.glb", "collider.glb", "Coarse mesh to collide with",
        "game engines: a coarse mesh without looks to collide with",
        axes="opengl", by_standard=True, make="gen3d.products.export:export_collider", stands=True, needs=("layers",),
        page="offered",
    ),
    FormatRow(
        "scene.ply", ".ply", "Gaussians, whole",
        "SuperSplat, splat plugins of Unity, Unreal and Blender, nerfstudio: 3D Gaussians, whole",
        axes="opencv", read="gen3d.formats.ply:open_ply", starts=(b"ply",), write="gen3d.formats.ply:store_ply",
    ),
    FormatRow(
        "scene.compressed.ply", ".compressed.ply", "Gaussians, packed, as .ply",
        "SuperSplat, PlayCanvas, Spark and others that read packed .ply: the Gaussians, a fifth as large",
        axes="opencv", read="gen3d.formats.ply:open_ply", starts=(b"ply",),
        write="gen3d.formats.compressed_ply:store_compressed_ply", bundled=False,
    ),
    FormatRow(
        "scene.splat", ".splat", "Gaussians for web viewers",
        "web viewers that read .splat: the same, smaller, without view-dependent colour",
        axes="opencv", read="gen3d.formats.splat:open_splat", write="gen3d.formats.splat:store_splat",
    ),
    FormatRow(
        "scene.spz", ".spz", "Gaussians, packed",
        "Scaniverse, Spark, SuperSplat, Niantic tools: the same, a fifth as large",
        axes="opengl", by_standard=True, read="gen3d.formats.spz:open_spz", starts=(b"NGSP", b"\x1f\x8b"),
        write="gen3d.formats.spz:store_spz", tells=True, page="ticked",
    ),
    FormatRow(
        "scene.ksplat", ".ksplat", "Gaussians of GaussianSplats3D", "web viewers of the past: it is read, not written",
        axes="opencv", read="gen3d.formats.ksplat:open_ksplat", bundled=False,
    ),
    FormatRow(
        "scene.sog", ".sog", "Gaussians for the web",
        "SuperSplat, PlayCanvas, Spark: the Gaussians, smallest",
        axes="opencv", read="gen3d.formats.sog:open_sog", starts=(b"PK\x03\x04", b"{"),
        write="gen3d.formats.sog:store_sog", page="offered",
    ),
    FormatRow(
        "scene.splats.glb", ".splats.glb", "Gaussians as glTF",
        "programs that know glTF's KHR_gaussian_splatting, as PlayCanvas and three.js: the Gaussians, a node for each "
        "part of the scene",
        axes="opengl", by_standard=True, read="gen3d.formats.splats_glb:open_splats_glb", starts=(b"glTF",),
        write="gen3d.formats.splats_glb:store_splats_glb", tells=True, page="offered",
    ),
    FormatRow(
        "scene.usda", ".usda", "Gaussians as USD, as text",
        "OpenUSD 26.03 and later, and what is built on it: the Gaussians, the photo's camera and the path",
        axes="opengl", by_standard=True, write="gen3d.formats.usd:store_usda", tells=True, bundled=False,
    ),
    FormatRow(
        "scene.usdz", ".usdz", "Gaussians as USD", "the same programs: the same in one package",
        axes="opengl", by_standard=True, write="gen3d.formats.usd:store_usdz", tells=True, page="offered",
        bundled=False,
    ),
    FormatRow(
        "site", "site", "A page of its own, as a folder",
        "any static host, or a disk: index.html with the viewer, the scene, a poster, settings for SuperSplat",
        make="gen3d.products.site:export_site", needs=("view",), bundled=False,
    ),
    FormatRow(
        "site.zip", "site.zip", "A page of its own, to put on any host", "the same in one file",
        make="gen3d.products.site:export_site_zip", needs=("view",), page="offered", bundled=False,
    ),
    FormatRow(
        "dataset", "", "Views to train from",
        "nerfstudio (transforms.json) and COLMAP readers (sparse/0): views with depth and masks to train from",
        axes="opencv", make="gen3d.products.export:export_dataset", stands=True, needs=("transforms",),
        units="Depth PNGs: 16 bit, unit in dataset/transforms.json (depth_unit_scale_factor metres), 0 = unknown or "
        "sky. Depth EXRs: metres, inf = sky, NaN = unknown.",
    ),
    FormatRow(
        "transforms.json", "transforms.json", "Cameras of the fit", "the cameras of the fit, as nerfstudio writes them",
        axes="opencv", make="gen3d.products.export:export_cameras", stands=True, needs=("transforms",),
        units="Poses in a transforms.json: camera to world, that of scene.ply; a camera's own axes are OpenGL's, x "
        "right, y up, z backward.",
    ),
    FormatRow(
        "run.json", ".json", "Record of the run", "what was asked for, what was used, how long it took",
    ),
    FormatRow(
        "scene.zip", ".zip", "Everything: what most programs open, and views to train from",
        "whoever wants all of it: a file for each kind of program, with a README that says which is for what",
        make="gen3d.products.bundle:export_bundle", stands=True, page="offered", bundled=False,
    ),
)  # fmt: skip


def read_here() -> tuple[FormatRow, ...]:
    """The formats that scenes are read from."""
    return tuple(row for row in FORMATS if row.read)


def written_here() -> tuple[FormatRow, ...]:
    """The formats that a scene is written in on demand."""
    return tuple(row for row in FORMATS if row.write or row.make)


def on_page() -> tuple[FormatRow, ...]:
    """Those of them that the page offers."""
    return tuple(row for row in written_here() if row.page)


def bundled() -> tuple[FormatRow, ...]:
    """What goes into the zip of everything, as far as it is there or can be made."""
    return tuple(row for row in FORMATS if row.bundled)


def suffixes() -> set[str]:
    """How the names of a scene's files end."""
    return {row.suffix for row in FORMATS if row.suffix}


def asked_for(path: PurePath) -> FormatRow | None:
    """The format that a name asks for, by its longest ending that is known; None where there is none such."""
    name = path.name.lower()
    fitting = [row for row in written_here() if row.is_folder == (path.suffix == "") and name.endswith(row.suffix)]
    return max(fitting, key=lambda row: len(row.suffix), default=None)


def listed(words: Iterable[str], last: str = "or") -> str:
    """In one phrase: a, b or c."""
    *most, one = words
    return f"{', '.join(most)} {last} {one}" if most else one
