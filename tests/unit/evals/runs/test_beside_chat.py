"""A person who asks in chat goes before an evaluation, through the real engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.chat.entities import Message
from app.evals.runs.entities import RunId, RunState
from tests.doubles.scripted_gguf import LONG_REPLY, SLOW, scripted_gguf
from tests.doubles.scripted_library import scripted_library
from tests.unit.evals.runs.conftest import WAIT_S, item, plan_for, suite_of

SHORT, CHAT = "Yes.", "At once."
LOOKS_A_SECOND = 50


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    """With the real engine."""
    built = build(data_paths, Children(scripted_library))
    yield built
    built.close()


def ask(services: Services) -> Message:
    """A question in a new chat, and its answer."""
    chat = services.chat.create()
    return services.chat.ask(chat.id, "Are you there?", lambda _event: None, CancelToken())


def wait_for_first_sample(services: Services, run_id: RunId) -> None:
    """Return when one sample is stored, and others are under way."""
    never = threading.Event()  # a first sample is told of with the next one
    for _look in range(WAIT_S * LOOKS_A_SECOND):
        if services.evals.run(run_id).samples:
            return
        never.wait(1 / LOOKS_A_SECOND)
    raise AssertionError("no sample came")


def test_question_in_chat_is_answered_before_what_an_evaluation_has_under_way(
    services: Services, tmp_path: Path
):
    file = scripted_gguf(
        tmp_path / "slow.gguf", {"Write": LONG_REPLY[:6000], "Say": SHORT, "": CHAT}, shape=SLOW
    )
    model = services.models.import_file(file)
    services.models.load(model.id)
    ask(services)  # what a first question starts is no part of this
    suite = suite_of(
        services, item("short", "Say yes."), *(item(f"{at}", f"Write {at}.") for at in range(40))
    )
    run = services.evals.start(plan_for(suite, model))
    wait_for_first_sample(services, run.id)
    answer = ask(services)
    after = services.evals.run(run.id)
    assert answer.text == CHAT
    assert (after.state, after.samples) == (RunState.RUNNING, 1)
    services.evals.cancel(run.id)
    assert services.evals.wait(run.id, WAIT_S)
