"""What drives the browser of these tests: one that was forgotten keeps nobody from beginning anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.browser import browser as browser
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
FORGOTTEN = """
from tests.browser import browser

fixture = browser.__wrapped__ if hasattr(browser, "__wrapped__") else browser.__pytest_wrapped__.obj
first, second = fixture(), fixture()
next(first)
print(next(second).new_page().evaluate("1 + 1"))
for more in (second, fixture()):
    next(more, None)
    more.close()
"""


def test_one_that_was_forgotten_keeps_no_other_from_beginning(browser):
    done = subprocess.run(
        [sys.executable, "-c", FORGOTTEN], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stdout.strip()) == (0, "2"), done.stderr
