"""What a run takes of a card's memory, reckoned from parameters and sizes before anything is loaded.

Weights are counted: parameters times bytes. What is at work beside them follows from sizes by a rule for each stage;
the factors are estimates from the networks' shapes (nothing here ran on a card yet), to be held against what a run
measures (`card_peak_mb` in run.json, and bench/gpu prints both). GB are 1e9 bytes; CUDA itself takes half a GB more.
"""

from __future__ import annotations

from gen3d.settings import FitSettings, Settings

HALF, SINGLE = 2, 4
MILLIONS: dict[str, dict[str, tuple[float, int]]] = {
    "depth": {"MoGe-2 vitl": (330.9, HALF)},
    "layers": {"SAM vit_h": (641.1, SINGLE)},
    "words": {"BLIP": (224.0, HALF), "CLIP": (149.6, HALF)},
    "background": {"ControlNets": (2 * 361.3, HALF)},
    "expand": {"UNet": (859.5, HALF), "LCM": (67.0, HALF), "VAE": (83.7, HALF), "text": (123.1, HALF)},
}
"""Stage -> its networks of tier gpu: millions of parameters, bytes of each. The background is painted with those of the
expansion, too. LaMa stays on the processor."""
SHORT_SIDE = 0.75
"""Of the long one: most photos."""
DECODER_BYTES, DENOISER_BYTES = 3200.0, 300e6
"""Per pixel of a picture that is painted: six maps of 256 channels in the decoder; and what the UNet holds besides."""
TOKEN_BYTES = 2e5
"""Per token of MoGe-2: twelve maps of 32 channels, at 16 x 16 places each, in its finest heads."""
SAM_BYTES, MASK_BYTES = 3.2e9, 64 * 3 * 3 * 4
"""SAM's global attention over 4096 places by 16 heads, some of it in single precision; and, per pixel, three copies of
the masks of 64 points."""
CAPTION_BYTES = 3e8
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
    all_networks = sum(_weights(stage) for stage in MILLIONS)
    own = {stage: _weights(stage) for stage in MILLIONS} | {"optimize": 0.0}
    own["background"] += own["expand"]
    resting = own if offload else dict.fromkeys(own, all_networks)
    return {stage: round((resting[stage] + at_work) / 1e9, 2) for stage, at_work in _at_work(settings).items()}


def _weights(stage: str) -> float:
    """Bytes."""
    return sum(1e6 * millions * size for millions, size in MILLIONS[stage].values())


def _at_work(settings: Settings) -> dict[str, float]:
    """Stage -> bytes beside the weights."""
    pixels = SHORT_SIDE * settings.size_px**2
    margin = 2 * settings.expand.margin_px
    wide = (settings.size_px + margin) * (SHORT_SIDE * settings.size_px + margin)
    return {
        "depth": TOKEN_BYTES * settings.engines.depth_tokens,
        "layers": SAM_BYTES + MASK_BYTES * pixels,
        "words": CAPTION_BYTES,
        "background": DENOISER_BYTES + DECODER_BYTES * pixels,
        "expand": DENOISER_BYTES + DECODER_BYTES * wide,
        "optimize": _fit(settings.fit, settings.expand.poses + 1, pixels),
    }


def _fit(fit: FitSettings, pictures: int, pixels: float) -> float:
    gaussians = fit.max_gaussians * (GAUSSIAN_BYTES + fit.views_a_step * PAIRS * PAIR_BYTES)
    return gaussians + pixels * ((pictures + fit.reprojections) * VIEW_BYTES + fit.views_a_step * LOOK_BYTES)
