"""Other shapes of a view: cut out of its middle, so that nothing comes into it that was not in the frame before."""

from __future__ import annotations

from gen3d.camera import Camera


def framed(camera: Camera, shape: tuple[int, int], widest_px: int) -> Camera:
    """The largest window of this shape around the middle of the frame.

    Its longer side has as many pixels as the frame's, but for `widest_px`, the most that its width may have. Sides are
    even, as H.264 wants them, so the shape is met to a pixel.
    """
    across, down = shape
    longer = max(camera.width, camera.height)
    per_part = min(longer / max(across, down), widest_px / across)
    width, height = (even(per_part * part) for part in shape)
    return cut(camera, shape).resized(width, height)


def cut(camera: Camera, shape: tuple[int, int]) -> Camera:
    """The window itself, at the frame's own pixels."""
    across, down = shape
    width = min(camera.width, max(1, round(camera.height * across / down)))
    height = min(camera.height, max(1, round(camera.width * down / across)))
    return camera.cropped((camera.width - width) // 2, (camera.height - height) // 2, width, height)


def even(side_px: float | int) -> int:
    """The even number of pixels that is nearest, at least two."""
    return max(2, 2 * round(side_px / 2))
