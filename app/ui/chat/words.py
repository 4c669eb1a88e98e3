"""What the chat calls things: labels of answers, stages, sources and scopes. No widgets here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.chat.entities import AnswerMode, AnswerRecord, Citation, Message, Repeat
from app.chat.live import LiveAnswer, Phase
from app.engine.messages import Role
from app.engine.protocol import FinishReason
from app.library.entities import Collection, CollectionId, Document, DocumentId, Scope
from app.modelhub.in_use import ModelInUse
from app.ui.widgets.choice import Severity

QUOTED_TITLE = "Quoted answer"
QUOTED_META = "no model loaded"
BROKE_OFF = "The answer broke off."
NOTHING_FOUND = "Nothing in your documents answers this."
NOTHING_FOUND_HINT = "Try other words, or ask over more documents."

_STAGES = {
    Phase.SEARCHING: "Searching your documents",
    Phase.READING: "Reading the passages",
    Phase.THINKING: "Thinking",
    Phase.WRITING: "Writing",
    Phase.STOPPING: "Stopping",
}


@dataclass(frozen=True, slots=True)
class AnswerLabel:
    """Who answers, and how; never left out."""

    title: str
    meta: str
    is_quoted: bool


class ModelState(StrEnum):
    """Whether a model can answer just now."""

    READY = "ready"
    LOADING = "loading"
    GONE = "gone"


class Offer(StrEnum):
    """What a notice offers to do."""

    NOTHING = "nothing"
    REGENERATE = "regenerate"
    LOAD = "load"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class AnswerNotice:
    """What is to be known about how an answer ended."""

    text: str
    hint: str = ""
    severity: Severity = Severity.INFO
    offer: Offer = Offer.NOTHING


def expected_label(used: ModelInUse | None) -> AnswerLabel:
    """The label of an answer that is only being made."""
    if used is None:
        return AnswerLabel(QUOTED_TITLE, QUOTED_META, is_quoted=True)
    facts = (used.quantization, used.where if used.host else "")
    return AnswerLabel(used.name, " · ".join(fact for fact in facts if fact), is_quoted=False)


def answer_label(record: AnswerRecord | None) -> AnswerLabel:
    """The label of a stored answer."""
    if record is None:
        return AnswerLabel("Answer", "", is_quoted=False)
    if record.mode is AnswerMode.QUOTED:
        return AnswerLabel(QUOTED_TITLE, QUOTED_META, is_quoted=True)
    timings = record.timings
    facts = [record.quantization, f"on {record.server.host}" if record.server else ""]
    if timings.tokens_per_second:
        facts.append(f"{timings.tokens_per_second:.1f} tok/s")
    if timings.output_tokens:
        facts.append(f"{timings.output_tokens:,} tokens")
    title = record.model_name or "Model"
    return AnswerLabel(title, " · ".join(fact for fact in facts if fact), is_quoted=False)


def answer_notice(
    record: AnswerRecord | None,
    model: ModelState = ModelState.READY,
    *,
    has_text: bool = True,
) -> AnswerNotice | None:
    """How the answer ended, if it did not simply end."""
    if record is None:
        return None
    if record.error or record.finish is FinishReason.FAILED:
        hint = record.error or "Ask again."
        return AnswerNotice(BROKE_OFF, hint, Severity.DANGER, _next_step(record, model))
    if record.found_nothing:
        return AnswerNotice(NOTHING_FOUND, NOTHING_FOUND_HINT)
    if record.finish is FinishReason.STOPPED:
        return AnswerNotice("You stopped this answer.")
    if record.finish is FinishReason.LENGTH:
        return _length_notice(record, has_text=has_text)
    if record.problem:
        return AnswerNotice(record.problem, "", Severity.WARN)
    if record.repeat is not None:
        return AnswerNotice(repeat_text(record.repeat))
    return None


def _next_step(record: AnswerRecord, model: ModelState) -> Offer:
    # What ran on a server has no file that could be loaded.
    if not record.engine_stopped or not record.model_path or model is ModelState.READY:
        return Offer.REGENERATE
    return Offer.WAIT if model is ModelState.LOADING else Offer.LOAD


def _length_notice(record: AnswerRecord, *, has_text: bool) -> AnswerNotice:
    if record.reasoning and not has_text:
        hint = "Give it more room in Settings, Chat, “Room for thinking”, or switch thinking off."
        return AnswerNotice("The room for thinking was used up.", hint, Severity.WARN)
    hint = "Settings, Chat, “Longest answer” sets how long an answer may be."
    return AnswerNotice("The answer reached its longest length.", hint, Severity.WARN)


def repeat_text(repeat: Repeat) -> str:
    """What came of running an answer again exactly."""
    if repeat.is_same:
        return "Run again exactly: it came out the same, word for word."
    if not repeat.changes:
        return "Run again exactly: it came out otherwise than the first time."
    return f"Run again exactly: it came out otherwise. {_sentence('; '.join(repeat.changes))}"


def thinking_text(seconds: float) -> str:
    """While a model thinks."""
    return f"Thinking · {duration_text(seconds)}" if seconds >= 1 else "Thinking"


def thought_text(seconds: float) -> str:
    """Once it is done."""
    return f"Thought for {duration_text(seconds)}" if seconds >= 1 else "Thought for a moment"


def duration_text(seconds: float) -> str:
    """Whole seconds, with minutes once there are any."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def stage_text(phase: Phase, seconds: float) -> str:
    """What is going on, with the time once it gets long."""
    text = _STAGES.get(phase, "")
    return f"{text} · {seconds:.0f} s" if text and seconds >= 3 else text


def source_title(citation: Citation) -> str:
    """A source in one line: "1 · Contract.pdf · page 3"."""
    return f"{citation.number} · {citation.title} · {citation.place.label}"


def citation_tips(record: AnswerRecord | None) -> Mapping[int, str]:
    """What each number in an answer stands for."""
    if record is None:
        return {}
    return {
        each.number: f"{each.title}, {each.place.label}: “{_short(each.quote)}”"
        for each in record.citations
    }


def scope_title(
    scope: Scope, documents: Sequence[Document], collections: Sequence[Collection]
) -> str:
    """Which documents are asked, as the composer's chip says it."""
    if scope.is_everything:
        return "All documents"
    names: dict[CollectionId, str] = {each.id: each.name for each in collections}
    titles: dict[DocumentId, str] = {each.id: each.title for each in documents}
    known = [names[each] for each in scope.collections if each in names]
    chosen = [titles[each] for each in scope.documents if each in titles]
    if len(known) + len(chosen) == 1:
        return _short((known + chosen)[0], 32)
    if not known and not chosen:
        return "No documents left"
    if not known:
        return f"{len(chosen)} documents"
    if not chosen:
        return f"{len(known)} collections"
    return f"{_count(len(known), 'collection')}, {_count(len(chosen), 'document')}"


def pending_text(documents: Sequence[Document]) -> str:
    """A line while documents are still on their way into the index; empty when none is."""
    pending = sum(each.status.is_pending for each in documents)
    if not pending:
        return ""
    verb = "is" if pending == 1 else "are"
    what = "it" if pending == 1 else "them"
    return f"{_count(pending, 'document')} {verb} still being read; answers may miss {what}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _short(text: str, length: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def conversation_text(messages: Sequence[Message]) -> str:
    """A conversation as Markdown, to copy; answers carry their label and their sources."""
    return "\n\n".join(_message_text(each) for each in messages) + "\n"


def _message_text(message: Message) -> str:
    if message.role is Role.USER:
        notes = "".join(f"[picture: {each.name}] " for each in message.pictures)
        return f"**You:** {notes}{message.text}"
    label = answer_label(message.record)
    name = f"{label.title} ({label.meta})" if label.meta else label.title
    corrected = " (corrected by you)" if message.feedback.correction else ""
    lines = [f"**{name}:**{corrected}", "", message.settled_text]
    if message.record is not None and message.record.citations:
        lines.append("")
        lines += [
            f"[{each.number}] {each.title}, {each.place.label} ({each.path})"
            for each in message.record.citations
        ]
    return "\n".join(lines)


def outcome_text(live: LiveAnswer) -> str:
    """What a screen reader says when an answer ends."""
    if live.error is not None:
        return f"The answer failed. {live.error.message}"
    if live.message is None:
        return "Stopped."
    notice = answer_notice(live.message.record)
    return notice.text if notice is not None else "The answer is finished."
