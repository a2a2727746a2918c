"""Eight path-traced places of ours, with everything known that a photo does not tell: `python -m bench.truth make OUT`.

Each is modelled in code (`places/`), out of solids and textures that are made of numbers as well, so nothing of anybody
else's is in it; the pictures are CC0. Mitsuba traces them: a photo, and three views held out, one near and two far,
each with its exact depth and its things.
"""
