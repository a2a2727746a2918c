"""Every kernel made ready ahead."""

import numpy as np
import pytest

from gen3d.geometry.clean import sharpen_edges
from gen3d.run import warm
from gen3d.run.steps import build


@pytest.mark.slow
def test_warming_up_goes_through_every_stage_of_a_photo_and_of_a_sentence(monkeypatch):
    stages = []

    def watched(*given):
        for event in build(*given):
            stages.append(getattr(event, "stage", None))
            yield event

    monkeypatch.setattr(warm, "build", watched)
    warm.warm_everything()
    assert {"depth", "layers", "background", "lift", "expand", "optimize", "flythrough"} <= set(stages)


def test_the_photo_that_is_built_has_an_edge_a_sky_and_unknown_depth(tmp_path):
    depth = np.load(warm._photo(tmp_path).depth)
    assert np.isinf(depth).any() and np.isnan(depth).any() and np.nanmin(depth) == 2


def test_the_photo_that_is_built_has_a_soft_edge_to_make_hard(tmp_path):
    depth = np.load(warm._photo(tmp_path).depth)
    depth = np.where(np.isfinite(depth), depth, np.float32(4.0))
    assert (sharpen_edges(depth, np.zeros((*depth.shape, 3), np.float32), 2) != depth)[38:78, 82:85].any()
