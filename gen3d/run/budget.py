"""What a run takes of a card's memory, reckoned from parameters and sizes before anything is loaded.

Weights are counted: parameters times bytes. What is at work beside them follows from sizes; the factors (those of the
networks stand in the rows of `models/engines.py`) are estimates from the networks' shapes (nothing here ran on a card
yet), to be held against what a run measures (`card_peak_mb` in run.json, and bench/gpu prints both). GB are 1e9 bytes;
CUDA itself takes half a GB more.
"""

from __future__ import annotations

from gen3d.models.engines import Engine, preferred
from gen3d.settings import Settings

PLAYS_IN = {
    "depth": "depth", "segmenter": "layers", "captioner": "words", "background": "background", "outpainter": "expand",
}  # fmt: skip
"""Role -> the stage it plays in. Drawing a sentence takes no more than the expansion, whose networks do it."""
SHORT_SIDE = 0.75
"""Of the long one: most photos."""
GAUSSIAN_BYTES = 14 * 4 * 8
"""14 numbers; as parameter, activated, the gradients of both, Adam's two means, a bound and a spare."""
PAIR_BYTES, PAIRS = 96, 8
"""A Gaussian reaches so many tiles, each with a key, places before and after sorting, and ten gradients."""
VIEW_BYTES, LOOK_BYTES = 13, 400
"""Per pixel of a view that waits to be looked at, and of one that is looked at: pictures, SSIM's maps, gradients."""


def card_memory_gb(settings: Settings, offload: bool = False) -> dict[str, float]:
    """Stage -> the most of a card's memory that it takes, GB, with all networks of tier gpu at a photo of 4:3.

    offload: networks are on the card only while they are called.
    """
    playing = {stage: engine for role, stage in PLAYS_IN.items() if (engine := preferred(role, "gpu"))}
    together = _weights(*playing.values())
    taken = {stage: (_weights(engine) if offload else together) + _at_work(stage, engine, settings)
             for stage, engine in playing.items()}
    taken["optimize"] = (0.0 if offload else together) + _fit(settings)
    return {stage: round(most / 1e9, 2) for stage, most in taken.items()}


def _weights(*engines: Engine) -> float:
    """Bytes on a card; networks that several engines share count once."""
    networks = {network for engine in engines for network in engine.networks}
    return sum(1e6 * network.millions * network.parameter_bytes for network in networks)


def _at_work(stage: str, engine: Engine, settings: Settings) -> float:
    """Bytes beside the weights."""
    knob = engine.knob.unit_bytes * getattr(settings.engines, engine.knob.setting) if engine.knob else 0.0
    margin_px = 2 * settings.expand.margin_px if stage == "expand" else 0
    return engine.work_bytes + engine.pixel_bytes * _pixels(settings, margin_px) + knob


def _pixels(settings: Settings, margin_px: int = 0) -> float:
    """Of a picture with a margin."""
    return (settings.size_px + margin_px) * (SHORT_SIDE * settings.size_px + margin_px)


def _fit(settings: Settings) -> float:
    """Bytes."""
    fit, pixels = settings.fit, _pixels(settings)
    pictures = settings.expand.poses + 1 + fit.reprojections
    gaussians = fit.max_gaussians * (GAUSSIAN_BYTES + fit.views_a_step * PAIRS * PAIR_BYTES)
    return gaussians + pixels * (pictures * VIEW_BYTES + fit.views_a_step * LOOK_BYTES)
