"""Whether this machine can compile C++, and the line that makes it able to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Which = Callable[[str], str | None]

# The first installer found on the machine gives the line.
LINUX_LINES = {
    "apt-get": "sudo apt install g++",
    "dnf": "sudo dnf install gcc-c++",
    "zypper": "sudo zypper install gcc-c++",
    "pacman": "sudo pacman -S gcc",
    "apk": "sudo apk add g++ linux-headers",
}
VSWHERE = "Microsoft Visual Studio/Installer/vswhere.exe"
VISUAL_CPP = "Microsoft.VisualStudio.Component.VC.Tools.x86.x64"


def compiler_advice(
    platform: str = sys.platform,
    which: Which = shutil.which,
    environ: Mapping[str, str] = os.environ,
) -> str:
    """The line that installs a C++ compiler here; empty when there is one."""
    if platform == "win32":
        return "" if which("cl") or _has_visual_cpp(environ) else _WINDOWS_LINE
    if platform == "darwin":
        return "" if _has_command_line_tools() else "xcode-select --install"
    if which(environ.get("CXX", "c++").split()[0]) or which("g++") or which("clang++"):
        return ""
    for installer, line in LINUX_LINES.items():
        if which(installer):
            return line
    return "your system's installer (the package is usually called g++ or gcc-c++)"


_WINDOWS_LINE = (
    "winget install Microsoft.VisualStudio.2022.BuildTools --override "
    '"--passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"'
)


def _has_command_line_tools() -> bool:
    # /usr/bin/c++ always exists on macOS; without the tools it only opens a dialog.
    found = subprocess.run(["xcode-select", "-p"], capture_output=True, check=False)
    return found.returncode == 0


def _has_visual_cpp(environ: Mapping[str, str]) -> bool:
    vswhere = Path(environ.get("ProgramFiles(x86)", "C:/Program Files (x86)")) / VSWHERE
    if not vswhere.exists():
        return False
    words = [
        str(vswhere),
        "-products",
        "*",
        "-requires",
        VISUAL_CPP,
        "-property",
        "installationPath",
    ]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    return bool(found.stdout.strip())
