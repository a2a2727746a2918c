"""What a training is: how many pictures, how large, which steps. RECIPES names the ones in use."""

from __future__ import annotations

from dataclasses import dataclass, field

from gen3d.models.builtin.depthnet import DepthNetSize


@dataclass(frozen=True)
class Stage:
    """So many steps with one way of learning; the rate rises, then falls along a cosine to a tenth."""

    steps: int
    rate: float
    encoder: float = 0.0
    """The encoder's rate beside the decoder's; 0 leaves it as ImageNet made it."""
    repeats: int = 1
    """How often a pass goes over its batches; more than once only pays where the encoder's maps can be kept."""
    warm: int = 100


@dataclass(frozen=True)
class Recipe:
    """A training from nothing to weights."""

    sets: tuple[str, ...]
    """Folders of shards that are learnt from; what is added to them while it runs is taken up with the next pass."""
    stages: tuple[Stage, ...]
    seed: int = 1
    batch: int = 16
    shards_a_pass: int = 12
    average: float = 0.999
    """Decay of the average of the weights, which is what is judged and shipped."""
    decay: float = 1e-2
    clip: float = 1.0
    size: DepthNetSize = field(default_factory=DepthNetSize)
    shards: dict[str, int] = field(default_factory=dict)
    """Shards a set has when `everything` makes it."""

    @property
    def steps(self) -> int:
        """In all."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """The stage a step belongs to and its number within it."""
        for stage in self.stages:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        return self.stages[-1], self.stages[-1].steps


RECIPES = {
    "first": Recipe(
        sets=("g1", "g2"),
        stages=(
            Stage(2600, 1.5e-3, repeats=4),
            Stage(24000, 6e-4, encoder=0.25, warm=300),
        ),
        shards={"g1": 75, "g2": 1000},
    ),
    "trial": Recipe(
        sets=("trial",),
        stages=(Stage(40, 1e-3, repeats=2), Stage(20, 3e-4, encoder=0.25)),
        shards={"trial": 1},
        shards_a_pass=1,
        batch=8,
    ),
}
