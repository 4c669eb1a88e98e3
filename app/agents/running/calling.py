"""One call of a tool, from what the model wrote to what it is told. Nothing here is an error of
the run: whatever goes wrong with a call becomes words for the model.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.agents.entities import Risk
from app.agents.running.bounded import TimedOut, run_bounded
from app.agents.running.gate import Denied, Gate
from app.agents.running.meter import Meter
from app.agents.running.recorder import Recorder
from app.agents.running.repetition import made_before
from app.agents.tools.results import MOST_BYTES, cap
from app.agents.tools.tool import (
    Preview,
    PreviewedTool,
    Tool,
    ToolFault,
    ToolResult,
    checked,
)
from app.agents.trace import Ground, Outcome, Step, StepId, ToolUse
from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.engine.messages import ToolCall

log = logging.getLogger(__name__)

_MOST_DIFF: Final = 1_000_000  # characters of it that the trace keeps
_MAY_BE_DONE: Final = " Nobody knows whether it was done all the same: look before doing it again."
_REPEATED: Final = (
    "You made this very call before, and nothing has changed since: see its result above. Do"
    " something else, or answer."
)
_DOUBT: Final = "The same call was begun before, and nobody knows whether it was done. "
_EDITED: Final = "The person changed the arguments before this ran.\n"


@dataclass(frozen=True, slots=True)
class Used:
    """A call that is over.

    Attributes:
        times: how often this very call was made now without anything changed in between.
    """

    outcome: Outcome
    times: int = 1


class Caller:
    """Makes the calls of one run."""

    def __init__(
        self,
        tools: Sequence[Tool],
        recorder: Recorder,
        gate: Gate,
        meter: Meter,
        cancel: CancelToken,
        seconds: float,
    ) -> None:
        """Get ready.

        Args:
            tools: by the first of each name.
            recorder: of the run.
            gate: says what may run.
            meter: of the run.
            cancel: stops the run.
            seconds: that a tool may take; one that asks the person may take as long as it wants.
        """
        self._tools = {each.spec.name: each for each in reversed(tools)}
        self._recorder = recorder
        self._gate = gate
        self._meter = meter
        self._cancel = cancel
        self._seconds = seconds

    def skip(self, call: ToolCall, reply: StepId, words: str) -> None:
        """Leave a call out, and say why."""
        self._refuse(ToolUse(call, call.name, outcome=Outcome.SKIPPED, text=words), reply)

    def use(self, call: ToolCall, reply: StepId, shortened: Mapping[StepId, int]) -> Used:
        """Make a call.

        Args:
            call: as the model wrote it.
            reply: that it is in.
            shortened: results that the model does not have whole any more.

        Raises:
            Cancelled: the run was stopped.
        """
        self._cancel.check()
        self._meter.called()
        use = self._read(call)
        if use.outcome is Outcome.INVALID:
            return self._refuse(use, reply)
        before = made_before(self._recorder.conversation, call, shortened)
        if before.is_pointless:
            repeated = replace(use, outcome=Outcome.REPEATED, text=_REPEATED)
            return replace(self._refuse(repeated, reply), times=before.times + 1)
        tool, doubt = self._tools[call.name], _DOUBT if before.is_in_doubt else ""
        ground = self._gate.ground(tool, is_doubtful=before.is_in_doubt)
        if ground is None:
            return Used(self._ask(tool, use, reply, doubt))
        use = replace(use, allowed=ground)
        step = self._recorder.begin(use, reply, is_stored=tool.spec.risk.has_effect)
        return Used(self._run(step, tool, None))

    def _read(self, call: ToolCall) -> ToolUse:
        """The call with arguments that were checked; INVALID, and why, if it cannot be made."""
        tool = self._tools.get(call.name)
        if tool is None:
            names = ", ".join(sorted(self._tools, key=str.casefold)) or "none"
            words = f"There is no tool “{call.name[:80]}”. The tools: {names}."
            return ToolUse(call, call.name, outcome=Outcome.INVALID, text=words)
        spec = tool.spec
        use = ToolUse(call, spec.title, spec.risk, spec.server)
        try:
            return replace(use, arguments=checked(spec, call.arguments))
        except ToolFault as fault:
            return replace(use, outcome=Outcome.INVALID, text=str(fault))

    def _refuse(self, use: ToolUse, reply: StepId) -> Used:
        self._recorder.end(self._recorder.begin(use, reply), use)
        return Used(use.outcome)

    def _ask(self, tool: Tool, use: ToolUse, reply: StepId, doubt: str) -> Outcome:
        waiting = replace(use, outcome=Outcome.WAITING)
        step = self._recorder.begin(waiting, reply, is_stored=True)
        try:
            allowed = self._gate.ask(
                step,
                tool,
                use.arguments,
                lambda arguments: self._preview(tool, arguments),
                self._cancel,
                doubt=doubt,
            )
        except Cancelled:
            self._recorder.end(step, self._use(step))
            raise
        except Exception as error:  # noqa: BLE001 - sorted there; the run goes on
            return self._failed(step, tool, error)
        if isinstance(allowed, Denied):
            return self._end(step, Outcome.DENIED, allowed.words)
        changed = replace(
            self._use(step),
            arguments=allowed.arguments,
            is_edited=dict(allowed.arguments) != dict(use.arguments),
            allowed=Ground.ASKED,
            outcome=Outcome.RUNNING,
        )
        return self._run(self._recorder.change(step, changed), tool, allowed.preview)

    def _preview(self, tool: Tool, arguments: Mapping[str, Any]) -> Preview | None:
        if not isinstance(tool, PreviewedTool):
            return None
        preview = tool.preview
        return run_bounded(lambda cancel: preview(arguments, cancel), self._cancel, self._seconds)

    def _run(self, step: Step, tool: Tool, preview: Preview | None) -> Outcome:
        use = self._use(step)
        try:
            result = run_bounded(
                lambda cancel: _called(tool, use.arguments, cancel, preview),
                self._cancel,
                self._time_for(tool),
            )
        except Cancelled:
            doubt = _MAY_BE_DONE if tool.spec.risk.has_effect else ""
            self._end(step, Outcome.STOPPED, f"The run was stopped.{doubt}")
            raise
        except Exception as error:  # noqa: BLE001 - sorted there; the run goes on
            return self._failed(step, tool, error)
        return self._done(step, result)

    def _failed(self, step: Step, tool: Tool, error: Exception) -> Outcome:
        doubt = _MAY_BE_DONE if tool.spec.risk.has_effect and self._use(step).allowed else ""
        match error:
            case TimedOut():
                words = f"It took too long and was given up.{doubt}"
                return self._end(step, Outcome.TIMED_OUT, words)
            case AppError():
                return self._end(step, Outcome.FAULT, str(error))
        log.warning("the tool %s broke", tool.spec.name, exc_info=error)
        words = f"The tool {tool.spec.name} broke ({type(error).__name__}).{doubt}"
        return self._end(step, Outcome.BROKEN, words)

    def _time_for(self, tool: Tool) -> float | None:
        if tool.spec.risk is Risk.ASK:
            return None
        return max(0.0, min(self._seconds, self._meter.seconds_left))

    def _done(self, step: Step, result: ToolResult) -> Outcome:
        use = self._use(step)
        text = cap(result.text, MOST_BYTES)
        whole = result.whole or ("" if text == result.text else result.text)
        done = replace(
            use,
            outcome=Outcome.DONE,
            text=_EDITED + text if use.is_edited else text,
            size_bytes=len((whole or text).encode("utf-8", "replace")),
            is_untrusted=result.is_untrusted,
            source=result.source,
            diff=_capped_diff(result.preview or use.diff),
            citations=result.citations,
        )
        self._recorder.end(step, done, whole or None)
        return done.outcome

    def _end(self, step: Step, outcome: Outcome, words: str) -> Outcome:
        text = cap(words, MOST_BYTES)
        use = self._use(step)
        # What a program says of its own failure is no more to be trusted than what it finds.
        is_untrusted = bool(use.server) and outcome is Outcome.FAULT
        source = f"the server {use.server}" if is_untrusted else ""
        size = len(text.encode("utf-8", "replace"))
        ended = replace(
            use,
            outcome=outcome,
            text=text,
            size_bytes=size,
            is_untrusted=is_untrusted,
            source=source,
            diff=_capped_diff(use.diff),
        )
        self._recorder.end(step, ended)
        return outcome

    def _use(self, step: Step) -> ToolUse:
        use = self._recorder.newest(step).detail
        assert isinstance(use, ToolUse)
        return use


def _called(
    tool: Tool, arguments: Mapping[str, Any], cancel: CancelToken, preview: Preview | None
) -> ToolResult:
    if preview is not None and isinstance(tool, PreviewedTool):
        return tool.run(arguments, cancel, preview)
    return tool.run(arguments, cancel)


def _capped_diff(diff: str) -> str:
    if len(diff) <= _MOST_DIFF:
        return diff
    return f"{diff[:_MOST_DIFF]}\n[… {len(diff) - _MOST_DIFF:,} more characters …]"
