from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.engine.options import WaitPolicy
from app.engine.waiting import cores, environment

_LOAD = "from app.engine.llama.native import llama_cpp"


@pytest.mark.skipif(sys.platform != "linux", reason="another OpenMP elsewhere")
@pytest.mark.parametrize(
    ("policy", "available", "expected"),
    [
        (WaitPolicy.ACTIVE, 2, {"OMP_WAIT_POLICY = 'ACTIVE'"}),
        (WaitPolicy.PASSIVE, 2, {"OMP_WAIT_POLICY = 'PASSIVE'", "GOMP_SPINCOUNT = '0'"}),
        (WaitPolicy.AUTO, 2, {"GOMP_SPINCOUNT = '300'"}),
        (WaitPolicy.AUTO, 16, {"GOMP_SPINCOUNT = '1000'"}),
    ],
)
def test_policy_reaches_the_library_that_waits(
    policy: WaitPolicy, available: int, expected: set[str]
) -> None:
    started = subprocess.run(
        [sys.executable, "-c", _LOAD],
        env=os.environ | environment(policy, available) | {"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = {line.split("] ", 1)[-1].strip() for line in started.stderr.splitlines()}
    assert expected <= shown


def test_policies_differ_and_set_the_same_variables_where_they_must() -> None:
    settings = [environment(policy, 4) for policy in WaitPolicy]
    assert len({tuple(sorted(each.items())) for each in settings}) == len(settings)
    assert all({"OMP_WAIT_POLICY", "KMP_BLOCKTIME"} <= each.keys() for each in settings)


def test_there_is_a_core() -> None:
    assert cores() >= 1
