"""Where the files of a finished scene lie; `run/steps.py` says which step writes which."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SceneFiles:
    """Where a finished scene lies; all in one folder."""

    folder: Path

    @property
    def ply(self) -> Path:
        """The scene in the layout that 3D Gaussian viewers read."""
        return self.folder / "scene.ply"

    @property
    def splat(self) -> Path:
        """The scene in 32 bytes a Gaussian."""
        return self.folder / "scene.splat"

    @property
    def model3d(self) -> Path:
        """A copy for the page's ready-made viewer, moved to where that viewer starts."""
        return self.folder / "model3d.ply"

    @property
    def view(self) -> Path:
        """The scene for our own viewer, with the photo's camera and how far one may look around."""
        return self.folder / "scene.view"

    @property
    def light_view(self) -> Path:
        """A lighter one of the same for phones, where the scene has many Gaussians."""
        return light_twin(self.view)

    @property
    def layers(self) -> Path:
        """What the scene was made from, as pictures with depth: for meshes."""
        return self.folder / "layers.npz"

    @property
    def points(self) -> Path:
        """The same of the points, while the scene is being made."""
        return self.folder / "points.view"

    @property
    def html(self) -> Path:
        """The viewer and the scene in one file, to open from a disk."""
        return self.folder / "scene.html"

    @property
    def transforms(self) -> Path:
        """The cameras of the fit."""
        return self.folder / "transforms.json"

    @property
    def things(self) -> Path:
        """What things it holds, with names."""
        return self.folder / "things.json"

    @property
    def edits(self) -> Path:
        """What somebody wants otherwise in it."""
        return self.folder / "edits.json"

    @property
    def brought(self) -> Path:
        """A folder with what was brought in by those edits."""
        return self.folder / "brought"

    @property
    def before(self) -> Path:
        """A folder with what its things were, before they were taken apart or put together."""
        return self.folder / "before"

    @property
    def baked(self) -> Path:
        """The edits that its Gaussians went through already, and its pictures did not."""
        return self.folder / "baked.json"

    @property
    def video(self) -> Path:
        """The fly-through."""
        return self.folder / "flythrough.mp4"

    @property
    def previews(self) -> Path:
        """A picture for every stage."""
        return self.folder / "previews"

    @property
    def run(self) -> Path:
        """The record of the run."""
        return self.folder / "run.json"


def light_twin(view: Path) -> Path:
    """Where a lighter twin of a file for the viewer lies, if there is one: beside it."""
    return view.with_name(f"{view.stem}.light{view.suffix}")
