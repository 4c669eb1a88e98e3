"""Replies that are not quite in form: nothing raises, nothing that was complete is lost."""

from __future__ import annotations

import pytest

from app.engine.messages import Tool
from tests.unit.engine.replies.spoken import check_deltas, hear

GOOD = '<tool_call>\n{"name": "add_note", "arguments": {"text": "x"}}\n</tool_call>'
NOTE = ("add_note", {"text": "x"})


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"name": "get_weather", "arguments": {"city": }}', "its arguments are not valid JSON"),
        ('{"name": "get_weather", "arguments": {"city" "x"}}', "its arguments are not valid JSON"),
        ('{"name": "get_weather", "arguments": {"n": NaN}}', "its arguments are not valid JSON"),
        ('{"name": "get_weather", "arguments": {"n": 1e999}}', "its arguments are not valid JSON"),
        ('{"name": "get_weather", "arguments": {<x>}}', "its arguments are not valid JSON"),
        ('{"name": "get_weather", "arguments": [1, 2]}', "its arguments are not an object"),
        ('{"name": "get_weather", "arguments": "Paris"}', "its arguments are not valid JSON"),
        ('{"name": "get_weather", "arguments": 7}', "its arguments are not an object"),
        (
            '{"name": "get_weather", "arguments": ' + '{"a":' * 3000 + "1" + "}" * 3001,
            "its arguments are not valid JSON",
        ),
    ],
)
def test_unreadable_arguments_are_a_problem_and_the_next_call_is_read(
    bad: str, reason: str
) -> None:
    heard = hear("hermes", f"<tool_call>\n{bad}\n</tool_call>\n{GOOD}")
    check_deltas(heard)
    assert heard.calls == [NOTE]
    assert heard.reply.problem == f"The call of “get_weather” could not be read: {reason}."
    assert heard.reply.text == ""


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"arguments": {}}', "it names no tool"),
        ('{"name": 5, "arguments": {}}', "it names no tool"),
        ('{"name": "", "arguments": {}}', "it names no tool"),
        ("{name: get_weather}", "it is not valid JSON"),
        ('{"name" "get_weather"}', "it is not valid JSON"),
    ],
)
def test_call_without_a_name_is_a_problem_and_the_next_call_is_read(bad: str, reason: str) -> None:
    heard = hear("hermes", f"<tool_call>\n{bad}\n</tool_call>\n{GOOD}")
    check_deltas(heard)
    assert heard.calls == [NOTE]
    assert heard.reply.problem == f"A tool call could not be read: {reason}."


@pytest.mark.parametrize(
    "forgiven",
    [
        '{"name": "add_note", "arguments": "{\\"text\\": \\"x\\"}"}',
        '{"name": "add_note", "arguments": {"text": "x"}',
        '{"name": "add_note", "arguments": {"text": "x"}}}',
        '{"arguments": {"text": "x"}, "name": "add_note"}',
        '{"name": "add_note", "parameters": {"text": "x"}}',
        '{"name": "add_note", "arguments": {\'text\': \'x\',}}',
        '```json\n{"name": "add_note", "arguments": {"text": "x"}}\n```',
        '[{"name": "add_note", "arguments": {"text": "x"}}]',
        '{"id": 3, "type": "function", "name": "add_note", "arguments": {"text": "x"}}',
    ],
)
def test_small_mistakes_are_forgiven(forgiven: str) -> None:
    heard = hear("hermes", f"<tool_call>\n{forgiven}\n</tool_call> Done.")
    check_deltas(heard)
    assert heard.calls == [NOTE]
    assert heard.reply.problem == ""
    assert heard.reply.text == "Done."


def test_missing_end_tag_does_not_swallow_the_text() -> None:
    heard = hear("hermes", GOOD.removesuffix("</tool_call>") + "That was it.")
    assert heard.calls == [NOTE]
    assert heard.reply.text == "That was it."


@pytest.mark.parametrize(
    "prose",
    [
        "Write <tool_call> and then the call.",
        "The tag `<think>` opens and `</think>` closes it.",
        "a <tool_callx> b </tool",
    ],
)
def test_marks_that_are_only_mentioned_stay_text(prose: str) -> None:
    heard = hear("hermes", prose)
    check_deltas(heard)
    assert heard.reply.text == prose
    assert heard.reply.reasoning == ""
    assert heard.reply.problem == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hermes", "<tool_call>"),
        ("hermes", '<tool_call>{"name": "get_w'),
        ("mistral", "[TOOL_CALLS]get_wea"),
        ("qwen_xml", "<tool_call>\n<function=get_w"),
    ],
)
def test_reply_that_breaks_off_before_the_name_is_a_problem(name: str, text: str) -> None:
    heard = hear(name, f"Yes. {text}")
    check_deltas(heard)
    assert heard.reply.text == "Yes."
    assert heard.reply.problem == "The reply ends in the middle of a tool call."


def test_values_whose_end_tag_is_missing_end_before_the_next_tag() -> None:
    heard = hear(
        "qwen_xml",
        "<function=get_weather>\n<parameter=city>\nParis\n<parameter=days>\n2\n</function>",
    )
    assert heard.calls == [("get_weather", {"city": "Paris", "days": 2})]


def test_call_whose_end_tag_is_missing_ends_before_the_next_call() -> None:
    heard = hear(
        "qwen_xml",
        "<tool_call>\n<function=add_note>\n<parameter=text>\nx\n</parameter>\n</tool_call>\n"
        "<function=add_note>\n<parameter=text>\ny\n</parameter>\n</function>",
    )
    assert heard.calls == [NOTE, ("add_note", {"text": "y"})]


def test_python_arguments_without_names_take_the_order_of_the_schema() -> None:
    heard = hear("lfm2", "<|tool_call_start|>[get_weather('Rome', 2)]<|tool_call_end|>")
    assert heard.calls == [("get_weather", {"city": "Rome", "days": 2})]


def test_python_arguments_of_an_unknown_tool_need_names() -> None:
    heard = hear("lfm2", "<|tool_call_start|>[fly('Mars')]<|tool_call_end|>Bye")
    check_deltas(heard)
    assert heard.calls == []
    assert heard.reply.problem == "The call of “fly” could not be read: an argument has no name."
    assert heard.reply.text == "Bye"


def test_quotes_that_are_not_escaped_are_told_by_what_follows() -> None:
    heard = hear("lfm2", "<|tool_call_start|>[add_note(text='it's \"so\", they say')]")
    assert heard.calls == [("add_note", {"text": 'it\'s "so", they say'})]


@pytest.mark.parametrize(
    "json",
    [
        '{"name": "Ada", "age": 36}',
        '{"items": [1, 2, 3]}',
        '{"name": "Ada", "parameters": [1]}',
        '{"name": "Ada"}',
        "{not json",
        '["a", "b"]',
        "[a link](https://example.org) and more",
        '{"name": "Ada", "parameters',
    ],
)
def test_llama_json_that_is_no_call_is_text(json: str) -> None:
    heard = hear("llama3", json)
    check_deltas(heard)
    assert heard.reply.text == json
    assert heard.reply.problem == ""


def test_llama_call_without_any_tools_is_text() -> None:
    json = '{"name": "get_weather", "parameters": {}}'
    assert hear("llama3", json, tools=()).reply.text == json


def test_llama_python_lists_are_calls_of_known_tools_only() -> None:
    known = hear("llama3", "[get_weather(city='Rome'), add_note(text=\"x\")]")
    assert known.calls == [("get_weather", {"city": "Rome"}), NOTE]
    assert hear("llama3", "[f(x), g(x)]").reply.text == "[f(x), g(x)]"


def test_llama_built_in_call_is_read_and_other_code_is_text() -> None:
    call = hear("llama3", '<|python_tag|>brave_search.call(query="rain")')
    assert call.calls == [("brave_search", {"query": "rain"})]
    assert hear("llama3", "<|python_tag|>import os").reply.text == "<|python_tag|>import os"


def test_hermes_bare_call_needs_a_known_tool() -> None:
    assert hear("hermes", '{"name": "add_note", "arguments": {"text": "x"}}').calls == [NOTE]
    unknown = '{"name": "fly", "arguments": {"text": "x"}}'
    assert hear("hermes", unknown).reply.text == unknown


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("<|channel|>commentary to=functions.add_note <|constrain|>json<|message|>", "add_note"),
        ("<|channel|>commentary to=functions.add_note<|message|>", "add_note"),
        (" to=functions.add_note<|channel|>commentary json<|message|>", "add_note"),
        ("<|channel|>analysis to=functions.add_note code<|message|>", "add_note"),
        ("<|channel|>commentary to=add_note<|message|>", "add_note"),
        ("<|start|>assistant to=functions.add_note<|channel|>commentary<|message|>", "add_note"),
        ("<|channel|>commentary to=browser.search code<|message|>", "browser.search"),
    ],
)
def test_harmony_recipient_stands_on_either_side_of_the_channel(head: str, name: str) -> None:
    thought = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant"
    text = head + '{"text": "x"}<|call|>'
    heard = hear("harmony", text if head.startswith("<|start|>") else thought + text)
    check_deltas(heard)
    assert heard.calls == [(name, {"text": "x"})]


def test_harmony_messages_of_one_kind_are_paragraphs() -> None:
    heard = hear(
        "harmony",
        "<|channel|>analysis<|message|>One.<|end|><|start|>assistant<|channel|>analysis<|message|>"
        "Two.<|end|><|start|>assistant<|channel|>commentary<|message|>First.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Second.<|return|>",
    )
    check_deltas(heard)
    assert heard.reply.reasoning == "One.\n\nTwo."
    assert heard.reply.text == "First.\n\nSecond."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Just text.", "Just text."),
        ("Just text. " * 60, ("Just text. " * 60).strip()),
        ("<|channel|>fin", ""),
        ("<|channel|>commentary to=assistant<|channel|>final<|message|>Yes.", "Yes."),
        ("<|channel|>analysis<|message|>Hm.<|channel|>final<|message|>Yes.", "Yes."),
    ],
)
def test_harmony_bears_what_models_make_of_it(text: str, said: str) -> None:
    heard = hear("harmony", text)
    check_deltas(heard)
    assert heard.reply.text == said


def test_functionary_does_not_take_a_doctest_for_a_head() -> None:
    code = "Try:\n>>> print(1)\n1\n>>>1 + 1\n2\n>>>"
    heard = hear("functionary", f"all\n{code}")
    check_deltas(heard)
    assert heard.reply.text == code


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"answer": "Gr\\u00fc\\u00dfe \\ud83d\\ude00\\n\\"ja\\" \\\\ /"}', 'Grüße 😀\n"ja" \\ /'),
        ('{"answer": "\\ud83d and \\udE00!"}', "\ufffd and \ufffd!"),
        ('{"answer": "cut o', "cut o"),
        ('{"answer": "cut \\u00', "cut"),
        ('{"thought": "hm", "answer": "yes"}', '{"thought": "hm", "answer": "yes"}'),
        ('<think>hm</think>{"answer": "yes"}', "yes"),
        ("No JSON at all.", "No JSON at all."),
    ],
)
def test_generic_answer_is_text(text: str, said: str) -> None:
    heard = hear("generic", text)
    check_deltas(heard)
    assert heard.reply.text == said
    assert heard.reply.problem == ""


def test_halves_of_surrogate_pairs_in_arguments_become_replacement_characters() -> None:
    heard = hear("hermes", '<tool_call>{"name": "add_note", "arguments": {"text": "\\ud83d"}}')
    assert heard.calls == [("add_note", {"text": "\ufffd"})]


def test_minimax_m3_tags_that_do_not_fit_are_a_problem() -> None:
    mark = "]<]minimax[>["
    heard = hear("minimax_m3", f'{mark}<invoke name="f">{mark}<a>1{mark}</b>{mark}</invoke>Bye')
    check_deltas(heard)
    assert heard.reply.problem == (
        "The call of “f” could not be read: its arguments are not nested properly."
    )
    assert heard.reply.text == "Bye"


def test_typed_dialects_take_the_type_from_the_reply() -> None:
    invoke = '<\uff5cDSML\uff5cinvoke name="fly">\n'
    heard = hear(
        "deepseek_dsml",
        invoke + '<\uff5cDSML\uff5cparameter name="a" string="true">1</\uff5cDSML\uff5cparameter>'
        '<\uff5cDSML\uff5cparameter name="b" string="false">1</\uff5cDSML\uff5cparameter>'
        "</\uff5cDSML\uff5cinvoke>",
        tools=(Tool("fly"),),
    )
    assert heard.calls == [("fly", {"a": "1", "b": 1})]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("apertus", "<|tools_prefix|>\n,{} and more text<|tools_suffix|>"),
        ("llama3", '{"name": "get_weather", "parameters": oops, "days": 1}'),
        ("llama3", '{"name": "add_note", "parameters": {}}; {"name": "", "parameters": {}}'),
        ("hermes", "<tool_call>[]</tool_call>"),
        ("lfm2", "<|tool_call_start|>[f(a=1), g]"),
    ],
)
def test_odd_replies_come_out_the_same_letter_by_letter(name: str, text: str) -> None:
    whole = hear(name, text)
    check_deltas(whole)
    assert hear(name, list(text)) == whole
