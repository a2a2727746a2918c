"""Where a CUDA toolkit is looked for, and what the environment says before anything is compiled."""

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from gen3d.splat import toolkit
from gen3d.splat.toolkit import find_toolkit, prepare

NAMES = ("CUDA_HOME", "CUDA_PATH", "TORCH_CUDA_ARCH_LIST", "LIBRARY_PATH")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a toolkit, whose environment is put back afterwards."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setattr(toolkit.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(toolkit, "USUAL", Path("/nowhere"))
    monkeypatch.setattr(toolkit, "ZERO_GPU", Path("/nowhere"))


def made(home: Path, *libraries: str) -> Path:
    for file in ("bin/nvcc", "include/cuda_runtime.h", *libraries):
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).touch()
    return home


def test_a_machine_without_one_has_none():
    assert find_toolkit() is None


def test_places_are_tried_in_order_and_must_hold_a_compiler(monkeypatch, tmp_path):
    pip = made(tmp_path / "site" / "nvidia" / "cu13")
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "site")])
    assert find_toolkit() == pip
    on_path = made(tmp_path / "path")
    monkeypatch.setattr(toolkit.shutil, "which", lambda name: str(on_path / "bin" / "nvcc"))
    assert find_toolkit() == on_path
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "empty"))
    assert find_toolkit() == on_path, "a CUDA_HOME without nvcc is none"
    monkeypatch.setenv("CUDA_HOME", str(made(tmp_path / "home")))
    assert find_toolkit() == tmp_path / "home"
    (on_path / "include" / "cuda_runtime.h").unlink()
    monkeypatch.delenv("CUDA_HOME")
    assert find_toolkit() == pip, "a compiler without headers is only a script that calls one"


def test_zero_gpus_mount_is_the_last_resort(monkeypatch, tmp_path):
    monkeypatch.setattr(toolkit, "ZERO_GPU", made(tmp_path / "mount"))
    assert find_toolkit() == tmp_path / "mount"
    monkeypatch.setattr(toolkit, "USUAL", made(tmp_path / "usual"))
    assert find_toolkit() == tmp_path / "usual"


def test_of_pips_toolkits_the_newest_counts_and_packages_without_a_compiler_do_not(monkeypatch, tmp_path):
    made(tmp_path / "nvidia" / "cu12")
    newest = made(tmp_path / "nvidia" / "cu13")
    (tmp_path / "nvidia" / "cudnn").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert find_toolkit() == newest


def test_the_environment_names_the_toolkit_and_the_card_alone(tmp_path):
    prepare(made(tmp_path, "lib64/libcudart.so"), (12, 0))
    assert os.environ["CUDA_HOME"] == str(tmp_path) and os.environ["TORCH_CUDA_ARCH_LIST"] == "12.0"
    assert "LIBRARY_PATH" not in os.environ


def test_an_architecture_that_somebody_has_set_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_CUDA_ARCH_LIST", "8.9")
    prepare(made(tmp_path), (12, 0))
    assert os.environ["TORCH_CUDA_ARCH_LIST"] == "8.9"


def test_pips_library_gets_the_name_that_the_linker_asks_for(tmp_path):
    home = made(tmp_path / "cu13", "lib/libcudart.so.13")
    for _ in range(2):  # the second time it is there already
        prepare(home, (9, 0))
    folder = Path(os.environ["LIBRARY_PATH"].split(os.pathsep)[0])
    assert (folder / "libcudart.so").resolve() == (home / "lib" / "libcudart.so.13").resolve()


def test_ninja_is_found_beside_python_where_the_environment_is_not_activated(tmp_path):
    prepare(made(tmp_path), (9, 0))
    assert Path(os.environ["PATH"].split(os.pathsep)[0]).resolve() == Path(sys.prefix, "bin").resolve()


def test_torch_is_told_if_it_has_looked_already(monkeypatch, tmp_path):
    module = ModuleType("torch.utils.cpp_extension")
    module.CUDA_HOME = None
    monkeypatch.setitem(sys.modules, module.__name__, module)
    prepare(made(tmp_path), (9, 0))
    assert Path(module.CUDA_HOME) == tmp_path
