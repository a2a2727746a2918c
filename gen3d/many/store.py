"""Where scenes go, a folder each, whole or not at all: a folder of this machine, or what all machines share.

A scene is made under .making/ and renamed when it is whole. Who makes one holds a claim (`formats/claims.py`) on its
lock there, which ends with the process however that ends: so nobody makes what somebody else is making, and what lies
there unclaimed is half-made and swept.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from gen3d.errors import Unwritable
from gen3d.formats.claims import claim, claimed, release
from gen3d.formats.whole import write_whole
from gen3d.many.remote import WHOLE, Bucket, is_url
from gen3d.run.output import check_output

MAKING = ".making"


@runtime_checkable
class Store(Protocol):
    """A place for scenes."""

    def whole(self) -> dict[str, dict[str, Any]]:
        """Name -> marker of each whole scene."""
        ...

    def marker(self, name: str) -> dict[str, Any] | None:
        """Of one scene; None where it is not whole."""
        ...

    def making(self, name: str) -> Any:
        """A context: a folder of this machine to make a scene in, which nobody else makes meanwhile."""
        ...

    def put(self, scene: Path, name: str) -> None:
        """A scene that was made there, into its place; what lay there is replaced if it was made by gen3d."""
        ...

    def read(self, file: str) -> bytes | None:
        """A file beside the scenes; None where there is none."""
        ...

    def write(self, file: str, content: bytes) -> None:
        """A file beside the scenes, whole. Raises Unwritable."""
        ...

    def write_file(self, file: str, made: Path) -> None:
        """The same of a file that lies here."""
        ...

    def remove(self, file: str) -> None:
        """A file beside the scenes, where there is one."""
        ...

    def fetch(self, name: str, files: str, into: Path) -> Path:
        """A folder of a scene, to be read on this machine."""
        ...

    def sweep(self) -> None:
        """Removes what killed processes left half-made."""
        ...


def store_of(out: str) -> Store:
    """The place that a folder's name or a URL means."""
    return Bucket(out) if is_url(out) else Folder(Path(out))


class Folder:
    """A folder for scenes."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))

    def whole(self) -> dict[str, dict[str, Any]]:
        """Name -> marker of each whole scene."""
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
            return {name: marker for name in names if (marker := self.marker(name))}
        return {}

    def marker(self, name: str) -> dict[str, Any] | None:
        """Of one scene; None where it is not whole."""
        with suppress(OSError, ValueError):
            return json.loads((self.folder / name / WHOLE).read_bytes())
        return None

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A folder of this machine to make a scene in, which nobody else makes meanwhile."""
        check_output(self.folder / name, False)
        work, lock, held = self._making / name, self._making / f"{name}.lock", None
        try:
            held = self._held(lock)
            shutil.rmtree(work, ignore_errors=True)  # of somebody who was killed
            work.mkdir()
            yield work
        except OSError as error:
            if os.path.isdir(work):
                raise
            why = error.strerror or type(error).__name__
            raise Unwritable(f"{self.folder} cannot be written ({why}).", "Choose another.") from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
            if held is not None:
                lock.unlink(missing_ok=True)
            release(held)

    @property
    def _making(self) -> Path:
        return self.folder / MAKING

    def _held(self, lock: Path) -> int | None:
        """Waits for whoever makes it; None where there are no claims (`formats/claims.py` says where)."""
        for _ in range(3):
            lock.parent.mkdir(parents=True, exist_ok=True)
            lock.touch()
            if (held := claim(lock, wait=True)) is not None:
                return held
        return None

    def put(self, scene: Path, name: str) -> None:
        """A scene that was made in `making`, into its place."""
        target, old = self.folder / name, scene.with_name("old")
        check_output(target, False)
        if os.path.lexists(target):
            target.rename(old)
        scene.rename(target)

    def read(self, file: str) -> bytes | None:
        """A file beside the scenes; None where there is none."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return (self.folder / file).read_bytes()
        return None

    def write(self, file: str, content: bytes) -> None:
        """A file beside the scenes, whole. Raises Unwritable."""
        target = self.folder / file
        with suppress(OSError):
            target.parent.mkdir(parents=True, exist_ok=True)
        with write_whole(target) as temporary:
            temporary.write_bytes(content)

    def write_file(self, file: str, made: Path) -> None:
        """The same of a file that lies here. Raises Unwritable."""
        target = self.folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        with write_whole(target) as temporary:
            shutil.copyfile(made, temporary)

    def remove(self, file: str) -> None:
        """A file beside the scenes, where there is one."""
        with suppress(OSError):
            (self.folder / file).unlink()

    def fetch(self, name: str, files: str, into: Path) -> Path:
        """A folder of a scene as it lies."""
        return self.folder / name / files

    def sweep(self) -> None:
        """Removes what killed processes left half-made."""
        with suppress(OSError):
            for lock in self._making.glob("*.lock"):
                with claimed(lock) as abandoned:
                    if abandoned:
                        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                        lock.unlink(missing_ok=True)
            self._making.rmdir()
