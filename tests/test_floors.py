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

from gen3d.format_table import FORMATS
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1] / "gen3d"
FILES = sorted(ROOT.rglob("*.py"))
VALUES = {
    "camera", "values", "request", "scene_files", "stage_table", "format_table", "events", "settings", "errors", "axes",
    "standing", "video_table", "edits", "srgb", "memory",
}  # fmt: skip
MODELS = {
    "cv2", "skimage", "scipy", "PIL", "torch", "torchvision", "diffusers", "transformers", "accelerate", "safetensors",
    "segment_anything", "onnxruntime", "huggingface_hub", "tqdm",
}  # fmt: skip
KERNELS = {"kernels", "ewa", "shade", "project", "binning", "sort", "raster", "raster_backward", "gather"}
STAGES = VALUES | {"geometry", "models.base", "splat", "stages"}
PRODUCTS = VALUES | {"geometry", "splat", "formats", "products"}
RUN = STAGES | {"models", "formats", "products", "explain", "source", "pipeline", "run", "card", "late"}

# room: (what it may import from gen3d, third-party libraries); the longest prefix of a module's name decides
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "": ({"face"}, set()),
    "__main__": ({"cli", "ending", "late", "memory"}, set()),
    "late": (set(), set()),
    "card": ({"late"}, {"torch"}),
    "ending": ({"errors"}, set()),
    **{value: (VALUES, {"numpy", "jaxtyping"}) for value in VALUES},
    "geometry": (VALUES | {"geometry"}, {"numpy", "jaxtyping", "scipy", "cv2", "numba"}),
    "models": (VALUES | {"card", "geometry", "models"}, {"numpy", "jaxtyping"} | MODELS),
    "models.base": (VALUES, {"numpy", "jaxtyping"}),
    "models.engines": (VALUES | {"models.weights.wanted"}, set()),
    "models.builtin": (
        VALUES | {"geometry", "models.base", "models.engines", "models.builtin"},
        {"numpy", "jaxtyping", "scipy", "cv2", "skimage", "numba"},
    ),
    "models.builtin.depthnet": (set(), {"jaxtyping", "torch"}),
    "models.builtin.clicknet": ({"models.builtin.depthnet"}, {"jaxtyping", "torch"}),
    "models.builtin.pointed": ({"geometry", "models.builtin"}, {"numpy", "jaxtyping", "cv2", "torch"}),
    "models.builtin.mixed_depth": (
        VALUES | {"geometry", "models.base", "models.builtin"},
        {"numpy", "jaxtyping", "cv2"},
    ),
    "models.builtin.trained_depth": (
        VALUES | {"geometry", "models.base", "models.builtin"},
        {"numpy", "jaxtyping", "cv2", "torch", "safetensors"},
    ),
    "models.builtin.world_painter": (VALUES | {"models.base", "painter"}, {"numpy", "jaxtyping"}),
    "models.builtin.solids": (VALUES | {"models.base", "painter.words"}, {"numpy", "jaxtyping"}),
    "painter": (VALUES | {"painter"}, {"numpy", "jaxtyping", "scipy"}),
    "painter.light": (VALUES | {"geometry.compiled", "painter.light"}, {"numpy", "jaxtyping", "numba"}),
    "models.networks": (
        VALUES | {"geometry", "models.networks", "models.weights", "models.placement", "models.torchvision_repair"},
        {"numpy", "jaxtyping"} | MODELS,
    ),
    "models.weights.wanted": (set(), set()),
    "models.weights.catalog": (VALUES | {"models.engines", "models.weights.wanted"}, set()),
    "models.weights": (VALUES | {"models.weights"}, {"torch", "safetensors", "onnxruntime", "huggingface_hub", "tqdm"}),
    "models.pick": (VALUES | {"models"}, set()),
    "splat": (VALUES | {"card", "geometry", "splat"}, {"numpy", "jaxtyping", "scipy", "torch"}),
    "splat.gsplat": (VALUES | {"splat"}, {"numpy", "jaxtyping", "torch", "gsplat"}),
    "splat.toolkit": (set(), set()),
    "splat.triton": ({"splat.triton", "splat.cpu", "splat.role"}, {"triton"}),
    "splat.triton.function": (VALUES | {"splat"}, {"numpy", "torch", "triton"}),
    "splat.cpu": (VALUES | {"geometry", "splat"}, {"numpy", "jaxtyping", "torch", "numba"}),
    **{f"splat.cpu.{kernels}": ({"splat.cpu", "geometry.compiled"}, {"numpy", "numba"}) for kernels in KERNELS},
    "splat.cpu.machine": (set(), {"numba", "llvmlite"}),
    "splat.cpu.lanes": (set(), {"numba", "llvmlite"}),
    "formats": (VALUES | {"formats"}, {"numpy", "jaxtyping"}),
    "formats.picture": (VALUES | {"formats"}, {"numpy", "jaxtyping", "PIL", "cv2"}),
    "formats.own_depth": (VALUES | {"formats"}, {"numpy", "jaxtyping", "PIL"}),
    "formats.photo_file": (VALUES | {"formats"}, {"numpy", "PIL", "pillow_heif", "tifffile"}),
    "formats.photo_xmp": (VALUES | {"formats"}, {"PIL"}),
    "formats.depth_exr": (VALUES | {"formats"}, {"numpy", "OpenEXR"}),
    "formats.depth_file": (VALUES | {"formats"}, {"numpy", "jaxtyping", "PIL", "tifffile", "OpenEXR"}),
    "formats.ply": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.compressed_ply": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.ksplat": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.ply_meaning": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.ply_aside": (VALUES, {"numpy"}),
    "formats.stored": (
        VALUES | {"formats", "splat.gaussians", "splat.placed"},
        {"numpy", "jaxtyping", "torch"},
    ),
    "formats.splat": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.colmap": (VALUES | {"formats"}, {"numpy", "jaxtyping", "scipy"}),
    "formats.gltf": (VALUES | {"formats"}, {"numpy"}),
    "formats.mesh_glb": (VALUES | {"formats"}, {"numpy", "jaxtyping", "PIL"}),
    "formats.cutout": (VALUES | {"formats"}, {"numpy", "PIL"}),
    "formats.glb": (VALUES | {"formats"}, {"numpy", "PIL"}),
    "formats.codebook": (set(), {"numpy", "jaxtyping"}),
    "formats.sog_codes": ({"formats.codebook", "splat.gaussians", "splat.morton"}, {"numpy", "jaxtyping", "torch"}),
    "formats.sog": (VALUES | {"formats"}, {"numpy", "PIL"}),
    "formats.usd": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "torch"}),
    "formats.gltf_reading": (VALUES | {"formats"}, {"numpy", "jaxtyping", "scipy"}),
    "formats.splats_glb": (
        VALUES | {"formats", "splat.gaussians", "splat.placed"},
        {"numpy", "jaxtyping", "torch"},
    ),
    "formats.spz": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "torch", "zstandard"}),
    "formats.y_up": ({"splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.spz_codes": (VALUES | {"formats.y_up", "splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.scene_file": (VALUES | {"formats", "splat.gaussians"}, set()),
    "formats.model3d": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch", "scipy"}),
    "formats.view_codes": (VALUES | {"splat.gaussians"}, {"numpy", "jaxtyping", "torch"}),
    "formats.gzipped": ({"geometry.together"}, set()),
    "formats.view_order": (
        VALUES | {"formats", "splat.gaussians", "geometry.together"},
        {"numpy", "jaxtyping", "torch"},
    ),
    "formats.view": (VALUES | {"formats", "splat.gaussians"}, {"numpy", "jaxtyping", "torch", "scipy"}),
    "formats.html": (VALUES | {"formats", "viewer"}, set()),
    "formats.video": (VALUES | {"formats"}, {"numpy", "jaxtyping", "av"}),
    "formats.boomerang": (VALUES | {"formats"}, {"numpy", "jaxtyping", "PIL"}),
    "formats.worldscore": (VALUES | {"formats"}, {"numpy", "jaxtyping", "PIL"}),
    "stages": (STAGES, {"numpy", "jaxtyping", "scipy", "cv2"}),
    "stages.flythrough": (STAGES, {"numpy", "jaxtyping", "torch"}),
    "stages.optimize": (STAGES, {"numpy", "jaxtyping", "torch"}),
    "pipeline": (STAGES, {"numpy"}),
    "source": (
        VALUES | {"geometry", "models.base", "formats", "stages.depth", "source"},
        {"numpy", "jaxtyping", "scipy"},
    ),
    "explain": (
        VALUES | {"geometry", "models.base", "splat", "formats.picture", "explain"},
        {"numpy", "jaxtyping", "cv2", "PIL", "torch"},
    ),
    "products": (PRODUCTS, {"numpy", "jaxtyping", "scipy", "cv2", "torch"}),
    "viewer": (set(), set()),
    "run.publish": (RUN, {"huggingface_hub"}),
    "run": (RUN, {"numpy", "jaxtyping", "scipy", "cv2", "torch"}),
    "run.plots": (VALUES | {"formats.whole"}, {"matplotlib"}),
    "ui": (set(), set()),
    "ui.core": (VALUES | {"ui.core", "formats.whole", "formats.claims"}, {"PIL"}),
    "ui.page": (VALUES | {"ui", "viewer"}, {"gradio", "starlette"}),
    "ui.page.fair_queue": ({"ui.core.limits", "ui.page", "ui.door.refused"}, {"gradio", "fastapi"}),
    "ui.door": ({"ui.door", "ui.core.limits"}, {"starlette", "python_multipart"}),
    "ui.door.attendance": ({"ui.door", "ui.core.jobs"}, set()),
    "ui.door.owner": (VALUES | {"ui.door", "ui.core.batches"}, {"starlette"}),
    "cli": ({"commands", "ending"}, set()),
    "many": (RUN | {"many"}, {"numpy", "jaxtyping", "PIL", "cv2", "torch"}),
    "many.ask": ({"many.ask"}, set()),
    "many.names": (set(), set()),
    "many.manifest": (VALUES, set()),
    "many.remote": (VALUES | {"formats"}, {"fsspec"}),
    "many.crew": ({"many.ask", "many.maker", "many.crew"}, set()),
    "many.pool": (VALUES | {"many.ask", "many.crew"}, set()),
    "many.crews": (VALUES | {"many"}, set()),
    "many.on_ray": (VALUES | {"many.ask", "many.crew", "many.maker"}, {"ray", "cv2", "torch"}),
    "many.ledger": ({"many.ask", "many.store"}, {"pyarrow"}),
    "many.gate.depth": (VALUES | {"geometry", "models.base"}, {"numpy", "jaxtyping"}),
    "face": (VALUES | {"face", "models.pick", "products.about", "many.crews", "many.running"}, set()),
    "face.batching": (VALUES | {"face", "many"}, set()),
    "face.listening": (VALUES | {"explain"}, set()),
    "face.given": (VALUES | {"formats.picture", "stages.words"}, {"numpy", "PIL"}),
    "face.making": (RUN | {"face"}, set()),
    "face.scene": (RUN | {"face"}, {"numpy", "jaxtyping", "torch"}),
    "commands": (
        VALUES
        | {"commands", "late", "pipeline", "run", "models", "products", "splat.pick", "splat.role", "splat.gaussians"}
        | {"splat.antialiased", "splat.cpu.function", "formats", "stages", "geometry.trajectory"},
        {"numpy"},
    ),
    "commands.bar": (set(), {"tqdm"}),
    "commands.publish": (
        VALUES | {"commands", "run", "products", "formats"},
        {"huggingface_hub"},
    ),
    "commands.batch": (
        VALUES | {"commands", "many", "run.course", "geometry.trajectory"},
        set(),
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


def test_only_what_tables_name_is_imported_by_a_computed_name() -> None:
    """`--explain` reads the docstrings of the stages, a row of ENGINES names a function of its own room (see
    test_engines); anywhere else it would be a way around the table of floors."""
    hidden = {"import_module", "__import__", "exec", "eval", "spec_from_file_location", "resolve_name"}
    users = {
        name_of(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and called(node) in hidden
    }
    assert users <= {
        "commands.telling",
        "formats.scene_file",
        "products.export",
        "models.opened",
        "run.filming",
    }


def test_what_the_table_of_formats_names_lies_below_who_looks_it_up() -> None:
    for row in FORMATS:
        for named, finder in ((row.read, "formats.scene_file"), (row.write, "formats.scene_file"),
                              (row.make, "products.export")):  # fmt: skip
            module, _, function = named.removeprefix("gen3d.").partition(":")
            assert not named or within(module, row_of(finder)[0]), f"{named} is not for {finder}"
            assert not named or f"def {function}(" in (ROOT / f"{module.replace('.', '/')}.py").read_text()


def called(node: ast.Call) -> str | None:
    """A function's or method's own name; `network.eval()` is torch's, and harmless."""
    method = getattr(node.func, "attr", None)
    return getattr(node.func, "id", None if method == "eval" else method)


def test_the_check_sees_every_kind_of_import() -> None:
    source = (
        "import gradio.themes\nif TYPE_CHECKING:\n    from gen3d.events import Event\ndef f():\n    import torch as t\n"
        "    from gen3d.geometry import rim, edges\n    from gen3d import __version__, cli\n"
    )
    assert sorted(imported(ast.parse(source))) == [
        "gen3d", "gen3d.cli", "gen3d.events", "gen3d.geometry.edges", "gen3d.geometry.rim", "gradio.themes", "torch",
    ]  # fmt: skip


OF_BATCHES = {"ray", "s3fs", "gen3d.many"}
HEAVY = {"torch", "numba", "cv2", "scipy", "skimage", "PIL", "av", "llvmlite"} | OF_BATCHES


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import gen3d", HEAVY | {"numpy"}),
        ("import gen3d; gen3d.build, gen3d.Request, gen3d.PRESETS, dir(gen3d)", HEAVY),
        ("import gen3d.cli; gen3d.cli.main(['--help'])", HEAVY | {"numpy", "tqdm"}),
        ("import gen3d.cli; gen3d.cli.main(['build', '--help'])", HEAVY),
        ("import gen3d.cli; gen3d.cli.main(['export', '--help'])", HEAVY | {"numpy", "tqdm"}),
        ("import gen3d.cli; gen3d.cli.main(['presets'])", HEAVY - {"cv2"}),
        pytest.param("import gen3d, gen3d.ui.page.layout, gen3d.ui.page.launch", OF_BATCHES, marks=pytest.mark.slow),
    ],
    ids=["import", "public names", "help", "build-help", "export-help", "presets", "page"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str, heavy: set[str]) -> None:
    program = f"import atexit, sys; atexit.register(lambda: print('loaded:', *sys.modules)); {code}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT.parent, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("loaded:")[2].split())
    assert "gen3d" in loaded and not loaded & heavy
