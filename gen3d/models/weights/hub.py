"""Weights from the model hub: found in the cache without asking anybody, else fetched file by file.

The cache is huggingface_hub's own, laid out as it is where links are not to be had: every file lies whole in the
snapshot of its commit. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE mean what they mean there.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants

from gen3d.errors import ModelUnavailable
from gen3d.models.weights.transfer import Absent, Report, as_announced, ask_about, bring, folder_of, telling
from gen3d.models.weights.wanted import Names, Source, Weights


@dataclass(frozen=True, slots=True)
class Located:
    """Weights on this machine."""

    weights: Weights
    source: Source
    folder: Path
    """The snapshot of the source, as `from_pretrained` wants it."""
    files: tuple[Path, ...]
    """One per wanted file, in the order of `source.files`; one file may serve for two."""

    @property
    def path(self) -> Path:
        """The file, where there is one only."""
        (file,) = self.files
        return file

    @property
    def variant(self) -> str | None:
        """What `from_pretrained` must be told: "fp16" where a file of half precision was taken."""
        return "fp16" if any(".fp16." in file.name for file in self.files) else None


def cache_folder() -> Path:
    """Where weights are kept."""
    return Path(constants.HF_HUB_CACHE)


def is_offline() -> bool:
    """True if the environment forbids to use the network."""
    return bool(constants.HF_HUB_OFFLINE)


def cached(weights: Weights) -> Located | None:
    """The weights, if every file of one source is in the cache; nobody is asked."""
    for source in weights.sources:
        for folder in _snapshots(source.repo):
            files = [_present(folder, names) for names in source.files]
            if all(files):
                return Located(weights, source, folder, tuple(files))
    return None


def fetch(weights: Weights, report: Report | None = None) -> Located:
    """The weights, from the cache or else from the hub; only whole files with the right content ever count.

    Raises ModelUnavailable, which names the weights, the file and the repository.
    """
    if located := cached(weights):
        return located
    if is_offline():
        raise ModelUnavailable(
            f"The weights of {weights.name} are not in {cache_folder()}, and HF_HUB_OFFLINE forbids fetching.",
            "Unset HF_HUB_OFFLINE and run `gen3d download`, or copy that folder from a machine that has them.",
        )
    absences = []
    for source in weights.sources:
        try:
            return _fetch_from(source, weights, report or (lambda *_: None))
        except Absent as absence:
            absences.append(str(absence))
    raise ModelUnavailable(
        f"The model hub does not offer the weights of {weights.name}: {'; '.join(absences)}.",
        "If the repository asks for a licence to be accepted, do so and set HF_TOKEN; else please report this.",
    )


@functools.cache
def hub_answers(timeout_s: float = 3.0) -> bool:
    """True if the hub can be reached; never raises, takes no longer than that, and asks once per process."""
    answers: list[int] = []

    def ask() -> None:
        from huggingface_hub.utils import get_session

        with suppress(Exception):
            answer = get_session().head(constants.ENDPOINT, timeout=timeout_s, follow_redirects=False)
            answers.append(answer.status_code)

    if not is_offline():
        # a thread, since looking up the host's name heeds no timeout
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(timeout_s)
    return any(status < 400 or status in (404, 405) for status in answers)


def size_to_fetch(several: Sequence[Weights]) -> int:
    """Bytes that are still to come: by the hub's account where it answers, else by the catalogue's."""
    return sum(_missing_bytes(weights) for weights in several if cached(weights) is None)


def discard_damaged(located: Located) -> tuple[Path, ...]:
    """Deletes the files that differ from the hub's, and names them; needs the network.

    Raises ModelUnavailable when the hub cannot be asked.
    """
    damaged = tuple(path for path in dict.fromkeys(located.files) if _differs(path, located))
    for path in damaged:
        content = path.resolve()  # where the cache has links, the content lies elsewhere
        path.unlink()
        content.unlink(missing_ok=True)
    return damaged


def _differs(path: Path, located: Located) -> bool:
    """True if the hub has other content than the file; not if it has none any more, for then it cannot be replaced."""
    repo, name = located.source.repo, path.relative_to(located.folder).as_posix()
    with telling(located.weights.name, repo, name), suppress(Absent):
        metadata = ask_about(repo, name, located.folder.name)
        return metadata is not None and not as_announced(path, metadata)
    return False


def _snapshots(repo: str) -> list[Path]:
    """The repository's snapshots in the cache, that of the main branch first."""
    root = folder_of(repo)
    main = root / "refs" / "main"
    commit = main.read_text(encoding="utf-8").strip() if main.is_file() else ""
    return sorted((root / "snapshots").glob("*"), key=lambda folder: (folder.name != commit, folder.name))


def _present(folder: Path, names: Names) -> Path | None:
    """The first of the names that is in the folder."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _fetch_from(source: Source, weights: Weights, report: Report) -> Located:
    """All files of one source, all of one commit: the one that is the main branch's when the first file is asked for.

    Raises Absent, ModelUnavailable.
    """
    revision, files = "main", []
    for names in source.files:
        with telling(weights.name, source.repo, names[0]):
            file, revision = _fetch_first(source.repo, names, revision, report)
        files.append(file)
    folder = folder_of(source.repo) / "snapshots" / revision
    with telling(weights.name, source.repo, "refs/main"):
        main = folder_of(source.repo) / "refs" / "main"
        main.parent.mkdir(exist_ok=True)
        main.write_text(revision, encoding="utf-8")
    return Located(weights, source, folder, tuple(files))


def _fetch_first(repo: str, names: Names, revision: str, report: Report) -> tuple[Path, str]:
    """The first of the names that is here, or else on the hub, and the commit it is of."""
    snapshots = folder_of(repo) / "snapshots"
    if path := _present(snapshots / revision, names):
        return path, revision
    for name in names:
        if metadata := ask_about(repo, name, revision):
            path = snapshots / metadata.commit_hash / name
            bring(repo, name, metadata, path, report)
            return path, metadata.commit_hash
    raise Absent(f"{repo} has no {' nor '.join(names)}")


def _missing_bytes(weights: Weights) -> int:
    """What is to come of weights that are not complete here."""
    for source in weights.sources if hub_answers() else ():
        with suppress(Exception):  # an estimate; what is wrong will be told when it is fetched
            return _missing_of(source)
    return weights.size_bytes


def _missing_of(source: Source) -> int:
    """Bytes of the source's files that are not here, by the hub's account."""
    from huggingface_hub import HfApi

    told = HfApi().model_info(source.repo, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    sizes = {sibling.rfilename: sibling.size or 0 for sibling in told.siblings}
    folder = folder_of(source.repo) / "snapshots" / told.sha
    missing = [names for names in source.files if not _present(folder, names)]
    return sum(next(sizes[name] for name in names if name in sizes) for names in missing)
