"""The Triton kernels compile to machine code for cards that are not here, and keep everything in registers.

The interpreter, which runs them elsewhere, takes more than the compiler does. Triton decides for one or the other when
it is imported, so the compiler gets a process of its own: this file, run with a compute capability.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOATS, SHORTS, INTS, LONGS, INT = "*fp32", "*i16", "*i32", "*i64", "i32"
MOST_REGISTERS = {"rasterize": 80, "rasterize_backward": 72, "gather": 128}
"""A warp of the blend should leave room for 24 more beside it: 65536 / (32 x 80)."""


def kernels(tile_px: int, coefficients: int) -> list[tuple]:
    """Every kernel as `triton_gpu.py` launches it: itself, the types of its arguments, its constants, its warps."""
    from gen3d.splat.triton import binning as triton_binning
    from gen3d.splat.triton import function as launch
    from gen3d.splat.triton import gather as triton_gather
    from gen3d.splat.triton import project as triton_project
    from gen3d.splat.triton import raster as triton_raster

    block, short = {"BLOCK": launch.BLOCK}, {"BLOCK": launch.SHORT_BLOCK, "PAIRS": launch.PAIRS}
    count, tile = {"COUNT": 3 * coefficients}, {"TILE": tile_px}
    unrolled, written = {"UNROLLED": launch.UNROLLED}, {"PAIRS": launch.PAIRS}
    screen = FLOATS, INTS, INTS, FLOATS, LONGS
    return [
        (triton_project.project, (*[FLOATS] * 7, INT, *screen), count | tile | block, 4),
        (triton_binning.fill, (LONGS, LONGS, INTS, INTS, INT, INT, LONGS, SHORTS, INTS), block | written, 4),
        (triton_raster.rasterize, (FLOATS, INTS, LONGS, INT, INT, *[FLOATS] * 3), tile | unrolled, 1),
        (triton_raster.rasterize_backward, (FLOATS, INTS, LONGS, LONGS, INT, INT, *[FLOATS] * 7), tile, 1),
        (triton_gather.add_up, (FLOATS, LONGS, INTS, INT, FLOATS), short, 4),
        (triton_gather.gather, (*[FLOATS] * 6, INTS, FLOATS, INT, *[FLOATS] * 5), count | block, 4),
    ]


def compiled(kernel, types: tuple[str, ...], constants: dict[str, int], warps: int, capability: int) -> bytes:
    """The machine code of a kernel."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    left = iter(types)
    signature = {name: "constexpr" if name in constants else next(left) for name in kernel.arg_names}
    assert next(left, None) is None, f"{kernel.__name__} takes fewer arguments"
    places = {(kernel.arg_names.index(name),): value for name, value in constants.items()}
    aligned = {(k,): [["tt.divisibility", 16]] for k, kind in enumerate(signature.values()) if kind.startswith("*")}
    source = ASTSource(fn=kernel, signature=signature, constexprs=places, attrs=aligned)
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": warps}).asm["cubin"]


def usage(cubin: bytes, at: Path) -> dict[str, int]:
    """What cuobjdump, which comes with Triton, tells of a kernel: REG, STACK, LOCAL, SHARED."""
    import triton

    at.write_bytes(cubin)
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    told = subprocess.run([tool, "-res-usage", at], capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r"\b(REG|STACK|LOCAL|SHARED):(\d+)", told)}


def compile_all(capability: int, tile_px: int, coefficients: int, folder: Path) -> dict[str, dict[str, int]]:
    found = {}
    for kernel, types, constants, warps in kernels(tile_px, coefficients):
        cubin = compiled(kernel, types, constants, warps, capability)
        found[kernel.__name__] = usage(cubin, folder / f"{kernel.__name__}.cubin")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("capability", "tile_px", "coefficients"), [(120, 8, 4), (90, 8, 4), (90, 16, 1), (80, 8, 1)]
)
def test_the_kernels_compile_for_a_card_and_spill_nothing(capability, tile_px, coefficients, tmp_path):
    pytest.importorskip("triton")
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    sizes = (str(number) for number in (capability, tile_px, coefficients))
    run = subprocess.run(
        [sys.executable, __file__, *sizes, tmp_path], env=environment, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout)
    assert len(found) == 6
    for name, used in found.items():
        assert used["STACK"] == used["LOCAL"] == 0, f"{name} spills: {used}"
        if tile_px == 8:
            assert used["REG"] <= MOST_REGISTERS.get(name, 255), f"{name}: {used}"


if __name__ == "__main__":
    print(json.dumps(compile_all(*map(int, sys.argv[1:4]), Path(sys.argv[4]))))
