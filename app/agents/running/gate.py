"""Whether a call may run: by its risk, by the agent's policy, by a grant, or by a person's word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.agents.approvals import ApprovalRequest, Decision, Person
from app.agents.entities import Policy, Risk
from app.agents.grants import GrantBook
from app.agents.running.meter import Meter
from app.agents.running.recorder import Recorder
from app.agents.tools.tool import Preview, Tool, ToolFault, checked
from app.agents.trace import ApprovalAsked, Ground, Step, ToolUse, Verdict
from app.base.errors import Cancelled
from app.base.jobs import CancelToken

_HARMLESS: Final = (Risk.COMPUTE, Risk.ASK)
_MOST_ROUNDS: Final = 20  # of changing arguments; a person has had enough by then
_WHY: Final = {
    Risk.COMPUTE: "It computes.",
    Risk.ASK: "It asks you something.",
    Risk.READ: "It reads what is yours.",
    Risk.WRITE: "It changes what is yours.",
    Risk.SEND: "It reaches beyond this computer, or does what cannot be checked here.",
}
_UNTRUSTED: Final = (
    " Text that others wrote is in the conversation and may have led to this, so it can be allowed"
    " only this once."
)

Preparing = Callable[[Mapping[str, Any]], Preview | None]


@dataclass(frozen=True, slots=True)
class Allowed:
    """A call that may run, with these arguments, and for what was shown of it."""

    arguments: Mapping[str, Any]
    preview: Preview | None


@dataclass(frozen=True, slots=True)
class Denied:
    """A call that may not run; why, in words for the model."""

    words: str


class Gate:
    """Decides on the calls of one run."""

    def __init__(self, recorder: Recorder, grants: GrantBook, person: Person, meter: Meter) -> None:
        self._recorder = recorder
        self._agent = recorder.run.agent
        self._grants = grants
        self._person = person
        self._meter = meter

    def ground(self, tool: Tool, *, is_doubtful: bool) -> Ground | None:
        """Why a call needs nobody's word; None if it does.

        Args:
            tool: that is called.
            is_doubtful: nobody knows whether the same call was done already.
        """
        spec = tool.spec
        if spec.risk in _HARMLESS:
            return Ground.HARMLESS
        if is_doubtful or self._is_led_by_others(spec.risk):
            return None
        if self._agent.policy_for(spec.name) is Policy.ALLOW:
            return Ground.POLICY
        return self._grants.ground(self._agent, spec)

    def ask(
        self,
        step: Step,
        tool: Tool,
        arguments: Mapping[str, Any],
        prepare: Preparing,
        cancel: CancelToken,
        *,
        doubt: str = "",
    ) -> Allowed | Denied:
        """Have a person decide. What they change is checked, and shown again with what it does.

        Args:
            step: of the call, in the trace.
            tool: that is called.
            arguments: that were checked.
            prepare: says what the call would change.
            cancel: ends the asking; nothing is allowed then.
            doubt: whether the same call was done already, in words; empty if there is none.

        Raises:
            ToolFault: it cannot be done as the model wants it.
            Cancelled: the run was stopped.
        """
        is_guarded = self._is_led_by_others(tool.spec.risk)
        request = ApprovalRequest(
            self._recorder.run.id,
            step.id,
            self._agent.name,
            tool.spec,
            arguments,
            doubt + _WHY[tool.spec.risk] + (_UNTRUSTED if is_guarded else ""),
            prepare(arguments),
            (Verdict.ONCE, Verdict.DENY) if is_guarded or doubt else tuple(Verdict),
        )
        for _round in range(_MOST_ROUNDS):
            self._show(step, request)
            decision = self._decide(step, request, cancel)
            if decision.verdict is Verdict.DENY:
                return Denied(_denial(decision))
            if decision.arguments in (None, request.arguments):
                if request.problem:
                    continue
                return self._allowed(tool, request, decision.verdict)
            request = _changed(request, decision.arguments or {}, prepare)
            if request.preview is None and not request.problem:
                return self._allowed(tool, request, decision.verdict)
        return Denied("It was not allowed.")

    def _allowed(self, tool: Tool, request: ApprovalRequest, verdict: Verdict) -> Allowed:
        if verdict in request.verdicts:
            self._grants.allow(self._agent, tool.spec, verdict)
        return Allowed(request.arguments, request.preview)

    def _show(self, step: Step, request: ApprovalRequest) -> None:
        """The trace has what the person sees."""
        use = self._recorder.newest(step).detail
        assert isinstance(use, ToolUse)
        diff = request.preview.diff if request.preview else ""
        self._recorder.change(step, replace(use, arguments=request.arguments, diff=diff))

    def _decide(self, step: Step, request: ApprovalRequest, cancel: CancelToken) -> Decision:
        asked = ApprovalAsked(request.why)
        approval = self._recorder.begin(asked, parent=step.id)
        try:
            with self._meter.waiting():
                decision = self._person.approve(request, cancel)
            cancel.check()
        except Cancelled:  # nobody decided, and that is a no
            self._recorder.end(approval, asked)
            raise
        asked = replace(
            asked,
            verdict=decision.verdict,
            by=decision.by,
            arguments=decision.arguments,
            reason=decision.reason,
        )
        self._recorder.end(approval, asked)
        return decision

    def _is_led_by_others(self, risk: Risk) -> bool:
        return risk.has_effect and self._recorder.conversation.is_untrusted


def _changed(
    request: ApprovalRequest, arguments: Mapping[str, Any], prepare: Preparing
) -> ApprovalRequest:
    try:
        given = checked(request.spec, arguments)
        return replace(request, arguments=given, preview=prepare(given), problem="")
    except ToolFault as fault:
        return replace(request, arguments=arguments, preview=None, problem=str(fault))


def _denial(decision: Decision) -> str:
    words = "This was not allowed, and nothing was done."
    return f"{words} {decision.reason}".strip() + " Do not try it again; go on without it."
