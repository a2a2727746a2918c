"""GEN3D: one picture in, one explorable 3D scene out (arXiv 2511.14291).

The package reads like Figure 1 of the paper. A request goes through three resumable steps, each a generator
of events that leaves a folder on disk (`pipeline.py`):

    look   source -> depth -> layers                  what is in the picture, and how far away
    grow   background -> lift -> expand -> optimize   the hidden surfaces, the world around, the Gaussians
    tour   flythrough                                 a video along a path

Between the first two, `review` changes what stands in front.

Each arrow is one file in `stages/`. Stages hand frozen values to each other (`scene.py`, `camera.py`), tell
their listener what happens (`events.py`), and call four kinds of roles that are handed in: pretrained networks
or their download-free stand-ins (`models/`), and a rasterizer (`splat/`). Pure geometry is in `geometry/`,
files in `formats/`. `tests/test_floors.py` holds the table of who may import whom.

Conventions (see `camera.py`): OpenCV axes, metres, world = first camera, depth is z, pixel centres at +0.5.
"""

import os

# Before numba or torch load: their OpenMP threads otherwise spin while they wait, at twice the time on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.5.0"
