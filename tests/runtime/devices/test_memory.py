"""What the C library keeps."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_HEAPS = """
import ctypes, sys, threading
from studio.runtime.devices.memory import share_one_heap

if sys.argv[1] == "one":
    share_one_heap()
gate = threading.Barrier(3)

def take():
    kept = [bytearray(2_000) for _ in range(500)]
    gate.wait()

threads = [threading.Thread(target=take) for _ in range(2)]
for thread in threads:
    thread.start()
gate.wait()
c = ctypes.CDLL(None)
c.stdout_of = ctypes.c_void_p.in_dll(c, "stdout")
c.malloc_info(0, c.stdout_of)
c.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps of glibc")
def test_threads_share_one_heap() -> None:
    def heaps(how: str) -> int:
        command = [sys.executable, "-c", _HEAPS, how]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return told.count("<heap ")

    assert heaps("own") > 1, "control"
    assert heaps("one") == 1
