from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from app.engine.messages import ToolCall
from app.evals.reports.csv import csv_report
from app.evals.reports.data import ReportData
from app.evals.reports.jsonl import jsonl_report
from app.evals.reports.junit import junit_report
from app.evals.reports.markdown import markdown_report
from app.evals.reports.plain import plain
from tests.unit.evals.reports.sample_run import EXACT, FIRST_TOKEN, sample_run


def table(data: ReportData) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_report(data).decode("utf-8-sig"), newline="")))


def lines(data: ReportData) -> list[dict[str, Any]]:
    return [json.loads(line) for line in jsonl_report(data).decode().split("\n")[:-1]]


def cases(data: ReportData, **more: Any) -> dict[tuple[str, str], ElementTree.Element]:
    root = ElementTree.fromstring(junit_report(data, **more))
    return {
        (str(each.get("classname")), str(each.get("name"))): each for each in root.iter("testcase")
    }


def test_csv_has_a_row_a_sample_and_reads_back():
    rows = table(sample_run())
    assert len(rows) == 120
    assert rows[2]["output"] == "It is Paris, I believe.\n\nOr is it?"
    assert rows[2]["candidate"] == "Q2_K"
    assert rows[2]["exact match"] == "0.0"
    assert rows[2]["exact match: reason"] == "The value is 0.0."
    assert rows[2]["tokens_per_s"] == "150.0"


def test_csv_leaves_out_what_is_not_scored():
    assert table(sample_run({"1": (("a", None),) * 3}))[0]["exact match"] == ""


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1+1",
        "\N{FULLWIDTH EQUALS SIGN}1",
        "\N{FULLWIDTH COMMERCIAL AT}A",
    ],
)
def test_csv_has_no_text_that_a_spreadsheet_takes_for_a_formula(text: str):
    rows = table(sample_run({text: ((text, 1.0),) * 3}, asked=text, target=text))
    for row in rows:
        for name in ("item", "input", "targets", "output"):
            assert row[name] == f"'{text}"


def test_csv_columns_named_by_others_are_no_formulas_either():
    data = sample_run({"1": (("a", 1.0),) * 3}, metrics=(replace(EXACT, label="=1+1"), FIRST_TOKEN))
    assert "'=1+1" in table(data)[0]


def test_csv_keeps_plain_texts_and_survives_odd_characters():
    rows = table(sample_run({'a,"b"\n;': (("x\x00\ud800é", 1.0),) * 3}))
    assert rows[0]["item"] == 'a,"b"\n;'
    assert rows[0]["output"] == "x\N{REPLACEMENT CHARACTER}?é"


def test_jsonl_has_a_complete_sample_on_each_line():
    found = lines(sample_run(calls=(ToolCall("1", "look_up", {"city": "Paris"}),)))
    assert len(found) == 120
    first = found[4]
    assert first["run"]["suite_sha256"] == "cd" * 32
    assert first["item"]["key"] == "capital-02"
    assert first["candidate"]["model"]["quantization"] == "Q4_K_M"
    assert first["candidate"]["settings"]["sampling"]["temperature"] == 0.0
    assert first["sample"]["text"] == "Paris"
    assert first["sample"]["tool_calls"][0]["arguments"] == {"city": "Paris"}
    assert first["sample"]["timings"]["output_tokens"] == 12
    assert first["scores"][0] == {
        "label": "exact match",
        "metric": {"metric": "exact_match"},
        "higher_is_better": True,
        "value": 1.0,
        "reason": "The value is 1.0.",
        "details": {},
    }


def test_jsonl_survives_line_ends_and_halves_of_characters_in_texts():
    found = lines(sample_run({"1": (("a\u2028b\r\n\x00\ud800", 1.0),) * 3}))
    assert found[0]["sample"]["text"] == "a\u2028b\r\n\x00?"


def test_plain_turns_what_json_cannot_hold_into_what_it_can():
    assert plain({1: (math.nan, b"x", {2}), "e": ReportData}) == {
        "1": [None, "b'x'", [2]],
        "e": str(ReportData),
    }


def test_junit_has_a_case_for_each_item_and_candidate():
    root = ElementTree.fromstring(junit_report(sample_run()))
    suites = {each.get("name"): each for each in root.iter("testsuite")}
    assert list(suites) == ["Q8_0", "Q4_K_M", "Q2_K"]
    assert [suites["Q4_K_M"].get(name) for name in ("tests", "failures", "errors")] == [
        "40",
        "8",
        "0",
    ]
    assert [root.get(name) for name in ("tests", "failures", "time")] == ["120", "28", "60.000"]


def test_junit_failure_tells_the_task_the_target_and_the_output():
    failure = cases(sample_run())["Capitals.Q4_K_M", "capital-05"].find("failure")
    assert failure is not None
    assert failure.get("message") == "exact match: 0.0 %"
    for each in ("What is the capital of France?", "Paris", "Lyon", "The value is 0.0."):
        assert each in str(failure.text)


def test_junit_keeps_what_is_unscored_or_without_an_answer_apart_from_failures():
    answers = {"1": (("a", None), ("b", 1.0), ("c", 0.4))}
    found = cases(sample_run(answers, problems={("1", 1): "It stopped."}))
    skipped = found["Capitals.Q8_0", "1"].find("skipped")
    error = found["Capitals.Q4_K_M", "1"].find("error")
    assert skipped is not None
    assert skipped.get("message") == "Not scored."
    assert error is not None
    assert error.get("message") == "It stopped."
    assert found["Capitals.Q2_K", "1"].find("failure") is not None


def test_junit_pass_mark_can_be_set():
    answers = {"1": (("a", 0.4), ("b", 0.6), ("c", 0.9))}
    found = cases(sample_run(answers), pass_mark=0.7)
    failed = [key[0] for key, case in found.items() if case.find("failure") is not None]
    assert failed == ["Capitals.Q8_0", "Capitals.Q4_K_M"]


def test_junit_holds_no_character_that_xml_cannot():
    text = "a\x00\x08\x1b\ud800\uffff<&>]]>\U0001f600\tb"
    found = cases(sample_run({text: ((text, 0.0),) * 3}, name=text, asked=text))
    shown = "a\ufffd\ufffd\ufffd\ufffd\ufffd<&>]]>\U0001f600\tb"
    failure = found["Capitals.Q8_0", shown].find("failure")
    assert failure is not None
    assert shown in str(failure.text)


def test_markdown_is_a_table_with_intervals_and_verdicts():
    text = markdown_report(sample_run(notes=("Mind the judge.",))).decode()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 5
    assert len({line.count("|") for line in rows}) == 1
    assert "80.0 % (65.2 to 89.5), **worse**" in rows[3]
    assert "- Mind the judge." in text


def test_markdown_cannot_be_broken_by_names():
    text = markdown_report(
        sample_run(name="a|b\n# <script> [x](y) *z*", notes=("`|`\n- no",))
    ).decode()
    assert text.splitlines()[0] == r"# a\|b \# \<script\> \[x\](y) \*z\*"
    assert r"- \`\|\` - no" in text.splitlines()
