"""The fly-through as .mp4: H.264, yuv420p, BT.709, the index in front, so that it plays in every browser at once.

Colours are converted to BT.709 and the file says so; untagged, browsers guess and shift them visibly.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from jaxtyping import UInt8

from gen3d.formats.whole import write_whole

_X264 = {"crf": "18", "preset": "veryfast", "x264-params": "mbtree=0"}
"""Without macroblock trees: in these presets they read memory that nobody wrote, and the bytes vary from run to run."""
_THREADS = 4
"""Fixed, since the number of threads changes the bytes."""
_BT709 = 1
"""Its number for matrix, primaries and transfer alike (ITU-T H.273)."""


class VideoWriter:
    """Takes frames one by one inside a `with` block; the file appears when the block ends well, else nothing is left.

    Odd sizes are made even by repeating the last column or row, which 4:2:0 colour needs. Raises InputError where the
    file cannot be written, ValueError for a frame of another size and for a video without frames.
    """

    def __init__(self, path: Path, width: int, height: int, fps: int) -> None:
        self._path, self._size, self._fps = path, (height, width), fps
        self._frames = 0
        self._cleanup = ExitStack()

    def __enter__(self) -> VideoWriter:
        height, width = self._size
        with ExitStack() as stack:
            temporary = stack.enter_context(write_whole(self._path))
            self._also(stack, temporary)
            options = {"movflags": "+faststart", "fflags": "+bitexact"}
            self._container = stack.enter_context(av.open(str(temporary), "w", format="mp4", options=options))
            self._stream = self._container.add_stream("libx264", rate=self._fps, options=_X264)
            self._stream.width, self._stream.height = width + width % 2, height + height % 2
            self._stream.pix_fmt = "yuv420p"
            codec = self._stream.codec_context
            codec.thread_count = _THREADS
            codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
            codec.color_range = av.video.reformatter.ColorRange.MPEG
            self._cleanup = stack.pop_all()
        return self

    def _also(self, stack: ExitStack, temporary: Path) -> None:
        """What is to be done to the file when it is written and has not got its name yet."""

    def add(self, frame: UInt8[np.ndarray, "h w 3"]) -> None:
        """Appends a frame of sRGB bytes."""
        if frame.shape[:2] != self._size:
            raise ValueError(f"the frame is {frame.shape[:2]}, the video {self._size}")
        height, width = self._size
        even = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
        into = av.video.reformatter
        picture = picture.reformat(
            format="yuv420p", dst_colorspace=into.Colorspace.ITU709, dst_color_range=into.ColorRange.MPEG
        )
        self._container.mux(self._stream.encode(picture))
        self._frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._cleanup.__exit__(kind, error, traceback)
            return
        with self._cleanup:
            if self._frames == 0:
                raise ValueError("a video needs at least one frame")
            self._container.mux(self._stream.encode(None))
