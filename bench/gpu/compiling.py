"""gsplat is compiled by another process while the networks are measured."""

from __future__ import annotations

import subprocess
import sys


class Compiling:
    """Another process that compiles gsplat, so that here it only has to be opened."""

    PROGRAM = "from gen3d.splat.gsplat import load_gsplat; load_gsplat()"

    def __init__(self, wanted: bool) -> None:
        words = [sys.executable, "-c", self.PROGRAM]
        log = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(words, **log) if wanted else None

    def goes_on(self, seconds: float = 0.0) -> bool:
        """Whether it is still at it after so many seconds."""
        try:
            return self._process is not None and self._process.wait(seconds) is None
        except subprocess.TimeoutExpired:
            return True

    def fault(self, seconds: float) -> str | None:
        """Why there is no gsplat, if there is none after so long; None where it can be opened."""
        if self._process is None:
            return "no card"
        if self.goes_on(seconds):
            self._process.terminate()
            return f"not compiled after {seconds:.0f} s more"
        return None if self._process.returncode == 0 else (self._process.stderr.read().strip()[-300:] or "it crashed")
