"""A modelled place seen through a camera, by Mitsuba's path tracer: light, depth and things.

The plain variant `scalar_rgb` is used: it needs no LLVM and gives the same picture for the same seed, however many
threads there are, since blocks have seeds of their own and a box filter lets no sample touch two pixels. Light is
gathered in passes, each held to a few times white, so that one lucky path does not leave a speck. Nothing is denoised.
Depth and things are those of the surface that a ray through the pixel's centre meets first, glass and mirrors too.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from bench.truth.model import Part, Place
from bench.truth.solids import Solid
from gen3d.camera import Camera

PASS_SAMPLES = 25
"""Paths a pixel in a pass: a square, as the sampler wants."""
BOUNCES = 5
"""Segments of a path at most."""
BRIGHTEST = 4.0
"""A pass is held to this, after exposure."""
BLOCK_PX = 32
GROUND = 0
"""The number of what is no thing."""


class Tracer:
    """A place, loaded."""

    def __init__(self, place: Place) -> None:
        self.mi = _mitsuba()
        self.place = place
        self.things = ["", *dict.fromkeys(part.thing for part in place.parts if part.thing)]
        self.scene = self._loaded()
        self.thing_of = {shape.id(): self._number(shape.id()) for shape in self.scene.shapes()}

    def _number(self, name: str) -> int:
        thing = self.place.parts[int(name.removeprefix("part"))].thing
        return self.things.index(thing) if thing else GROUND

    def _loaded(self):
        world = {"type": "scene", "integrator": {"type": "path", "max_depth": BOUNCES, "block_size": BLOCK_PX}}
        with tempfile.TemporaryDirectory() as folder:
            for n, part in enumerate(self.place.parts):
                world[f"part{n}"] = self._shape(part, Path(folder) / f"{n}.ply")
            world |= {f"light{n}": self._filled(light) for n, light in enumerate(self.place.lights)}
            return self.mi.load_dict(world, optimize=False)  # else shapes are merged, and lose their names

    def _shape(self, part: Part, file: Path) -> dict:
        write_mesh(file, part.solid)
        shape = {"type": "ply", "filename": str(file), "face_normals": not part.solid.smooth}
        if part.glow:
            shape["emitter"] = {"type": "area", "radiance": {"type": "rgb", "value": list(part.glow)}}
        return shape | {"bsdf": self._filled(part.surface)}

    def _filled(self, described: dict) -> dict:
        """With bitmaps for arrays."""
        if "picture" in described:
            picture = np.rint(255 * np.clip(described["picture"], 0, 1)).astype(np.uint8)
            size = self.mi.ScalarTransform4f().scale([described["scale"]] * 3)
            return {"type": "bitmap", "bitmap": self.mi.Bitmap(picture), "to_uv": size}
        filled = {k: self._filled(v) if isinstance(v, dict) else v for k, v in described.items()}
        if filled.pop("upright", False):  # an environment that was made for z up
            filled["to_world"] = self.mi.ScalarTransform4f().rotate([1, 0, 0], -90)
        return filled

    def light(self, camera: Camera, passes: int, seed: int) -> Float[np.ndarray, "h w 3"]:
        """The mean of so many passes, exposed, not yet a picture."""
        sensor, total = self._sensor(camera), 0.0
        for n in range(passes):
            seen = self.mi.render(self.scene, sensor=sensor, spp=PASS_SAMPLES, seed=seed * 1000 + n)
            total = total + np.minimum(np.nan_to_num(np.array(seen)[..., :3]) * self.place.exposure, BRIGHTEST)
        return total / passes

    def _sensor(self, camera: Camera):
        c2w = camera.c2w @ np.diag([-1.0, -1.0, 1.0, 1.0])  # Mitsuba's x is to the left and its y up
        film = {"type": "hdrfilm", "width": camera.width, "height": camera.height, "rfilter": {"type": "box"}}
        fov = float(np.degrees(2 * np.arctan(camera.width / 2 / camera.K[0, 0])))
        return self.mi.load_dict({
            "type": "perspective", "fov": fov, "fov_axis": "x", "near_clip": 0.01, "far_clip": 1e5,
            "to_world": self.mi.ScalarTransform4f(c2w.tolist()), "film": film | {"pixel_format": "rgb"},
            "sampler": {"type": "multijitter"},
        })  # fmt: skip

    def surfaces(self, camera: Camera) -> tuple[Float[np.ndarray, "h w"], UInt8[np.ndarray, "h w"]]:
        """Depth along z at the pixels' centres, metres, inf where there is only sky; and the numbers of things."""
        rays = camera.unproject(np.ones((camera.height, camera.width))).reshape(-1, 3) - camera.center
        distance, thing = np.full(len(rays), np.inf), np.zeros(len(rays), np.uint8)
        eye = camera.center.tolist()
        for i, ray in enumerate(rays):
            hit = self.scene.ray_intersect_preliminary(self.mi.Ray3f(eye, ray.tolist()), coherent=True)
            if hit.is_valid():
                distance[i], thing[i] = hit.t, self.thing_of[hit.shape.id()]
        return distance.astype(np.float32).reshape(camera.height, camera.width), thing.reshape(camera.height, -1)


def picture(light: Float[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """As a camera would show it: highlights rolled off, sRGB, bytes."""
    rolled = np.where(light < KNEE, light, KNEE + (1 - KNEE) * np.tanh((light - KNEE) / (1 - KNEE)))
    encoded = np.where(rolled <= 0.0031308, 12.92 * rolled, 1.055 * np.maximum(rolled, 1e-9) ** (1 / 2.4) - 0.055)
    return np.rint(255 * np.clip(encoded, 0, 1)).astype(np.uint8)


KNEE = 0.7
"""Light is rolled off from here on."""


def write_mesh(file: Path, solid: Solid) -> None:
    """As a binary PLY with uv."""
    vertices, faces = len(solid.xyz), len(solid.faces)
    properties = "".join(f"property float {name}\n" for name in ("x", "y", "z", "u", "v"))
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {vertices}\n{properties}"
    head += f"element face {faces}\nproperty list uchar int vertex_index\nend_header\n"
    rows = np.empty(faces, np.dtype([("n", "u1"), ("index", "<i4", 3)]))
    rows["n"], rows["index"] = 3, solid.faces
    points = np.concatenate([solid.xyz, solid.uv], 1).astype("<f4")
    file.write_bytes(head.encode() + points.tobytes() + rows.tobytes())


def _mitsuba():
    try:
        import mitsuba
    except ImportError as why:
        raise SystemExit(
            "Mitsuba is not there, and it traces the places: pip install -c constraints.txt mitsuba"
        ) from why
    mitsuba.set_variant("scalar_rgb")
    mitsuba.set_log_level(mitsuba.LogLevel.Error)
    return mitsuba
