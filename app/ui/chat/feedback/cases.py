"""What an answer of a chat becomes: a test case, or an example for a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from app.chat.entities import Message, MessageId
from app.chat.feedback import Rating
from app.engine.messages import Role, Turn
from app.prompts.entities import Example
from app.ui.forms.case_draft import CaseDraft

_WITHOUT_PASSAGES = (
    "The passages from your documents are not part of the test case: a run asks the model alone."
)


def case_of(messages: Sequence[Message], answer_id: MessageId) -> CaseDraft | None:
    """The test case that an answer begins with; None if it is not among these messages.

    Args:
        messages: of a branch, from the first question.
        answer_id: whose question it asks.
    """
    found = _asked_and_answered(messages, answer_id)
    if found is None:
        return None
    asked, answer, before = found
    said = [Turn(each.role, each.settled_text) for each in before if each.settled_text]
    if asked.prompt is not None:
        told = asked.prompt.instructions
        said = [*([Turn(Role.SYSTEM, told)] if told else []), *asked.prompt.shown, *said]
    record = answer.record
    metadata = {"from": "chat"}
    if record is not None and record.model_name:
        metadata |= {"model": record.model_name, "quantization": record.quantization}
    right = _right_answer(answer)
    return CaseDraft(
        (*said, Turn(Role.USER, asked.text)),
        (right,) if right else (),
        metadata=metadata,
        note=_WITHOUT_PASSAGES if record is not None and record.citations else "",
    )


def example_of(messages: Sequence[Message], answer_id: MessageId) -> Example | None:
    """The example that an answer begins with; None if it is not among these messages."""
    found = _asked_and_answered(messages, answer_id)
    if found is None:
        return None
    asked, answer, _before = found
    return Example(asked.text, _right_answer(answer))


def _asked_and_answered(
    messages: Sequence[Message], answer_id: MessageId
) -> tuple[Message, Message, Sequence[Message]] | None:
    """The question, its answer, and what was said before."""
    at = next((at for at, each in enumerate(messages) if each.id == answer_id), 0)
    return (messages[at - 1], messages[at], messages[: at - 1]) if at else None


def _right_answer(answer: Message) -> str:
    """The correction, else the answer; a bad answer that nobody corrected is not a right one."""
    feedback = answer.feedback
    if not feedback.correction and feedback.rating is Rating.BAD:
        return ""
    return answer.settled_text.strip()
