"""How models of each dialect write replies; made by hand from their templates and model cards."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.engine.messages import (
    ArgumentsDelta,
    Delta,
    ReasoningDelta,
    Reply,
    TextDelta,
    Tool,
    ToolCallBegun,
    ToolCallDone,
)
from app.engine.replies.catalogue import dialect
from app.engine.replies.parser import ReplyParser

Call = tuple[str, Mapping[str, Any]]

WEATHER = Tool(
    "get_weather",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "exact": {"type": "boolean"},
            "options": {
                "type": "object",
                "properties": {
                    "unit": {"type": "string"},
                    "levels": {"type": "array", "items": {"type": "number"}},
                },
            },
        },
    },
)
NOTE = Tool("add_note", parameters={"type": "object", "properties": {"text": {"type": "string"}}})
TOOLS = (WEATHER, NOTE)


@dataclass(frozen=True)
class Spoken:
    """Attributes:
    calls: how calls are written, one after the other.
    think: how reasoning is written; None if the dialect has none.
    opened: an end of a prompt that has begun the reasoning, and how it then goes on.
    say: how text before a call is written.
    most_calls: in one reply.
    """

    dialect: str
    calls: Callable[[Sequence[Call]], str]
    think: Callable[[str], str] | None = None
    opened: tuple[str, Callable[[str], str]] | None = None
    say: Callable[[str], str] = str
    most_calls: int = 9


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def objects(name: str = "name", arguments: str = "arguments") -> Callable[[Call], str]:
    return lambda call: dumped({name: call[0], arguments: call[1]})


def raw(value: Any) -> str:
    """Untyped: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else dumped(value)


def each(write: Callable[[Call], str], between: str = "\n") -> Callable[[Sequence[Call]], str]:
    return lambda calls: between.join(map(write, calls))


def listed(
    begin: str, end: str, write: Callable[[Call], str] | None = None, between: str = ", "
) -> Callable[[Sequence[Call]], str]:
    write = write or objects()
    return lambda calls: begin + between.join(map(write, calls)) + end


def tagged(
    begin: str, parameter: str, end: str, value: Callable[[Any], str] = raw
) -> Callable[[Call], str]:
    """`{name}`, `{key}`, `{value}`, and what some dialects say about types."""

    def write(call: Call) -> str:
        name, arguments = call
        lines = [
            parameter.format(
                key=key,
                value=value(item),
                is_string="true" if isinstance(item, str) else "false",
                type="string" if isinstance(item, str) else "object",
            )
            for key, item in arguments.items()
        ]
        return begin.format(name=name) + "".join(lines) + end

    return write


def numbered(write: Callable[[int, Call], str], begin: str = "", end: str = "") -> Any:
    def all_of(calls: Sequence[Call]) -> str:
        return begin + "".join(write(index, call) for index, call in enumerate(calls)) + end

    return all_of


def think(begin: str = "<think>\n", end: str = "\n</think>\n\n") -> Callable[[str], str]:
    return lambda text: begin + text + end


OPENED = ("<|im_start|>assistant\n<think>\n", lambda text: f"{text}\n</think>\n\n")
_FULL = ("<\uff5ctool▁calls▁begin\uff5c>", "<\uff5ctool▁calls▁end\uff5c>")
_M3 = "]<]minimax[>["


def gemma(value: Any) -> str:
    if isinstance(value, str):
        return f'<|"|>{value}<|"|>'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{gemma(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(gemma, value)) + "]"
    return dumped(value)


def python(call: Call) -> str:
    def literal(value: Any) -> str:
        return repr(value) if isinstance(value, str) else dumped(value)

    name, arguments = call
    return f"{name}({', '.join(f'{key}={literal(item)}' for key, item in arguments.items())})"


def nested(call: Call) -> str:
    def tag(key: str, value: Any) -> str:
        if isinstance(value, Mapping):
            inside = "".join(tag(name, item) for name, item in value.items())
        elif isinstance(value, list):
            inside = "".join(tag("item", item) for item in value)
        else:
            inside = raw(value)
        return f"{_M3}<{key}>{inside}{_M3}</{key}>"

    name, arguments = call
    inside = "".join(tag(key, item) for key, item in arguments.items())
    return f'{_M3}<invoke name="{name}">{inside}{_M3}</invoke>\n'


def harmony(call: Call) -> str:
    return (
        f"<|channel|>commentary to=functions.{call[0]} <|constrain|>json<|message|>"
        f"{dumped(call[1])}<|call|>"
    )


QWEN_XML = tagged(
    "<tool_call>\n<function={name}>\n",
    "<parameter={key}>\n{value}\n</parameter>\n",
    "</function>\n</tool_call>",
)
HERMES = each(lambda call: f"<tool_call>\n{objects()(call)}\n</tool_call>")
INVOKE = '<invoke name="{name}">\n'
DSML = "<\uff5cDSML\uff5c"

SPOKEN = (
    Spoken("hermes", HERMES, think(), OPENED),
    Spoken("qwen_xml", each(QWEN_XML), think(), OPENED),
    Spoken(
        "seed",
        each(
            tagged(
                "<seed:tool_call>\n<function={name}>\n",
                "<parameter={key}>{value}</parameter>\n",
                "</function>\n</seed:tool_call>",
            )
        ),
        think("<seed:think>", "</seed:think>\n"),
        ("<seed:bos>assistant\n<seed:think>", lambda text: f"{text}</seed:think>"),
    ),
    Spoken(
        "glm",
        each(
            tagged(
                "<tool_call>{name}\n",
                "<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n",
                "</tool_call>",
            )
        ),
        think("<think>", "</think>\n"),
        ("<|assistant|><think>", lambda text: f"{text}</think>"),
    ),
    Spoken(
        "hunyuan",
        lambda calls: (
            "<tool_calls:opensource>\n"
            + "\n".join(
                tagged(
                    "<tool_call:opensource>{name}<tool_sep:opensource>\n",
                    "<arg_key:opensource>{key}</arg_key:opensource>\n"
                    "<arg_value:opensource>{value}</arg_value:opensource>\n",
                    "</tool_call:opensource>",
                )(call)
                for call in calls
            )
            + "\n</tool_calls:opensource>"
        ),
        think("<think:opensource>", "</think:opensource>"),
    ),
    # Text and a bare call do not go together: then the call is text.
    Spoken("llama3", each(objects(arguments="parameters"), "; "), say=lambda _: ""),
    Spoken(
        "mistral",
        each(lambda call: f"[TOOL_CALLS]{call[0]}[ARGS]{dumped(call[1])}", ""),
        think("[THINK]", "[/THINK]"),
    ),
    Spoken(
        "harmony",
        each(harmony, "<|start|>assistant"),
        think("<|channel|>analysis<|message|>", "<|end|><|start|>assistant"),
        say=lambda text: f"<|channel|>commentary<|message|>{text}<|end|><|start|>assistant",
    ),
    Spoken(
        "gemma4",
        each(lambda call: f"<|tool_call>call:{call[0]}{gemma(call[1])}<tool_call|>", ""),
        think("<|channel>thought\n", "\n<channel|>"),
        ("<|turn>model\n<|channel>thought\n", lambda text: f"{text}\n<channel|>"),
    ),
    Spoken(
        "deepseek",
        listed(
            *_FULL,
            lambda call: (
                f"<\uff5ctool▁call▁begin\uff5c>{call[0]}<\uff5ctool▁sep\uff5c>{dumped(call[1])}<\uff5ctool▁call▁end\uff5c>"
            ),
            "",
        ),
        think(),
        ("<\uff5cAssistant\uff5c><think>\n", lambda text: f"{text}\n</think>\n\n"),
    ),
    Spoken(
        "deepseek",
        listed(
            *_FULL,
            lambda call: (
                f"<\uff5ctool▁call▁begin\uff5c>function<\uff5ctool▁sep\uff5c>{call[0]}\n```json\n"
                f"{dumped(call[1])}\n```<\uff5ctool▁call▁end\uff5c>"
            ),
            "\n",
        ),
    ),
    Spoken(
        "deepseek_dsml",
        listed(
            f"\n\n{DSML}function_calls>\n",
            "</\uff5cDSML\uff5cfunction_calls>",
            tagged(
                f'{DSML}invoke name="{{name}}">\n',
                f'{DSML}parameter name="{{key}}" string="{{is_string}}">{{value}}'
                "</\uff5cDSML\uff5cparameter>\n",
                "</\uff5cDSML\uff5cinvoke>\n",
            ),
            "",
        ),
        think(),
        ("<\uff5cAssistant\uff5c><think>", lambda text: f"{text}</think>"),
    ),
    Spoken(
        "kimi",
        numbered(
            lambda index, call: (
                f"<|tool_call_begin|>functions.{call[0]}:{index}<|tool_call_argument_begin|>"
                f"{dumped(call[1])}<|tool_call_end|>"
            ),
            "<|tool_calls_section_begin|>",
            "<|tool_calls_section_end|>",
        ),
        think("<think>", "</think>"),
    ),
    Spoken(
        "kimi_k3",
        listed(
            "<|open|>tools<|sep|>",
            "<|close|>tools<|sep|><|close|>message<|sep|>",
            tagged(
                '<|open|>call tool="{name}" index="1"<|sep|>',
                '<|open|>argument key="{key}" type="{type}"<|sep|>{value}<|close|>argument<|sep|>',
                "<|close|>call<|sep|>",
            ),
            "",
        ),
        think("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
        ("<|open|>think<|sep|>", lambda text: f"{text}<|close|>think<|sep|>"),
        say=lambda text: f"<|open|>response<|sep|>{text}<|close|>response<|sep|>",
    ),
    Spoken(
        "minimax",
        listed(
            "<minimax:tool_call>\n",
            "</minimax:tool_call>",
            tagged(INVOKE, '<parameter name="{key}">{value}</parameter>\n', "</invoke>\n"),
            "",
        ),
        think(),
        ("]~b]ai\n<think>\n", lambda text: f"{text}\n</think>\n\n"),
    ),
    Spoken("minimax_m1", listed("<tool_calls>\n", "\n</tool_calls>", between="\n"), think()),
    Spoken(
        "minimax_m3",
        lambda calls: f"{_M3}<tool_call>\n{''.join(map(nested, calls))}{_M3}</tool_call>",
        think("<mm:think>", "</mm:think>"),
    ),
    Spoken("lfm2", listed("<|tool_call_start|>[", "]<|tool_call_end|>", python), think()),
    Spoken(
        "command_r",
        listed(
            "<|START_ACTION|>[\n    ",
            "\n]<|END_ACTION|>",
            lambda call: dumped({"tool_call_id": "0", "tool_name": call[0], "parameters": call[1]}),
            ",\n    ",
        ),
        think("<|START_THINKING|>", "<|END_THINKING|>"),
        say=lambda text: f"<|START_RESPONSE|>{text}<|END_RESPONSE|>",
    ),
    Spoken(
        "command_r_plus",
        listed("\nAction:\n```json\n[\n", "\n]\n```\n", objects("tool_name", "parameters")),
    ),
    Spoken(
        "functionary",
        each(lambda call: f">>>{call[0]}\n{dumped(call[1])}", ""),
        say=lambda text: f"all\n{text}",
    ),
    Spoken(
        "functionary_tags",
        each(lambda call: f"<function={call[0]}>{dumped(call[1])}</function>", ""),
    ),
    Spoken("nemotron", listed("<TOOLCALL>[", "]</TOOLCALL>"), think(), OPENED),
    Spoken(
        "apriel",
        listed("<tool_calls>[", "]</tool_calls>"),
        think("Here are my reasoning steps:\n", "\n[BEGIN FINAL RESPONSE]\n"),
        (
            "<|assistant|>\nHere are my reasoning steps:\n",
            lambda text: f"{text}\n[BEGIN FINAL RESPONSE]\n",
        ),
    ),
    Spoken("granite", listed("<|tool_call|>[", "]"), think("<think>", "</think><response>")),
    Spoken(
        "apertus",
        listed("<|tools_prefix|>[", "]<|tools_suffix|>", lambda call: dumped({call[0]: call[1]})),
        think("<|inner_prefix|>", "<|inner_suffix|>"),
    ),
    Spoken("firefunction", listed(" functools[", "]")),
    Spoken("gigachat", lambda calls: f"<|function_call|>{objects()(calls[0])}", most_calls=1),
    Spoken(
        "solar",
        numbered(
            lambda index, call: (
                f"<|tool_call:begin|>call-{index:04}<|tool_call:name|>{call[0]}"
                f"<|tool_call:args|>{dumped(call[1])}<|tool_call:end|>"
            ),
            "<|begin|>assistant<|tool_calls|>",
            "<|calls|>",
        ),
        think("<|think|>", "<|end|>"),
        say=lambda text: f"<|begin|>assistant<|content|>{text}<|end|>",
    ),
    Spoken(
        "minicpm",
        each(
            tagged(
                '<function name="{name}">',
                '<param name="{key}">{value}</param>',
                "</function>",
                lambda value: f"<![CDATA[{value}]]>" if isinstance(value, str) else dumped(value),
            )
        ),
        think(),
    ),
    Spoken(
        "muse",
        lambda calls: (
            f" to={calls[0][0]}<|message|><atem:function_calls>\n"
            + "\n".join(
                tagged(
                    '<atem:invoke name="{name}">\n',
                    '<atem:parameter name="{key}">{value}</atem:parameter>\n',
                    "</atem:invoke>",
                )(call)
                for call in calls
            )
            + "\n</atem:function_calls><|eot|>"
        ),
        think(" to=self<|message|>", "<|eom|><|start|>assistant"),
        say=lambda text: f" to=user<|message|>{text}<|eom|><|start|>assistant",
    ),
    Spoken(
        "generic", lambda calls: objects("tool")(calls[0]), think(), say=lambda _: "", most_calls=1
    ),
)


@dataclass(frozen=True)
class Heard:
    """What came out: neighbouring deltas of one kind joined, and the whole."""

    deltas: tuple[Delta, ...]
    reply: Reply

    @property
    def calls(self) -> list[Call]:
        return [(call.name, call.arguments) for call in self.reply.tool_calls]


def hear(
    name: str, pieces: str | Sequence[str], tools: Sequence[Tool] = TOOLS, prompt_tail: str = ""
) -> Heard:
    """Parse a reply, in one piece or in several."""
    ids = iter(f"id{number:07}" for number in range(10_000))
    parser = ReplyParser(dialect(name), tools, prompt_tail, lambda: next(ids))
    deltas: list[Delta] = []
    for piece in [pieces] if isinstance(pieces, str) else pieces:
        deltas += parser.feed(piece)
    rest, reply = parser.finish()
    return Heard(joined([*deltas, *rest]), reply)


def joined(deltas: Sequence[Delta]) -> tuple[Delta, ...]:
    found: list[Delta] = []
    for delta in deltas:
        last = found[-1] if found else None
        match last, delta:
            case (TextDelta(before), TextDelta(text)):
                found[-1] = TextDelta(before + text)
            case (ReasoningDelta(before), ReasoningDelta(text)):
                found[-1] = ReasoningDelta(before + text)
            case (ArgumentsDelta(index, before), ArgumentsDelta(same, text)) if index == same:
                found[-1] = ArgumentsDelta(index, before + text)
            case _:
                found.append(delta)
    return tuple(found)


def check_deltas(heard: Heard) -> None:
    """What every reply keeps to."""
    reply = heard.reply
    assert "".join(d.text for d in heard.deltas if isinstance(d, TextDelta)) == reply.text
    assert "".join(d.text for d in heard.deltas if isinstance(d, ReasoningDelta)) == (
        reply.reasoning
    )
    done = [delta for delta in heard.deltas if isinstance(delta, ToolCallDone)]
    assert tuple(delta.call for delta in done) == reply.tool_calls
    begun = {d.index: d.name for d in heard.deltas if isinstance(d, ToolCallBegun)}
    assert list(begun) == list(range(len(begun)))
    assert all(begun[delta.index] == delta.call.name for delta in done)
    assert len({call.id for call in reply.tool_calls}) == len(reply.tool_calls)
    assert len(done) == len(begun) or reply.problem
