"""Networks opened once, however many roles they play: from the catalogue's key, through the cache, to an adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gen3d.errors import ModelUnavailable
from gen3d.models.base import Captioner, DepthEstimator, Segmenter, TextToImage
from gen3d.models.placement import Placement, holds
from gen3d.models.weights import hub
from gen3d.models.weights.catalog import CATALOG, Weights
from gen3d.models.weights.hub import Located

May = Callable[[], bool]
FLUX_BYTES = 24e9
"""A card that holds FLUX.2 klein (16 GB) beside everything else."""


class Networks:
    """Opens what is asked for, and remembers it; also what could not be had, so that nothing is tried twice.

    may_fetch: asked before anything that is not in the cache is fetched.
    Every method raises ModelUnavailable where its weights are not to be had, or not what they should be.
    """

    def __init__(self, placement: Placement, safety: bool, may_fetch: May) -> None:
        self.placement, self.safety, self.may_fetch = placement, safety, may_fetch
        self._opened: dict[str, Any] = {}

    def moge(self, key: str) -> DepthEstimator:
        """MoGe-2 of a size."""
        from gen3d.models.adapters.moge import load_moge

        return self._once(key, lambda: load_moge(self.located(key).path, self.placement, CATALOG[key].name))

    def sam(self, key: str) -> Segmenter:
        """SAM of a size."""
        from gen3d.models.adapters.sam import load_sam

        return self._once(key, lambda: load_sam(self.located(key).path, self.placement, CATALOG[key].name))

    def lama(self) -> Any:
        """LaMa, which also prefills for diffusion; from its second source where the first is not as expected."""
        return self._once("lama", self._open_lama)

    def diffusion(self) -> Any:
        """Stable Diffusion in its three roles: background, outpainter, artist."""
        return self._once("diffusion", self._open_diffusion)

    def flux(self) -> TextToImage:
        """FLUX.2 klein, on cards that do not hold it network by network."""
        from gen3d.models.adapters.draw import load_flux

        placement = replace(self.placement, offload=self.placement.device == "cuda" and not holds(FLUX_BYTES))
        return self._once("flux", lambda: load_flux(self.located("flux-2-klein").folder, placement))

    def captioner(self) -> Captioner:
        """BLIP and CLIP."""
        from gen3d.models.adapters.caption import load_captioner

        def load() -> Captioner:
            return load_captioner(self.located("blip").folder, self.located("clip").folder, self.placement)

        return self._once("captioner", load)

    def has(self, key: str) -> bool:
        """Whether the weights are here already."""
        return hub.cached(CATALOG[key]) is not None

    def located(self, key: str) -> Located:
        """Where the weights lie, fetched if need be."""
        return self._located(CATALOG[key])

    def _located(self, weights: Weights) -> Located:
        if found := hub.cached(weights):
            return found
        if not self.may_fetch():
            raise ModelUnavailable(
                f"The weights of {weights.name} are not here, and the model hub does not answer.",
                "Go online and run `gen3d download`.",
            )
        return hub.fetch(weights)

    def _open_lama(self) -> Any:
        from gen3d.models.adapters.lama import load_lama

        weights, faults = CATALOG["lama"], []
        for i, source in enumerate(weights.sources):
            try:
                found = self._located(weights if i == 0 else replace(weights, sources=(source,)))
                return load_lama(found.path, self.placement)
            except ModelUnavailable as fault:
                faults.append(fault)
        raise faults[0]

    def _open_diffusion(self) -> Any:
        from gen3d.models.adapters.diffusion import load_diffusion

        parts = [self.located(key) for key in ("sd15-inpainting", "controlnet-inpaint", "controlnet-depth", "lcm-lora")]
        base, inpaint, depth, lcm = parts
        return load_diffusion(
            base.folder, inpaint.folder, depth.folder, lcm.path, self.lama(), self.placement, self.safety
        )

    def _once(self, key: str, load: Callable[[], Any]) -> Any:
        if key not in self._opened:
            try:
                self._opened[key] = load()
            except ModelUnavailable as fault:
                self._opened[key] = fault
        if isinstance(found := self._opened[key], ModelUnavailable):
            raise found
        return found
