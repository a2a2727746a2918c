"""A CUDA toolkit to compile with: where it may lie, and what compilers have to be told before they start.

torch compiles extensions (gsplat is one) with the nvcc it finds when `torch.utils.cpp_extension` is imported, and links
them with -lcudart. The packages of pip hold an nvcc too, since CUDA 13, but the library only under its full name; so it
gets a link with the short one. nvcc must be of torch's own major version.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

USUAL = Path("/usr/local/cuda")
ZERO_GPU = Path("/cuda-image/usr/local/cuda-13.0")
"""Where a ZeroGPU Space has a toolkit while it runs."""


def find_toolkit() -> Path | None:
    """The folder of a CUDA toolkit: CUDA_HOME's, that on the PATH, the usual one, pip's, or ZeroGPU's."""
    return next((home for home in _places() if _is_whole(home)), None)


def _is_whole(home: Path) -> bool:
    """Whether there is a compiler with its headers: an nvcc on the PATH may be a script that calls one elsewhere."""
    return (home / "bin" / _executable("nvcc")).is_file() and (home / "include" / "cuda_runtime.h").is_file()


def _places() -> Iterator[Path]:
    for name in ("CUDA_HOME", "CUDA_PATH"):
        if os.getenv(name):
            yield Path(os.environ[name])
    if found := shutil.which("nvcc"):
        yield Path(found).resolve().parents[1]
    yield USUAL
    for packages in map(Path, filter(None, sys.path)):
        yield from sorted(packages.glob("nvidia/cu[0-9]*"), reverse=True)  # of nvidia-cuda-nvcc and its kin
    yield ZERO_GPU


def _executable(name: str) -> str:
    return f"{name}.exe" if os.name == "nt" else name


def prepare(toolkit: Path, capability: tuple[int, int]) -> None:
    """Sets the environment variables that torch's compiler of extensions reads; those that are set stay.

    capability: of the card, for which alone is compiled.
    """
    os.environ["CUDA_HOME"] = str(toolkit)
    os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "{}.{}".format(*capability))
    if not shutil.which("ninja"):  # pip's, where nobody has activated the environment
        os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.getenv("PATH", "")])
    if libraries := _linkable(toolkit):
        os.environ["LIBRARY_PATH"] = os.pathsep.join(filter(None, [str(libraries), os.getenv("LIBRARY_PATH")]))
    if extensions := sys.modules.get("torch.utils.cpp_extension"):
        extensions.CUDA_HOME = str(toolkit)  # it has looked already, and found another or none


def _linkable(toolkit: Path) -> Path | None:
    """A folder with libcudart.so, where the toolkit has only libcudart.so.13; None where it has it, or neither."""
    folders = [toolkit / name for name in ("lib64", "lib")]
    if any((folder / "libcudart.so").exists() for folder in folders):
        return None
    full = next((file for folder in folders for file in sorted(folder.glob("libcudart.so.*"))), None)
    if full is None:
        return None
    links = Path(tempfile.gettempdir()) / f"gen3d-{full.name}-{os.getpid()}"
    links.mkdir(exist_ok=True)
    if not (links / "libcudart.so").is_symlink():
        (links / "libcudart.so").symlink_to(full)
    return links
