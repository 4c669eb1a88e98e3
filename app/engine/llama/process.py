"""Memory of this process, as the system counts it."""

from __future__ import annotations

import sys

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
