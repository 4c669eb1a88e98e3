"""Writes packaging/locks from pyproject.toml: exact versions, with the hashes of every file.

A developer's tool: run it with `uv` on the PATH after changing a range, look at the difference,
run the tests. Nothing else needs uv, and no file names a package index.

runtime.txt      what the app needs, for every platform and Python it runs on
test.txt         what the tests need besides
native.txt       llama-cpp-python: source only, compiled where it is installed
torch.txt        torch's version, without hashes: its builds differ by platform and processor
torch-cuda.txt   constraints for what torch's CUDA builds ask for; installed only with those
pip.txt          the pip that installs all of it
build.txt        constraints for the tools that compile llama-cpp-python and link the project
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "packaging" / "locks"
OLDEST_PYTHON = "3.11"
TORCH = "torch==2.13.0"
NATIVE = "llama-cpp-python"
BUILD_TOOLS = ("hatchling", "editables", "scikit-build-core", "cmake", "ninja")
CUDA = re.compile(r"(nvidia|cuda)-|triton$")
NOTE = "# Written by packaging/lock.py from pyproject.toml. Do not edit.\n"


def name_of(entry: str) -> str:
    """The package an entry of a lock file pins."""
    return re.split(r"[=\s;\[]", entry, maxsplit=1)[0].lower()


def entries(text: str) -> list[str]:
    """The entries of a compiled requirements file; each keeps its marker and hash lines."""
    joined = re.sub(r"^ +#.*\n?", "", text, flags=re.MULTILINE)
    return re.findall(r"^[A-Za-z0-9][^\n]*(?:\n +--hash[^\n]*)*", joined, flags=re.MULTILINE)


def without_hashes(entry: str) -> str:
    """Only the version and marker of an entry."""
    return entry.split("\\")[0].strip()


def compile_lock(*sources: str, extra: tuple[str, ...] = ()) -> list[str]:
    """Let uv resolve requirement files for all platforms at once."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", OLDEST_PYTHON, "--no-header", "--no-annotate"]
    done = subprocess.run(
        [*command, *sources, *extra], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return entries(done.stdout)


def compile_words(words: Iterable[str], folder: Path) -> list[str]:
    """Resolve requirements given as words."""
    source = folder / "words.in"
    source.write_text("\n".join(words) + "\n", encoding="utf-8")
    return compile_lock(str(source))


def write(name: str, found: Iterable[str]) -> None:
    """Write one lock file, sorted by package."""
    LOCKS.mkdir(exist_ok=True)
    body = "".join(f"{entry}\n" for entry in sorted(found, key=name_of))
    (LOCKS / name).write_text(NOTE + body, encoding="utf-8", newline="\n")


def main() -> None:
    """Resolve everything and write the files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pins = folder / "torch.txt"
        pins.write_text(f"{TORCH}\n", encoding="utf-8")
        full = compile_lock("pyproject.toml", extra=("--constraint", str(pins)))
        pins.write_text("\n".join(without_hashes(entry) for entry in full), encoding="utf-8")
        tested = compile_lock(
            "pyproject.toml", extra=("--extra", "test", "--constraint", str(pins))
        )
        write("pip.txt", compile_words(["pip"], folder))
        write("build.txt", map(without_hashes, compile_words(BUILD_TOOLS, folder)))
    cuda = [entry for entry in full if CUDA.match(name_of(entry))]
    apart = {name_of(entry) for entry in cuda} | {"torch", NATIVE}
    known = {name_of(entry) for entry in full}
    write("runtime.txt", (entry for entry in full if name_of(entry) not in apart))
    write("native.txt", (entry for entry in full if name_of(entry) == NATIVE))
    write("test.txt", (entry for entry in tested if name_of(entry) not in known))
    write("torch.txt", [TORCH])
    write("torch-cuda.txt", map(without_hashes, cuda))


if __name__ == "__main__":
    main()
