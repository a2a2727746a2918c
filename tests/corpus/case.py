"""A row of the corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Wanted = Literal["built", "refused", "either"]
Content = bytes | Callable[[], bytes] | None


@dataclass(frozen=True)
class Case:
    """An odd input, how it is given, and what is to come of it."""

    group: str
    name: str
    """What is odd about it."""
    wanted: Wanted
    argv: tuple[str, ...]
    """Of the command line. {file} is the input, {photo}, {depth}, {cameras} and {scene} are good ones, {out} is a name
    that nothing has, {home} a folder, {linked} a link to nothing."""
    file: str = ""
    """The input's name; as a str or as bytes decoded by the file system's rule."""
    content: Content = None
    make: Callable[[Path], None] | None = None
    """Makes the file where its content alone is not enough: a pipe, a link, what a library insists on writing."""
    after: Callable[[Path], None] | None = None
    """Looks at the output, and fails where something is wrong with it."""
    sample: bool = False
    """Whether the default run of the tests tries it."""
    heavy: bool = False
    """Whether it takes more than a gigabyte, or more than some seconds, where nothing bounds it."""

    @property
    def title(self) -> str:
        """Name of the test."""
        return f"{self.group}: {self.name}"

    def put(self, folder: Path) -> Path:
        """The input, made in a folder; a name alone where there is nothing to make."""
        path = folder / self.file
        if self.make is not None:
            self.make(path)
        elif self.content is not None:
            path.write_bytes(self.content() if callable(self.content) else self.content)
        return path
