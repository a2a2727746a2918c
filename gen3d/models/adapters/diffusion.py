"""Opens the diffusion networks from local folders in diffusers' format; nothing here touches the network.

One UNet, VAE and text encoder serve the background, the expansion and text to image.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gen3d.errors import ModelUnavailable
from gen3d.models.adapters.draw import Artist
from gen3d.models.adapters.lama_controlnet import LamaControlNet, Prefiller
from gen3d.models.adapters.outpaint import Outpainter
from gen3d.models.engines import Engine, engine_of
from gen3d.models.networks.depth_attention import attend_by_depth
from gen3d.models.networks.diffusers_folder import check_tensors, read_diffusers
from gen3d.models.networks.stable_diffusion import LCM, StableDiffusion, networks
from gen3d.models.placement import Placement
from gen3d.models.weights.files import opening
from gen3d.settings import EngineSettings

if TYPE_CHECKING:
    from gen3d.models.opened import Opened

NETWORKS = ("text_encoder", "unet", "vae")
LCM_FILE = "pytorch_lora_weights.safetensors"


def open_stable_diffusion(engine: Engine, opened: Opened) -> dict[str, Any]:
    """Who plays outpainter and text_to_image, at the default number of steps. Raises ModelUnavailable."""
    base, lcm = (opened.located(weights) for weights in engine.weights)
    diffusion = load_stable_diffusion(base.folder, lcm.path, opened.placement, opened.safety)
    sampling = diffusion.sampling(EngineSettings().diffusion_steps)
    return {"outpainter": Outpainter(diffusion, sampling), "text_to_image": Artist(diffusion, sampling)}


def open_lama_controlnet(engine: Engine, opened: Opened) -> dict[str, LamaControlNet]:
    """Who plays background, over the networks of the other two. Raises ModelUnavailable."""
    inpaint, depth = (opened.located(weights).folder for weights in engine.weights[-2:])
    prefiller = opened.player(engine_of("background", "lama"), "background")
    outpainter = opened.player(engine_of("outpainter", "stable-diffusion"), "outpainter")
    return {"background": load_lama_controlnet(outpainter.diffusion, inpaint, depth, prefiller)}


def load_lama_controlnet(
    diffusion: StableDiffusion, inpaint_controlnet: Path, depth_controlnet: Path, prefiller: Prefiller
) -> LamaControlNet:
    """The engine over networks that are open, with the ControlNets of two folders, at the default number of steps.

    Raises ModelUnavailable naming the file that is missing or damaged.
    """
    pipeline = _controlled(diffusion, inpaint_controlnet, depth_controlnet)
    return LamaControlNet(diffusion, pipeline, prefiller, diffusion.sampling(EngineSettings().diffusion_steps))


def load_stable_diffusion(
    folder: Path, lcm: Path | None, placement: Placement, safety: bool = False
) -> StableDiffusion:
    """The networks for `Outpainter` and `Artist`, without ControlNets.

    Raises ModelUnavailable.
    """
    if safety and not (folder / "safety_checker").is_dir():
        raise ModelUnavailable(
            f"The safety checker was asked for, but Stable Diffusion at {folder} came without it.",
            "Run `gen3d download` to fetch it, or switch the safety checker off.",
        )
    checked = (*NETWORKS, "safety_checker") if safety else NETWORKS
    without = {} if safety else {"safety_checker": None, "feature_extractor": None}
    pipeline = read_diffusers(
        "StableDiffusionInpaintPipeline", folder, "Stable Diffusion", checked, placement.dtype,
        requires_safety_checker=safety, **without,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    if lcm is not None:
        _add_lcm(pipeline, lcm / LCM_FILE if lcm.is_dir() else lcm)
    attend_by_depth(pipeline.unet)
    for network in networks(pipeline):
        placement.settle(network)
    return StableDiffusion(pipeline, dict(pipeline.scheduler.config), placement, lcm is not None)


def _controlled(diffusion: StableDiffusion, inpaint: Path, depth: Path) -> Any:
    """The pipeline with ControlNets over the networks that are there."""
    from diffusers import MultiControlNetModel, StableDiffusionControlNetInpaintPipeline

    placement = diffusion.placement
    nets = [
        read_diffusers("ControlNetModel", folder, f"ControlNet ({what})", ("",), placement.dtype)
        for folder, what in ((inpaint, "inpaint"), (depth, "depth"))
    ]
    shared = diffusion.pipeline.components
    pipeline = StableDiffusionControlNetInpaintPipeline(
        **shared, controlnet=placement.settle(MultiControlNetModel(nets)),
        requires_safety_checker=shared["safety_checker"] is not None,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _add_lcm(pipeline: Any, file: Path) -> None:
    """Puts the low-rank weights beside the UNet's own, from where they can be switched on."""
    from safetensors.torch import load_file

    check_tensors(file, "LCM")
    with opening(file, "LCM"):
        tensors, alphas = pipeline.lora_state_dict(load_file(file))
        pipeline.load_lora_into_unet(tensors, alphas, pipeline.unet, adapter_name=LCM)
        if LCM not in getattr(pipeline.unet, "peft_config", {}):
            raise ValueError("it holds nothing for this UNet")
