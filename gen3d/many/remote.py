"""Where scenes go that is no folder: a bucket, or whatever else fsspec reaches (`s3://`, `gs://`, `memory://`).

Nothing can be renamed there at once. So a scene's files go first, and last its marker, whole.json: what has none was
half-made, does not count, and is removed before it is made anew.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gen3d.errors import Gen3DError, InputError, Unwritable
from gen3d.formats.claims import claim, half_made, release, sweep

WHOLE = "whole.json"
"""A scene's marker: the key of what it is, its row of the summary, and its files with their bytes."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_url(place: str) -> bool:
    """Whether a place is reached by fsspec; "C://" is none."""
    return bool(_URL.match(place))


def file_system(url: str) -> Any:
    """What reaches a URL; InputError where nothing here does."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise InputError(f"{url} is reached by fsspec, which is missing.", _INSTALL) from None
    try:
        system, _ = url_to_fs(url, use_listings_cache=False) if url.startswith("s3") else url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise InputError(f"Nothing here reaches {url} ({' '.join(str(error).split())[:100]}).", _INSTALL) from None
    return system


_INSTALL = "Install what does, as pip install 'gen3d[batch]' for s3://, or gcsfs for gs://."


class Bucket:
    """A place for scenes that fsspec reaches."""

    def __init__(self, url: str) -> None:
        self._system, self.url = file_system(url), url.rstrip("/")

    def whole(self) -> dict[str, dict[str, Any]]:
        """Name -> marker of each whole scene."""
        self._system.invalidate_cache()
        with suppress(FileNotFoundError):
            listed = self._system.ls(self.url, detail=True)
            names = [entry["name"].rstrip("/").rpartition("/")[2] for entry in listed if entry["type"] == "directory"]
            markers = self._read_all([f"{name}/{WHOLE}" for name in names if not name.startswith(".")])
            return {file.rpartition("/")[0]: marker for file, marker in markers.items()}
        return {}

    def _read_all(self, files: list[str]) -> dict[str, dict[str, Any]]:
        """Many small files at once, those that are there and whole."""
        found = {}
        for file in files if len(files) == 1 else ():
            with suppress(FileNotFoundError, ValueError):
                found[file] = json.loads(self._system.cat_file(self._at(file)))
        if len(files) > 1:
            told = self._system.cat([self._at(file) for file in files], on_error="omit")
            for name, content in told.items():
                with suppress(ValueError):
                    found["/".join(name.rsplit("/", 2)[-2:])] = json.loads(content)
        return found

    def _at(self, file: str) -> str:
        return f"{self.url}/{file}"

    def marker(self, name: str) -> dict[str, Any] | None:
        """Of one scene; None where it is not whole."""
        self._system.invalidate_cache()
        return self._read_all([f"{name}/{WHOLE}"]).get(f"{name}/{WHOLE}")

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A folder here to make a scene in; nobody else is kept from making it at the same time."""
        with scratch() as work:
            yield work

    def put(self, scene: Path, name: str) -> None:
        """The files of a scene, its marker last. Raises Unwritable."""
        with self._writing(name):
            self._remove(name)
            for file in sorted(path for path in scene.rglob("*") if path.is_file() and path.name != WHOLE):
                self._system.put_file(str(file), self._at(f"{name}/{file.relative_to(scene).as_posix()}"))
            self._system.pipe_file(self._at(f"{name}/{WHOLE}"), (scene / WHOLE).read_bytes())

    def _remove(self, name: str) -> None:
        """What lies there; the marker first, so that what is left of it never counts."""
        with suppress(FileNotFoundError):
            self._system.rm_file(self._at(f"{name}/{WHOLE}"))
        with suppress(FileNotFoundError):
            self._system.rm(self._at(name), recursive=True)

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        try:
            yield
        except Gen3DError:
            raise
        except Exception as error:  # each store has errors of its own
            why = " ".join(str(error).split())[:160].rstrip(".") or type(error).__name__
            raise Unwritable(f"{self._at(what)} could not be written ({why}).", "Check its name and rights.") from error

    def read(self, file: str) -> bytes | None:
        """A file beside the scenes; None where there is none."""
        self._system.invalidate_cache()
        with suppress(FileNotFoundError):
            return self._system.cat_file(self._at(file))
        return None

    def write(self, file: str, content: bytes) -> None:
        """A file beside the scenes, whole at once. Raises Unwritable."""
        with self._writing(file):
            self._system.pipe_file(self._at(file), content)

    def write_file(self, file: str, made: Path) -> None:
        """The same of what lies here. Raises Unwritable."""
        with self._writing(file):
            self._system.put_file(str(made), self._at(file))

    def remove(self, file: str) -> None:
        """A file beside the scenes, where there is one."""
        with suppress(FileNotFoundError):
            self._system.rm_file(self._at(file))

    def fetch(self, name: str, files: str, into: Path) -> Path:
        """The folder of that name within a scene, here."""
        target = into / files
        target.mkdir(parents=True)
        start = self._system._strip_protocol(self._at(f"{name}/{files}"))
        for file in self._system.find(start):
            local = target / file.removeprefix(start).lstrip("/")
            local.parent.mkdir(parents=True, exist_ok=True)
            self._system.get_file(file, str(local))
        return target

    def sweep(self) -> None:
        """Of what was half-made here on the way there; what is there is removed when it is made anew."""
        sweep(Path(tempfile.gettempdir()))


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes with the process: at the end of the block, or swept by the next run."""
    work, held = half_made(Path(tempfile.gettempdir()) / "batch"), None
    try:
        work.mkdir()
        held = claim(work, wait=True)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        release(held)


def fetched(url: str, folder: Path, largest_bytes: int) -> Path:
    """A file of a URL, here. Raises InputError."""
    system, name = file_system(url), url.rstrip("/").rpartition("/")[2]
    try:
        size = system.info(url).get("size") or 0
        if size > largest_bytes:
            raise InputError(f"{name} has {size >> 20} MB.", f"Give at most {largest_bytes >> 20} MB.")
        folder.mkdir(parents=True, exist_ok=True)
        system.get_file(url, str(folder / name))
    except Gen3DError:
        raise
    except Exception as error:  # each store has errors of its own
        if isinstance(error, FileNotFoundError):
            raise InputError(f"There is no file {url}.", "Check the name.") from None
        why = " ".join(str(error).split())[:160].rstrip(".")
        raise InputError(f"{url} could not be read ({why}).", "Check its name and rights.") from None
    return folder / name
