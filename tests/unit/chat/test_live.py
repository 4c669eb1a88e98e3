from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.base.errors import AppError
from app.chat.entities import (
    AnswerReasoning,
    AnswerStage,
    AnswerText,
    ConversationId,
    Message,
    MessageId,
    Stage,
)
from app.chat.live import LiveAnswer, Phase
from app.engine.messages import Role


def stored(text: str = "Stored.") -> Message:
    return Message(
        MessageId(2), ConversationId(1), MessageId(1), Role.ASSISTANT, text, datetime.now(UTC)
    )


def begun() -> LiveAnswer:
    live = LiveAnswer()
    live.begin()
    return live


def test_live_answer_fresh_is_idle_and_cannot_stop() -> None:
    live = LiveAnswer()
    assert live.phase is Phase.IDLE
    assert not live.can_stop
    assert not live.stop()


def test_live_answer_stages_lead_through_the_phases() -> None:
    live = begun()
    seen = [live.phase]
    for stage in Stage:
        live.receive(AnswerStage(stage))
        seen.append(live.phase)
    assert seen == [
        Phase.SEARCHING,
        Phase.SEARCHING,
        Phase.READING,
        Phase.THINKING,
        Phase.WRITING,
    ]


def test_live_answer_thoughts_are_kept_apart_from_the_text() -> None:
    live = begun()
    live.receive(AnswerReasoning("Let me "))
    live.receive(AnswerReasoning("see."))
    assert (live.phase, live.reasoning, live.text) == (Phase.THINKING, "Let me see.", "")
    live.receive(AnswerText("Three months."))
    assert (live.phase, live.reasoning) == (Phase.WRITING, "Let me see.")
    assert live.text == "Three months."


def test_live_answer_text_without_stage_means_writing() -> None:
    live = begun()
    live.receive(AnswerText("Three "))
    live.receive(AnswerText("months."))
    assert live.phase is Phase.WRITING
    assert live.text == "Three months."


def test_live_answer_stopped_ignores_late_events() -> None:
    live = begun()
    live.receive(AnswerText("Three"))
    assert live.stop()
    live.receive(AnswerText(" months"))
    live.receive(AnswerStage(Stage.WRITING))
    assert live.phase is Phase.STOPPING
    assert live.text == "Three"


def test_live_answer_second_stop_is_no_news() -> None:
    live = begun()
    assert live.stop()
    assert not live.stop()


def test_live_answer_finished_shows_the_stored_text() -> None:
    live = begun()
    live.receive(AnswerText("Thr"))
    message = stored("Three months.")
    live.finish(message)
    assert live.phase is Phase.DONE
    assert live.text == "Three months."
    assert live.message is message


def test_live_answer_finished_ignores_what_follows() -> None:
    live = begun()
    live.finish(stored())
    live.receive(AnswerText("late"))
    live.fail(AppError("late"))
    live.abandon()
    assert live.phase is Phase.DONE
    assert live.text == "Stored."
    assert live.error is None


def test_live_answer_failed_keeps_text_and_error() -> None:
    live = begun()
    live.receive(AnswerText("Thr"))
    live.fail(AppError("It broke."))
    assert live.phase is Phase.FAILED
    assert live.text == "Thr"
    assert live.error is not None


def test_live_answer_abandoned_is_done_without_message() -> None:
    live = begun()
    live.stop()
    live.abandon()
    assert live.phase is Phase.DONE
    assert live.message is None


def test_live_answer_begun_again_forgets_the_last_time() -> None:
    live = begun()
    live.receive(AnswerReasoning("old"))
    live.receive(AnswerText("old"))
    live.fail(AppError("It broke."))
    live.begin()
    assert (live.phase, live.text, live.error, live.message) == (Phase.SEARCHING, "", None, None)
    assert live.reasoning == ""


@pytest.mark.parametrize("phase", list(Phase))
def test_phase_is_running_until_it_ends(phase: Phase) -> None:
    ended = {Phase.IDLE, Phase.DONE, Phase.FAILED}
    assert phase.is_running == (phase not in ended)
