"""Files and folders come in whole or not at all, and go out whole or not at all.

Writers get a temporary name beside the real one and are renamed when they are done, so a crash, a full disk or a
cancelled run leaves either the old file or none; what a killed process left goes with the next run (`claims.py`).
Readers first ask how large a file is, and whatever a decoder throws at a broken one becomes an `InputError`.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gen3d.errors import Gen3DError, InputError, OutOfMemory, Unwritable
from gen3d.formats.claims import OLD, claim, claimed, half_made, release, sweep

MB = 1 << 20
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
"""What a disk says that takes no more."""
TOO_LITTLE_MEMORY = ("insufficient memory", "bad_alloc", "out of memory", "allocate memory", "unable to allocate")
"""How libraries say so that raise no MemoryError: OpenCV, C++, zlib, torch."""


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """A temporary sibling of `path` to write to; it takes the name `path` when the block ends well, else it is removed.

    The sibling has the same suffix, since encoders look at it, and exists, empty. A file that stands at `path` by then
    is replaced, whoever made it. Raises Unwritable where the file cannot be.
    """
    temporary, held = half_made(path, path.suffix), None
    try:
        temporary.touch()
        held = claim(temporary)
        yield temporary
        release(held)  # some systems rename nothing that is open
        held = None
        os.replace(temporary, path)
    except Exception as error:
        why = _why(error, path.parent)
        if why is None:
            raise
        raise Unwritable(
            f"{path} could not be written ({why}).", "Check that its folder exists, is writable and has room."
        ) from error
    finally:
        release(held)
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _why(error: Exception, folder: Path) -> str | None:
    """Why a file could not be written, in the system's words; None where the disk has nothing to do with it.

    numpy, PIL and libraries in C tell a full disk without its error number, or by another kind of error: so a
    mebibyte is written to see.
    """
    if isinstance(error, Gen3DError):
        return None
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(MB))
            probe.flush()
    except OSError as cause:
        return cause.strerror
    return (str(error) or type(error).__name__) if isinstance(error, OSError) else None


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder under a temporary name that becomes `folder` when the block ends well, and vanishes otherwise.

    A folder that stands there already is replaced, if it is by then what it was at first. What was made or changed
    there meanwhile is somebody else's: it stays, and the new folder is left beside it, as NAME.2; Unwritable says so.
    Raises Unwritable where nothing can be written. What killed processes left beside it is swept first.
    """
    folder = Path(os.path.realpath(folder))
    sweep(folder.parent)
    if os.path.exists(folder) and not folder.is_dir():
        raise Unwritable(f"{folder} is a file.", "Choose another name for the output folder.")
    before = _look_of(folder)
    work, held = half_made(folder), None
    made = [parent for parent in folder.parents if not os.path.exists(parent)]
    try:
        held = _make(work, folder)  # in here, since a signal may come between any two lines
        yield work
        _put_in_place(work, folder, before)
    except OSError as error:
        if error.errno not in NO_ROOM and os.path.exists(work):
            raise
        why = error.strerror or type(error).__name__
        raise Unwritable(f"{folder} could not be written ({why}).", "Make room there, or choose another.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        release(held)
        with suppress(OSError):  # they stay when the folder, or anything else, is in them by now
            for parent in made:
                parent.rmdir()


def _make(work: Path, folder: Path) -> int | None:
    """Makes the folder to work in, and claims it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work.mkdir()
        held = claim(work, wait=True)
        return held if work.exists() else _make(work, folder)  # swept between these two lines, as if abandoned
    except OSError as error:
        raise Unwritable(f"{folder} cannot be written ({error.strerror}).", "Choose another output folder.") from error


def _look_of(folder: Path) -> frozenset[tuple[object, ...]] | None:
    """What stands there: which files and folders, how large the files are and when they were written; None: nothing."""
    if not os.path.lexists(folder):
        return None
    seen = {("", os.lstat(folder).st_ino)}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(OSError):
                entry = os.lstat(os.path.join(place, name))
                change = (entry.st_size, entry.st_mtime_ns) if name in files else ()
                seen.add((os.path.relpath(os.path.join(place, name), folder), entry.st_ino, *change))
    return frozenset(seen)


def _put_in_place(work: Path, folder: Path, before: frozenset[tuple[object, ...]] | None) -> None:
    """Raises Unwritable where something else than `before` stands there by now; the work then lies beside it."""
    old = work.with_name(work.name + OLD)
    with claimed(folder):  # so that nobody takes what is moved aside for abandoned
        try:
            if before is not None:
                _move_aside(folder, old, before)
            if os.path.lexists(folder):
                raise FileExistsError
            work.rename(folder)
        except FileExistsError:
            beside = _put_beside(work, folder)
            raise Unwritable(
                f"{folder} was made or changed by something else meanwhile, and stays as it is.",
                f"What was made here lies in {beside}.",
            ) from None
        finally:
            if os.path.lexists(folder):
                shutil.rmtree(old, ignore_errors=True)
            elif os.path.lexists(old):
                old.rename(folder)


def _move_aside(folder: Path, old: Path, before: frozenset[tuple[object, ...]]) -> None:
    """Looks at it once it is moved, when nobody finds it any more by its name. Raises FileExistsError if it changed."""
    with suppress(FileNotFoundError):  # somebody removed it, who must have wanted to
        folder.rename(old)
        if _look_of(old) != before:
            old.rename(folder)
            raise FileExistsError


def _put_beside(work: Path, folder: Path) -> Path:
    for number in itertools.count(2):
        beside = folder.with_name(f"{folder.name}.{number}")
        if not os.path.lexists(beside):
            work.rename(beside)
            return beside
    raise AssertionError


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
    takes them all; only sentences that are already meant for people pass. That memory is short is no fault of the file.
    """
    try:
        yield
    except Gen3DError:
        raise
    except Exception as error:
        if _is_short_of_memory(error):
            raise OutOfMemory(
                "The memory that this machine has free is too little to read the file.",
                "Close other programs or allow this one more; of a very large file, give a smaller copy.",
            ) from error
        raise InputError(what, remedy) from error


def _is_short_of_memory(error: Exception) -> bool:
    told = str(error).lower()
    return isinstance(error, MemoryError) or any(words in told for words in TOO_LITTLE_MEMORY)
