"""One file from the model hub: what the hub says of it, and how it gets here whole.

Files come over plain HTTP, never through hf_xet, whose transfers heed neither HF_HUB_ETAG_TIMEOUT (seconds for a
question) nor HF_HUB_DOWNLOAD_TIMEOUT (seconds of silence in a download). huggingface_hub's http_get does the transfer,
but the part that has arrived is kept under its content's name: hf_hub_download (2.4) throws it away with the process,
and a file may have 2.6 GB.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from huggingface_hub import constants

from gen3d.errors import ModelUnavailable

Report = Callable[[str, int, int], None]
"""Told while a file arrives: its name, the bytes that are here, the bytes in all."""
ABSENT = (401, 403, 404, 410, 451)
"""Answers that mean: not here, or not for you. The hub says 401 of a repository that is not there."""
AGAIN = "Check the network, then run `gen3d download`: what has arrived is kept, and the download goes on from there."


class Absent(Exception):
    """The repository has not got what is wanted of it."""


def folder_of(repo: str) -> Path:
    """The repository's folder in the cache."""
    return Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"


def ask_about(repo: str, name: str, revision: str) -> Any:
    """What the hub knows of a file (HfFileMetadata), or None where there is none of that name."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

    try:
        url = hf_hub_url(repo, name, revision=revision)
        metadata = get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except EntryNotFoundError:
        return None
    except HfHubHTTPError as error:
        if error.response.status_code in ABSENT:
            raise Absent(f"{repo} is not there, or not open to everybody") from error
        raise
    if not metadata.commit_hash or not metadata.etag:
        raise OSError(f"what answers at {constants.ENDPOINT} is no model hub")
    return metadata


def bring(repo: str, name: str, metadata: Any, path: Path, report: Report) -> None:
    """Puts a file at `path`, going on where an earlier attempt ended; other processes wait for this one."""
    from huggingface_hub.utils import WeakFileLock

    content = quote(metadata.etag, safe="")
    part = folder_of(repo) / "blobs" / f"{content}.incomplete"
    lock = Path(constants.HF_HUB_CACHE) / ".locks" / folder_of(repo).name / f"{content}.lock"
    for file in (part, lock, path):
        file.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        if path.is_file():
            return
        for _ in range(2):  # a part of an earlier attempt may be damaged; a second time it is fetched from its start
            _append(repo, name, metadata, part, report)
            if as_announced(part, metadata):
                os.replace(part, path)
                return
            part.unlink()
    raise OSError("what arrived is not what the hub announced")


def _append(repo: str, name: str, metadata: Any, part: Path, report: Report) -> None:
    """Fetches what the part lacks of the whole; the disk must have room for it."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    if part.exists() and part.stat().st_size > (metadata.size or 0):
        part.unlink()
    with part.open("ab") as file:
        if shutil.disk_usage(part.parent).free < (metadata.size or 0) - file.tell():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        http_get(
            hf_hub_url(repo, name, revision=metadata.commit_hash),
            file,
            resume_size=file.tell(),
            headers={**build_hf_headers(), "Accept-Encoding": "identity"},  # packed text has no size to check
            expected_size=metadata.size,
            displayed_filename=name,
            tqdm_class=_meter(name, report),
        )


def _meter(name: str, report: Report) -> Any:
    """What http_get takes for a progress bar; it reports."""

    class Meter:
        def __init__(self, total: int | None = None, initial: int = 0, **_: Any) -> None:
            self.here, self.total = initial, total

        def __enter__(self) -> Meter:
            return self

        def __exit__(self, *_: Any) -> None:
            pass

        def update(self, more: int) -> None:
            self.here += more
            report(name, self.here, self.total or self.here)

    return Meter


def as_announced(path: Path, metadata: Any) -> bool:
    """True if a file has the hub's size and content: an ETag is the SHA-256 of a large file, git's SHA-1 of a small."""
    size, etag = path.stat().st_size, metadata.etag
    if size != (metadata.size if metadata.size is not None else size):
        return False
    if len(etag) not in (40, 64):  # some mirror's own idea
        return True
    digest = hashlib.sha256() if len(etag) == 64 else hashlib.sha1(b"blob %d\0" % size)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest() == etag


@contextmanager
def telling(what: str, repo: str, file: str) -> Iterator[None]:
    """Failures of network and disk inside the block are told as ModelUnavailable."""
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError) as error:
        reason, remedy = _why(error)
        raise ModelUnavailable(f"{what}: {file} could not be fetched from {repo}: {reason}.", remedy) from error


def _why(error: Exception) -> tuple[str, str]:
    """What went wrong, and what can be done about it."""
    from huggingface_hub.errors import HfHubHTTPError

    if getattr(error, "errno", None) == errno.ENOSPC:
        room = "Free some space, or set HF_HOME to a folder on another disk; then run `gen3d download`."
        return f"the disk with {constants.HF_HUB_CACHE} is full", room
    if isinstance(error, PermissionError):
        return f"{constants.HF_HUB_CACHE} is not writable", "Set HF_HOME to a folder that is."
    if isinstance(error, HfHubHTTPError):
        return f"the hub answered {error.response.status_code}", AGAIN
    # by name, since huggingface_hub's releases raise those of different HTTP libraries
    if "Timeout" in type(error).__name__:
        return f"{constants.ENDPOINT} did not answer in time", AGAIN
    return f"{' '.join(str(error).split())[:200] or type(error).__name__} (at {constants.ENDPOINT})", AGAIN
