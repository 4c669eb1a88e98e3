"""Memory of this process, as the system counts it, and an end to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


def peak_memory_bytes() -> int:
    """The most main memory this process had so far."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def memory_bytes() -> int:
    """Main memory this process has now."""
    return int(psutil.Process().memory_info().rss)


@contextmanager
def within_free_memory() -> Iterator[None]:
    """Let allocations fail in this block that the system has no memory for.

    Linux gives them out, and ends a process when they are used: perhaps this one, after the
    computer has stood still for a while, perhaps another.
    """
    if sys.platform != "linux":
        yield
        return
    import resource  # not on Windows

    free = psutil.virtual_memory().available + psutil.swap_memory().free
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    least = min((each for each in (soft, hard) if each != resource.RLIM_INFINITY), default=None)
    limit = _data_bytes() + free if least is None else min(_data_bytes() + free, least)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int:
    """What counts against RLIMIT_DATA by now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return memory_bytes()
