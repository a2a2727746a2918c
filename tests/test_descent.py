"""Adam by our own kernel goes the way of torch's."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gen3d.splat.fit.descent import OnCard, OnProcessor, descent

RATES = {"means": 1e-2, "sh": 3e-1, "unused": 1.0}
FALL = 0.95


def leaves() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    shapes = {"means": (5000, 3), "sh": (37, 4, 3), "unused": (2,)}
    return {name: torch.randn(shape).requires_grad_() for name, shape in shapes.items()}


def go(way: type, steps: int) -> dict[str, torch.Tensor]:
    """So many steps down a valley that is steep one way and flat the other, with noise."""
    parameters = leaves()
    down = way(parameters, RATES, FALL)
    noise = torch.Generator().manual_seed(1)
    for _ in range(steps):
        down.forget()
        loss = sum(
            ((p - 1).square() * torch.rand(p.shape, generator=noise)).sum() * 10**-k
            for k, p in enumerate((parameters["means"], parameters["sh"].transpose(0, 1)))
        )
        loss.backward()
        down.step()
    return parameters


@pytest.mark.parametrize("steps", [1, 2, 40])
def test_the_kernel_steps_where_torchs_own_adam_steps(steps):
    ours, theirs = go(OnProcessor, steps), go(OnCard, steps)
    for name in RATES:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-5)
    assert not torch.equal(ours["means"], leaves()["means"])
    assert torch.equal(ours["unused"], leaves()["unused"]), "what has no gradient stays"


def test_gradients_far_below_adams_own_epsilon_still_move_by_the_rate():
    x = {"x": torch.zeros(3, requires_grad=True)}
    down = descent(x, {"x": 0.1}, 1.0, "cpu")
    (x["x"] * 1e-10).sum().backward()
    down.step()
    torch.testing.assert_close(x["x"].detach(), torch.full((3,), -0.1), rtol=1e-3, atol=0.0)


def test_a_fit_on_a_processor_never_loads_torchs_compiler():
    script = """
import sys, torch
from gen3d.splat.fit.descent import descent
x = torch.zeros(3, requires_grad=True)
down = descent({"x": x}, {"x": 0.1}, 1.0, "cpu")
x.sum().backward()
down.step()
import gen3d.run.steps, gen3d.stages.optimize
assert "torch._dynamo" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
