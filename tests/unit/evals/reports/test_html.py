from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest
from lxml import html

from app.engine.messages import ToolCall
from app.evals.reports import matrix
from app.evals.reports.html import html_report
from app.evals.reports.markup import Html, element, joined
from tests.unit.evals.reports.sample_run import CANDIDATES, EXACT, sample_run

HOSTILE = [
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</script><script>alert(1)</script>",
    "<!-- --><iframe src=//evil.example></iframe>",
    "&lt;b&gt; &amp; \x00\x08\u202egnp\ud800",
    "javascript:alert(1)",
]


def page(text: bytes) -> Any:
    return html.fromstring(text.decode())


def words(node: Any) -> str:
    return " ".join(" ".join(node.itertext()).split())


def test_page_has_all_sections_and_names_the_run():
    found = page(html_report(sample_run()))
    assert words(found.find(".//h1")) == "Which quant?"
    sections = [words(each) for each in found.iter("h2")]
    assert sections == ["Results", "Plots", "Items", "How it was measured"]
    assert "40 items of “Capitals”, version 3" in words(found.find(".//header"))


def test_summary_shows_scores_with_intervals_and_verdicts_in_words():
    rows = page(html_report(sample_run())).xpath("//table[@class='summary']/tbody/tr")
    assert "100.0 % (91.2 to 100.0) baseline" in words(rows[0])
    assert "80.0 % (65.2 to 89.5) worse" in words(rows[1])
    assert "640 MB 50.0 0.20 s 900 MB" in words(rows[0])
    verdicts = page(html_report(sample_run())).xpath("//ul[@class='verdicts']/li")
    assert words(verdicts[0]).startswith("Q4_K_M, exact match: Worse: -20.0 percentage points")


def test_matrix_has_a_row_an_item_with_outputs_checks_and_times():
    rows = page(html_report(sample_run())).xpath("//table[@id='matrix']/tbody/tr")
    assert len(rows) == 40
    text = words(rows[4])
    for each in ("capital-05", "Target Paris", "Lyon", "exact match: 0.0 %", "The value is 0.0."):
        assert each in text
    assert "5 characters, 12 tokens, first token 0.20 s, 50 tokens/s" in text
    assert rows[4].get("data-is") == "failure flip"
    assert rows[1].get("data-is") == "fine"


def test_answers_that_are_missing_or_unscored_can_be_found():
    answers = {"1": (("a", 1.0), ("b", None), ("c", 1.0)), "2": (("a", 1.0),) * 3}
    rows = page(html_report(sample_run(answers, problems={("2", 1): "It stopped."}))).xpath(
        "//table[@id='matrix']/tbody/tr"
    )
    assert [each.get("data-is") for each in rows] == ["unscored", "problem"]
    assert "exact match: unscored Not scored." in words(rows[0])
    assert "It stopped." in words(rows[1])


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_others_wrote_becomes_markup(text: str):
    plain = page(html_report(sample_run({"k": (("x", 0.0),) * 3})))
    hostile = page(
        html_report(
            sample_run(
                {text: ((text, 0.0),) * 3},
                name=text,
                asked=text,
                target=text,
                calls=(ToolCall("1", text, {text: text}),),
                notes=(text,),
            )
        )
    )
    added = [each.tag for each in hostile.iter() if isinstance(each.tag, str)]
    known = [each.tag for each in plain.iter() if isinstance(each.tag, str)]
    for tag in ("script", "img", "iframe", "style", "svg"):
        assert added.count(tag) == known.count(tag)
    assert not [name for each in hostile.iter() for name in each.attrib if name.startswith("on")]
    assert not re.search("[\x00-\x08\u202e\ud800]", hostile.text_content())
    key = hostile.xpath("//table[@id='matrix']//p[@class='key']")[0].text_content()
    assert key.replace("\N{REPLACEMENT CHARACTER}", "") == re.sub(
        "[\x00\x08\u202e\ud800]", "", text
    )


def test_page_loads_nothing_and_runs_only_its_own_script():
    text = html_report(sample_run())
    found = page(text)
    assert not found.xpath("//@src | //link | //a/@href | //base")
    assert b"url(" not in text
    assert b"http" not in text.replace(b"http-equiv", b"")
    policy = found.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (node,) = found.iter(tag)
        digest = base64.b64encode(hashlib.sha256(node.text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not found.xpath("//@style")


def test_page_follows_the_scheme_of_the_system():
    style = page(html_report(sample_run())).find(".//style").text
    assert "prefers-color-scheme: dark" in style
    names = set(re.findall(r"var\((--[a-z0-9-]+)\)", style))
    light, dark = style.split("@media (prefers-color-scheme: dark)")[:2]
    for name in names:
        assert f"{name}:" in light
        assert f"{name}:" in dark.split("* {")[0]


def test_plots_show_intervals_and_quality_against_speed_and_size():
    found = page(html_report(sample_run()))
    titles = [words(each) for each in found.iter("figcaption")]
    assert titles == [
        "exact match",
        "time to first token",
        "exact match against speed",
        "exact match against size of the file",
    ]
    circles = found.xpath("//figure[1]//circle")
    assert len(circles) == len(CANDIDATES)
    assert float(circles[0].get("cx")) > float(circles[1].get("cx")) > float(circles[2].get("cx"))
    assert "Q4_K_M: 80.0 % (65.2 % to 89.5 %)" in words(found.xpath("//figure[1]")[0])


def test_run_without_scores_or_items_still_makes_a_page():
    found = page(html_report(sample_run({})))
    assert "0 items" in words(found.find(".//header"))
    nothing = sample_run({"1": (("a", None),) * 3}, metrics=(EXACT,))
    assert "1 unscored" in words(page(html_report(nothing)).find(".//table"))


def test_unfinished_run_says_how_far_it_is():
    data = sample_run()
    run = replace(data.results.run, samples=60)
    found = page(html_report(replace(data, results=replace(data.results, run=run))))
    assert "60 of 120 samples so far." in words(found.find(".//header"))


def test_rows_and_outputs_beyond_all_use_are_left_out_with_a_word(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.evals.reports.html.MOST_ROWS", 10)
    monkeypatch.setattr(matrix, "MOST_ROWS", 10)
    found = page(html_report(sample_run()))
    assert len(found.xpath("//table[@id='matrix']/tbody/tr")) == 10
    assert "30 more are in the JSONL and CSV exports" in found.text_content()
    long = page(html_report(sample_run({"1": (("x" * 9_000, 1.0),) * 3})))
    assert "[5,000 more characters]" in long.text_content()


def test_element_escapes_all_but_markup():
    made = element("p", "<b>", Html("<i></i>"), None, class_='"x"', data_is="&", hidden=True)
    assert made == '<p class="&quot;x&quot;" data-is="&amp;" hidden>&lt;b&gt;<i></i></p>'
    assert joined(made, "<") == f"{made}&lt;"


def test_judge_of_the_family_of_a_candidate_is_warned_about():
    details = {"judge": "Qwen2.5 7B", "judge_architecture": "qwen2"}
    text = words(page(html_report(sample_run({"1": (("a", 1.0),) * 3}, details=details))))
    assert "The judge Qwen2.5 7B and the candidate Q8_0 are of one family (qwen)." in text
    details = {"judge": "Gemma 3", "judge_architecture": "gemma3"}
    text = words(page(html_report(sample_run({"1": (("a", 1.0),) * 3}, details=details))))
    assert "of one family" not in text
