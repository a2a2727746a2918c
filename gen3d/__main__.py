"""`python -m gen3d` is the command `gen3d`; a signal is listened to from here on, before anything heavy is imported.

What is heavy and not needed at once is put off until it is used: a command that needs none of it ends sooner, and a
build loads it beside its kernels.
"""

import gc
import sys

from gen3d.ending import ended
from gen3d.late import put_off
from gen3d.memory import keep_one_store

GARBAGE = 100_000
"""Objects between two looks for garbage that refers to itself; importing makes hardly any, and is a seventh quicker."""


def main() -> int:
    """The command line, with the arguments of this process; returns the exit code."""
    gc.set_threshold(GARBAGE)
    keep_one_store()
    put_off("torch", "av", "tifffile")
    code = 0

    def command() -> None:
        nonlocal code
        from gen3d import cli

        code = cli.main()

    code = ended(command) or code
    gc.freeze()  # else Python looks three times for garbage before it ends, half a second of it
    return code


if __name__ == "__main__":
    sys.exit(main())
