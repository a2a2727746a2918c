"""What a scene is called when nobody says so: after its photo, and only after what is asked for.

So the same source gives the same names on any machine and in any order. Where two would be called alike, a few digits
of what each of them asks for tell them apart.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

LONGEST = 80
"""Characters of a name."""
_NAME = re.compile(r"[\w][\w.+\- ]*", re.UNICODE)
_OTHER = re.compile(r"[^\w.+\-]+", re.UNICODE)
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))}
"""What Windows takes for no file."""
RESERVED = {"index.html", "summary.csv", "summary.parquet", "failed.jsonl", "dataset", "shards"}
"""What else lies where the scenes do."""


def name_of(told: str) -> str:
    """A folder's name for a photo's path below its source, or a sentence: a-b for a/b.jpg."""
    parts = PurePosixPath(told.replace("\\", "/")).with_suffix("").parts if _is_path(told) else (told,)
    words = "-".join(_OTHER.sub("_", part).strip("_.") for part in parts if part not in ("/", "..", "."))
    if len(words) > LONGEST:
        words = f"{words[: LONGEST - 9]}-{digits(told)}"
    return words if words and not why_not(words) else f"scene-{digits(told)}"


def _is_path(told: str) -> bool:
    return bool(PurePosixPath(told).suffix) and len(PurePosixPath(told).suffix) <= 6 and " " not in told[-6:]


def digits(told: str) -> str:
    """Eight of a text."""
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:8]


def why_not(name: str) -> str | None:
    """Why no folder may be called so, in words that follow "the name ..."; None where it may."""
    if len(name) > LONGEST:
        return f"has {len(name)} characters, more than {LONGEST}"
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        return "may hold letters, digits, spaces and . _ - +, and begins with a letter or digit"
    if name.lower() in RESERVED or name.split(".")[0].lower() in _DEVICES:
        return "is taken for something else"
    return None
