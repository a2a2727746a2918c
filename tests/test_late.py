"""Packages that are put off: nothing of them is loaded before it is used, and nobody ever sees half of one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gen3d.late import is_loaded, load_beside, put_off
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
SLOW = """
import time
first = True
time.sleep(0.3)
from slow_package import part
last = part.known
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "slow_package"
    folder.mkdir()
    (folder / "__init__.py").write_text(SLOW)
    (folder / "part.py").write_text("import slow_package\nassert slow_package.first\nknown = 7\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("slow_package")]:
        del sys.modules[name]


def test_a_package_is_loaded_when_it_is_used(package: Path) -> None:
    put_off("slow_package")
    start = time.perf_counter()
    import slow_package

    assert not is_loaded("slow_package") and slow_package.__name__ == "slow_package" and slow_package.__file__
    assert time.perf_counter() - start < 0.3, "it was loaded by being imported"
    assert slow_package.last == 7 and is_loaded("slow_package") and type(slow_package) is type(sys)
    with pytest.raises(AttributeError, match="nothing"):
        _ = slow_package.nothing


def test_a_part_of_a_package_is_not_loaded_before_it(package: Path) -> None:
    put_off("slow_package")
    import slow_package.part

    assert is_loaded("slow_package") and slow_package.part.known == 7


def test_many_threads_load_it_once_and_see_it_whole(package: Path) -> None:
    counted = package / "times"
    (package / "__init__.py").write_text(SLOW + f"open({str(counted)!r}, 'a').write('x')\n")
    put_off("slow_package")
    load_beside("slow_package")
    import slow_package

    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(slow_package.last)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [7] * 8 and counted.read_text() == "x"


def test_the_interpreter_switches_as_before_once_it_is_loaded(package: Path) -> None:
    usual = sys.getswitchinterval()
    put_off("slow_package")
    load_beside("slow_package")
    for thread in threading.enumerate():
        if thread.name == "loads slow_package":
            assert sys.getswitchinterval() == pytest.approx(0.0005)
            thread.join()
    assert is_loaded("slow_package") and sys.getswitchinterval() == usual
    load_beside("slow_package")
    assert not any(thread.name == "loads slow_package" for thread in threading.enumerate())


def test_several_are_loaded_beside_one_after_the_other(package: Path, tmp_path: Path) -> None:
    other = tmp_path / "slow_package_two"
    other.mkdir()
    (other / "__init__.py").write_text("import slow_package\nknown = slow_package.last + 1\n")
    usual = sys.getswitchinterval()
    put_off("slow_package", "slow_package_two")
    load_beside("slow_package_two", "slow_package")
    for thread in threading.enumerate():
        if thread.name.startswith("loads "):
            thread.join()
    assert is_loaded("slow_package") and is_loaded("slow_package_two") and sys.getswitchinterval() == usual
    assert sys.modules["slow_package_two"].known == 8


def test_who_uses_one_that_fails_meets_its_error(package: Path) -> None:
    (package / "__init__.py").write_text("raise ImportError('a library is missing')\n")
    put_off("slow_package")
    load_beside("slow_package")
    import slow_package

    for _ in range(2):
        with pytest.raises(ImportError, match="a library is missing"):
            _ = slow_package.last


def test_what_is_not_installed_stays_an_error_and_what_is_there_stays() -> None:
    put_off("slow_package_that_is_not_there")
    with pytest.raises(ModuleNotFoundError):
        import slow_package_that_is_not_there  # noqa: F401
    put_off("pathlib")
    assert is_loaded("pathlib") and not is_loaded("slow_package_that_is_not_there")


FORESEEN = """
import sys, threading
from pathlib import Path
from gen3d.late import foresee, is_loaded, put_off

foresee("torch", "lib/libtorch_cpu.so")  # nothing was put off
put_off("torch")
foresee("torch", "lib/no_such_library.so")
assert threading.active_count() == 1
foresee("torch", "lib/libtorch_cpu.so")
for thread in threading.enumerate():
    if thread.name == "foresees torch":
        thread.join()
print("libtorch_cpu.so" in Path("/proc/self/maps").read_text(), is_loaded("torch"))
import torch
print(float(torch.ones(3).sum()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which libraries are in memory")
def test_a_library_is_in_memory_before_its_package_is_loaded() -> None:
    assert _ran(FORESEEN).split() == ["True", "False", "3.0"]


WATCHED = """
import atexit, sys
from gen3d.late import is_loaded
atexit.register(lambda: print("torch is loaded:", is_loaded("torch")))
sys.argv = ["gen3d", *sys.argv[1:]]
from gen3d.__main__ import main
sys.exit(main())
"""


def test_a_look_at_a_photo_with_depth_needs_no_torch(tmp_path: Path) -> None:
    room = ROOT / "examples" / "room"
    given = [str(room / "rgb.jpg"), "--depth", str(room / "depth.png"), "--engine", "builtin", "--preset", "fast"]
    said = _said("look", *given, "--size", "160", "-o", str(tmp_path / "looked"))
    assert (tmp_path / "looked" / "looked.npz").exists()
    assert said.endswith("torch is loaded: False"), said


def _said(*arguments: str) -> str:
    return _ran(WATCHED, *arguments)


def _ran(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
