"""Runs in Blender's own Python, not in ours: imports files and renders them from the photo's camera.

    python blender_render.py '{"files": [...], "width": 320, "height": 240, "focal_px": 277.1, "samples": 9, "to": ...}'

Blender's world is z up; its importers turn what they open into it, so the photo's camera stands at the origin and looks
along y. Prints what there is then, as JSON on the last line.
"""

import json
import math
import sys

import bpy
import mathutils


def main(asked):
    import addon_utils  # is found once bpy is loaded

    bpy.ops.wm.read_factory_settings(use_empty=True)
    addon_utils.enable("cycles")
    for file in asked["files"]:
        if file.endswith(".spz"):
            bpy.ops.wm.spz_import(filepath=file)
        elif file.endswith(".ply"):
            bpy.ops.wm.ply_import(filepath=file)  # which takes the numbers as they are
        else:
            bpy.ops.import_scene.gltf(filepath=file)
    scene = bpy.context.scene
    see(scene, asked)
    if asked.get("to"):
        render(scene, asked)
    things = [about(thing) for thing in scene.objects if thing.type != "CAMERA"]
    print(json.dumps({"blender": bpy.app.version_string, "objects": things}))


def see(scene, asked):
    """The photo's camera: of square pixels and centred."""
    lens = bpy.data.cameras.new("photo")
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", 36.0
    lens.lens = asked["focal_px"] * 36.0 / asked["width"]
    lens.clip_start, lens.clip_end = 0.01, 10000.0
    camera = bpy.data.objects.new("photo's camera", lens)
    camera.rotation_euler = (math.pi / 2, 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera


def render(scene, asked):
    """In Cycles on the processor, colours as they are in the textures."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.device = asked["samples"], False, "CPU"
    scene.cycles.filter_width = 1.0
    scene.render.resolution_x, scene.render.resolution_y = asked["width"], asked["height"]
    scene.render.resolution_percentage = 100
    scene.render.film_transparent = False
    scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGB"
    scene.render.dither_intensity, scene.render.filepath = 0.0, asked["to"]
    bpy.ops.render.render(write_still=True)


def about(thing):
    """Name, kind, and in Blender's world how far it reaches."""
    corners = [thing.matrix_world @ mathutils.Vector(corner) for corner in thing.bound_box]
    low, high = ([f(corner[i] for corner in corners) for i in range(3)] for f in (min, max))
    return {"name": thing.name, "type": thing.type, "low": low, "high": high}


main(json.loads(sys.argv[1]))
