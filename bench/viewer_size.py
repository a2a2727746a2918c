"""How large the scene viewer is, file by file: `python -m bench.viewer_size`.

Source, minified by esbuild (from npm, for this alone: what is sent is not minified), and that gzipped. As a whole it is
put into one function first, so that names at its top are shortened too.
"""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

from gen3d import viewer
from tests.npm import npm_package

ESBUILD = ("esbuild", "0.25.10")
FOLDER = Path(viewer.__file__).parent
WHOLE = "(() => {\n%s\nglobalThis.createSceneViewer = createSceneViewer\n})()"  # what the page calls


def main() -> None:
    """Measures and prints."""
    program = npm_package(*ESBUILD) / "bin" / "esbuild"
    print(f"{'bytes':18}{'source':>8}{'minified':>10}{'gzipped':>9}")
    scripts = [(name, (FOLDER / name).read_text(encoding="utf-8")) for name in viewer._SCRIPTS]
    for name, source in scripts:
        _row(name, source, _minified(program, source, "js"))
    style = _minified(program, viewer.STYLE, "css")
    _row("viewer.css", viewer.STYLE, style)
    whole = "\n".join(source for _, source in scripts)
    small = _minified(program, WHOLE.replace("%s", whole), "js")
    _row("all scripts", whole, small)
    _row("with the style", whole + viewer.STYLE, small + style)
    print(f"sent: {len(viewer.SCRIPT) + len(viewer.STYLE):,} bytes, {_zipped(viewer.SCRIPT + viewer.STYLE):,} gzipped")


def _row(name: str, source: str, small: str) -> None:
    print(f"{name:18}{len(source):8,}{len(small):10,}{_zipped(small):9,}")


def _minified(program: Path, source: str, kind: str) -> str:
    command = [str(program), "--minify", f"--loader={kind}"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def _zipped(text: str) -> int:
    return len(gzip.compress(text.encode(), 9))


if __name__ == "__main__":
    main()
