"""The roles that engines play (`base.py`), the engines (`engines.py`, a row each), and who plays where (`pick.py`).

An engine is a row of `ENGINES` and a file: of `adapters/`, one a brand of networks, or `builtin/`, whose engines need
no download. `networks/` holds networks, `weights/` their files and how they get here; `opened.py` brings all together.
"""
