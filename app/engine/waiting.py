"""What compute threads do while they wait for one another; decided before the library is loaded.

llama.cpp's threads meet at a barrier after each of hundreds of steps a token. A thread that spins
there goes on at once, but holds a processor that another program may need, or the very thread it
waits for: then decoding is many times slower. A thread that sleeps is woken by the system, which
costs about a third of the speed of small models. One that spins for some microseconds and then
sleeps is between them while the computer is quiet, and hardly slower than the latter when it is
busy.
"""

from __future__ import annotations

import os

import psutil

from app.engine.options import WaitPolicy

# Turns of the waiting loop before a thread sleeps. Measured with two threads on two processors and
# a model of 100 million weights, in tokens a second. Quiet: 0: 94, 1,000: 139, always: 133 to 170;
# one thread: 120. With other programs on both: 0: 52, 100: 57, 300: 54, 1,000: 42, 3,000: 19,
# always: 1; one thread: 71.
_SPINS = 300
# With more processors the others have room beside, and more threads wait for longer. Measured with
# sixteen and 0.6 billion weights, 15 threads: 300: 46, 1,000: 101, 10,000: 96, always: 83; beside
# eight busy programs 300: 19, 1,000: 20, 3,000: 11, always: 0; and eight threads beside them
# 300: 53, 1,000: 69, always: 73.
_MANY, _SPINS_OF_MANY = 5, 1000


def cores() -> int:
    """Processor cores this process may use; two threads of one core count once."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def environment(wait_policy: WaitPolicy, available: int) -> dict[str, str]:
    """Environment variables for the process that computes, to be set before it loads llama.cpp.

    Only OpenMP reads them; where llama.cpp has threads of its own, they change nothing.

    Args:
        wait_policy: what was asked.
        available: processor cores.
    """
    match wait_policy:
        case WaitPolicy.ACTIVE:
            return {"OMP_WAIT_POLICY": "ACTIVE", "KMP_BLOCKTIME": "infinite"}
        case WaitPolicy.PASSIVE:
            return {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
        case WaitPolicy.AUTO:
            # GNU's OpenMP counts turns; LLVM's knows milliseconds, of which none is best; and
            # Microsoft's knows only the policy.
            spins = str(_SPINS_OF_MANY if available >= _MANY else _SPINS)
            return {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": spins, "KMP_BLOCKTIME": "0"}
