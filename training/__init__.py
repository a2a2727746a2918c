"""How the depth network of the builtin engine is made: worlds, their pictures, the training, the evaluation.

Nothing here is needed at run time and nothing in the package imports it; `training/README.md` says how to use it.
Conventions are the package's: OpenCV axes (x right, y down, z forward), metres, the world's origin on the ground
below the camera. Every random choice comes from a `numpy.random.Generator` handed in.
"""
