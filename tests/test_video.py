import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from gen3d.errors import InputError
from gen3d.formats.video import VideoWriter
from tests.patience import PATIENCE_S


def colours(width: int, height: int) -> np.ndarray:
    """Flat areas of strong colours, where a wrong matrix or range shows most."""
    frame = np.zeros((height, width, 3), np.uint8)
    frame[: height // 2, : width // 2] = (200, 50, 30)
    frame[: height // 2, width // 2 :] = (40, 190, 60)
    frame[height // 2 :, : width // 2] = (30, 60, 210)
    frame[height // 2 :, width // 2 :] = (240, 240, 235)
    return frame


def write(path, frames, fps=24) -> None:
    height, width, _ = frames[0].shape
    with VideoWriter(path, width, height, fps) as video:
        for frame in frames:
            video.add(frame)


def test_frames_come_back_in_their_colours(tmp_path):
    frame = colours(96, 64)
    write(tmp_path / "a.mp4", [frame] * 10)
    with av.open(str(tmp_path / "a.mp4")) as container:
        decoded = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    assert len(decoded) == 10
    for y, x in ((10, 10), (10, 80), (50, 10), (50, 80)):
        assert np.abs(decoded[5][y, x].astype(int) - frame[y, x]).max() <= 4


def test_the_file_is_tagged_bt709_and_starts_at_once(tmp_path):
    write(tmp_path / "a.mp4", [colours(96, 64)] * 3, fps=30)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context
        assert (codec.colorspace, codec.color_primaries, codec.color_trc) == (1, 1, 1)
        assert codec.color_range == 1  # limited
        assert (codec.name, codec.pix_fmt, stream.average_rate, stream.frames) == ("h264", "yuv420p", 30, 3)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.find(b"moov") < content.find(b"mdat")


def test_frames_keep_their_order(tmp_path):
    frames = [np.full((48, 64, 3), 20 * i, np.uint8) for i in range(12)]
    write(tmp_path / "a.mp4", frames)
    with av.open(str(tmp_path / "a.mp4")) as container:
        levels = [f.to_ndarray(format="rgb24").mean() for f in container.decode(video=0)]
    np.testing.assert_allclose(levels, [20 * i for i in range(12)], atol=3)


def test_odd_sizes_are_made_even_by_repeating_the_edge(tmp_path):
    frame = colours(81, 61)
    write(tmp_path / "a.mp4", [frame] * 2)
    with av.open(str(tmp_path / "a.mp4")) as container:
        decoded = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert decoded.shape == (62, 82, 3)
    assert np.abs(decoded[-1, -1].astype(int) - frame[-1, -1]).max() <= 4


def test_the_same_frames_give_the_same_bytes(tmp_path):
    frames = list(np.random.default_rng(0).integers(0, 255, (8, 48, 64, 3), dtype=np.uint8))
    write(tmp_path / "a.mp4", frames)
    write(tmp_path / "b.mp4", frames)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


BLOCKS = """
import hashlib, sys
from pathlib import Path
import numpy as np
from gen3d.formats.video import VideoWriter

for seed in (1, 3, 5):
    blocks = np.kron(np.random.default_rng(seed).random((12, 14, 3)), np.full((12, 12, 1), 200))
    with VideoWriter(Path(sys.argv[1]), 96, 72, 6) as video:
        for s in (0, 1, 2, 2, 1, 0):
            video.add(blocks[s : s + 72, 2 * s : 2 * s + 96].astype(np.uint8))
    print(hashlib.sha256(Path(sys.argv[1]).read_bytes()).hexdigest())
"""


def test_the_bytes_do_not_depend_on_what_was_in_memory_before(tmp_path):
    """glibc fills fresh memory with this byte; elsewhere the variable does nothing."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", BLOCKS, str(tmp_path / "video.mp4")],
            env=os.environ | {"MALLOC_PERTURB_": byte}, cwd=Path(__file__).parents[1],
            check=True, capture_output=True, timeout=PATIENCE_S,
        ).stdout
        for byte in ("17", "170")
    ]  # fmt: skip
    assert runs[0] == runs[1] != b""


def test_nothing_is_left_when_the_block_fails_or_is_closed(tmp_path):
    frame = colours(64, 48)

    def endless():
        with VideoWriter(tmp_path / "a.mp4", 64, 48, 24) as video:
            while True:
                video.add(frame)
                yield

    running = endless()
    next(running)
    next(running)
    assert len(list(tmp_path.iterdir())) <= 1
    running.close()
    with pytest.raises(ZeroDivisionError), VideoWriter(tmp_path / "a.mp4", 64, 48, 24):
        1 / 0  # noqa: B018
    with pytest.raises(ValueError, match="at least one frame"), VideoWriter(tmp_path / "a.mp4", 64, 48, 24):
        pass
    with pytest.raises(ValueError, match=r"\(48, 64\)"), VideoWriter(tmp_path / "a.mp4", 64, 48, 24) as video:
        video.add(colours(32, 32))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="could not be written"):
        write(tmp_path / "no" / "a.mp4", [colours(64, 48)])
