"""The loss of the fit (paper 3.3, eq. 5): weighted L1 + SSIM where a view's mask is 1, nothing elsewhere."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float

from gen3d.splat.cpu import ssim as on_a_processor
from gen3d.splat.fit import ssim as on_a_card


class Target:
    """A picture to be matched, prepared once where it lies: `seen` is None where all of it counts.

    masked_ssim: False lets SSIM compare what is not `seen`, too (only to measure what masking brings). similarity: the
    module with `SsimTarget` and `ssim` that computes SSIM; None: the one for the picture's device.
    """

    def __init__(
        self,
        image: Float[torch.Tensor, "h w 3"],
        seen: Bool[torch.Tensor, "h w"] | None,
        masked_ssim: bool = True,
        similarity=None,
    ) -> None:
        self.image = image
        self.unseen = None if seen is None or bool(seen.all()) else ~seen[..., None]
        self._similarity = similarity or (on_a_processor if image.device.type == "cpu" else on_a_card)
        whole = self.unseen is None or not masked_ssim
        self._prepared = self._similarity.SsimTarget(image) if whole else None

    def loss(self, rendered: Float[torch.Tensor, "h w 3"], ssim_weight: float) -> Float[torch.Tensor, ""]:
        """(1 - w) L1 + w (1 - SSIM), the mean over all pixels.

        Where the mask is 0 the target is the detached rendering itself, for SSIM's windows too: so the borders of
        holes leak nothing into the scene.
        """
        image, prepared = self.image, self._prepared
        if self.unseen is not None:
            image = torch.where(self.unseen, rendered.detach(), image)
            prepared = prepared or self._similarity.SsimTarget(image)
        l1 = (rendered - image).abs().mean()
        return (1 - ssim_weight) * l1 + ssim_weight * (1 - self._similarity.ssim(rendered, prepared))
