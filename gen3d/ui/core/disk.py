"""What the app keeps on the disk: a root of its own for visits and for Gradio's copies, and how much may be in it.

The root goes at a clean end. What a kill leaves goes when the next app starts, or within ten minutes where one runs:
the root's name carries its owner's number, and the owner holds a claim on it that ends with the process.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from gen3d.errors import Unwritable
from gen3d.formats.claims import claim, claimed

PREFIX = "gen3d-visits-"
_OWNED = re.compile(re.escape(PREFIX) + r"\d+-\w+")
OLD_S = 6 * 3600.0
"""Of what nobody can hold a claim on."""
GIVEN_UP_S = 3600.0
"""An upload that nobody writes to for so long was given up."""
YOUNG_S = 900.0
"""A file that came so recently may be somebody's who is still filling in the page."""
GB = 10**9
MOST_GB, FREE_GB = 20.0, 1.0


def own_root() -> Path:
    """A fresh folder for this process among the temporary files, with a claim on it; goes when the process ends."""
    parent = Path(tempfile.gettempdir())
    remove_abandoned(parent)
    while True:
        root = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
        claim(root, wait=True)  # held as long as the process lives
        if root.is_dir():  # else somebody swept between these lines
            atexit.register(_remove_own, root, os.getpid())
            return root


def stay_in(root: Path) -> None:
    """All temporary files of this process go there, Gradio's copies as well unless the environment says where.

    To be called before a page is made.
    """
    tempfile.tempdir = str(root)
    os.environ.setdefault("GRADIO_TEMP_DIR", str(root / "gradio"))


def upload_folder() -> Path:
    """Where Gradio keeps uploads, and copies of what it serves; tests/test_disk.py holds the two equal."""
    return Path(os.getenv("GRADIO_TEMP_DIR") or (Path(tempfile.gettempdir()) / "gradio").resolve())


def remove_abandoned(parent: Path, prefix: str = PREFIX) -> None:
    """Removes the folders that a killed process left behind: by their claims, where they have an owner, or by age."""
    for root in parent.glob(prefix + "*"):
        if _OWNED.fullmatch(root.name):
            with claimed(root) as abandoned:
                if abandoned and not root.is_symlink():
                    shutil.rmtree(root, ignore_errors=True)
                    continue
        try:
            newest = max(path.stat().st_mtime for path in (root, *root.iterdir()))
        except OSError:  # another user's, or gone meanwhile
            continue
        if newest < time.time() - OLD_S and not _OWNED.fullmatch(root.name):
            shutil.rmtree(root, ignore_errors=True)


def _remove_own(root: Path, owner: int) -> None:
    if os.getpid() == owner:  # a fork does not clear its parent's
        shutil.rmtree(root, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Disk:
    """How much visits and Gradio's copies, uploads among them, may take together.

    root: where the visits are. most_bytes: for both. least_free_bytes: what stays free, whoever else uses the disk.
    everybodys: folders whose files pages may show at any time.
    """

    root: Path
    most_bytes: int
    least_free_bytes: int
    everybodys: tuple[Path, ...] = ()

    @property
    def uploads(self) -> Path:
        """Where Gradio keeps uploads, and copies of what it serves."""
        return upload_folder()

    def has_room(self) -> bool:
        """Whether one more job or upload may be taken."""
        return self.lack_bytes() <= 0

    def lack_bytes(self) -> int:
        """How much has to go before there is room; below 0 there is."""
        free = [shutil.disk_usage(place).free for place in self._places() if place.exists()]
        return max([self.used_bytes() - self.most_bytes, *(self.least_free_bytes - left for left in free)])

    def used_bytes(self) -> int:
        """What both take; a file of several names counts once."""
        sizes = {}
        for place in self._places():
            sizes |= {(found.st_dev, found.st_ino): found.st_blocks * 512 for _, found in _files(place)}
        return sum(sizes.values())

    def _places(self) -> tuple[Path, Path]:
        return self.root, self.uploads

    def check(self) -> None:
        """Raises Unwritable where there is no room."""
        if not self.has_room():
            raise Unwritable(
                f"Visits take {self.used_bytes() / GB:.1f} GB of {self.most_bytes / GB:.1f}, or less than "
                f"{self.least_free_bytes / GB:.1f} GB are free.",
                "Make room, or set GEN3D_DISK_GB and GEN3D_FREE_GB otherwise.",
            )

    def remove_copies(self, needed: Iterable[Path], whole: Collection[Path] = ()) -> None:
        """Removes Gradio's copies, the oldest first, until there is room; none of what is needed, and nothing young.

        needed: folders; a copy has the name and the size of what it was made from. whole: uploads that a job reads.
        """
        kept = {(path.name, found.st_size) for folder in (*needed, *self.everybodys) for path, found in _files(folder)}
        found = [(max(file.st_mtime, file.st_ctime), path, file) for path, file in _files(self.uploads)]
        lack, youngest = self.lack_bytes(), time.time() - YOUNG_S
        for changed, path, file in sorted(found, key=itemgetter(0)):
            if lack <= 0 or changed > youngest:
                return
            if (path.name, file.st_size) not in kept and Path(os.path.realpath(path)) not in whole:
                with suppress(OSError):
                    path.unlink()
                    lack -= file.st_blocks * 512

    def sweep_uploads(self) -> None:
        """Removes uploads that were given up half-way, and the folders of copies that went."""
        given_up, held = time.time() - GIVEN_UP_S, _open_files()
        for path, found in list(_files(self.uploads)):
            unfinished = path.parent == self.uploads and path.name.startswith("tmp")
            staged = path.parent.parent == self.uploads and path.name.startswith(".")
            if (unfinished or staged) and found.st_mtime < given_up and os.path.realpath(path) not in held:
                with suppress(OSError):
                    path.unlink()
        with suppress(OSError):
            for folder in list(self.uploads.iterdir()):
                if folder.lstat().st_mtime < given_up:
                    with suppress(OSError):  # there is something in it, or it is none
                        folder.rmdir()


def disk_of(root: Path, everybodys: tuple[Path, ...] = ()) -> Disk:
    """As the environment says; raises SystemExit where that is no number.

    GEN3D_DISK_GB for visits and copies, by default half of what is free, at most 20; GEN3D_FREE_GB to stay free, by
    default 1.
    """
    usual = min(MOST_GB, shutil.disk_usage(root).free / GB / 2)
    most, free = _number("GEN3D_DISK_GB", usual), _number("GEN3D_FREE_GB", FREE_GB)
    return Disk(root, round(GB * most), round(GB * free), everybodys)


def _number(name: str, usual: float) -> float:
    try:
        number = float(os.getenv(name) or usual)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise SystemExit(f"{name} is {os.getenv(name)!r}. Give a number of gigabytes, from 0 on.")
    return number


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """What lies in it, at any depth; links are not followed."""
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                yield (path := Path(place, name)), os.lstat(path)


def _open_files() -> set[str]:
    """What this process has open, which receives all uploads; empty where the system does not tell."""
    held = set()
    with suppress(OSError):
        for handle in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                held.add(os.readlink(f"/proc/self/fd/{handle}"))
    return held
