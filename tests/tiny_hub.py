"""A cache as the model hub's library keeps it, with tiny random networks under the names of the real ones.

    home = fill_cache(tmp_path)            # everything of tier gpu: about a hundred kilobytes a network, MoGe-2 more
    with at_home(home): load_models("hub", tier="gpu")

Everything is loaded by the code that loads the real weights; only the numbers in the files are other ones.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from huggingface_hub import constants

from gen3d.models.weights.catalog import catalog, tier_weights
from tests.tiny_caption import write_blip, write_clip
from tests.tiny_diffusion import write_controlnet, write_flux, write_lcm_lora, write_stable_diffusion
from tests.tiny_lama import save_tiny_lama
from tests.tiny_moge import write_tiny_moge
from tests.tiny_sam import save_tiny_sam
from tests.tiny_shap_e import write_shap_e, write_shap_e_picture

COMMIT = "0" * 40
GPU, CPU = (tuple(weights.key for weights in tier_weights(tier)) for tier in ("gpu", "cpu"))


def _file(write: Callable[[Path], object]) -> Callable[[Path, str], None]:
    return lambda folder, name: (folder / name).parent.mkdir(parents=True, exist_ok=True) or write(folder / name)


def _folder(write: Callable[[Path], object]) -> Callable[[Path, str], None]:
    return lambda folder, name: write(folder)


WRITERS: dict[str, Callable[[Path, str], object]] = {
    "moge": _file(write_tiny_moge),
    "sam": _file(save_tiny_sam),
    "lama": _file(save_tiny_lama),
    "sd15": _folder(lambda folder: write_stable_diffusion(folder, checker=True)),
    "lcm": _folder(write_lcm_lora),
    "controlnet": _folder(write_controlnet),
    "flux": _folder(write_flux),
    "blip": _folder(write_blip),
    "clip": _folder(write_clip),
    "shap": _folder(lambda folder: (write_shap_e_picture if "img2img" in str(folder) else write_shap_e)(folder)),
}


def fill_cache(home: Path, keys: tuple[str, ...] = GPU) -> Path:
    """Writes the networks of these keys below `home`, an HF_HOME, and returns it."""
    for key in keys:
        source = catalog()[key].sources[0]
        folder = snapshot(home, key)
        folder.mkdir(parents=True, exist_ok=True)
        WRITERS[key.partition("-")[0]](folder, source.files[0][0])
        refs = folder.parents[1] / "refs"
        refs.mkdir(exist_ok=True)
        (refs / "main").write_text(COMMIT)
        missing = [names for names in source.files if not any((folder / name).is_file() for name in names)]
        assert not missing, f"the tiny {key} lacks {missing}"
    return home


def snapshot(home: Path, key: str) -> Path:
    """Where the files of a key lie."""
    repo = catalog()[key].sources[0].repo
    return home / "hub" / f"models--{repo.replace('/', '--')}" / "snapshots" / COMMIT


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """The library looks for its cache below `home`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
        patch.setenv("HF_HOME", str(home))
        yield


def without(home: Path, key: str, into: Path) -> Path:
    """A copy of a cache that lacks a network (and whatever else is in its repository)."""
    shutil.rmtree(snapshot(copied(home, into), key).parents[1])
    return into


def copied(home: Path, into: Path) -> Path:
    """A copy of a cache whose files are links: replace them, do not write into them."""
    shutil.copytree(home, into, copy_function=os.link)
    return into


def replaced(file: Path, content: bytes) -> Path:
    """The file with other content, its links left as they are."""
    file.unlink()
    file.write_bytes(content)
    return file
