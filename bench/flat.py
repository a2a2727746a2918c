"""Whether the page's disk and memory stay flat: `python -m bench.flat [--builds 200] [--aborted 500]`.

Small builds one after the other, each by a new visitor who then goes, and as evenly between them uploads that break off
in the middle. Told ten times on the way: what the page's process and its folders hold. GEN3D_DISK_GB, 0.2 here unless
set, bounds the disk so closely that the oldest have to go. The exit code is 1 where a build came to nothing, or the
page holds a fifth more memory, or more than the budget on the disk, at the end than after the first tenths.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from bench.load import Held, Server, started, visit
from bench.tables import table

BUDGET_GB = "0.2"
SPARE = 1.2
"""So many times what is allowed, or was held before, may be held at the end."""
SENT_BYTES, PROMISED_BYTES = 300_000, 2_000_000
WARM = 2
"""So many tenths pass before memory counts: the first builds compile and fill caches."""


def main() -> int:
    """Prints it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", type=int, default=200)
    parser.add_argument("--aborted", type=int, default=500, help="uploads that break off")
    parser.add_argument("--home", type=Path, help="where finished examples are, or are kept for the next time")
    given = parser.parse_args()
    os.environ.setdefault("GEN3D_DISK_GB", BUDGET_GB)
    with tempfile.TemporaryDirectory(prefix="gen3d-home-") as home, started(given.home or Path(home)) as server:
        rows, lost = passed(server, given.builds, given.aborted)
    heads = ["builds, aborted", "memory MB", "handles", "visits", "loose files", "files MB"]
    print(table(heads, [cells(*row) for row in rows]))
    print(f"{lost} of {given.builds} builds came to nothing of their own")
    first, last = rows[min(WARM, len(rows) - 1)][-1], rows[-1][-1]
    budget_mb = float(os.environ["GEN3D_DISK_GB"]) * 1000
    return int(bool(lost) or last.memory_mb > SPARE * first.memory_mb or last.files_mb > SPARE * budget_mb)


def cells(builds: int, aborted: int, held: Held) -> list[str]:
    """A row of the table."""
    memory, files = f"{held.memory_mb:.0f}", f"{held.files_mb:.0f}"
    return [f"{builds}, {aborted}", memory, str(held.handles), str(held.visits), str(held.loose), files]


def passed(server: Server, builds: int, aborted: int) -> tuple[list[tuple[int, int, Held]], int]:
    """What was held at the start and after each tenth; how many builds came to nothing of their own."""
    rows, lost, broken = [(0, 0, server.held())], 0, 0
    with tempfile.TemporaryDirectory(prefix="gen3d-visitors-") as folder:
        for i in range(builds):
            lost += not visit(8 * i, server, Path(folder), 64).has_own  # every eighth is of the kind that waits
            for _ in range(aborted * (i + 1) // builds - broken):
                break_off(server.url, broken)
                broken += 1
            if (i + 1) % max(1, builds // 10) == 0:
                rows.append((i + 1, broken, server.held()))
                print(*cells(*rows[-1]), sep="; ", file=sys.stderr, flush=True)
    return rows, lost


def break_off(url: str, i: int) -> None:
    """An upload that ends in the middle."""
    where = urlsplit(url)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {where.netloc}\r\nX-Forwarded-For: 7.7.{i // 250}.{i % 250 + 1}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {PROMISED_BYTES}\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    )
    with socket.create_connection((where.hostname or "", where.port or 80), timeout=30) as connection:
        connection.sendall(head.encode() + bytes(SENT_BYTES))


if __name__ == "__main__":
    sys.exit(main())
