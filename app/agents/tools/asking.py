"""Asking the person: the one tool whose result is an answer and not a fact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.agents.entities import Risk
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

_LONGEST: Final = 1_000
_MOST_OPTIONS: Final = 6
_LONGEST_OPTION: Final = 200

ASK_USER: Final = ToolSpec(
    OfferedTool(
        "ask_user",
        "Ask the person a question and wait for the answer. Only for what you cannot find out "
        "yourself. Offer options where there are a few likely answers; another answer can always "
        "be written.",
        {
            "type": "object",
            "properties": {
                "question": {"type": "string", "minLength": 1, "maxLength": _LONGEST},
                "options": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "maxLength": _LONGEST_OPTION},
                    "maxItems": _MOST_OPTIONS,
                },
            },
            "required": ["question"],
            "additionalProperties": False,
        },
    ),
    Risk.ASK,
    "Ask you a question",
)


@dataclass(frozen=True, slots=True)
class Question:
    """What the model wants to know. The person may pick an option or write anything else."""

    text: str
    options: tuple[str, ...] = ()


Ask = Callable[[Question, CancelToken], str | None]
"""Shows a question and waits: the answer, or None if the person gives none.

It raises `Cancelled` as soon as the run is stopped.
"""


class AskUser:
    """The tool that asks the person."""

    spec = ASK_USER

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Ask, and wait for as long as it takes."""
        cancel.check()
        text = arguments["question"].strip()
        if not text:
            raise ToolFault("The question is empty.", "Write what you want to know.")
        options = dict.fromkeys(" ".join(each.split()) for each in arguments.get("options", ()))
        options.pop("", None)
        answer = self._ask(Question(text, tuple(options)), cancel)
        cancel.check()
        if answer is None or not answer.strip():
            return ToolResult("The person gave no answer. Go on without it, or say what you lack.")
        return ToolResult(f"The person answers: {answer.strip()}")
