"""A scene as a folder that any static host serves, and that opens from disk: a page, its poster, the scene.

    index.html      the viewer; tells whoever shows a link to it (og:, twitter:) what it is
    scene.js        the scene for that page: from disk a page may read no file beside it, but may run a script
    poster.jpg      the first picture, until the scene stands
    scene.sog       the scene in the smallest format, for SuperSplat's viewer and others
    settings.json   where to look from and the video's path, as SuperSplat's viewer reads it

Nothing else of a build goes in: no photo, no name of a file, no record.
"""

from __future__ import annotations

import json
import zipfile
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gen3d.events import Stage, Started
from gen3d.format_table import asked_for
from gen3d.formats.html import scene_script, write_index
from gen3d.formats.picture import as_bytes, jpeg
from gen3d.formats.scene_file import save_scene
from gen3d.formats.supersplat import settings_of
from gen3d.formats.view import ViewFile, read_view
from gen3d.formats.whole import whole_folder, write_whole
from gen3d.geometry.drawn_path import Course
from gen3d.geometry.place import place_of
from gen3d.products.export import FinishedScene
from gen3d.products.show import write_scene_view
from gen3d.products.things import things_of_scene
from gen3d.splat.harmonics import drawable_from
from gen3d.splat.role import draw
from gen3d.splat.shown import own_colour

TITLE, ABOUT = "A scene in 3D", "Look around in it: drag, or use the arrow keys."
FILES = ("index.html", "scene.js", "poster.jpg", "scene.sog", "settings.json")


def export_site(scene: FinishedScene, folder: Path) -> Stage[None]:
    """The folder; InputError where there is no scene.view beside the scene, as a build leaves it."""
    yield Started("site")
    scene.beside(scene.files.view, "A site is made of")
    with whole_folder(folder) as work:
        write_site(scene, work)


def export_site_zip(scene: FinishedScene, path: Path) -> Stage[None]:
    """The same in one file; the same scene gives the same bytes."""
    yield Started("site")
    scene.beside(scene.files.view, "A site is made of")
    with write_whole(path) as temporary, TemporaryDirectory(prefix=".gen3d-", dir=path.resolve().parent) as folder:
        write_site(scene, Path(folder))
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in FILES:
                archive.writestr(zipfile.ZipInfo(f"site/{name}"), (Path(folder) / name).read_bytes())


def write_site(scene: FinishedScene, folder: Path, address: str = "") -> None:
    """Its files, into a folder that is there. address: where it will lie, with a slash at its end; "" is unknown."""
    view = _view(scene, folder)
    found = read_view(view)
    (folder / "scene.js").write_text(scene_script(view), encoding="ascii")
    if view.parent == folder:
        view.unlink()
    picture = draw(scene.rasterizer, drawable_from(scene.gaussians.to(scene.rasterizer.device), found.camera),
                   found.camera)  # fmt: skip
    (folder / "poster.jpg").write_bytes(jpeg(as_bytes(own_colour(picture))))
    write_index(folder / "index.html", found.title or TITLE, tags(found, address))
    save_scene(asked_for(Path("scene.sog")), folder / "scene.sog", scene.stored)
    times = Course(found.tour, found.pivot_m).starts_s if found.tour else None
    told = settings_of(found.camera, found.pivot_m, found.tour, times)
    (folder / "settings.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _view(scene: FinishedScene, folder: Path) -> Path:
    """The scene for our viewer: that of the folder, or one of what the scene has become."""
    kept = scene.files.view
    if scene.is_as_kept:
        return kept
    photo, view = scene.layered.layers.rgbd, folder / "scene.view"
    write_scene_view(
        view, scene.gaussians, photo.camera, place_of(photo).scale, scene.rasterizer, read_view(kept).tour, photo.image,
        _things(scene),
    )  # fmt: skip
    return view


def _things(scene: FinishedScene) -> dict[str, Any] | None:
    """What is told of its things, as they are by now; None where nobody knows which they are."""
    if scene.gaussians.things is None:
        return None
    names = {n: scene.how.name_of(n) for n in scene.how.things} if scene.how else None
    return things_of_scene(scene.gaussians, scene.layered.layers.rgbd, names)


def tags(view: ViewFile, address: str = "") -> str:
    """What chats and networks show of a link: title, words, poster. Many want the poster by its whole address."""
    title, poster = view.title or TITLE, f"{address}poster.jpg"
    graph = {
        "og:type": "website", "og:title": title, "og:description": ABOUT, "og:image": poster,
        "og:image:type": "image/jpeg", "og:image:width": view.camera.width, "og:image:height": view.camera.height,
        "og:image:alt": title,
    } | ({"og:url": address} if address else {})  # fmt: skip
    cards = {
        "description": ABOUT, "twitter:card": "summary_large_image", "twitter:title": title,
        "twitter:description": ABOUT, "twitter:image": poster, "twitter:image:alt": title,
    }  # fmt: skip
    lines = [f'<meta property="{name}" content="{escape(str(value))}">' for name, value in graph.items()]
    lines += [f'<meta name="{name}" content="{escape(value)}">' for name, value in cards.items()]
    return "\n".join(lines) + "\n"
