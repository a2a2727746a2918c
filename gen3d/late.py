"""Packages that are loaded when something of them is first used, or by another thread before.

To import torch takes a second and a half of one core, and what looks at a photo does not need it yet.
`importlib.util.LazyLoader` puts an import off, too, but before Python 3.12.3 two threads that first use a package at
once load it twice, or see half of it.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from contextlib import suppress
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

_OF_ITSELF = frozenset(("__class__", "__dict__", "__file__", "__loader__", "__name__", "__spec__"))
"""What a package can be asked without loading it: whoever looks through all modules asks these."""
_LOADING = threading.RLock()
"""Held while one is loaded; the thread that loads it goes through."""
SWITCH_S = 0.0005
"""How long one thread may hold the interpreter while another waits for it, as long as a package is loaded beside.
Measured on two cores: with Python's own 0.005 kernels that are called a hundred times a second wait as long as they
run, and nothing is won."""


class _Late(ModuleType):
    """Stands for a package until that is loaded, and is it from then on."""

    def __getattribute__(self, name: str) -> object:
        if name not in _OF_ITSELF:
            _load(self)
        return ModuleType.__getattribute__(self, name)  # super() would ask the class, which has changed


def put_off(*names: str) -> None:
    """From here on `import name` loads nothing; what is loaded already or not installed stays as it is."""
    for name in names:
        if name not in sys.modules and (spec := find_spec(name)) is not None:
            sys.modules[name] = module = module_from_spec(spec)
            module.__class__ = _Late


def foresee(name: str, library: str) -> None:
    """Has another thread take a library of a package that was put off into memory; `library` lies in its folder.

    What loads the package finds it there. Python holds the interpreter while it does that itself, 0.3 s of torch; a
    call of the system's own `dlopen` holds nothing. Where there is no such file or function the package does it all.
    """
    if os.name != "posix" or is_loaded(name) or (module := sys.modules.get(name)) is None:
        return
    file = Path(module.__file__).parent / library
    if file.is_file():
        open_library = ctypes.CDLL(None).dlopen
        open_library.argtypes, open_library.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
        threading.Thread(target=open_library, args=(os.fsencode(file), os.RTLD_NOW), name=f"foresees {name}").start()


def is_loaded(name: str) -> bool:
    """Whether a package was imported, and used where that was put off."""
    return name in sys.modules and type(sys.modules[name]) is not _Late


def load_beside(*names: str) -> None:
    """Loads in another thread what was put off, one after the other; who uses one before waits for that."""
    waiting = [name for name in names if name in sys.modules and not is_loaded(name)]
    if not waiting:
        return

    def load() -> None:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        try:
            for name in waiting:
                with suppress(Exception):  # whoever uses it meets the same error
                    _load(sys.modules[name])
        finally:
            sys.setswitchinterval(usual)

    threading.Thread(target=load, name=f"loads {' '.join(waiting)}").start()


def _load(module: ModuleType) -> None:
    with _LOADING:
        spec = module.__spec__
        if type(module) is _Late and spec.loader_state is None:
            spec.loader_state = "under way"
            try:
                spec.loader.exec_module(module)
            finally:
                spec.loader_state = None
            module.__class__ = ModuleType
