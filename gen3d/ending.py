"""How a command ends: by itself, with an error for people, interrupted, or with nobody left to tell.

Imports nothing heavy, so that a signal is listened to before anything else is imported.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from gen3d.errors import Gen3DError

DONE, FAILED, INTERRUPTED = 0, 1, 130


def ended(command: Callable[[], None]) -> int:
    """Runs a command to its end, whichever that is, and returns the exit code; a failure is told on stderr."""
    asked = _listened()
    if hasattr(sys.stdout, "reconfigure"):  # names of files need not be text
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _code_of(command, asked)
    except Exception:
        if not asked:
            raise
        code = _interrupted()  # in the middle of an import it comes out as whatever the imported library makes of it
    return code if _has_been_told() else FAILED


def _code_of(command: Callable[[], None], asked: list[int]) -> int:
    try:
        command()
        return DONE
    except KeyboardInterrupt:
        return _interrupted()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else DONE
    except Gen3DError as error:
        return _interrupted() if asked else _told(str(error))
    except MemoryError:
        return _told("The machine ran out of memory. Use a smaller --size or --preset fast.")
    except OSError:
        if _has_been_told("\n"):  # some streams keep nothing that they could fail at once more
            raise
        return FAILED


def _interrupted() -> int:
    return _told("interrupted, nothing is left behind", INTERRUPTED)


def _listened() -> list[int]:
    """Takes down the signals that ask for the end, which become KeyboardInterrupts, so that nothing half-made stays.

    What a shell told its child to ignore stays ignored.
    """
    asked: list[int] = []

    def heard(number: int, _: object) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, heard)
    return asked


def _told(sentence: str, code: int = FAILED) -> int:
    with suppress(OSError):
        if sys.stderr:
            print(f"gen3d: {sentence}", file=sys.stderr, flush=True)
    return code


def _has_been_told(more: str = "") -> bool:
    """Whether all that was printed, and this, went out; else it says why not, and what is left goes nowhere."""
    try:
        if sys.stdout:
            sys.stdout.write(more)
            sys.stdout.flush()
        return True
    except OSError as error:
        _told(f"What there is to tell could not be written ({error.strerror}). Give it a place that takes it.")
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
