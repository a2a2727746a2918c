"""Memory that threads are done with is not kept for each of them."""

import platform
import subprocess
import sys

import pytest

STORES = """
import ctypes, sys, threading
from gen3d.memory import keep_one_store
if sys.argv[1] == "one":
    keep_one_store()
libc, held = ctypes.CDLL(None), threading.Barrier(5)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p

def take():
    libc.malloc(ctypes.c_size_t(1000))
    held.wait()

threads = [threading.Thread(target=take) for _ in range(4)]
[thread.start() for thread in threads]
held.wait()
told = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, told)
libc.fclose(told)
"""


def stores(how: str) -> int:
    """So many does glibc tell of when four threads have asked for memory."""
    run = subprocess.run([sys.executable, "-c", STORES, how], capture_output=True, text=True, check=True)
    return run.stdout.count("<heap ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have one store anyway")
def test_threads_take_memory_from_one_store():
    assert stores("one") == 1 < stores("many")
