"""Failures that are the user's business: one sentence on what happened, one on what to do.

Programming mistakes are plain ValueErrors; these are the ones a person can act on.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path


class Gen3DError(Exception):
    """A failure told in two sentences.

    Args:
        what: what happened.
        remedy: what the person can do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"


class InputError(Gen3DError):
    """The picture, depth, camera or option given cannot be used.

    Args:
        what: what happened.
        remedy: what the person can do about it.
        field: the attribute of `Request` that is to blame, or a page's own field, so that it can be said there.
    """

    def __init__(self, what: str, remedy: str, field: str | None = None) -> None:
        super().__init__(what, remedy)
        self.field = field


class Unwritable(InputError):
    """A file or folder cannot be written: on the command line the name given is to blame, on a page the machine."""


class ModelUnavailable(Gen3DError):
    """A role that the request needs has no engine here."""


class EngineFailed(Gen3DError):
    """An engine broke, or gave what its role does not allow, and nobody here can play for it."""


class OutOfMemory(Gen3DError):
    """The machine's memory does not hold the request."""


class EmptyWorld(Gen3DError):
    """Nothing could be lifted to 3D, or a scene file holds nothing to draw."""


_FOLDERS = re.compile(r"""(?<![^\s'"(“:=])(?:[A-Za-z]:)?(?:[\\/][^\s\\/'"“”]+)+[\\/](?=[^\s\\/'"“”]+)""")
"""Of a whole path, up to its last part."""


def without_folders(sentence: str) -> str:
    """A sentence whose files are named by their names alone: where they lie is no visitor's business.

    What is known to be a folder here may have spaces in its name.
    """
    named = map(os.getenv, ("GRADIO_TEMP_DIR", "GEN3D_HOME"))
    for known in (tempfile.gettempdir(), *named, os.path.expanduser("~"), Path(__file__).parents[1]):
        if known and len(str(known)) > 1:
            sentence = sentence.replace(f"{known}{os.sep}", f"{os.sep}-{os.sep}")
    return _FOLDERS.sub("", sentence)
