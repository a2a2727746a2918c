"""Makes what the page opens on before anything was built: python examples/make_first.py (a minute or two).

The first example of the gallery, built as the app builds it; its twin for phones, of at most 150,000 Gaussians, is
kept as gen3d/ui/first/NAME.view. The photo is in it, which is shown until the scene is drawn. To be run again when the
format or the way to a scene has changed.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from gen3d.scene_files import SceneFiles
from gen3d.ui.core.gallery import FIRST, Gallery, read_examples

LISTING = Path(__file__).resolve().with_name("gallery.json")


def main() -> None:
    """Builds and keeps it."""
    example = read_examples(LISTING)[0]
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery([example], Path(folder))
        gallery.prepare().join()
        if gallery.failures:
            raise SystemExit(gallery.failures[example.name])
        FIRST.mkdir(exist_ok=True)
        kept = shutil.copyfile(SceneFiles(gallery.folder_of(example)).light_view, FIRST / f"{example.name}.view")
    print(f"{kept}: {kept.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
