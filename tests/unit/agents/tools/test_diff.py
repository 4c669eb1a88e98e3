from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.agents.tools.diff import diff

texts = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30).map("\n".join)


def test_diff_of_a_change_deep_in_a_text_has_the_right_line_numbers():
    before = "".join(f"{number}\n" for number in range(1, 1001))
    text = diff(before, before.replace("500\n", "five hundred\n"), "n.txt")
    assert text.splitlines() == [
        "--- n.txt",
        "+++ n.txt",
        "@@ -497,7 +497,7 @@",
        " 497",
        " 498",
        " 499",
        "-500",
        "+five hundred",
        " 501",
        " 502",
        " 503",
    ]


def test_diff_of_a_new_file_comes_from_nothing():
    assert diff("", "one\n", "n.txt", is_new=True).startswith("--- /dev/null\n+++ n.txt\n@@ -0,0")


def test_diff_missing_newline_at_the_end_is_said():
    assert diff("one\n", "one", "n").count("\\ No newline at end of file") == 1


def test_diff_hidden_and_turning_characters_are_spelled_out():
    text = diff("", "pay \u202eevil\u200b\x1b[2J\n", "n\u202e.txt")
    assert "+pay <U+202E>evil<U+200B><U+001B>[2J" in text
    assert "+++ n<U+202E>.txt" in text
    assert "\u202e" not in text


def test_diff_of_two_large_texts_is_complete_and_quick():
    before = "".join(f"{number}\n" for number in range(50_000))
    after = "".join(f"{number}\n" for number in reversed(range(50_000)))
    lines = diff(before, after, "n").splitlines()
    assert sum(line.startswith("-") for line in lines) == 1 + 50_000
    assert sum(line.startswith("+") for line in lines) == 1 + 50_000


@given(texts, texts)
def test_diff_applied_to_the_one_text_gives_the_other(before: str, after: str):
    assert applied(before, diff(before, after, "n")) == after


def applied(before: str, text: str) -> str:
    """What `patch` would do."""
    old = re.findall(r"[^\n]*\n|[^\n]+", before)
    new: list[str] = []
    position, sign = 0, ""
    for line in text.splitlines()[2:]:
        if found := re.match(r"@@ -(\d+)(?:,(\d+))?", line):
            start = int(found[1]) - (found[2] != "0")
            new += old[position:start]
            position = start
        elif line.startswith("\\"):
            if sign != "-":
                new[-1] = new[-1].removesuffix("\n")
        else:
            sign = line[0]
            position += sign != "+"
            new += [line[1:] + "\n"] if sign != "-" else []
    return "".join(new + old[position:])
