"""The steps of a fit by kernels alone: draw a view, compare it with its picture, move what was drawn.

What torch's record of operations does for any loss and any rasterizer is written out here for the one loss of the fit
(`loss.py`) and this rasterizer: no gradient, no operation between kernels is kept in memory, and what memory they need
is kept from step to step, since fresh pages cost as much as what is done in them. The fit's results are those of torch
but for rounding (`tests/test_cpu_steps.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float

from gen3d.camera import Camera
from gen3d.geometry.together import shared
from gen3d.splat.cpu.adam import BETA2, Adam
from gen3d.splat.cpu.function import KernelCamera, Memory, Walk, complain, kernel_camera, walk
from gen3d.splat.cpu.kernels import GRADIENTS
from gen3d.splat.cpu.loss import loss_of, mean_loss
from gen3d.splat.cpu.move import CHUNK, MOVED, move
from gen3d.splat.cpu.raster_backward import rasterize_backward


class KernelSteps:
    """Moves parameters (`MOVED`, in place) towards pictures, view by view.

    rates: of each at the first step; they fall by the factor `fall` from step to step. beta1 and eps are Adam's. least:
    the last so many log_scales and logits never fall below these. cameras, pictures: the views, each picture with where
    it was seen.
    """

    def __init__(
        self,
        parameters: Mapping[str, torch.Tensor],
        least: Mapping[str, torch.Tensor],
        rates: Mapping[str, float],
        fall: float,
        beta1: float,
        eps: float,
        cameras: Sequence[Camera],
        pictures: Sequence[tuple[np.ndarray, np.ndarray]],
        ssim_weight: float,
        masked_ssim: bool,
    ) -> None:
        self._tensors = {name: parameters[name].detach() for name in MOVED}
        self._rates, self._fall, self._done = np.array([rates[n] for n in MOVED]), fall, 0
        self._beta1, self._eps = beta1, eps
        flat = [len(t) and t.numel() // len(t) for t in self._tensors.values()]
        self._first, self._second = (
            tuple(np.zeros((len(t), k), np.float32) for t, k in zip(self._tensors.values(), flat, strict=True))
            for _ in range(2)
        )
        self._least = least["log_scales"].numpy(), least["logits"].numpy().reshape(-1, 1)
        self._cameras, self._pictures = cameras, pictures
        self._weight, self._masked = ssim_weight, masked_ssim
        self._memory, self._scales = Memory(), torch.empty_like(self._tensors["log_scales"])
        self._opacities = torch.empty_like(self._tensors["logits"])
        self._seen: tuple[KernelCamera, Walk, np.ndarray, np.ndarray] | None = None

    def look(self, view: int, backdrop: Float[torch.Tensor, "3"]) -> tuple[Float[torch.Tensor, "h w 3"], float]:
        """The view as it is drawn now, on black, and the loss over that backdrop; `move` moves down its gradient.

        ValueError for parameters that cannot be drawn.
        """
        t, backdrop = self._tensors, backdrop.numpy()
        torch.exp(t["log_scales"], out=self._scales)
        torch.sigmoid(t["logits"], out=self._opacities)
        drawn = {"means": t["means"], "quats": t["quats"], "scales": self._scales, "opacities": self._opacities,
                 "sh": t["sh"]}  # fmt: skip
        camera = kernel_camera(t["means"], self._cameras[view])
        image, seen = self._pictures[view]
        h, w = seen.shape
        walked = walk([part.numpy() for part in drawn.values()], camera, self._memory)
        d_rgb, d_alpha = self._memory("d_rgb", (h, 3 * w)), self._memory("d_alpha", (h, w))
        sums = np.empty((h, 2))
        shared(
            loss_of, walked.rgb.reshape(h, -1), walked.transmittance, backdrop, image.reshape(h, -1), seen,
            self._masked, np.float32(self._weight), sums, d_rgb, d_alpha,
        )  # fmt: skip
        if walked.unsound:
            complain(drawn)
        self._seen = camera, walked, d_rgb, d_alpha
        return torch.from_numpy(walked.rgb), mean_loss(sums, image.size, self._weight)

    def move(self) -> list[str]:
        """One step; the names of parameters whose gradient holds what is no finite number: they are lost."""
        camera, walked, d_rgb, d_alpha = self._seen
        lists = walked.lists
        h, w = d_alpha.shape
        slopes = self._memory("pair_gradients", (len(lists.ids), GRADIENTS))
        no_depth = self._memory("d_depth", (h, w))
        no_depth[:] = 0
        self._done += 1
        adam = Adam(*(np.float32(x) for x in (
            self._beta1, BETA2, 1 / math.sqrt(1 - BETA2**self._done), self._eps,
        )))  # fmt: skip
        rates = (self._rates / (1 - self._beta1**self._done)).astype(np.float32)
        t = self._tensors
        n = len(t["means"])
        lost = np.zeros((-(-n // CHUNK), len(MOVED)), np.bool_)
        shared(
            rasterize_backward, walked.rows, lists.ids, lists.pairs, lists.tile_starts, lists.tiles_across, walked.rgb,
            walked.depth, walked.transmittance, d_rgb.reshape(h, w, 3), no_depth, d_alpha, slopes,
        )  # fmt: skip
        shared(
            move, t["means"].numpy(), t["quats"].numpy(), t["log_scales"].numpy(), t["logits"].view(-1, 1).numpy(),
            t["sh"].numpy(), self._scales.numpy(), self._opacities.numpy(), camera.w2c, camera.center, camera.lens,
            walked.rows, lists.starts, slopes, self._first, self._second, rates, adam, *self._least, lost,
        )  # fmt: skip
        self._rates *= self._fall
        return [name for name, bad in zip(MOVED, lost.any(axis=0), strict=True) if bad]
