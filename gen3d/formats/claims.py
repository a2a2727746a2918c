"""Who works on what: a claim is a lock on a file or folder that ends with its process, however that ends.

What is half-made has a name of its own kind, `.NAME.gen3d-1a2b3c4d`, and its maker holds a claim on it (flock(2)). So
what has such a name and no claim was left by a process that was killed, and `sweep` removes it; a process number would
not tell as much, since another container on the same disk has numbers of its own. Where there are no such locks
(Windows, some network file systems) nothing is ever taken for abandoned.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

OLD = ".old"
"""Ends the name of what was moved aside for something new."""
_HALF_MADE = re.compile(r"\.(?P<name>.+)\.gen3d-[0-9a-f]{8}(\.\w+)?")


def half_made(path: Path, suffix: str = "") -> Path:
    """A new name beside `path` for what shall become it."""
    name = path.name.removesuffix(suffix)
    return path.with_name(f".{name}.gen3d-{secrets.token_hex(4)}{suffix}")


def claim(path: Path, wait: bool = False) -> int | None:
    """Claims an existing file or folder: a descriptor whose closing ends the claim.

    wait: for whoever holds it. None where somebody else does, where it is gone by then, and where nothing can be
    claimed.
    """
    if fcntl is None:
        return None
    try:
        held = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        if os.path.samestat(os.fstat(held), os.lstat(path)):
            return held
    except OSError:
        pass
    except BaseException:
        os.close(held)
        raise
    os.close(held)
    return None


def release(held: int | None) -> None:
    """Ends a claim."""
    if held is not None:
        os.close(held)


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Holds a claim while the block runs, and says whether there is one; does not wait for it."""
    held = claim(path)
    try:
        yield held is not None
    finally:
        release(held)


def sweep(parent: Path) -> None:
    """Removes what killed processes left half-made in this folder; what they had moved aside is put back.

    Touches nothing that is claimed, nothing of another name, and nothing inside of other folders.
    """
    with suppress(OSError):
        for left in list(parent.iterdir()):
            if (match := _HALF_MADE.fullmatch(left.name)) and not left.is_symlink():
                with claimed(left) as abandoned:
                    if abandoned:
                        _end(left, parent / match["name"])


def _end(left: Path, home: Path) -> None:
    if left.suffix == OLD and not os.path.lexists(home):
        left.rename(home)
    elif left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        with suppress(OSError):
            left.unlink()
