"""The Space, and what `make run` starts: engines, the three steps on whatever device is here, the page.

    HOST=0.0.0.0 PORT=8080 SHARE=1 python app.py
    GEN3D_ENGINE=auto|builtin|hub GEN3D_TIER=cpu|gpu GEN3D_MCP=1 python app.py
    GEN3D_BATCH_ROOT=FOLDER GEN3D_OWNER_KEY=SECRET python app.py      batches for its owner (docs/batch.md)

`spaces` comes first, since on a ZeroGPU Space it must be there before anything touches CUDA. There each step is one
GPU call in a forked process; elsewhere `spaces.GPU` changes nothing.
"""

import spaces  # isort: skip
import gen3d  # noqa: F401  isort: skip - sets how OpenMP waits, which torch reads when it loads

import os
import signal
import threading
from collections.abc import Generator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from gen3d.events import Event, Notice, product
from gen3d.geometry.compiler import is_compiling
from gen3d.geometry.motion import motion
from gen3d.geometry.trajectory import PATHS
from gen3d.memory import keep_one_store, search_no_more
from gen3d.models.base import Models
from gen3d.models.pick import better_engines, load_models, networks_of
from gen3d.products.export import FinishedScene, export_file
from gen3d.products.opened import write_opened_view
from gen3d.products.standing import parse_measured, photo_to_measure, standing_of
from gen3d.request import Request, Review, Reviewed
from gen3d.run import direct as directed
from gen3d.run import steps as pipeline
from gen3d.run.publish import publish as published
from gen3d.run.review import review as reviewed
from gen3d.run.taking_apart import put_together, take_apart
from gen3d.scene_files import SceneFiles
from gen3d.settings import PRESETS, Settings, TourSettings
from gen3d.splat.cpu.function import warm_up
from gen3d.splat.pick import pick_rasterizer
from gen3d.splat.role import Rasterizer
from gen3d.ui.core import words
from gen3d.ui.core.disk import disk_of, own_root, stay_in
from gen3d.ui.core.gallery import Gallery, of_sentences, read_examples
from gen3d.ui.core.jobs import Visits, enough_file
from gen3d.ui.core.limits import limits_of
from gen3d.ui.core.stands import Stands
from gen3d.ui.core.steps import Direct, Steps
from gen3d.ui.door.front import front_of
from gen3d.ui.door.owner import owner_of
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.launch import launch_options
from gen3d.ui.page.layout import build_page
from gen3d.ui.page.mcp_tools import mcp_wanted
from gen3d.video_table import video_row

ENGINE, TIER = os.getenv("GEN3D_ENGINE") or "auto", os.getenv("GEN3D_TIER") or None
MODELS = load_models(ENGINE, tier=TIER)
ON_ZERO_GPU = bool(os.getenv("SPACES_ZERO_GPU"))
if hasattr(os, "register_at_fork"):  # a child has none of the threads of torch's pool, and would wait for them forever
    os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))

HOME = Path(os.getenv("GEN3D_HOME") or Path.home() / ".cache" / "gen3d")
SHARES = {"look": 0.15, "grow": 0.7, "tour": 0.15}
"""Of a scene's expected seconds."""
DRAWING_S = 20
"""A sentence takes so much longer at most, whether a network draws it or the world painter (12 s on two cores)."""


def rasterizer() -> Rasterizer:
    """Picked once in a process. On ZeroGPU that is the process of a call, the only one with a card to try it on."""
    return pick_rasterizer("cpu" if ON_ZERO_GPU and MODELS.device == "cpu" else "auto")


def off_gpu() -> Rasterizer:
    """For what takes nobody's GPU time: on ZeroGPU there is no card outside of a call, nor may one be picked there."""
    return pick_rasterizer("cpu") if ON_ZERO_GPU else rasterizer()


def seconds_of(step: str, request: Request, settings: Settings, folder: Path) -> int:
    """The GPU seconds that a step is declared to take at most."""
    drawing = DRAWING_S if step == "look" and request.photo is None else 0
    longer = _drawn(settings.tour) / _drawn(PRESETS.get(settings.preset, settings).tour) if step == "tour" else 1.0
    return max(5, round(SHARES[step] * settings.seconds * longer)) + drawing


def _drawn(tour: TourSettings) -> float:
    """Pixels that are drawn for a whole video, to compare it with one of the same shape."""
    return tour.frames * tour.width_px**2 * video_row(tour.kind).costs


def look(request: Request, settings: Settings, folder: Path) -> Generator[Event, None, None]:
    """The first step, into folder/look."""
    with told_to_visitors():
        yield from pipeline.look(request, MODELS, settings, folder / "look", enough_file(folder).exists)


def grow(request: Request, settings: Settings, folder: Path) -> Generator[Event, None, None]:
    """The second step, into folder/grow."""
    with told_to_visitors():
        yield from pipeline.grow(
            request, folder / "look", MODELS, rasterizer(), settings, folder / "grow", enough_file(folder).exists
        )


def tour(request: Request, settings: Settings, folder: Path) -> Generator[Event, None, None]:
    """The third step, into folder/tour."""
    with told_to_visitors():
        yield from pipeline.tour(
            request, folder / "grow", rasterizer(), settings, folder / "tour", enough_file(folder).exists
        )


def review(asked: Review, settings: Settings, folder: Path) -> Reviewed:
    """Other layers in folder/look; no engine, so no GPU."""
    with told_to_visitors():
        return reviewed(asked, folder / "look", settings)


def finished(scene: Path) -> FinishedScene:
    """The scene in a folder, as it was edited."""
    video = SceneFiles(scene.parent / "tour").video  # of a job; a finished example has it among the others
    return directed.finished(scene, off_gpu(), (video,))


def more(scene: Path, file: Path) -> None:
    """Another format of the scene in a folder, by the file's name."""
    with told_to_visitors():
        product(export_file(finished(scene), file))


def stand(scene: Path, file: Path, stands: Stands) -> tuple[str, ...]:
    """The same, standing as asked; what is to be told of it."""
    told: list[str] = []

    def hear(event: object) -> None:
        if isinstance(event, Notice):
            told.append(event.text)

    with told_to_visitors():
        found = finished(scene)
        measured = parse_measured(stands.measured) if stands.measured else None
        standing = product(standing_of(found, stands.axes or None, stands.level, stands.scale, measured), hear)
        unsaid = product(export_file(replace(found, standing=standing), file), hear)
        return (*told, *unsaid)


def publish(scene: Path, name: str, token: str, private: bool) -> tuple[str, str]:
    """The scene in a folder as a Space of its visitor's: its page, and the site's address."""
    with told_to_visitors():
        there = product(published(finished(scene), name, token, private))
        return there.space, there.address


def photo(scene: Path) -> object:
    """What the scene in a folder was made from, 8 bits, at the size that it was made at, to measure in."""
    with told_to_visitors():
        return photo_to_measure(scene)


def things(scene: Path, picture: Path) -> list[dict[str, object]]:
    """The things of the scene in a folder as they are by now, and a picture of them."""
    with told_to_visitors():
        return directed.things_now(scene, picture, off_gpu())


def bring(
    scene: Path, asked: Mapping[str, object], file: Path | None, picture: Path | None, view: Path | None
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Brings something into the scene in a folder: the edit, and what is to be told."""
    with told_to_visitors():
        return directed.bring_in(scene, asked, file, picture, MODELS.object_maker, view)


def show_file(view: Path, scene: Path) -> tuple[str, ...]:
    """A visitor's own scene file, for the viewer; what is to be told of it."""
    with told_to_visitors():
        return write_opened_view(view, scene, off_gpu())


STEPS = {"look": look, "grow": grow, "tour": tour}
ON_GPU = {name: spaces.GPU(step, duration=partial(seconds_of, name)) for name, step in STEPS.items()}


def steps() -> Steps:
    """The pipeline for the page; without an engine on a GPU no step takes a visitor's GPU time."""
    on_gpu = MODELS.device == "cuda"
    drawing = None if ON_ZERO_GPU and on_gpu else rasterizer()
    on_card = on_gpu or (drawing is not None and drawing.device != "cpu")
    return Steps(
        **(ON_GPU if on_gpu else STEPS),
        engines=MODELS.names | {"rasterizer": drawing.name if drawing else "picked on the card"},
        device="a GPU" if on_card else f"a processor ({os.cpu_count()} cores), without a GPU",
        paths={name: path.words for name, path in PATHS.items()},
        draws=MODELS.text_to_image is not None,
        motions={name: motion(name) for name in PATHS},
        networks=networks_of(MODELS),
        better=better_engines(MODELS, TIER) if ENGINE != "builtin" else {},
        review=review,
        more=more,
        stand=stand,
        photo=photo,
        publish=publish,
        show_file=show_file,
        compiles=is_compiling,
        direct=Direct(
            things, partial(directed.add_edits, maker=MODELS.object_maker), directed.take_back, directed.write_aimed,
            directed.put_edits, bring, take_apart, put_together,
        ),
    )


def _paints(models: Models) -> bool:
    """Whether sentences are drawn by rule, since no network for them is here."""
    return models.names.get("text_to_image") == words.PAINTER


def gallery_of(models: Models) -> Gallery:
    """The examples; with the sentences to begin with, where they are drawn as the examples are built: by no network."""
    examples = read_examples(Path(__file__).with_name("examples") / "gallery.json")
    return Gallery(examples, HOME / "gallery", sentences=of_sentences(words.SENTENCES if _paints(models) else ()))


def ready() -> None:
    """Makes ready what the first build would wait for; for a thread of its own."""
    warm_up()
    search_no_more()


def main() -> None:
    """Serves the page until it is stopped."""
    keep_one_store()
    mcp = mcp_wanted(os.environ)
    owner = owner_of(os.environ, {"engine": ENGINE, "tier": TIER})
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that whoever stops it finds nothing half-made
    threading.Thread(target=ready, name="warm-up", daemon=True).start()
    gallery = gallery_of(MODELS)
    gallery.prepare()
    root = own_root()
    stay_in(root)
    visits = Visits(root, disk=disk_of(root, (gallery.results,)))
    threading.Thread(target=visits.sweep_forever, name="sweep", daemon=True).start()
    page = build_page(steps(), visits, gallery, limits_of(os.environ))
    share = os.getenv("SHARE", "") not in ("", "0")
    address = {"server_name": os.getenv("HOST") or os.getenv("GRADIO_SERVER_NAME") or "127.0.0.1"}
    address["server_port"] = int(os.getenv("PORT") or os.getenv("GRADIO_SERVER_PORT") or 7860)
    front = front_of(os.environ, address["server_name"], share)
    page.launch(**address, share=share, prevent_thread_lock=True, **launch_options(gallery, front, visits, mcp, owner))
    search_no_more()
    if share and not page.share_url:
        print("No public link could be had: the sharing service was not reached. The page is served locally.")
    page.block_thread()


if __name__ == "__main__":
    main()
