"""What is wanted of the model hub for a network: repositories, and files by name.

Every wanted file is named, so that whether a cache is complete can be told without asking the hub. A file is a tuple of
names, tried in order: half precision first where it exists, since it is half the download and loads as float32 too.
Pickles are named only where no safetensors are known. Which weights there are is said by the rows of
`gen3d.models.engines`, which are written with the functions here.
"""

from __future__ import annotations

from dataclasses import dataclass

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A repository of the hub."""

    repo: str
    files: tuple[Names, ...]
    """What is wanted of it: one tuple of alternative names per file."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What is fetched as one: everything a network, or a pipeline of networks, is loaded from."""

    key: str
    name: str
    """As a person reads it."""
    sources: tuple[Source, ...]
    """Tried in order; each holds everything."""
    size_bytes: int
    """Of the download from the first source."""
    licence: str
    facts: str
    """Where file names, size and licence were read."""
    verified: bool = False
    """True when this project has opened the real files."""


def single(repo: str, *names: str) -> Source:
    """One file, under any of the names."""
    return Source(repo, (names,))


def alone(folder: str, *names: str) -> tuple[Names, ...]:
    """Files of a folder that have one name each; "" is the repository's root."""
    return tuple((f"{folder}/{name}".lstrip("/"),) for name in names)


def network(folder: str, stem: str) -> tuple[Names, ...]:
    """A network of a diffusers folder: its configuration and its weights, in half precision where they exist."""
    weights = f"{folder}/{stem}".lstrip("/")
    return (*alone(folder, "config.json"), (f"{weights}.fp16.safetensors", f"{weights}.safetensors"))


def tokenizer(folder: str, *names: Names, more: Names = ()) -> tuple[Names, ...]:
    """A tokenizer: one file, or parts, and its configuration. more: files that not every release writes.

    What may be missing has the configuration for another name, and comes before it.
    """
    config = "tokenizer_config.json"
    wanted = (*((name, config) for name in ("special_tokens_map.json", *more)), *names, (config,))
    return tuple(tuple(f"{folder}/{name}".lstrip("/") for name in names) for names in wanted)
