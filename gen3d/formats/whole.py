"""Files and folders come in whole or not at all, and go out whole or not at all.

Writers get a temporary name beside the real one and are renamed when they are done, so a crash, a full disk or a
cancelled run leaves either the old file or none. Readers first ask how large a file is, and whatever a decoder throws
at a broken one becomes an `InputError`.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gen3d.errors import Gen3DError, InputError, OutOfMemory, Unwritable

MB = 1 << 20


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """A temporary sibling of `path` to write to; it takes the name `path` when the block ends well, else it is removed.

    The sibling has the same suffix, since encoders look at it. Raises Unwritable where the file cannot be.
    """
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unwritable(
            f"{path} could not be written ({why}).", "Check that its folder exists, is writable and has room."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder under a temporary name that becomes `folder` when the block ends well, and vanishes otherwise.

    A folder that stands there already is replaced. Raises Unwritable where nothing can be.
    """
    folder = Path(os.path.realpath(folder))
    if os.path.exists(folder) and not folder.is_dir():
        raise Unwritable(f"{folder} is a file.", "Choose another name for the output folder.")
    work = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    made = [parent for parent in folder.parents if not os.path.exists(parent)]
    try:
        _make(work, folder)  # in here, since a signal may come between any two lines
        yield work
        _put_in_place(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        with suppress(OSError):  # they stay when the folder, or anything else, is in them by now
            for parent in made:
                parent.rmdir()


def _make(work: Path, folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work.mkdir()
    except OSError as error:
        raise Unwritable(f"{folder} cannot be written ({error.strerror}).", "Choose another output folder.") from error


def _put_in_place(work: Path, folder: Path) -> None:
    old = work.with_name(work.name + ".old")
    if folder.exists():
        folder.rename(old)
    work.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def check_file(path: Path, largest_bytes: int, remedy: str) -> int:
    """The size in bytes of a file that exists, is not empty and not larger than allowed; else InputError."""
    if not os.path.exists(path):  # False where Path.exists raises, as for a name that is too long
        raise InputError(f"There is no file {path}.", "Check the name.")
    if not path.is_file():
        raise InputError(f"{path} is not a file.", remedy)
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"{path.name} is empty.", remedy)
    if size > largest_bytes:
        raise InputError(
            f"{path.name} has {size / MB:.0f} MB, more than the {largest_bytes / MB:.0f} MB that are read.",
            "Reduce it and try again.",
        )
    return size


@contextmanager
def refusing(what: str, remedy: str) -> Iterator[None]:
    """Turns whatever a decoder raises in this block into an InputError of these two sentences.

    Decoders document no list of what they raise on broken files (zlib.error, struct.error, SyntaxError, ...), so this
    takes them all; only sentences that are already meant for people pass.
    """
    try:
        yield
    except Gen3DError:
        raise
    except MemoryError as error:
        raise OutOfMemory("The file does not fit into memory.", "Reduce it and try again.") from error
    except Exception as error:
        raise InputError(what, remedy) from error
