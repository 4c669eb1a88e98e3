"""The loop: the model is asked, its calls are made, until it answers or a limit ends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.agents.running import words
from app.agents.running.asking import Asker
from app.agents.running.calling import Caller
from app.agents.running.meter import Meter
from app.agents.running.recorder import Recorder
from app.agents.trace import Limit, ModelReply, Outcome, RunState
from app.base.errors import AppError
from app.engine.protocol import FinishReason

_MOST_REPAIRS: Final = 3  # broken calls, one after the other
_MOST_TIMES: Final = 3  # that the very same call is written


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run came to. See `Run`."""

    state: RunState
    answer: str = ""
    problem: str = ""
    limit: Limit | None = None


class AgentLoop:
    """Goes through one run, from wherever its steps end."""

    def __init__(self, asker: Asker, caller: Caller, recorder: Recorder, meter: Meter) -> None:
        self._asker = asker
        self._caller = caller
        self._recorder = recorder
        self._meter = meter
        self._broken = 0  # calls, one after the other

    def go(self) -> Ended:
        """Work until there is an answer.

        Raises:
            Cancelled: the run was stopped; all that was done is in the trace.
            AppError: the model cannot answer, or the trace cannot be written.
        """
        while True:
            limit = self._make_calls() or self._meter.limit
            if limit is not None:
                return self._last_answer(limit)
            reply = self._asker.ask()
            if reply.finish is FinishReason.STOPPED:
                return self._last_answer(Limit.SECONDS)
            if reply.finish is FinishReason.LENGTH and self._meter.tokens_left <= 0:
                return self._last_answer(Limit.TOKENS)
            if reply.text.strip() and not reply.problem and not reply.tool_calls:
                return Ended(RunState.DONE, reply.text.strip(), words.cut_off(reply))
            self._say_what_is_wrong(reply)
            if self._broken >= _MOST_REPAIRS:
                return self._last_answer(Limit.REPAIRS)

    def _say_what_is_wrong(self, reply: ModelReply) -> None:
        """Tell the model what it wrote that is no call and no answer."""
        if reply.problem:
            self._recorder.note(words.cannot_be_read(reply), to_model=True)
        elif not reply.tool_calls:
            self._recorder.note(words.nothing_said(reply), to_model=True)
        if not reply.tool_calls:
            self._broken += 1

    def _make_calls(self) -> Limit | None:
        """Make the calls that the last reply asked for; a limit that was reached skips the rest."""
        found = self._recorder.conversation.open_calls()
        if found is None:
            return None
        reply, calls = found
        limit: Limit | None = None
        for call in calls:
            limit = limit or self._limit_of_calls()
            if limit is not None:
                self._caller.skip(call, reply.id, words.SKIPPED)
                continue
            used = self._caller.use(call, reply.id, self._asker.window.shortened)
            self._broken = self._broken + 1 if used.outcome is Outcome.INVALID else 0
            if used.times >= _MOST_TIMES:
                limit = Limit.REPETITION
            elif self._broken >= _MOST_REPAIRS:
                limit = Limit.REPAIRS
        return limit

    def _limit_of_calls(self) -> Limit | None:
        if not self._meter.has_calls_left:
            return Limit.TOOL_CALLS
        return Limit.SECONDS if self._meter.seconds_left <= 0 else None

    def _last_answer(self, limit: Limit) -> Ended:
        """Have the model answer with what it has."""
        budgets = self._meter.budgets
        self._recorder.note(words.limit_reached(limit, budgets), to_model=True)
        try:
            answer = self._asker.ask_last().text.strip()
        except AppError as error:
            problem = f"{words.without_answer(limit, budgets)} {error}"
            return Ended(RunState.LIMITED, problem=problem, limit=limit)
        told = words.ended_early if answer else words.without_answer
        return Ended(RunState.LIMITED, answer, told(limit, budgets), limit)
