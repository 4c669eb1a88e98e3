from __future__ import annotations

import pytest
from toolchain import LINUX_LINES, compiler_advice


def which(*present: str):
    return lambda name: f"/usr/bin/{name}" if name in present else None


@pytest.mark.parametrize("compiler", ["c++", "g++", "clang++"])
def test_compiler_advice_compiler_present_is_empty(compiler: str):
    assert compiler_advice("linux", which(compiler, "apt-get"), {}) == ""


def test_compiler_advice_compiler_named_in_cxx_is_empty():
    assert compiler_advice("linux", which("my-c++"), {"CXX": "my-c++ -m64"}) == ""


@pytest.mark.parametrize(("installer", "line"), LINUX_LINES.items())
def test_compiler_advice_none_present_gives_the_line_of_this_system(installer: str, line: str):
    assert compiler_advice("linux", which(installer), {}) == line


def test_compiler_advice_unknown_system_names_the_package():
    assert "g++" in compiler_advice("linux", which(), {})


def test_compiler_advice_windows_without_build_tools_gives_winget_line(tmp_path):
    environ = {"ProgramFiles(x86)": str(tmp_path)}
    assert compiler_advice("win32", which(), environ).startswith("winget install")
    assert compiler_advice("win32", which("cl"), environ) == ""
