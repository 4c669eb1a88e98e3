"""The environment in `.venv`: whether it is what the locks say, and making or mending it.

Three stamps in it say from which locks the app's packages, the test tools and the link to the
project were put in. When they are right nothing is done. A stamp is taken away before its part is
worked on, so the next start notices an installation that was interrupted.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from installing import Pip, SetupFailed, say
from mutex import held
from toolchain import compiler_advice

PACKAGE_LOCKS = ("pip.txt", "runtime.txt", "torch.txt", "torch-cuda.txt", "native.txt")
EXACTLY = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile")
LOCK_NAME = "cairn.lock"


class Kind(StrEnum):
    """What the environment is wanted for."""

    RUN = "run"
    TEST = "test"


class Part(StrEnum):
    """What is installed as one piece and has one stamp."""

    PACKAGES = "packages"
    TEST_TOOLS = "test-tools"
    PROJECT = "project"


PARTS = {
    Kind.RUN: (Part.PACKAGES, Part.PROJECT),
    Kind.TEST: (Part.PACKAGES, Part.TEST_TOOLS, Part.PROJECT),
}


class Environment:
    """The folder `.venv` in the repository root."""

    def __init__(self, root: Path, *, chosen: bool = False) -> None:
        """Name the environment of the repository in `root`.

        Args:
            root: the repository.
            chosen: the running Python was asked for by name, so an environment of another version
                is made anew instead of being kept.
        """
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self._locks = root / "packaging" / "locks"
        self._chosen = chosen

    def make_ready(self, kind: Kind) -> None:
        """Return when the environment holds exactly what the locks say.

        Raises:
            SetupFailed: it could not be made; the text says why and what to do.
        """
        if self._fits() and not self._missing(kind):
            return
        try:
            self.folder.mkdir(exist_ok=True)
            with held(self.folder / LOCK_NAME, say) as descriptor:
                self._build(kind, descriptor)
        except OSError as error:
            raise SetupFailed.from_os(error, self.folder) from error

    def _build(self, kind: Kind, descriptor: int) -> None:
        fits = self._fits()
        if fits and not self._missing(kind):
            return  # the start that was waited for did it
        say(f"Preparing Cairn in {self.folder}")
        if not (fits and self._works()):
            self._create()
        mend(self.folder)
        pip = Pip(self.python, self.folder / "cairn-install.log", descriptor)
        steps = {
            Part.PACKAGES: self._install_packages,
            Part.TEST_TOOLS: self._install_test_tools,
            Part.PROJECT: self._link_project,
        }
        for part in self._missing(kind):
            with self._stamped(part):
                steps[part](pip)
        say("Ready.")

    def _install_packages(self, pip: Pip) -> None:
        native = self._native_pin()
        compiled = self._has_installed(native) or pip.has_cached_wheel(native)
        wheel = os.environ.get("CAIRN_LLAMA_WHEEL")
        if not (compiled or wheel) and (line := compiler_advice()):
            raise SetupFailed(
                "A C++ compiler is missing; Cairn needs it once, to build llama-cpp-python. "
                f"Install it with: {line}"
            )
        pip.install("the installer", *EXACTLY, "-r", self._locks / "pip.txt")
        pip.install(
            "packages, about 1 GB the first time", *EXACTLY, "-r", self._locks / "runtime.txt"
        )
        # torch's builds differ by machine, so it has no hashes and pip decides: a CPU build where
        # pip is told of one, else the index's own. Its plain dependencies are in runtime.txt and
        # stay; only a CUDA build asks for more, in the versions of torch-cuda.txt.
        pip.install(
            "torch",
            "--only-binary=:all:",
            "--no-compile",
            "-r",
            self._locks / "torch.txt",
            "-c",
            self._locks / "torch-cuda.txt",
        )
        if wheel:
            pip.install(f"llama-cpp-python from {wheel}", "--no-deps", wheel)
            return
        how = "" if compiled else ", compiled once: some 8 minutes of processor time"
        pip.install(
            f"llama-cpp-python{how}",
            "--no-deps",
            "--require-hashes",
            "--build-constraint",
            self._locks / "build.txt",
            "-r",
            self._locks / "native.txt",
        )

    def _install_test_tools(self, pip: Pip) -> None:
        pip.install("test tools", *EXACTLY, "-r", self._locks / "test.txt")

    def _link_project(self, pip: Pip) -> None:
        build = self._locks / "build.txt"
        pip.install("Cairn itself", "--no-deps", "--build-constraint", build, "-e", self.root)

    def _create(self) -> None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        say(f"  - a new environment with Python {version}")
        if importlib.util.find_spec("ensurepip") is None:
            raise SetupFailed(
                "This Python has no ensurepip, which Cairn needs to make its environment. "
                f"Install it with: sudo apt install python{version}-venv"
            )
        clear(self.folder)
        try:
            venv.create(self.folder, with_pip=True, symlinks=os.name != "nt")
        except subprocess.CalledProcessError as error:
            raise SetupFailed(
                f"Python could not put pip into {self.folder} (code {error.returncode}). "
                "Delete that folder, then start again."
            ) from error

    def _missing(self, kind: Kind) -> list[Part]:
        return [part for part in PARTS[kind] if self._stamp(part) != self._fingerprint(part)]

    def _fits(self) -> bool:
        version = self._version()
        if not version or not self.python.exists():
            return False
        return not self._chosen or version == f"{sys.version_info[0]}.{sys.version_info[1]}"

    def _works(self) -> bool:
        command = [str(self.python), "-I", "-c", "import pip"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _version(self) -> str:
        try:
            text = (self.folder / "pyvenv.cfg").read_text(encoding="utf-8")
        except OSError:
            return ""
        found = re.search(r"^version\s*=\s*(\d+\.\d+)", text, re.MULTILINE)
        return found[1] if found else ""

    def _fingerprint(self, part: Part) -> str:
        digest = hashlib.sha256(f"{part} {self._version()} {platform.machine()}".encode())
        match part:
            case Part.PACKAGES:
                for name in PACKAGE_LOCKS:
                    digest.update((self._locks / name).read_bytes())
            case Part.TEST_TOOLS:
                digest.update((self._locks / "test.txt").read_bytes())
            case Part.PROJECT:
                digest.update(f"{self.root}{linked_settings(self.root)}".encode())
        return digest.hexdigest()

    def _stamp(self, part: Part) -> str:
        try:
            return self._stamp_path(part).read_text(encoding="ascii")
        except OSError:
            return ""

    def _stamp_path(self, part: Part) -> Path:
        return self.folder / f"cairn-{part}.stamp"

    @contextmanager
    def _stamped(self, part: Part) -> Iterator[None]:
        path = self._stamp_path(part)
        path.unlink(missing_ok=True)
        yield
        fresh = path.with_suffix(".new")
        fresh.write_text(self._fingerprint(part), encoding="ascii")
        fresh.replace(path)

    def _native_pin(self) -> str:
        text = (self._locks / "native.txt").read_text(encoding="utf-8")
        name, version = re.findall(r"^([\w-]+)==([\w.]+)", text, re.MULTILINE)[0]
        return f"{name.replace('-', '_')}-{version}"

    def _has_installed(self, pin: str) -> bool:
        return any(self.folder.glob(f"**/site-packages/{pin}.dist-info/RECORD"))


def linked_settings(root: Path) -> str:
    """What of pyproject.toml decides how the project is linked; lint settings do not."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    hatch = settings.get("tool", {}).get("hatch", {})
    return json.dumps([settings["project"].get("scripts"), settings["build-system"], hatch])


def clear(folder: Path) -> None:
    """Empty the environment, but for the lock that the caller holds."""
    for entry in folder.iterdir():
        if entry.name == LOCK_NAME:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def mend(folder: Path) -> None:
    """Forget packages whose installation was cut short; pip then installs them anew.

    pip writes RECORD last, and moves what it replaces to a folder whose name starts with "~".
    """
    for packages in folder.glob("**/site-packages"):
        for entry in [*packages.glob("*.dist-info"), *packages.glob("~*")]:
            if entry.name.startswith("~") or not (entry / "RECORD").exists():
                shutil.rmtree(entry, ignore_errors=True)
