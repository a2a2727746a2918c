import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gen3d.models import torchvision_repair
from gen3d.models.torchvision_repair import repair_torchvision

BROKEN = """
import importlib.util, sys, torch
load = torch.ops.load_library
def without_cuda(path):
    if "torchvision" in str(path):
        raise OSError("libcudart.so: cannot open shared object file")
    return load(path)
torch.ops.load_library = without_cuda  # the dynamic linker's answer where CUDA's libraries are missing
"""
STORY = """
try:
    import torchvision
except RuntimeError as error:
    assert str(error) == "operator torchvision::nms does not exist"
else:
    raise AssertionError("torchvision imports without its extension: the repair has become needless")

from gen3d.models.torchvision_repair import repair_torchvision
repair_torchvision()
import torchvision, torchvision.ops.boxes
before = torchvision, torchvision.ops.boxes, torchvision.ops.boxes._assert_has_ops
repair_torchvision()
after = sys.modules["torchvision"], sys.modules["torchvision.ops.boxes"], torchvision.ops.boxes._assert_has_ops
assert all(a is b for a, b in zip(before, after, strict=True)), "the second call did something"

boxes, scores = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 8], [20, 0, 29, 9]]), torch.tensor([1.0, 3, 2])
assert torchvision.ops.nms(boxes, scores, 0.5).tolist() == [1, 2]
assert torchvision.ops.nms(boxes, scores, 0.95).tolist() == [1, 2, 0]
assert torchvision.ops.batched_nms(boxes, scores, torch.tensor([0, 1, 0]), 0.5).tolist() == [1, 2, 0]
assert torchvision.ops.nms(boxes[:0], scores[:0], 0.5).tolist() == []
try:
    torchvision.ops.roi_pool(torch.zeros(1, 1, 4, 4), torch.zeros(1, 5), 2)
except RuntimeError as error:
    assert "custom C++ ops" in str(error)
else:
    raise AssertionError("an operator that is not there was called")

if importlib.util.find_spec("transformers"):
    from transformers import BlipProcessor, CLIPModel
if importlib.util.find_spec("diffusers"):
    from diffusers import StableDiffusionControlNetInpaintPipeline
if importlib.util.find_spec("segment_anything"):
    from segment_anything import SamAutomaticMaskGenerator
print("all told")
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="no torchvision here")
def test_torchvision_without_its_extension_imports_after_the_repair_and_so_does_what_needs_it():
    """In a process of its own: what is imported first is the whole point, and cannot be taken back."""
    done = subprocess.run(
        [sys.executable, "-c", BROKEN + STORY],
        capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "all told"


def suppressed_by_the_book(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    def iou(a: np.ndarray, b: np.ndarray) -> float:
        shared = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
        return shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared)

    left, kept = list(np.argsort(-scores)), []
    while left:
        best = left.pop(0)
        kept.append(int(best))
        left = [i for i in left if iou(boxes[best], boxes[i]) <= threshold]
    return kept


@pytest.mark.parametrize(("n", "threshold"), [(0, 0.5), (1, 0.5), (60, 0.1), (60, 0.3), (150, 0.7)])
def test_boxes_are_suppressed_as_by_the_book(n, threshold):
    rng = np.random.default_rng(n)
    corner = rng.uniform(0, 30, (n, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 30, (n, 2))], axis=1).astype(np.float32)
    scores = rng.permutation(n).astype(np.float32)
    kept = torchvision_repair._suppress(torch.from_numpy(boxes), torch.from_numpy(scores), threshold).tolist()
    assert kept == suppressed_by_the_book(boxes, scores, threshold)
    assert n < 60 or 0 < len(kept) < n


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Puts a package `torchvision` of a few lines in the place of the real one; operators may not be touched."""
    for name in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(torchvision_repair, "_define_operators", lambda: pytest.fail("operators were defined"))
    monkeypatch.syspath_prepend(tmp_path)

    def install(code: str) -> None:
        (tmp_path / "torchvision.py").write_text(code)
        importlib.invalidate_caches()

    yield install
    sys.modules.pop("torchvision", None)


def test_a_torchvision_that_works_is_left_alone(stand_in):
    stand_in("_assert_has_ops = 'as it was'")
    repair_torchvision()
    found = sys.modules["torchvision"]
    repair_torchvision()
    assert sys.modules["torchvision"] is found and found._assert_has_ops == "as it was"


@pytest.mark.parametrize("fault", ["raise RuntimeError('another CUDA version')", "import no_such_module"])
def test_other_faults_of_torchvision_are_not_hidden(stand_in, fault):
    stand_in(fault)
    with pytest.raises((RuntimeError, ModuleNotFoundError), match=r"another CUDA version|no_such_module"):
        repair_torchvision()


def test_without_torchvision_nothing_is_done(stand_in, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    repair_torchvision()
    assert sys.modules["torchvision"] is None
