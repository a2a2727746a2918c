"""What somebody edited in a scene, heeded by every command that reads one; and told, since no file shows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gen3d.commands.telling import Teller
from gen3d.scene_files import SceneFiles

if TYPE_CHECKING:
    from gen3d.formats.stored import StoredScene
    from gen3d.products.edited import Edited


def edited_beside(
    file: Path, scene: StoredScene, teller: Teller | None = None
) -> tuple[Edited | None, StoredScene]:
    """What was done to a build's scene.ply, and the scene as it is to be seen; of any other file nothing was done.

    Raises InputError for edits that cannot be made.
    """
    from gen3d.products.edited import edits_beside, heeding

    files = SceneFiles(file.parent)
    if file.name != files.ply.name:
        return None, scene
    how = edits_beside(files, scene.gaussians)
    if teller and how and how.edits:
        teller.note(how.told)
    return how, heeding(scene, how)
