from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.engine.options import WaitPolicy
from app.engine.waiting import environment

_LOAD = "from app.engine.llama.native import llama_cpp"


@pytest.mark.skipif(sys.platform != "linux", reason="another OpenMP elsewhere")
@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (WaitPolicy.ACTIVE, {"OMP_WAIT_POLICY = 'ACTIVE'"}),
        (WaitPolicy.PASSIVE, {"OMP_WAIT_POLICY = 'PASSIVE'", "GOMP_SPINCOUNT = '0'"}),
        (WaitPolicy.AUTO, {"GOMP_SPINCOUNT = '300'"}),
    ],
)
def test_policy_reaches_the_library_that_waits(policy: WaitPolicy, expected: set[str]) -> None:
    started = subprocess.run(
        [sys.executable, "-c", _LOAD],
        env=os.environ | environment(policy) | {"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = {line.split("] ", 1)[-1].strip() for line in started.stderr.splitlines()}
    assert expected <= shown


def test_policies_differ_and_set_the_same_variables_where_they_must() -> None:
    settings = [environment(policy) for policy in WaitPolicy]
    assert len({tuple(sorted(each.items())) for each in settings}) == len(settings)
    assert all({"OMP_WAIT_POLICY", "KMP_BLOCKTIME"} <= each.keys() for each in settings)
