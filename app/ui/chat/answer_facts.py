"""How an answer was made, in words: the model, the choice of words, times, and what repeats it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.chat.entities import AnswerMode, AnswerRecord, AnswerServer, EngineSetup, Picture
from app.chat.sampling import steps_of
from app.engine.messages import Role, Turn
from app.engine.options import ALL_LAYERS, Switch
from app.engine.protocol import Rounding, Timings
from app.ui.amounts import count_text, size_text
from app.ui.chat.words import duration_text, repeat_text

_SPEAKERS = {
    Role.SYSTEM: "System",
    Role.USER: "User",
    Role.ASSISTANT: "Assistant",
    Role.TOOL: "Tool",
}
_QUOTED = "No model was loaded. The sentences stand in your documents just as they are shown."
_NO_PROMISE = "A server does not promise the same answer twice."
_MAY_DIFFER = "the same request may differ in the last digits."


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. `is_code`: a hash or a path, better in the middle of nothing."""

    name: str
    value: str
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class FactSection:
    """Facts under a heading; `note` stands below them, dimmed."""

    title: str
    facts: tuple[Fact, ...] = ()
    note: str = ""


def sections_of(record: AnswerRecord) -> tuple[FactSection, ...]:
    """All that is known of how an answer was made; sections without facts are left out."""
    if record.mode is AnswerMode.QUOTED:
        sections: tuple[FactSection, ...] = (FactSection("Quoted answer", note=_QUOTED),)
        sections += (FactSection("Time", tuple(_times(record))),)
    else:
        sections = (
            FactSection("Model", tuple(_model(record))),
            FactSection("Prompts", tuple(_prompts(record))),
            FactSection("How it was loaded", tuple(_setup(record.setup))),
            _sampling(record),
            FactSection("Time and memory", tuple(_times(record))),
            _repeatability(record),
        )
    return tuple(each for each in sections if each.facts or each.note)


def facts_text(sections: Sequence[FactSection], prompt: str) -> str:
    """All of it as plain text, to copy."""
    lines: list[str] = []
    for section in sections:
        lines += ["", section.title] if lines else [section.title]
        lines += [f"  {fact.name}: {fact.value}" for fact in section.facts]
        if section.note:
            lines.append(f"  {section.note}")
    if prompt:
        lines += ["", "Prompt", prompt]
    return "\n".join(lines) + "\n"


def prompt_text(turns: Sequence[Turn], pictures: Sequence[Sequence[Picture]] = ()) -> str:
    """What was sent, turn by turn and word for word; `pictures` are those of each turn."""
    shown = pictures or [()] * len(turns)
    return "\n\n".join(
        f"── {_SPEAKERS[turn.role]} ──\n{_said(turn, seen)}"
        for turn, seen in zip(turns, shown, strict=True)
    )


def rounding_text(rounding: Rounding, *, exact: bool = False) -> str:
    """What may change the last digits, in plain words."""
    causes = []
    if rounding.batched:
        causes.append("together with other requests")
    if rounding.reused:
        causes.append("with part of the prompt from an earlier computation")
    if rounding.guessed:
        causes.append("with several tokens checked at a time")
    if causes:
        listed = causes[0] if len(causes) == 1 else f"{', '.join(causes[:-1])} and {causes[-1]}"
        return f"Computed {listed}; {_MAY_DIFFER}"
    if exact:
        return "Computed alone and from the start, as it is whenever it is run again exactly."
    return "Computed alone and from the start; run again exactly, it comes out the same."


def _said(turn: Turn, pictures: Sequence[Picture]) -> str:
    parts = [f"(thought) {turn.reasoning}"] if turn.reasoning else []
    parts += [f"(picture {each.name}, SHA-256 {each.sha256})" for each in pictures]
    parts += [turn.content] if turn.content else []
    parts += [f"(calls {call.name} with {dict(call.arguments)})" for call in turn.tool_calls]
    return "\n".join(parts)


def _model(record: AnswerRecord) -> Iterator[Fact]:
    yield Fact("Model", record.model_name or "Unnamed")
    if record.quantization:
        yield Fact("Quantization", record.quantization)
    if record.model_path:
        yield Fact("File", str(Path(record.model_path)), is_code=True)
    if record.server is not None:
        yield from _server(record.server, record.engine_build)
        return
    known = record.model_sha256 or "not yet computed when the answer was made"
    yield Fact("SHA-256 of the file", known, is_code=bool(record.model_sha256))
    if record.template_sha256:
        yield Fact("SHA-256 of the template", record.template_sha256, is_code=True)
    if record.dialect:
        yield Fact("Replies read as", record.dialect)
    if record.engine_build:
        yield Fact("Engine", record.engine_build)


def _prompts(record: AnswerRecord) -> Iterator[Fact]:
    if record.prompt is not None:
        yield Fact("The question was written with", record.prompt.title)
    if record.persona is not None:
        yield Fact("Persona", record.persona.title)
    if record.output_schema is not None:
        yield Fact("Form of the answer", "as the JSON Schema of the prompt has it")


def _server(server: AnswerServer, program: str) -> Iterator[Fact]:
    yield Fact("Connection", server.name)
    yield Fact("Address", server.address, is_code=True)
    yield Fact("Called there", server.model)
    yield Fact("Server", program)
    if server.context_length:
        yield Fact("Context", count_text(server.context_length, "token"))
    if server.ignored_settings:
        names = ", ".join(server.ignored_settings)
        yield Fact("Settings left out", f"{names}, which the server does not know")
    if not server.counts_exactly:
        yield Fact("Prompt was fitted by", "an estimate of its tokens, on the high side")


def _setup(setup: EngineSetup | None) -> Iterator[Fact]:
    if setup is None:
        return
    if setup.context_length:
        yield Fact("Context", count_text(setup.context_length, "token"))
    if setup.threads:
        reading = setup.prefill_threads
        extra = f", {reading} to read the prompt" if reading not in (0, setup.threads) else ""
        yield Fact("Threads", f"{setup.threads}{extra}")
    if setup.gpu_layers:
        count = count_text(setup.gpu_layers, "layer")
        layers = "all layers" if setup.gpu_layers >= ALL_LAYERS else count
        yield Fact("On the graphics card", layers)
    yield Fact("KV cache", f"K {setup.kv_type_k.value}, V {setup.kv_type_v.value}")
    flash = {Switch.AUTO: "automatic", Switch.ON: "on", Switch.OFF: "off"}
    yield Fact("Flash attention", flash[setup.flash_attention])
    if not setup.gpu_layers:  # beside a card they are always as in the file
        order = "one that suits the processor" if setup.repacks else "that of the file"
        yield Fact("Order of the weights", order)
    if setup.adapters:
        names = (f"{Path(each.path).name} ({each.scale:g})" for each in setup.adapters)
        yield Fact("Adapters", ", ".join(names))
    if setup.speculation.draft_model:
        yield Fact("Guesses by", Path(setup.speculation.draft_model).name)
    elif setup.speculation.prompt_lookup:
        yield Fact("Guesses by", "what followed the same words before")


def _sampling(record: AnswerRecord) -> FactSection:
    sampling = record.sampling
    if sampling is None:
        return FactSection("Choice of words")
    steps = steps_of(sampling)
    acting = [each for each in steps if each.acts]
    facts = [
        Fact(f"{at}. {each.title}", each.values.replace("\n", "\\n"))
        for at, each in enumerate(acting, start=1)
    ]
    if not sampling.is_greedy:
        facts.append(Fact("Seed", str(sampling.seed)))
    if record.stop:
        facts.append(Fact("Stops at", _listed(record.stop)))
    if record.max_tokens:
        facts.append(Fact("At most", count_text(record.max_tokens, "token")))
    if record.template.thinking is not None:
        facts.append(Fact("Thinking", "on" if record.template.thinking else "off"))
    idle = ", ".join(each.title for each in steps if not each.acts)
    return FactSection("Choice of words, in order", tuple(facts), idle and f"Off: {idle}.")


def _times(record: AnswerRecord) -> Iterator[Fact]:
    timings = record.timings
    if record.search_s:
        yield Fact("Search", _seconds(record.search_s))
    if timings.queue_s >= 0.0005:
        yield Fact("Waited for its turn", _seconds(timings.queue_s))
    if timings.ttft_s:
        yield Fact("Time to first token", _seconds(timings.ttft_s))
    if record.thinking_s >= 1:
        yield Fact("Thought for", duration_text(record.thinking_s))
    if timings.tokens_per_second:
        each = f"{timings.per_token_s * 1000:.3g} ms each"
        yield Fact("Speed", f"{timings.tokens_per_second:.1f} tokens/s, {each}")
    if timings.prompt_tokens:
        reused = f", {timings.reused_tokens:,} of them reused" if timings.reused_tokens else ""
        yield Fact("Prompt", count_text(timings.prompt_tokens, "token") + reused)
    if timings.output_tokens:
        yield Fact("Answer", count_text(timings.output_tokens, "token"))
    yield from _memory_and_guesses(timings)
    if record.total_s:
        yield Fact("In all", _seconds(record.total_s))


def _memory_and_guesses(timings: Timings) -> Iterator[Fact]:
    if timings.guessed_tokens:
        share = f"{timings.acceptance_rate:.0%}"
        right = f"{timings.accepted_tokens:,} of {timings.guessed_tokens:,} were right ({share})"
        yield Fact("Guessed tokens", right)
    if timings.peak_memory_bytes:
        yield Fact("Peak memory", size_text(timings.peak_memory_bytes))


def _repeatability(record: AnswerRecord) -> FactSection:
    if record.server is not None and not record.error:
        repeat = record.repeat
        if repeat is None:
            return FactSection("Repeating it", note=_NO_PROMISE)
        first = f"{_NO_PROMISE} " if repeat.is_same else ""  # else it is among the reasons
        return FactSection("Repeating it", note=f"{first}{repeat_text(repeat)}")
    if record.setup is None or record.error:
        return FactSection("Repeating it")
    notes = [rounding_text(record.rounding, exact=record.exact)]
    if record.repeat is not None:
        notes.append(repeat_text(record.repeat))
    return FactSection("Repeating it", note=" ".join(notes))


def _listed(texts: Sequence[str]) -> str:
    """Texts in one line; line breaks in them are seen as such."""
    return ", ".join("“" + text.replace("\n", "\\n") + "”" for text in texts)


def _seconds(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
