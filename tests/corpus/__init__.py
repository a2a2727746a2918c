"""Odd inputs as data: files made by code, what is expected of each, and a driver that sees whether it comes so.

A module a kind: `pictures`, `depths`, `paths`, `scenes`, `options`, `exports`. Each holds a table `CASES`; a row says
what it is, whether it is built, refused, or either, and how the file is made. `driver` runs a row through the command
line, `tests/test_corpus.py` also through Python and the page's API, `python -m bench.corpus` measures all of them.

Whatever goes in: no traceback, an exit code of 0, 1 or 2, two sentences for a 1, an output that is whole or absent, no
number in it that is none, and nothing left behind.
"""
