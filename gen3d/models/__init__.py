"""The roles that pretrained networks play (`base.py`), and everything that plays them; the only home of weights.

A player is a file: `moge.py`, `sam.py`, `lama.py`, `lama_controlnet.py`, ... and `builtin.py`, which needs no download
(`offline/`). `load.py` chooses who plays. `networks/` holds the networks, `weights/` their files and how they get here.
"""
