"""What a researcher wants to see of each step, one file per part of the paper; drawn only when a run is explained.

A stage holds up its exhibits with one line, `yield from show_...(...)`. The functions here draw nothing themselves:
they hand out `Exhibit`s, whose `draw` and `figures` close over what the stage had in its hands at that moment.
Names begin with the number of the step, so that files sort as the paper goes: 01 depth, 02 layers, 03 background,
04 lift, 05 expand, 06 fit, 07 video.
"""
