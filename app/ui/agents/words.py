"""What agents, their runs and their calls are called in words, and which icon stands for each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from app.agents.entities import Budgets, Policy, Risk
from app.agents.mcp.definitions import shown as visible
from app.agents.trace import Ground, Outcome, RunState, Spent, ToolUse, Verdict
from app.ui.amounts import count_text

_MOST_SHORT: Final = 90


@dataclass(frozen=True, slots=True)
class Words:
    """A state in words, with its icon and its severity: "", "info", "ok", "warn", "danger"."""

    text: str
    icon: str
    sev: str = ""
    more: str = ""

    @property
    def color(self) -> str:
        """The colour role of the icon."""
        return self.sev or "text2"


RUN_WORDS: Final = {
    RunState.RUNNING: Words("Working", "ph.spinner-gap", "info"),
    RunState.DONE: Words("Done", "ph.check-circle", "ok"),
    RunState.LIMITED: Words("Ended early", "ph.hourglass", "warn"),
    RunState.STOPPED: Words("Stopped", "ph.stop-circle"),
    RunState.FAILED: Words("Failed", "ph.warning-circle", "danger"),
    RunState.INTERRUPTED: Words("Interrupted", "ph.warning", "warn"),
}
WAITS: Final = Words("Waits for you", "ph.hand", "warn")
OUTCOME_WORDS: Final = {
    Outcome.WAITING: WAITS,
    Outcome.RUNNING: Words("Running", "ph.spinner-gap", "info"),
    Outcome.DONE: Words("Done", "ph.check-circle", "ok"),
    Outcome.INVALID: Words("Could not be made", "ph.warning", "warn"),
    Outcome.REPEATED: Words("Made before", "ph.repeat", "warn"),
    Outcome.SKIPPED: Words("Left out", "ph.skip-forward", "warn"),
    Outcome.DENIED: Words("Denied", "ph.prohibit", "warn"),
    Outcome.FAULT: Words("Failed", "ph.warning-circle", "danger"),
    Outcome.BROKEN: Words("The tool broke", "ph.warning-circle", "danger"),
    Outcome.TIMED_OUT: Words("Took too long", "ph.timer", "danger"),
    Outcome.STOPPED: Words("Stopped", "ph.stop-circle"),
    Outcome.UNKNOWN: Words("Not known whether it was done", "ph.question", "warn"),
}
_UNDECIDED: Final = Words("Not decided", "ph.hand", "warn")
_BROKEN_OFF: Final = Words("Broken off", "ph.question", "warn")
RISK_WORDS: Final = {
    Risk.COMPUTE: Words("Computes", "ph.calculator", "", "It only works with what it is given."),
    Risk.ASK: Words("Asks you", "ph.chat-circle", "", "It asks you something."),
    Risk.READ: Words("Reads", "ph.eye", "info", "It reads what is yours."),
    Risk.WRITE: Words("Changes", "ph.pencil-simple", "warn", "It changes what is yours."),
    Risk.SEND: Words(
        "May reach out",
        "ph.paper-plane-tilt",
        "danger",
        "It reaches beyond this computer, or does what cannot be checked here.",
    ),
}
POLICY_WORDS: Final = {Policy.OFF: "Off", Policy.ASK: "Ask me", Policy.ALLOW: "Allow"}
GROUND_WORDS: Final = {
    Ground.HARMLESS: "It needs nobody's word.",
    Ground.POLICY: "This agent may use the tool without asking.",
    Ground.SESSION: "You allowed it until Cairn is closed.",
    Ground.ALWAYS: "You always allow it.",
    Ground.ASKED: "It was allowed this once.",
}
VERDICT_WORDS: Final = {
    Verdict.ONCE: "Allowed once",
    Verdict.SESSION: "Allowed until Cairn is closed",
    Verdict.ALWAYS: "Always allowed",
    Verdict.DENY: "Denied",
}


def one_line(text: str, most: int = _MOST_SHORT) -> str:
    """The start of a text in one line, nothing in it hidden."""
    line = visible(" ".join(text[: 4 * most].split()))
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def use_words(use: ToolUse, *, is_live: bool) -> Words:
    """How far a call is. In a run that is over, none is going on."""
    if use.outcome is Outcome.WAITING and not is_live:
        return _UNDECIDED
    if use.outcome is Outcome.RUNNING and (not is_live or use.risk is Risk.ASK):
        return WAITS if is_live else _BROKEN_OFF
    return OUTCOME_WORDS[use.outcome]


def seconds_text(seconds: float) -> str:
    """A time that was taken: "0.4 s", "14 s", "2 min 5 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def spent_text(spent: Spent, budgets: Budgets, seconds: float | None = None) -> str:
    """What a run took of its limits: "6 of 20 steps · 1,240 tokens · 14 s"."""
    parts = (
        f"{spent.steps} of {count_text(budgets.steps, 'step')}",
        count_text(spent.output_tokens, "token"),
        seconds_text(spent.work_s if seconds is None else seconds),
    )
    return " · ".join(parts)


def of_server(server: str) -> str:
    """Whose tool it is."""
    return f"from the server “{one_line(server)}”" if server else "one of Cairn's own"


def call_text(use: ToolUse) -> str:
    """The arguments of a call in one line."""
    parts = [f"{name}: {_short(value)}" for name, value in list(use.arguments.items())[:6]]
    return one_line(" · ".join(parts), 160)


def json_text(value: object) -> str:
    """A value as JSON that people can read."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return one_line(text, 60)
