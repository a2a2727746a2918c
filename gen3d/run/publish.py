"""A scene as a static Space of somebody's own on the model hub: `products/site.py`, made and sent with their token.

The token is used for this and kept nowhere: it is in no record, no word of an error and no log, and that of the machine
is never taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, HTTPError

from gen3d.errors import Gen3DError, InputError
from gen3d.events import Stage, Started
from gen3d.products.export import FinishedScene
from gen3d.products.site import write_site

T = TypeVar("T")
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")
TOKEN = re.compile(r"[\x21-\x7e]{8,200}")
"""Nothing else goes into the header of a request, whose error would repeat it."""
_RIGHTS = "Make one with the right to write at huggingface.co/settings/tokens."


class NotPublished(Gen3DError):
    """The hub did not take a scene."""


@dataclass(frozen=True, slots=True)
class Published:
    """Where a scene lies now."""

    space: str
    """Its page on the hub."""
    address: str
    """The site itself, to be shown elsewhere."""


def publish(scene: FinishedScene, name: str, token: str, private: bool = False) -> Stage[Published]:
    """Makes a Space of this name, which there may not be yet; if its files cannot be sent, it is taken away again.

    Raises InputError for what is no name and no token, NotPublished where the hub does not take it.
    """
    check_name(name)
    check_token(token)
    yield Started("publish")
    api = HfApi(endpoint=constants.ENDPOINT, token=token)
    repo = f"{_asked(name, api.whoami)['name']}/{name}"
    address = f"https://{re.sub(r'[^a-z0-9]+', '-', repo.lower())}.static.hf.space/"
    with TemporaryDirectory(prefix="gen3d-site-") as folder:
        write_site(scene, Path(folder), address)
        made = _asked(name, partial(api.create_repo, repo, repo_type="space", space_sdk="static", private=private))
        _send(api, repo, folder, name)
    return Published(str(made), address)


def check_name(name: str) -> None:
    """Raises InputError for what the hub takes for no name."""
    if not NAME.fullmatch(name) or ".." in name or "--" in name:
        raise InputError(
            "This is no name for a Space.", "Use up to 96 letters, digits, dots and dashes, as my-room.", "name"
        )


def check_token(token: str) -> None:
    """Raises InputError for what cannot be a token, without saying it."""
    if not TOKEN.fullmatch(token):
        raise InputError("This is no token of the hub." if token else "A token of the hub is needed.", _RIGHTS, "token")


def _send(api: HfApi, repo: str, folder: str, name: str) -> None:
    files = {"folder_path": folder, "commit_message": "A scene by Gen3D"}
    try:
        _asked(name, partial(api.upload_folder, repo_id=repo, repo_type="space", **files))
    except NotPublished:
        with suppress(HfHubHTTPError, HTTPError, OSError):
            api.delete_repo(repo, repo_type="space")
        raise


def _asked(name: str, call: Callable[[], T]) -> T:
    """What the hub answers; a failure in our own words, and without what it came from: that may hold what was sent."""
    try:
        return call()
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
    except (HTTPError, OSError):
        status = None
    raise NotPublished(*_words(status, name))


def _words(status: int | None, name: str) -> tuple[str, str]:
    match status:
        case None:
            return "The hub was not reached.", "Try again in a while."
        case 401:
            return "The hub does not know this token.", _RIGHTS
        case 403:
            return "This token may not make a Space.", _RIGHTS
        case 409:
            return f"You have a Space called {name} already.", "Choose another name: nothing of yours is replaced."
        case 429:
            return "The hub takes no more from this account for now.", "Try again in an hour."
    return f"The hub did not take it (it answered {status}).", "Try again in a while."
