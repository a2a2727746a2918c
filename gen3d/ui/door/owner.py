"""What the page's owner may ask, and no visitor: batches of scenes (`ui/core/batches.py`).

    GEN3D_BATCH_ROOT=FOLDER      that sources and outputs lie in
    GEN3D_OWNER_KEY=SECRET       both are needed; without them there is nothing of this

    POST /owner/batch            {"source": "photos", "out": "scenes", "preset": "fast", ...}: starts one
    GET  /owner/batch            how far it is
    POST /owner/batch/cancel     ends it

Each with `Authorization: Bearer KEY`. Whoever does not bring the key gets the very answer that there is for what is not
there, so that nobody learns whether a page has an owner's endpoint.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from gen3d.errors import Gen3DError, InputError
from gen3d.ui.core.batches import Batches
from gen3d.ui.door.bodies import Body

BATCH, CANCEL = "/owner/batch", "/owner/batch/cancel"
ROOT, KEY = "GEN3D_BATCH_ROOT", "GEN3D_OWNER_KEY"
"""Names of environment variables."""
SHORTEST_KEY = 32
"""Characters: nobody finds it by trying."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom the page belongs to."""

    key: str = field(repr=False)
    batches: Batches

    def asks(self, method: str, path: str, headers: Mapping[str, str]) -> bool:
        """Whether this is the owner, asking for what only the owner may."""
        scheme, _, told = headers.get("authorization", "").partition(" ")
        return (method, path) in ACTIONS and scheme.lower() == "bearer" and _are_equal(told.strip(), self.key)

    async def answer(self, method: str, path: str, body: Body) -> JSONResponse:
        """To what the owner asked. Raises Refused for a body that is none."""
        asked = (await body.json())[0] if (method, path) == ("POST", BATCH) else {}
        try:
            told = await run_in_threadpool(ACTIONS[method, path], self.batches, asked)
        except Gen3DError as error:
            status = 400 if isinstance(error, InputError) else 409
            return JSONResponse({"detail": f"{error.what} {error.remedy}"}, status)
        return JSONResponse(told, 202 if asked else 200)


ACTIONS: dict[tuple[str, str], Callable[[Batches, Mapping[str, Any]], dict[str, Any]]] = {
    ("POST", BATCH): lambda batches, asked: batches.start(asked),
    ("GET", BATCH): lambda batches, asked: batches.state(),
    ("POST", CANCEL): lambda batches, asked: batches.cancel(),
}


def _are_equal(one: str, other: str) -> bool:
    """In a time that tells nothing of either, not even how long they are."""
    digests = (hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in (one, other))
    return hmac.compare_digest(*digests)


def owner_of(environment: Mapping[str, str], job: Mapping[str, Any]) -> Owner | None:
    """Who it is, where the environment says so; job: as `Batches` takes it. Raises SystemExit for half of it."""
    root, key = environment.get(ROOT, ""), environment.get(KEY, "")
    if not root and not key:
        return None
    if not root or not key:
        raise SystemExit(f"{ROOT} and {KEY} belong together. Set both, or none.")
    if not re.fullmatch(rf"[!-~]{{{SHORTEST_KEY},}}", key):
        raise SystemExit(f"{KEY} needs {SHORTEST_KEY} characters or more, without spaces. Try `openssl rand -hex 32`.")
    if not os.path.isdir(root):
        raise SystemExit(f"{ROOT} is no folder: {root}. Make it, or name another.")
    return Owner(key, Batches(Path(root), job))
