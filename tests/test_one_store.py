"""Memory that threads are done with is not kept for each of them; what stays is not searched for garbage."""

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


SEARCHED = """
import gc, weakref
from gen3d.memory import search_no_more

class Thing:
    pass

def ring():
    one = Thing()
    one.itself = one
    return weakref.ref(one)

loaded = Thing()
gone_before = ring()
search_no_more()
gone_after = ring()
searched = any(one is loaded for one in gc.get_objects())
gc.collect()
print(searched, gone_before(), gone_after())
"""


def test_what_is_loaded_is_searched_no_more_and_garbage_still_goes():
    run = subprocess.run([sys.executable, "-c", SEARCHED], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "None", "None"]
