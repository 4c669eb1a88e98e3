"""Runs pip: shows that it is alive, keeps its words in a log, and tells why it failed.

Everything goes to stderr: stdout belongs to the program that is started afterwards.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

ON_THE_WAY = re.compile(r"\s*(Collecting|Downloading|Building wheel|Installing|Preparing|Using)\b")
REACHED_NOTHING = (
    r"NewConnectionError|ConnectTimeout|ConnectionError|ConnectionReset|Read timed out|"
    r"name resolution|getaddrinfo failed|SSLError|ProxyError|Network is unreachable"
)


class SetupFailed(Exception):
    """The environment could not be made; the text says why and what to do next."""

    @classmethod
    def from_os(cls, error: OSError, folder: Path) -> SetupFailed:
        """Put what the system refused into words."""
        if error.errno == errno.ENOSPC:
            return cls(_no_room(folder))
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            return cls(
                f"Cairn keeps its packages in {folder} and may not write there. "
                "Copy Cairn's folder to a place of your own, then start it again."
            )
        return cls(f"The environment in {folder} could not be made: {error}. Start it again.")


def say(text: str) -> None:
    """One line for the person who waits."""
    print(text, file=sys.stderr, flush=True)


class Pip:
    """The environment's own pip."""

    def __init__(self, python: Path, log: Path, descriptor: int) -> None:
        """Use the pip of `python`; `descriptor` is the lock each pip holds while it runs."""
        self._python = python
        self._log = log
        self._descriptor = descriptor

    def install(self, what: str, *words: str | Path) -> None:
        """Install; `what` names it for the person who waits.

        Raises:
            SetupFailed: pip could not.
        """
        say(f"  - {what}")
        code, output = self._run(["install", *words])
        if code != 0:
            raise SetupFailed(explain(what, code, output, self._log))

    def has_cached_wheel(self, name: str) -> bool:
        """Whether pip once compiled this and kept it, such as "llama_cpp_python-0.3.36"."""
        code, output = self._run(["cache", "list", name.split("-")[0]])
        return code == 0 and f"{name}-" in output

    def _run(self, words: list[str | Path]) -> tuple[int, str]:
        command = [str(self._python), "-I", "-m", "pip", "--no-input"]
        # PIP_USER, set by some systems for their own Python, contradicts an environment.
        environ = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        kept = () if os.name == "nt" else (self._descriptor,)
        with subprocess.Popen(
            [*command, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environ,
            pass_fds=kept,
        ) as process:
            try:
                return self._follow(process)
            except BaseException:
                process.terminate()
                raise

    def _follow(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        assert process.stdout is not None
        lines: list[str] = []
        with self._log.open("a", encoding="utf-8") as log, StatusLine() as status:
            log.write(f"\n> {process.args!r}\n")
            for line in process.stdout:
                log.write(line)
                lines.append(line)
                if ON_THE_WAY.match(line):
                    status.show(line.strip())
        return process.wait(), "".join(lines)


class StatusLine:
    """One line of a terminal, written over and over; nothing where there is no terminal."""

    def __init__(self) -> None:
        self._width = shutil.get_terminal_size().columns - 6 if sys.stderr.isatty() else 0

    def __enter__(self) -> StatusLine:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._write("")

    def show(self, text: str) -> None:
        """Replace what the line says."""
        self._write(f"    {text[: self._width]}")

    def _write(self, text: str) -> None:
        if self._width > 0:
            sys.stderr.write(f"\r\033[K{text}")
            sys.stderr.flush()


def explain(what: str, code: int, output: str, log: Path) -> str:
    """Why pip failed, in one sentence with a next step."""
    if re.search(r"No space left on device|not enough space on the disk", output):
        return _no_room(log.parent)
    if "DO NOT MATCH THE HASHES" in output:
        return (
            f"A file for {what} is not the one Cairn's lock names, so it was not installed. "
            "Start it again; if it happens again, the package index in use serves other files."
        )
    if re.search(REACHED_NOTHING, output):
        return (
            f"The package index could not be reached for {what}. "
            "Check the connection and the proxy settings, then start it again."
        )
    if found := re.search(r"No matching distribution found for (\S+)", output):
        return (
            f"No ready-made {found[1]} was found for this system "
            f"(Python {platform.python_version()}, {platform.system()} {platform.machine()}). "
            "If the connection works, name another Python (3.11 to 3.14) in CAIRN_PYTHON."
        )
    if re.search(r"Failed (to build|building wheel)", output):
        return f"The compiler failed on {what}. Its words are at the end of {log}."
    return f"pip failed (code {code}) on {what}. Its words are at the end of {log}."


def _no_room(folder: Path) -> str:
    return (
        f"There is no room left on the disk that holds {folder}. "
        "Cairn's packages take about 3 GB: free some space, then start it again."
    )
