"""gen3d selftest: asks every engine something whose answer is known, builds a scene, and writes down how it went.

For whoever first runs the networks on a machine: loading opens every weight; then each role is played on the example
room, whose depth is exact; then a scene is built from the photo alone. The folder gets sheet.png and selftest.json,
which names no one's folders and can be pasted into an issue as it is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from scipy.stats import spearmanr

from gen3d import __version__
from gen3d.errors import Gen3DError, InputError
from gen3d.events import Event, Finished, Notice, Progress, Started
from gen3d.explain.preview import depth_preview, picture_preview, region_preview
from gen3d.explain.sheet import contact_sheet
from gen3d.formats.depth_file import read_depth
from gen3d.formats.picture import read_picture, write_png
from gen3d.formats.whole import whole_folder
from gen3d.geometry.resample import reduce_picture, resample_depth
from gen3d.models.base import Models
from gen3d.request import Request
from gen3d.run.record import peak_memory_mb, versions, write_json
from gen3d.run.steps import build
from gen3d.scene_files import SceneFiles
from gen3d.settings import Settings
from gen3d.splat.role import Rasterizer

ROOM = Path(__file__).parents[2] / "examples" / "room"
SIZE_PX = 512
"""Longer side of the picture that the roles are asked about."""
SENTENCE = "a lighthouse on a cliff above the sea at sunset"
LEAST_CORRELATION = 0.8
"""Spearman's, of estimated with true depth; the builtin guess reaches .64 in this room, a network far more."""
LEAST_CONTRAST = 0.02
"""Standard deviation of colours below which a made-up picture is blank."""


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """What a role said."""

    picture: UInt8[np.ndarray, "h w 3"]
    figures: dict[str, Any] = field(default_factory=dict)
    fault: str | None = None
    """What is wrong with it; None: it is as it should be."""


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """A photo of which everything is known."""

    photo: Path
    image: Float[np.ndarray, "h w 3"]
    depth: Float[np.ndarray, "h w"]


def selftest(
    load: Callable[[], Models], rasterizer: Rasterizer, settings: Settings, folder: Path
) -> Iterator[Event]:
    """Loads, asks and builds; writes sheet.png, selftest.json and the scene, whatever fails on the way.

    Raises Gen3DError at the end if any role failed, and at once if the bundle cannot be loaded.
    """
    question = _question()
    with whole_folder(folder) as work:
        yield Started("load")
        start = time.perf_counter()
        models = load()
        report: dict[str, Any] = {
            "gen3d": __version__, "device": models.device, "engines": models.names | {"rasterizer": rasterizer.name},
            "notices": list(models.notices), "versions": versions(), "seconds_to_load": _since(start), "roles": {},
        }  # fmt: skip
        yield from (Notice(text) for text in models.notices)
        asked = _questions(models.at(settings.engines), question)
        sheet: dict[str, dict[str, Any]] = {}
        for i, (role, ask) in enumerate(asked.items()):
            yield Started(role)
            told, picture = _put(ask)
            report["roles"][role] = told
            name = f"{i:02d}_{role}"
            write_png(work / f"{name}.png", picture)
            sheet[name] = {"caption": _caption(role, told)} | told["figures"]
            yield Progress("selftest", i + 1, len(asked))
        yield from _build(question, models, rasterizer, settings, work, report, sheet)
        report["peak_memory_mb"] = peak_memory_mb()
        write_json(work / "selftest.json", report)
        write_json(work / "run.json", {"gen3d": __version__, "made by": "selftest"})
        title = f"gen3d {__version__} selftest, {models.device}"
        write_png(work / "sheet.png", contact_sheet(work, sheet, title, headings={}))
    yield Finished("selftest", folder)
    faults = [f"{role} ({told['fault']})" for role, told in report["roles"].items() if told["fault"]]
    if faults:
        raise Gen3DError(
            f"Not everything works here: {'; '.join(faults)}.", f"{folder / 'selftest.json'} says what to report."
        )


def _question() -> Question:
    if not (ROOM / "rgb.jpg").is_file():
        raise InputError("The example room is not beside the package.", "Run the selftest in a clone of the project.")
    image = reduce_picture(read_picture(ROOM / "rgb.jpg"), SIZE_PX)
    h, w, _ = image.shape
    return Question(ROOM / "rgb.jpg", image, resample_depth(read_depth(ROOM / "depth.png"), w, h))


def _put(ask: Callable[[], Answer]) -> tuple[dict[str, Any], np.ndarray]:
    """What became of a question, for the report, and a picture; no role may end the test of the others."""
    start = time.perf_counter()
    try:
        answer = ask()
    except Exception as error:
        answer = Answer(np.full((90, 160, 3), 60, np.uint8), {}, f"{type(error).__name__}: {error}"[:300])
    return {"fault": answer.fault, "seconds": _since(start), "figures": answer.figures}, answer.picture


def _caption(role: str, told: dict[str, Any]) -> str:
    words = [str(value) for value in told["figures"].values() if isinstance(value, str)]
    return "; ".join([f"{role}: {told['fault'] or 'as it should be'}", *words])


def _questions(models: Models, question: Question) -> dict[str, Callable[[], Answer]]:
    """What each role that somebody plays is asked."""
    asked = {
        "depth": partial(_ask_depth, models, question),
        "segmenter": partial(_ask_segmenter, models, question),
        "background": partial(_ask_inpainter, models.background, question),
        "outpainter": partial(_ask_inpainter, models.outpainter, question),
    }
    if models.captioner:
        asked["captioner"] = partial(_ask_captioner, models.captioner, question)
    if models.namer:
        asked["namer"] = partial(_ask_namer, models.namer, question)
    if models.critic:
        asked["critic"] = partial(_ask_critic, models.critic, question)
    if models.text_to_image:
        asked["text_to_image"] = partial(_ask_artist, models.text_to_image)
    return asked


def _ask_depth(models: Models, question: Question) -> Answer:
    """A photo's depth must run with the true one."""
    estimate = models.depth.estimate(question.image)
    both = np.isfinite(estimate.depth) & np.isfinite(question.depth)
    said, true = estimate.depth[both], question.depth[both]
    scaled = said * np.median(true / said) if len(said) else said
    figures = {
        "correlation": float(spearmanr(said, true).statistic) if len(said) > 1 and np.ptp(said) > 0 else 0.0,
        "median_error": float(np.median(np.abs(scaled - true) / true)) if len(said) else None,
        "fov_deg": estimate.fov_deg, "sky_share": float(np.isinf(estimate.depth).mean()),
    }  # fmt: skip
    fits = figures["correlation"] >= LEAST_CORRELATION or estimate.rough
    return Answer(depth_preview(estimate.depth), figures, None if fits else "this is not how deep the room is")


def _ask_segmenter(models: Models, question: Question) -> Answer:
    """There are things in the room."""
    found = models.segmenter.segment(question.image, question.depth)
    figures = {"masks": len(found.masks), "best_score": float(found.scores.max(initial=0))}
    regions = found.masks[0] if len(found.masks) else np.zeros(question.depth.shape, bool)
    return Answer(region_preview(question.image, regions), figures, None if len(found.masks) else "nothing was found")


def _ask_inpainter(inpainter: Any, question: Question) -> Answer:
    """A hole is filled with something, and nothing else is touched."""
    h, w = question.depth.shape
    hole = np.zeros((h, w), bool)
    hole[h // 3 : 2 * h // 3, w // 2 : 3 * w // 4] = True
    image = np.where(hole[..., None], 0, question.image).astype(np.float32)
    filled = inpainter.inpaint(image, hole, ~hole, question.depth, "a room", 1)
    figures = {
        "contrast": float(filled[hole].std(axis=0).mean()),
        "true_contrast": float(question.image[hole].std(axis=0).mean()),
    }
    fault = None
    if not np.array_equal(filled[~hole], image[~hole]):
        fault = "pixels outside the hole were changed"
    elif not np.isfinite(filled).all() or figures["contrast"] < LEAST_CONTRAST:
        fault = "the fill is blank"
    return Answer(picture_preview(filled), figures, fault)


def _ask_captioner(captioner: Any, question: Question) -> Answer:
    sentence, place = captioner.describe(question.image), captioner.categorize(question.image)
    fault = None if sentence.strip() and place.strip() else "it has no words"
    return Answer(picture_preview(question.image), {"sentence": sentence, "place": place}, fault)


def _ask_namer(namer: Any, question: Question) -> Answer:
    """It may not know."""
    return Answer(picture_preview(question.image), {"called": namer.call(question.image) or ""})


def _ask_critic(critic: Any, question: Question) -> Answer:
    """It has something to say of what may be otherwise, and of nothing else."""
    free = np.zeros(question.depth.shape, bool)
    free[: len(free) // 2] = True
    slope = critic.judge(question.image, free, "a room", 1)
    figures = {"gradient": float(np.abs(slope[free]).mean())}
    silent = not np.isfinite(slope).all() or slope[~free].any() or not figures["gradient"] > 0
    return Answer(picture_preview(question.image), figures, "it finds nothing, or what is known" if silent else None)


def _ask_artist(artist: Any) -> Answer:
    drawn = artist.draw(SENTENCE, SIZE_PX, 3 * SIZE_PX // 4, 1)
    contrast = float(drawn.std(axis=(0, 1)).mean())
    blank = not np.isfinite(drawn).all() or contrast < LEAST_CONTRAST
    return Answer(picture_preview(drawn), {"contrast": contrast}, "the picture is blank" if blank else None)


def _build(
    question: Question, models: Models, rasterizer: Rasterizer, settings: Settings, work: Path,
    report: dict[str, Any], sheet: dict[str, dict[str, Any]],
) -> Iterator[Event]:  # fmt: skip
    """A scene from the photo alone; its record becomes part of the report, its previews part of the sheet."""
    start, files = time.perf_counter(), SceneFiles(work / "scene")
    try:
        yield from build(Request(question.photo), models, rasterizer, settings, files.folder)
    except Exception as error:
        report["roles"]["pipeline"] = {"fault": f"{type(error).__name__}: {error}"[:300], "seconds": _since(start)}
        return
    run = json.loads(files.run.read_text(encoding="utf-8"))
    kept = ("settings", "notices", "counts", "seconds", "peak_memory_mb")
    report["roles"]["pipeline"] = {"fault": None, "seconds": _since(start), "figures": {key: run[key] for key in kept}}
    for preview in sorted(files.previews.glob("*.png")):
        preview_name = f"scene_{preview.stem}"
        preview.rename(work / f"{preview_name}.png")
        sheet[preview_name] = {"caption": f"scene: {preview.stem}"}


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 2)
