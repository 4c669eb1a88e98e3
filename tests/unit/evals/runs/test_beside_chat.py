"""A person who asks in chat goes before an evaluation, through the real engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.evals.runs.entities import RunId, RunState
from tests.doubles.scripted_gguf import LONG_REPLY, SLOW, scripted_gguf
from tests.doubles.scripted_library import scripted_library
from tests.unit.evals.runs.conftest import WAIT_S, item, plan_for, suite_of

SHORT, CHAT = "Yes.", "At once."


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    """With the real engine."""
    built = build(data_paths, Children(scripted_library))
    yield built
    built.close()


def wait_for_first_sample(services: Services, run_id: RunId) -> None:
    """Return when one sample is stored, and others are under way."""
    written = threading.Event()
    forget = services.notices.subscribe(lambda _notice: written.set())
    while not services.evals.run(run_id).samples:
        assert written.wait(WAIT_S)
        written.clear()
    forget()


def test_question_in_chat_is_answered_before_what_an_evaluation_has_under_way(
    services: Services, tmp_path: Path
):
    file = scripted_gguf(
        tmp_path / "slow.gguf", {"Write": LONG_REPLY[:6000], "Say": SHORT, "": CHAT}, shape=SLOW
    )
    model = services.models.import_file(file)
    services.models.load(model.id)
    suite = suite_of(
        services, item("short", "Say yes."), *(item(f"{at}", f"Write {at}.") for at in range(40))
    )
    run = services.evals.start(plan_for(suite, model))
    wait_for_first_sample(services, run.id)
    chat = services.chat.create()
    answer = services.chat.ask(chat.id, "Are you there?", lambda _event: None, CancelToken())
    after = services.evals.run(run.id)
    assert answer.text == CHAT
    assert (after.state, after.samples) == (RunState.RUNNING, 1)
    services.evals.cancel(run.id)
    assert services.evals.wait(run.id, WAIT_S)
