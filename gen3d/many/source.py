"""What a run is to make scenes of: a folder of photos, a pattern, one photo, a manifest or a list of sentences.

They lie here or at a URL. In a folder a file NAME_depth.png (.npy, .npz, .tif, .exr) beside a photo NAME is its depth.
"""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from gen3d.errors import InputError
from gen3d.formats.whole import MB, check_file
from gen3d.geometry.trajectory import PATHS
from gen3d.many.ask import Ask, Fault, Job
from gen3d.many.manifest import COLUMNS, READERS, Row, rows_of
from gen3d.many.names import digits, name_of, why_not
from gen3d.many.remote import file_system, is_url

LARGEST_MANIFEST = 1024 * MB
PHOTOS = {
    ".png", ".jpg", ".jpeg", ".jpe", ".mpo", ".webp", ".avif", ".heic", ".heif", ".bmp", ".gif", ".tif", ".tiff",
}  # fmt: skip
DEPTHS = (".png", ".npy", ".npz", ".tif", ".tiff", ".exr")
FIELDS = {"fov": "fov_deg", "size": "size_px"}
"""Column -> field of `Ask`, where they differ."""


@dataclass(slots=True)
class Asked:
    """What a source asks for."""

    asks: list[Ask] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    """What was taken otherwise than it may be meant."""


def read_source(source: str, defaults: Mapping[str, Any], job: Job, within: Path | None = None) -> Asked:
    """Everything that a source asks for; defaults: fields of `Ask` for what its rows leave open.

    within: no file outside of this folder is opened, whatever rows, patterns and links say. Raises InputError where
    there is nothing to be read at all, or the source lies outside.
    """
    asked = Asked()
    if within is not None:
        check_within(source, within)
    rows, base = _rows_and_base(source, asked)
    found = [ask for row in rows if (ask := _ask_of(row, defaults, base, asked, within))]
    asked.asks = _named(found, job, asked)
    if not asked.asks and not asked.faults:
        raise InputError(f"There is no photo in {source}.", "Give a folder of photos, a pattern, or a manifest.")
    return asked


def _rows_and_base(source: str, asked: Asked) -> tuple[Iterator[Row], str]:
    kind = PurePosixPath(source).suffix.lower()
    if kind in READERS and not glob.has_magic(source):
        base = source.rpartition("/")[0] if is_url(source) else str(Path(source).absolute().parent)
        return _manifest_rows(source, kind, asked), base
    base, files = _remote_files(source) if is_url(source) else _local_files(source)
    return _file_rows(files, asked), base


def _manifest_rows(source: str, kind: str, asked: Asked) -> Iterator[Row]:
    if is_url(source):
        content = file_system(source).cat_file(source)
    else:
        check_file(Path(source), LARGEST_MANIFEST, "Give a .csv or .jsonl with a row a scene, or a .txt of sentences.")
        content = Path(source).read_bytes()
    unused: Counter[str] = Counter()
    for row in rows_of(content, kind):
        unused.update(row.values.keys() - COLUMNS.keys())
        yield row
    if unused:
        told = ", ".join(sorted(unused)[:8])
        asked.notices.append(f"Columns that mean nothing here are passed over: {told}. Known are {', '.join(COLUMNS)}.")


def _local_files(source: str) -> tuple[str, list[tuple[str, int]]]:
    """The folder that names begin at, and (name, bytes) below it, sorted."""
    if os.path.isdir(source):
        base, found = Path(source).absolute(), _below(Path(source).absolute())
    elif glob.has_magic(source) and not os.path.exists(source):
        base = Path(_unmagic(source)).absolute()
        found = (Path(match).absolute() for match in glob.iglob(source, recursive=True))
    else:
        check_file(Path(source), LARGEST_MANIFEST, "Give a folder of photos, a pattern, or a manifest.")
        base, found = Path(source).absolute().parent, iter([Path(source).absolute()])
    files = [(path.relative_to(base).as_posix(), path.stat().st_size) for path in found if path.is_file()]
    return str(base), sorted(files)


def _below(folder: Path) -> Iterator[Path]:
    """All files, but for hidden ones and those of scenes that were made here."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        if "run.json" in files:
            folders.clear()
            continue
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _remote_files(source: str) -> tuple[str, list[tuple[str, int]]]:
    system = file_system(source)
    base = _unmagic(source).rstrip("/") if glob.has_magic(source) else source.rstrip("/")
    found = system.glob(source, detail=True) if glob.has_magic(source) else system.find(source, detail=True)
    start = system._strip_protocol(base)
    if list(found) == [start]:
        base, start = base.rpartition("/")[0], start.rpartition("/")[0]
    files = [(name.removeprefix(start).lstrip("/"), told.get("size") or 0) for name, told in found.items()
             if told.get("type") == "file"]  # fmt: skip
    return base, sorted(file for file in files if not any(p.startswith(".") for p in file[0].split("/")))


def _unmagic(pattern: str) -> str:
    """The folder above the first part that is a pattern."""
    parts = pattern.split("/")
    first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return "/".join(parts[:first]) or ("/" if pattern.startswith("/") else ".")


def _file_rows(files: list[tuple[str, int]], asked: Asked) -> Iterator[Row]:
    sizes = dict(files)
    photos = {name for name in sizes if PurePosixPath(name).suffix.lower() in PHOTOS}
    stems = {str(PurePosixPath(name).with_suffix("")) for name in photos}
    depths = {
        stem.removesuffix("_depth"): name
        for name in sizes
        if (stem := str(PurePosixPath(name).with_suffix(""))).endswith("_depth")
        and stem.removesuffix("_depth") in stems and PurePosixPath(name).suffix.lower() in DEPTHS
    }  # fmt: skip
    if depths:
        asked.notices.append(
            f"{len(depths)} files NAME_depth beside a photo NAME are taken for its depth; a manifest says otherwise."
        )
    for name in sorted(photos - set(depths.values())):
        values: dict[str, Any] = {"photo": name, "photo_bytes": sizes[name]}
        if depth := depths.get(str(PurePosixPath(name).with_suffix(""))):
            values |= {"depth": depth, "depth_bytes": sizes[depth]}
        yield Row(0, values)


def _ask_of(
    row: Row, defaults: Mapping[str, Any], base: str, asked: Asked, within: Path | None = None
) -> Ask | None:
    """The ask of a row, not yet named unless the row does; None, and a fault, where it cannot be meant."""
    told = {FIELDS.get(key, key): value for key, value in row.values.items()}
    line = row.line or None
    try:
        if row.wrong:
            raise row.wrong
        fields = {key: value for key, value in told.items() if key in Ask.__slots__}
        ask = Ask(**(dict(defaults) | {"name": ""} | fields | {"line": line, "base": base}))
        if within is not None:
            _check_files_within(ask, within)
        return _checked(ask)
    except InputError as error:
        asked.faults.append(Fault(line, told.get("name"), told.get("photo"), error.what, error.remedy))
        return None


def _checked(ask: Ask) -> Ask:
    """With the sizes of its files, where that costs nothing. Raises InputError."""
    from gen3d.run.course import check_path

    if ask.photo is None and ask.prompt is None:
        raise InputError("The row has neither a photo nor a prompt.", "Give one of them.")
    if ask.photo is None and ask.depth is not None:
        raise InputError("The row has a depth without a photo.", "Give the photo that it belongs to.")
    if ask.name and (why := why_not(ask.name)):
        raise InputError(f"The name {ask.name[:60]!r} {why}.", "Give another, or none.")
    if not is_url(located(ask.path, ask.base)) and not os.path.isfile(located(ask.path, ask.base)):
        check_path(ask.path)
    sizes = {}
    for which in ("photo", "depth"):
        file = getattr(ask, which)
        if file is not None and getattr(ask, f"{which}_bytes") is None and not is_url(located(file, ask.base)):
            sizes[f"{which}_bytes"] = check_file(Path(located(file, ask.base)), LARGEST_MANIFEST, "Give a file.")
    return replace(ask, **sizes)


def _check_files_within(ask: Ask, within: Path) -> None:
    files = (ask.photo, ask.depth, None if ask.path in PATHS else ask.path)
    for file in filter(None, files):
        check_within(located(file, ask.base), within)


def check_within(place: str, folder: Path) -> None:
    """InputError for a URL, and for what lies outside of a folder, or leads there by a link."""
    if is_url(place) or not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder)):
        name = place.rstrip("/").rpartition("/")[2][:60]
        raise InputError(f"{name!r} lies outside of the folder that batches are kept in.", "Move it there.")


def located(file: str, base: str) -> str:
    """Where a file lies that was written so in a source whose names begin at `base`."""
    if is_url(file) or os.path.isabs(file):
        return file
    return f"{base.rstrip('/')}/{file}" if is_url(base) else os.path.join(base, file)


def _named(asks: Iterable[Ask], job: Job, asked: Asked) -> list[Ask]:
    """Each with a name of its own; a fault for what has somebody else's, or asks for the same once more."""
    asks = list(asks)
    told = {ask.name.casefold() for ask in asks if ask.name}
    short = [ask.name or name_of(ask.photo or ask.prompt or "") for ask in asks]
    shared = Counter(name.casefold() for ask, name in zip(asks, short, strict=True) if not ask.name)
    taken: dict[str, Ask] = {}
    for ask, name in zip(asks, short, strict=True):
        if not ask.name and (shared[name.casefold()] > 1 or name.casefold() in told):
            name = f"{name}-{digits(ask.key(job))}"
        if (other := taken.get(name.casefold())) is None:
            taken[name.casefold()] = replace(ask, name=name)
        else:
            asked.faults.append(_twice(ask, other))
    return list(taken.values())


def _twice(ask: Ask, other: Ask) -> Fault:
    where = f"line {other.line}" if other.line else other.called
    what = "asks for the same as" if not ask.name else "has the name of"
    return Fault(ask.line, ask.name, ask.photo, f"The row {what} {where}.", "Give it another name, or leave it out.")
