"""Starts Cairn or its tests in an environment of their own, made or mended first if need be.

`run` and `test` beside this file call it with any Python of the machine; it needs nothing else.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  (people start this by hand with what they have)
    sys.exit("Cairn needs Python 3.11 or newer; this one is {}.{}.".format(*sys.version_info))

import os
import signal
import subprocess
from pathlib import Path
from types import FrameType
from typing import NoReturn

# Isolated from the PYTHONPATH and the folder of whoever starts it, so its own is not known either.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from environment import Environment, Kind
from installing import SetupFailed

ROOT = Path(__file__).resolve().parent.parent
MODULES = {Kind.RUN: "app", Kind.TEST: "tests.check"}
EXPECTED_FAILURE = 3
BAD_USAGE = 2
INTERRUPTED = 130


def main(words: list[str]) -> int:
    """Make the environment ready, then become the program; a code is returned when that fails."""
    if not words or words[0] not in set(Kind):
        print("usage: launch.py run|test [WORD...]", file=sys.stderr)
        return BAD_USAGE
    kind = Kind(words[0])
    signal.signal(signal.SIGTERM, _end_in_order)
    environment = Environment(ROOT, chosen=bool(os.environ.get("CAIRN_PYTHON")))
    try:
        environment.make_ready(kind)
    except SetupFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return EXPECTED_FAILURE
    except KeyboardInterrupt:
        print("\nStopped. Start it again to go on from here.", file=sys.stderr)
        return INTERRUPTED
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return become([str(environment.python), "-I", "-m", MODULES[kind], *words[1:]])


def become(command: list[str]) -> int:
    """Replace this process by the command, or stand in front of it where that is impossible."""
    if os.name != "nt":
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # Ctrl+C reached the program too; it decides when to end.


def _end_in_order(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
