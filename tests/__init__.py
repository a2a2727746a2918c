"""Tests. None may reach the model hub or find somebody's weights: settled here, before anything else is imported."""

import os
import tempfile
from pathlib import Path

import pytest

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(Path(tempfile.gettempdir()) / "gen3d-tests-without-weights")}
for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_ENDPOINT", "SPACE_ID", "GEN3D_ENGINE", "GEN3D_TIER"):
    os.environ.pop(name, None)

pytest.register_assert_rewrite("tests.page", "tests.play", "tests.window")
