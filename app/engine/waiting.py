"""What compute threads do while they wait for one another; decided before the library is loaded.

llama.cpp's threads meet at a barrier after each of hundreds of steps a token. A thread that spins
there goes on at once, but holds a processor that another program may need, or the very thread it
waits for: then decoding is many times slower. A thread that sleeps is woken by the system, which
costs about a third of the speed of small models. One that spins for a microsecond and then sleeps
is nearly as quick as the former while the computer is quiet, and as the latter while it is busy.
"""

from __future__ import annotations

from app.engine.options import WaitPolicy

# Turns of the waiting loop before a thread sleeps. Measured with two threads on two processors and
# a model of 100 million weights, in tokens a second while the computer was quiet, and busy:
# 0: 94, 54; 1,000: 139, 42; 10,000: 134, 15; always: 133, 5. One thread: 120, 72.
_SPINS = "1000"


def environment(wait_policy: WaitPolicy) -> dict[str, str]:
    """Environment variables for the process that computes, to be set before it loads llama.cpp.

    Only OpenMP reads them; where llama.cpp has threads of its own, they change nothing.
    """
    match wait_policy:
        case WaitPolicy.ACTIVE:
            return {"OMP_WAIT_POLICY": "ACTIVE", "KMP_BLOCKTIME": "infinite"}
        case WaitPolicy.PASSIVE:
            return {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
        case WaitPolicy.AUTO:
            # GNU's OpenMP counts turns; LLVM's knows milliseconds, of which none is best; and
            # Microsoft's knows only the policy.
            return {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": _SPINS, "KMP_BLOCKTIME": "0"}
