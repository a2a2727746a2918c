"""Where compiled kernels are kept: in numba's own places, else in a private folder for temporary files, else nowhere.

Numba's places are NUMBA_CACHE_DIR, beside the code, the user's cache. What is kept holds as long as the text of its
module and of all that this one imports of the package stays as it is (numba asks for the file's time alone): another
version, installed in the same place, finds again what did not change, and a constant that changed elsewhere is not
overlooked. An entry that is damaged, or another user's, is removed and made anew; a place that takes nothing
(read-only, full) gives way to the next. Nothing of this ever ends a run: at worst kernels compile each time, which
takes half a minute.
"""

from __future__ import annotations

import glob
import hashlib
import inspect
import os
import pickle
import re
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    UserWideCacheLocator,
    _Cache,
)

from gen3d.geometry import compiler


class KernelCache(_Cache):
    """Numba's cache of one function, over several places."""

    def __init__(self, function: Callable) -> None:
        self._function = function
        self._shelves: list[_Shelf] = []
        for kind in (_Shelf, _TemporaryShelf):
            with suppress(RuntimeError, OSError):  # "no locator available"
                self._shelves.append(kind(function))

    @property
    def cache_path(self) -> str | None:
        """The first place."""
        return self._shelves[0].cache_path if self._shelves else None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is kept for a signature, made first where there is nothing yet; None: to be compiled here."""
        found = self._found(sig, target_context)
        if found is None and self._shelves and compiler.compile_elsewhere(self._function, sig):
            found = self._found(sig, target_context)
            if found is None:
                compiler.give_up()  # it could not be kept
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keeps it in the first place that takes it."""
        for shelf in self._shelves:
            try:
                return shelf.save_overload(sig, data)
            except Exception:  # a full disk, a file where a folder should be; whatever it is, the kernel is compiled
                shelf.forget()

    def enable(self) -> None:
        """Part of numba's interface."""
        for shelf in self._shelves:
            shelf.enable()

    def disable(self) -> None:
        """Part of numba's interface."""
        for shelf in self._shelves:
            shelf.disable()

    def flush(self) -> None:
        """Forgets all that is kept of this function."""
        for shelf in self._shelves:
            shelf.forget()

    def _found(self, sig: Any, target_context: Any) -> Any:
        for shelf in self._shelves:
            try:
                if (found := shelf.load_overload(sig, target_context)) is not None:
                    return found
            except Exception:  # pickle, LLVM and the disk document no list of what they raise on broken files
                shelf.forget()
        return None


class _Entries(IndexDataCacheFile):
    """Numba's files; each also says what it holds, so that a torn, mixed up or foreign one is noticed."""

    def save(self, key: Any, data: Any) -> None:
        whole = self._dump((self._source_stamp, key, data))
        super().save(key, (hashlib.sha256(whole).digest(), whole))

    def load(self, key: Any) -> Any:
        if (kept := super().load(key)) is None:
            return None
        digest, whole = kept
        if hashlib.sha256(whole).digest() != digest:
            raise ValueError("damaged")
        stamp, same, data = pickle.loads(whole)
        if (stamp, same) != (self._source_stamp, key):
            raise ValueError("another function's, or another version's")
        return data


class _Shelf(FunctionCache):
    """Numba's own cache of a function, in one place."""

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        stamp = source_stamp(Path(inspect.getfile(function)))
        self._cache_file = _Entries(self._cache_path, self._impl.filename_base, stamp)

    def forget(self) -> None:
        """Removes the function's files."""
        ours = glob.escape(os.path.join(self._cache_path, self._impl.filename_base)) + ".*"
        for file in glob.glob(ours):
            with suppress(OSError):
                os.unlink(file)


_IMPORT = re.compile(r"^\s*from (gen3d(?:\.\w+)*) import \(?([\w, ]*)", re.MULTILINE)
_HERE = Path(__file__)
_ROOT = _HERE.parents[2]
"""What the package lies in. By definition."""


def source_stamp(file: Path) -> str:
    """A digest of a module's text and of that of everything it imports of this package."""
    found: dict[str, bytes] = {}
    _collect(file, found)
    return hashlib.sha256(b"".join(found[name] for name in sorted(found))).hexdigest()


def _collect(file: Path, found: dict[str, bytes]) -> None:
    text, imports = _read(file)
    found[str(file)] = text
    for imported in imports:
        if str(imported) not in found:
            _collect(imported, found)


@cache
def _read(file: Path) -> tuple[bytes, tuple[Path, ...]]:
    """A digest of the text, and the files of the package that it imports; this one says nothing of what a kernel is."""
    text = file.read_text(encoding="utf-8")
    named = (module.split(".") for module, names in _IMPORT.findall(text) for module in _modules(module, names))
    files = (_ROOT.joinpath(*parts).with_suffix(".py") for parts in named)
    return hashlib.sha256(text.encode()).digest(), tuple(sorted({f for f in files if f.is_file() and f != _HERE}))


def _modules(module: str, names: str) -> list[str]:
    """What may be modules in `from MODULE import NAMES`."""
    return [module, *(f"{module}.{name.split(' as ')[0].strip()}" for name in names.split(",") if name.strip())]


class _TemporaryPlace(UserWideCacheLocator):
    """A folder of this user's alone under the system's folder for temporary files."""

    def __init__(self, py_func: Callable, py_file: str) -> None:
        super().__init__(py_func, py_file)
        user = os.getuid() if hasattr(os, "getuid") else "user"
        self.root = Path(tempfile.gettempdir()) / f"gen3d-kernels-{user}"
        self._cache_path = str(self.root / self.get_suitable_cache_subpath(py_file))

    @classmethod
    def from_function(cls, py_func: Callable, py_file: str) -> _TemporaryPlace | None:
        return cls(py_func, py_file) if os.path.exists(py_file) else None

    def ensure_cache_path(self) -> None:
        """Makes the folder when something is to be kept in it, not before."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        if not self.is_private():
            raise PermissionError(f"{self.root} is not this user's alone")
        super().ensure_cache_path()

    def is_private(self) -> bool:
        """Whether the folder is there, and no other user can write to it, since what it holds is executed."""
        with suppress(OSError):
            found = os.lstat(self.root)
            ours = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o077)
            return stat.S_ISDIR(found.st_mode) and ours
        return False


class _TemporaryFiles(CompileResultCacheImpl):
    _locator_classes = [_TemporaryPlace]  # noqa: RUF012 - as numba has it


class _TemporaryShelf(_Shelf):
    _impl_class = _TemporaryFiles

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        return super().load_overload(sig, target_context) if self._impl.locator.is_private() else None
