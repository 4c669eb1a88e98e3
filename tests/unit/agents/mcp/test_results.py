from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from app.agents.mcp.printed import Printed
from app.agents.mcp.results import tool_result


def block(kind: str, **values: Any) -> SimpleNamespace:
    return SimpleNamespace(type=kind, **values)


def test_text_is_marked_as_the_servers() -> None:
    result = tool_result("s", [block("text", text="a"), block("text", text="b")])
    assert (result.text, result.is_untrusted, result.source) == ("a\n\nb", True, "the server s")


def test_value_stands_in_for_missing_text() -> None:
    assert tool_result("s", [], {"a": [1]}).text == '{"a": [1]}'
    assert tool_result("s", []).text == "[The tool gave back nothing.]"


def test_long_text_is_cut_and_kept_in_bounds() -> None:
    result = tool_result("s", [block("text", text="line\n" * 1_000_000)])
    assert len(result.text) < 30_000
    assert len(result.whole) < 1_100_000
    assert "were not kept" in result.whole


def test_sounds_blobs_and_the_unknown_are_named() -> None:
    resource = SimpleNamespace(uri="file:///x\u202e.zip", blob="A" * 4096, mime_type=None)
    blocks = [
        block("audio", data="AAAA", mime_type="audio/wav"),
        block("resource", resource=resource),
        block("hologram"),
    ]
    text = tool_result("s", blocks).text
    assert "[A sound (audio/wav, 1 kB), which cannot be heard here.]" in text
    assert "[The file file:///x<U+202E>.zip (of an unknown kind, 3 kB).]" in text
    assert "“hologram”" in text


def test_thousands_of_parts_are_cut() -> None:
    assert "800 more parts" in tool_result("s", [block("text", text="a")] * 1000).text


def test_half_a_character_can_be_stored() -> None:
    tool_result("s", [block("text", text="a\ud800b")]).text.encode()


def test_large_pictures_are_not_kept() -> None:
    picture = block("image", data="A" * 400_000, mime_type="image/png")
    assert tool_result("s", [picture]).whole == ""


def test_printed_lines_are_bounded_and_without_secrets() -> None:
    printed = Printed(["sesame-1"])
    printed.add(b"x" * 100_000 + b"\n" + b"line\n" * 100_000 + b"key sesame-1\x1b[31m\xff")
    lines = printed.tail()
    assert len(lines) == 200
    assert lines[-1] == "key •••<U+001B>[31m\ufffd"
    assert max(map(len, lines)) <= 500
