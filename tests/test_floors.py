"""Who may import whom, and which libraries have a home where: the table of the package's floors.

Every import counts, those under TYPE_CHECKING and inside functions too. A new file is looked up by its longest prefix;
one that no row covers fails, so that whoever adds a room says what it may see.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1] / "gen3d"
FILES = sorted(ROOT.rglob("*.py"))
NOUNS = {"camera", "scene", "review", "events", "settings", "errors"}
MODELS = {
    "cv2", "skimage", "scipy", "PIL", "torch", "torchvision", "diffusers", "transformers", "accelerate", "safetensors",
    "segment_anything", "onnxruntime", "huggingface_hub", "tqdm",
}  # fmt: skip
KERNELS = {"kernels", "ewa", "shade", "project", "binning", "sort", "raster", "raster_backward", "gather"}
STAGES = NOUNS | {"geometry", "models.base", "splat", "formats", "stages"}

# room: (what it may import from gen3d, third-party libraries); the longest prefix of a module's name decides
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "": (set(), set()),
    "__main__": ({"cli", "ending"}, set()),
    "ending": ({"errors"}, set()),
    **{noun: (NOUNS, {"numpy", "jaxtyping"}) for noun in NOUNS},
    "geometry": (NOUNS | {"geometry"}, {"numpy", "jaxtyping", "scipy", "cv2", "numba"}),
    "models": (NOUNS | {"geometry", "models"}, {"numpy", "jaxtyping"} | MODELS),
    "models.base": (NOUNS, {"numpy", "jaxtyping"}),
    "models.offline": (NOUNS | {"geometry", "models.base"}, {"numpy", "jaxtyping", "scipy", "cv2", "skimage"}),
    "models.networks": (
        NOUNS | {"geometry", "models.networks", "models.weights", "models.placement", "models.torchvision_repair"},
        {"numpy", "jaxtyping"} | MODELS,
    ),
    "models.weights": (NOUNS | {"models.weights"}, {"torch", "safetensors", "onnxruntime", "huggingface_hub", "tqdm"}),
    "models.load": (NOUNS | {"models"}, set()),
    "splat": (NOUNS | {"geometry", "splat"}, {"numpy", "jaxtyping", "scipy", "torch"}),
    "splat.gsplat_cuda": (NOUNS | {"splat"}, {"numpy", "jaxtyping", "torch", "gsplat"}),
    "splat.toolkit": (set(), set()),
    "splat.triton_gpu": (NOUNS | {"splat"}, {"numpy", "torch", "triton"}),
    "splat.gpu": ({"splat.gpu", "splat.cpu", "splat.rasterizer"}, {"triton"}),
    "splat.cpu": (NOUNS | {"geometry", "splat"}, {"numpy", "jaxtyping", "torch", "numba"}),
    **{f"splat.cpu.{kernels}": ({"splat.cpu", "geometry.compiled"}, {"numpy", "numba"}) for kernels in KERNELS},
    "splat.cpu.machine": (set(), {"numba", "llvmlite"}),
    "splat.cpu.turns": (set(), set()),
    "formats": (NOUNS | {"formats"}, {"numpy", "jaxtyping"}),
    "formats.picture": (NOUNS | {"formats"}, {"numpy", "jaxtyping", "PIL", "cv2"}),
    "formats.own_depth": (NOUNS | {"formats"}, {"numpy", "jaxtyping", "PIL"}),
    "formats.photo_file": (NOUNS | {"formats"}, {"numpy", "PIL", "pillow_heif", "tifffile"}),
    "formats.photo_xmp": (NOUNS | {"formats"}, {"PIL"}),
    "formats.depth_exr": (NOUNS | {"formats"}, {"numpy", "OpenEXR"}),
    "formats.depth_file": (NOUNS | {"formats"}, {"numpy", "jaxtyping", "PIL", "tifffile", "OpenEXR"}),
    "formats.ply": (NOUNS | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.ply_meaning": (NOUNS | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.stored": (NOUNS | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.splat": (NOUNS | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.colmap": (NOUNS | {"formats"}, {"numpy", "jaxtyping", "scipy"}),
    "formats.glb": (NOUNS | {"formats"}, {"numpy", "PIL"}),
    "formats.spz": (NOUNS | {"formats", "splat.gaussians"}, {"numpy", "torch", "zstandard"}),
    "formats.spz_codes": (NOUNS | {"splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.scene_file": (NOUNS | {"formats", "splat.gaussians"}, set()),
    "formats.model3d": (NOUNS | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch", "scipy"}),
    "formats.view_codes": (NOUNS | {"splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.view": (NOUNS | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.html": (NOUNS | {"formats", "viewer"}, set()),
    "formats.video": (NOUNS | {"formats"}, {"numpy", "jaxtyping", "av"}),
    "stages": (STAGES, {"numpy", "jaxtyping", "scipy", "cv2"}),
    "stages.exhibits": (STAGES, {"numpy", "jaxtyping", "cv2", "PIL", "torch"}),
    "stages.opened": (STAGES, {"torch"}),
    "stages.around": (STAGES, {"numpy", "jaxtyping", "torch"}),
    "stages.dataset": (STAGES, {"numpy", "torch"}),
    "stages.prune": (STAGES, {"torch"}),
    "stages.limits": (STAGES, {"numpy", "jaxtyping", "torch"}),
    "stages.flythrough": (STAGES, {"numpy", "jaxtyping", "torch"}),
    "viewer": (set(), set()),
    "record": (NOUNS, {"torch"}),
    "checked": (NOUNS | {"models", "splat"}, {"numpy", "jaxtyping", "torch"}),
    "thrift": (NOUNS | {"checked", "models", "splat.rasterizer"}, {"torch"}),
    "folders": (NOUNS | {"formats", "record", "stages"}, set()),
    "render": (NOUNS | {"checked", "formats", "splat", "record", "thrift"}, {"numpy", "torch"}),
    "pipeline": (STAGES | {"folders", "record", "thrift"}, {"numpy"}),
    "ui": (NOUNS | {"ui", "viewer", "formats.whole", "formats.claims"}, {"gradio", "PIL", "starlette"}),
    "ui.limits": (set(), set()),
    "ui.door": ({"ui.door", "ui.limits"}, {"starlette", "python_multipart"}),
    "ui.fair_queue": ({"ui.limits", "ui.queue", "ui.door.refused"}, {"gradio", "fastapi"}),
    "budget": (NOUNS, set()),
    "doctor": (NOUNS | {"budget", "models", "splat"}, {"torch"}),
    "selftest": (STAGES | {"record", "pipeline"}, {"numpy", "jaxtyping", "scipy"}),
    "cli": (NOUNS | {"commands", "ending", "models.weights.catalog"}, set()),
    "commands": (
        NOUNS | {"pipeline", "render", "models", "doctor", "selftest", "stages", "formats", "geometry.trajectory"}
        | {"checked", "splat.rasterizer", "splat.gaussians", "splat.antialiased"}, set(),
    ),
}


def within(module: str, rooms: set[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def name_of(path: Path) -> str:
    """The module's name below gen3d; "" is gen3d itself."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of the modules imported anywhere in a file; `from package import module` names the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides where it leads"
            for alias in node.names:
                below = ROOT.parent / Path(*node.module.split("."), alias.name)
                is_module = below.is_dir() or below.with_suffix(".py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def row_of(module: str) -> tuple[set[str], set[str]]:
    room = max((room for room in TABLE if room and within(module, {room})), key=len, default=None)
    assert room is not None or module == "", f"gen3d.{module} stands on no floor: give it a row"
    return TABLE[room or ""]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_go_down_and_libraries_stay_in_their_homes(path: Path) -> None:
    module = name_of(path)
    rooms, libraries = row_of(module)
    for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
        top, _, below = name.partition(".")
        if top == "gen3d":
            assert not below or within(below, rooms), f"gen3d.{module} may not import {name}"
        elif top not in sys.stdlib_module_names:
            assert top in libraries, f"gen3d.{module} is no home of {top}"


def test_every_row_has_a_file() -> None:
    names = {name_of(path) for path in FILES}
    assert [room for room in TABLE if not any(within(name, {room}) for name in names)] == []


def test_only_the_command_line_imports_by_a_computed_name() -> None:
    """`--explain` reads the docstrings of the stages; anywhere else it would be a way around this table."""
    hidden = {"import_module", "__import__", "exec", "eval", "spec_from_file_location"}
    users = {
        name_of(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and called(node) in hidden
    }
    assert users <= {"commands"}


def called(node: ast.Call) -> str | None:
    """A function's or method's own name; `network.eval()` is torch's, and harmless."""
    method = getattr(node.func, "attr", None)
    return getattr(node.func, "id", None if method == "eval" else method)


def test_the_check_sees_every_kind_of_import() -> None:
    source = (
        "import gradio.themes\nif TYPE_CHECKING:\n    from gen3d.events import Event\ndef f():\n    import torch as t\n"
        "    from gen3d.geometry import patch_kernels, edges\n    from gen3d import __version__, cli\n"
    )
    assert sorted(imported(ast.parse(source))) == [
        "gen3d", "gen3d.cli", "gen3d.events", "gen3d.geometry.edges", "gen3d.geometry.patch_kernels", "gradio.themes",
        "torch",
    ]  # fmt: skip


HEAVY = {"torch", "numba", "cv2", "scipy", "skimage", "PIL", "av", "llvmlite"}


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import gen3d", HEAVY),
        ("import gen3d.cli; gen3d.cli.main(['--help'])", HEAVY),
        ("import gen3d.cli; gen3d.cli.main(['build', '--help'])", HEAVY),
        ("import gen3d.cli; gen3d.cli.main(['presets'])", HEAVY - {"scipy"}),
    ],
    ids=["import", "help", "build-help", "presets"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str, heavy: set[str]) -> None:
    program = f"import atexit, sys; atexit.register(lambda: print('loaded:', *sys.modules)); {code}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT.parent, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("loaded:")[2].split())
    assert "gen3d" in loaded and not loaded & heavy
