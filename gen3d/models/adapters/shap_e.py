"""Things by Shap-E (Jun and Nichol, 2023) through diffusers: of words, or after a picture, as a mesh with colours.

What is sampled are the weights of a field; its signed distance is meshed by marching cubes and coloured at the corners.
Shap-E's own axes are z up, and what it makes looks along -y; it has no idea of metres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image

from gen3d.errors import InputError
from gen3d.models.base import Made
from gen3d.models.engines import Engine
from gen3d.models.networks.diffusers_folder import read_diffusers
from gen3d.models.placement import Placement
from gen3d.models.weights.files import opening
from gen3d.srgb import from_light
from gen3d.values import Surface

if TYPE_CHECKING:
    from gen3d.models.opened import Opened

Of = Literal["words", "picture"]
STEPS = 64
"""As in the examples of its authors, and so are the guidances."""
GUIDANCE: dict[Of, float] = {"words": 15.0, "picture": 3.0}
KINDS: dict[Of, tuple[str, tuple[str, ...]]] = {
    "words": ("ShapEPipeline", ("text_encoder", "prior")),
    "picture": ("ShapEImg2ImgPipeline", ("image_encoder", "prior")),
}
RENDERER = "shap_e_renderer"
OUR_AXES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""z up to y down, and what it looks along, -y, to -z."""


@dataclass(frozen=True, eq=False)
class ShapE:
    """Plays `ObjectMaker` for one of the two."""

    pipeline: Any
    """diffusers' ShapEPipeline or ShapEImg2ImgPipeline."""
    of: Of
    placement: Placement
    steps: int = STEPS
    grid: int = 128
    """Cells along each side in which the surface is found."""

    @property
    def name(self) -> str:
        """What a person reads."""
        return f"Shap-E of {self.of}, {self.steps} steps"

    def in_turns(self) -> ShapE:
        """The same engine, its networks on the card for a call only."""
        if self.placement.device == "cuda" and not self.placement.offload:
            self.pipeline.to("cpu")
        return replace(self, placement=self.placement.in_turns())

    def make(
        self, words: str | None = None, picture: Float[np.ndarray, "h w 3"] | None = None, seed: int = 0
    ) -> Made:
        """The thing."""
        given = words if self.of == "words" else picture
        if given is None:
            raise InputError(f"{self.name}, makes things of {self.of} alone.", f"Give {self.of}, or another engine.")
        asked = given if isinstance(given, str) else Image.fromarray(np.rint(255 * given).astype(np.uint8))
        device = self.placement.device
        self.pipeline.to(device)
        try:
            with torch.inference_mode():
                latent = self.pipeline(
                    asked, guidance_scale=GUIDANCE[self.of], num_inference_steps=self.steps, output_type="latent",
                    generator=torch.Generator("cpu").manual_seed(seed % 2**63),
                ).images[0]  # fmt: skip
            mesh = self.pipeline.shap_e_renderer.decode_to_mesh(latent[None].clone(), device, grid_size=self.grid)
        finally:
            if self.placement.offload:
                self.pipeline.to("cpu")
        return Made((_surface(mesh),))


def _surface(mesh: Any) -> Surface:
    """Colours are told in linear light; corners that came out at no place take their triangles along."""
    xyz = mesh.verts.float().cpu().numpy().astype(np.float64) @ OUR_AXES.T
    light = torch.stack([mesh.vertex_channels[channel] for channel in "RGB"], dim=1).float().cpu().numpy()
    triangles = mesh.faces.cpu().numpy()
    good = np.isfinite(xyz).all(axis=1)
    rgb = from_light(np.clip(np.nan_to_num(light), 0, 1).astype(np.float64))
    return Surface(np.where(good[:, None], xyz, 0), triangles[good[triangles].all(axis=1)], rgb)


def open_shap_e(engine: Engine, opened: Opened) -> dict[str, ShapE]:
    """Who makes things of words. Raises ModelUnavailable."""
    return {"object_maker": load_shap_e(opened.located(engine.weights[0]).folder, "words", opened.placement)}


def open_shap_e_img2img(engine: Engine, opened: Opened) -> dict[str, ShapE]:
    """Who makes things after a picture. Raises ModelUnavailable."""
    return {"object_maker": load_shap_e(opened.located(engine.weights[0]).folder, "picture", opened.placement)}


def load_shap_e(folder: Path, of: Of, placement: Placement) -> ShapE:
    """Shap-E from its folder, in float32. Raises ModelUnavailable naming the file that is missing or damaged."""
    kind, networks = KINDS[of]
    renderer = _renderer(folder / RENDERER)
    pipeline = read_diffusers(kind, folder, "Shap-E", networks, torch.float32, **{RENDERER: renderer})
    pipeline.set_progress_bar_config(disable=True)
    return ShapE(pipeline, of, placement)


def _renderer(folder: Path) -> Any:
    from diffusers.pipelines.shap_e import ShapERenderer

    with opening(folder, "Shap-E"):
        return ShapERenderer.from_pretrained(folder, use_safetensors=False, local_files_only=True)
