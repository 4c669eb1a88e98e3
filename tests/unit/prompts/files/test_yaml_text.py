from __future__ import annotations

import time
from math import inf

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.prompts.files import yaml_text
from app.prompts.files.yaml_text import YamlError

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["yes", "1:30", "2026-01-01", "1e5", "0x1f", "007", "-.5", "<<", "=", "~",
                       "a: b", "- a", "# a", " a ", "a\n", "\n a", "|", "...", "---", "\x85"])
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(_VALUES)
def test_read_of_what_was_written_gives_it_back(value):
    assert yaml_text.read(yaml_text.write(value)) == value


@settings(deadline=None)
@given(_VALUES)
def test_write_is_read_alike_by_other_readers(value):
    assert yaml.safe_load(yaml_text.write(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# only a remark", None),
        ("yes", "yes"),
        ("2026-01-01", "2026-01-01"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("'1'", "1"),
        ("[1, -2.5, .inf, true, ~]", [1, -2.5, inf, True, None]),
        ("a: >\n  b\n  c\n", {"a": "b c\n"}),
    ],
    ids=range(9),
)  # fmt: skip
def test_read_takes_plain_values_only(text: str, value):
    assert yaml_text.read(text) == value


_BOMB = "a: &a [x, x]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]" for n in range(20)
)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        (_BOMB, "anchors and aliases", 1),
        ("a: 1\nb: *a", "anchors and aliases", 2),
        ("a: !!python/object/apply:os.system [ls]", "tags", 1),
        ("a: !custom b", "tags", 1),
        ("a: 1\nb: 2\na: 3", "a name is there twice", 3),
        ("1: a", "no text", 1),
        ("? [a]\n: b", "no text", 1),
        ("a: b: c", "mapping values are not allowed", 1),
        ("a:\n\t- b", "cannot start any token", 2),
        ("a: [", "expected the node content", 1),
        ("a: 1\n---\nb: 1", "second document", 2),
        ("a: \x00", "characters that may not be there", 1),
        ('a: "\\UFFFFFFFF"', "characters that may not be there", 1),
        ("[" * 100_000, "nests deeper", 1),
        ("{a: " * 40_000, "nests deeper", 1),
        ("a: " + "x" * 300_000, "longer than 200,000", 1),
    ],
    ids=range(16),
)
def test_read_refuses_what_is_broken_or_dangerous_soon(text: str, words: str, line: int):
    started = time.thread_time()
    with pytest.raises(YamlError, match=words) as refused:
        yaml_text.read(text)
    assert refused.value.line == line
    assert time.thread_time() - started < 5
