"""Puts a run together: its model, its tools, its limits; and keeps what it came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from app.agents.approvals import Person
from app.agents.entities import Agent, Policy, Risk
from app.agents.grants import GrantBook
from app.agents.running.asking import Asker, Speaking
from app.agents.running.calling import Caller
from app.agents.running.gate import Gate
from app.agents.running.loop import AgentLoop, Ended
from app.agents.running.meter import Meter
from app.agents.running.offering import offered
from app.agents.running.recorder import Recorder, StepIds
from app.agents.running.resuming import mend, spent_on
from app.agents.tools.asking import Question
from app.agents.tools.folders import Folders
from app.agents.tools.tool import Tool
from app.agents.trace import OnRunEvent, Run, RunModel, RunState, Step
from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.chat.context import cited
from app.chat.entities import Citation
from app.chat.sampling import longest_reply, sampling_from, template_from
from app.library.service import LibraryService
from app.modelhub.borrowing import Borrowed, ModelLending, Wanted
from app.settings.store import SettingsStore
from app.storage.base import now
from app.storage.db import Database

_TOOL_SECONDS: Final = 120.0
_STAYS_HERE: Final = (Risk.COMPUTE, Risk.ASK)
_BROKE: Final = "Something went wrong in Cairn itself. The log has the details; the run can go on."


class Runner:
    """Runs agents, one run on the thread that calls."""

    def __init__(
        self,
        settings: SettingsStore,
        database: Database,
        lending: ModelLending,
        library: LibraryService,
        grants: GrantBook,
        server_tools: Callable[[], Sequence[Tool]] = tuple,
        tool_seconds: float = _TOOL_SECONDS,
    ) -> None:
        """Get ready.

        Args:
            settings: for what an agent does not say itself.
            database: keeps the runs.
            lending: gives the models.
            library: for the tools that search it.
            grants: what agents may do unasked.
            server_tools: every tool of a server that may be used; asked for when a run begins.
            tool_seconds: that a tool may take.
        """
        self._settings = settings
        self._database = database
        self._lending = lending
        self._library = library
        self._grants = grants
        self._ids = StepIds(database)
        self._server_tools = server_tools
        self._tool_seconds = tool_seconds

    def go(
        self,
        begin: Callable[[], tuple[Run, tuple[Step, ...]]],
        agent: Agent,
        person: Person,
        on_event: OnRunEvent,
        cancel: CancelToken,
    ) -> Run:
        """Run an agent to the end, whatever that is.

        Args:
            begin: stores that the run goes on, and gives it with its steps; called once there is
                a model to answer.
            agent: that runs.
            person: who allows and answers.
            on_event: hears what happens.
            cancel: stops it.

        Raises:
            AppError: the model cannot be had; nothing was begun.
        """
        wanted = Wanted(agent.model, agent.endpoint)
        with self._lending.borrow(wanted, cancel, sends_passages=_tells(agent)) as borrowed:
            run, steps = begin()
            run = replace(run, model=_model(borrowed))
            recorder = Recorder(self._database, self._ids, run, steps, on_event)
            meter = Meter(agent.budgets, spent_on(steps))
            recorder.save_run(run)
            try:
                if steps:
                    mend(recorder)
                ended = self._loop(borrowed, recorder, meter, person, cancel).go()
            except Cancelled:
                ended = Ended(RunState.STOPPED)
            except AppError as error:
                ended = Ended(RunState.FAILED, problem=str(error))
            except BaseException as error:
                is_stop = isinstance(error, KeyboardInterrupt)
                state = RunState.STOPPED if is_stop else RunState.FAILED
                self._end(recorder, meter, Ended(state, problem="" if is_stop else _BROKE))
                raise
            return self._end(recorder, meter, ended)

    def _loop(
        self,
        borrowed: Borrowed,
        recorder: Recorder,
        meter: Meter,
        person: Person,
        cancel: CancelToken,
    ) -> AgentLoop:
        agent = recorder.run.agent
        tools = self._tools(agent, recorder, meter, person)
        speaking = self._speaking(agent, borrowed)
        asker = Asker(borrowed.engine, speaking, offered(tools), recorder, meter, cancel)
        gate = Gate(recorder, self._grants, person, meter)
        caller = Caller(tools, recorder, gate, meter, cancel, self._tool_seconds)
        return AgentLoop(asker, caller, recorder, meter)

    def _tools(
        self, agent: Agent, recorder: Recorder, meter: Meter, person: Person
    ) -> tuple[Tool, ...]:
        def ask(question: Question, cancel: CancelToken) -> str | None:
            with meter.waiting():
                return person.answer(question, cancel)

        from app.agents.tools.toolbox import ToolEnvironment, build_tools  # as in `_own_risks`

        environment = ToolEnvironment(
            folders=Folders(agent.folders),
            library=self._library,
            ask=ask,
            cited=_citations(recorder),
        )
        own = build_tools(agent, environment)
        wanted = {each.name for each in agent.tools if each.policy is not Policy.OFF}
        if wanted <= _own_risks().keys():
            return own
        wanted -= _own_risks().keys()
        return (*own, *(each for each in self._server_tools() if each.spec.name in wanted))

    def _speaking(self, agent: Agent, borrowed: Borrowed) -> Speaking:
        chosen, facts = self._settings.current, borrowed.used.facts
        return Speaking(
            agent.sampling or sampling_from(chosen.sampling),
            longest_reply(chosen.chat, facts),
            chosen.sampling.stop,
            template_from(chosen.chat, facts),
        )

    @staticmethod
    def _end(recorder: Recorder, meter: Meter, ended: Ended) -> Run:
        run = replace(
            recorder.run,
            state=ended.state,
            answer=ended.answer,
            problem=ended.problem,
            limit=ended.limit,
            ended_at=now(),
            spent=meter.spent,
            citations=cited(ended.answer, _citations(recorder)),
        )
        return recorder.save_run(run)


def _own_risks() -> dict[str, Risk]:
    """The risk of each of Cairn's own tools, by name."""
    # Late: readers of files come with it, and the window should not wait for them.
    from app.agents.tools.toolbox import ALL_TOOLS

    return {each.name: each.risk for each in ALL_TOOLS}


def _tells(agent: Agent) -> bool:
    """Whether the model gets to read what is the person's own, beside the task."""
    risks = _own_risks()
    return any(
        each.policy is not Policy.OFF and risks.get(each.name) not in _STAYS_HERE
        for each in agent.tools
    )


def _citations(recorder: Recorder) -> tuple[Citation, ...]:
    """The sources that were numbered so far, each once."""
    found = {
        each.number: each for _step, use in recorder.conversation.uses() for each in use.citations
    }
    return tuple(found.values())


def _model(borrowed: Borrowed) -> RunModel:
    used = borrowed.used
    return RunModel(
        used.name,
        used.quantization,
        borrowed.sha256,
        used.host,
        used.facts.engine_build,
        used.facts.template_sha256,
        used.facts.dialect,
        used.facts.context_length,
    )
