"""Light: how rays meet shapes, what surfaces look like, and how a picture comes of it. Compiled; y is up, metres.

    noise.py     vectors, and the noise that all patterns are made of
    patterns.py  what colour and relief a material has, place by place
    rays.py      where a ray meets a shape
    sky.py       the light of sun, moon, sky, window and lamps, as numbers in one row
    tracer.py    paths of light: colour, exact depth and which thing, pixel by pixel
    film.py      from light to an sRGB picture: chance's noise goes, texture stays

A pixel's chance hangs on its place alone, and rows are shared out among threads that write nowhere else, so the bytes
are the same on any number of threads.
"""
