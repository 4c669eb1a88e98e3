from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from PySide6.QtGui import QFont, QTextBlock, QTextCharFormat, QTextDocument, QTextListFormat

from app.ui.text.markdown import Prose, parse
from app.ui.text.prose import CITATION, QUOTE_DEPTH, RULE, ProseStyle, ProseWriter


def written(
    text: str, style: ProseStyle, citations: Mapping[int, str] | None = None
) -> QTextDocument:
    # A block does not keep its document alive; the theme lives as long as the test.
    document = QTextDocument(style.theme)
    for block in parse(text):
        assert isinstance(block, Prose)
        ProseWriter(document, style, citations).write(block.tokens)
    return document


def blocks(document: QTextDocument) -> list[QTextBlock]:
    return [document.findBlockByNumber(number) for number in range(document.blockCount())]


def pieces(document: QTextDocument) -> Iterator[tuple[str, QTextCharFormat]]:
    for block in blocks(document):
        iterator = block.begin()
        while not iterator.atEnd():
            fragment = iterator.fragment()
            yield fragment.text(), fragment.charFormat()
            iterator += 1


def format_of(document: QTextDocument, text: str) -> QTextCharFormat:
    return next(each for piece, each in pieces(document) if text in piece)


def test_writer_paragraphs_become_blocks_with_a_gap_between(style: ProseStyle) -> None:
    first, second = blocks(written("one\n\ntwo", style))
    assert (first.text(), second.text()) == ("one", "two")
    assert first.blockFormat().topMargin() == 0
    assert second.blockFormat().topMargin() > 0


def test_writer_inline_marks_become_formats(style: ProseStyle) -> None:
    document = written("a **bold** *slanted* ~~gone~~ `code`", style)
    assert format_of(document, "bold").fontWeight() == QFont.Weight.DemiBold
    assert format_of(document, "slanted").fontItalic()
    assert format_of(document, "gone").fontStrikeOut()
    assert format_of(document, "code").background().color() == style.theme.color("sunken")


def test_writer_marks_end_with_their_paragraph(style: ProseStyle) -> None:
    document = written("**bold**\n\nplain", style)
    assert format_of(document, "plain").fontWeight() != QFont.Weight.DemiBold


def test_writer_heading_is_larger_and_the_next_paragraph_is_not(style: ProseStyle) -> None:
    document = written("# Title\n\ntext", style)
    title, text = (format_of(document, each) for each in ("Title", "text"))
    assert title.property(QTextCharFormat.Property.FontPixelSize) == 20
    assert text.property(QTextCharFormat.Property.FontPixelSize) is None


def test_writer_lists_nest_and_number(style: ProseStyle) -> None:
    document = written("3. c\n4. d\n   - inner\n\nafter", style)
    third, fourth, inner, after = blocks(document)
    outer = third.textList()
    assert outer is not None
    assert outer.format().start() == 3
    assert fourth.textList() == outer
    assert inner.textList().format().indent() == 2
    assert inner.textList().format().style() == QTextListFormat.Style.ListCircle
    assert after.textList() is None


def test_writer_second_paragraph_of_an_item_has_no_marker_but_its_indent(
    style: ProseStyle,
) -> None:
    item, more = blocks(written("- a\n\n  b", style))
    assert item.textList() is not None
    assert more.textList() is None
    assert more.blockFormat().indent() == 1


def test_writer_quotes_carry_their_depth(style: ProseStyle) -> None:
    document = written("> a\n>\n> > b\n\nc", style)
    depths = [each.blockFormat().intProperty(QUOTE_DEPTH) for each in blocks(document)]
    assert depths == [1, 2, 0]


def test_writer_rule_is_a_marked_block(style: ProseStyle) -> None:
    document = written("a\n\n---\n\nb", style)
    assert [each.blockFormat().hasProperty(RULE) for each in blocks(document)] == [
        False,
        True,
        False,
    ]


def test_writer_link_shows_its_target_as_tool_tip(style: ProseStyle) -> None:
    made = format_of(written("see [it](https://example.org/a)", style), "it")
    assert made.anchorHref() == "https://example.org/a"
    assert made.toolTip() == "https://example.org/a"


def test_writer_script_link_stays_text(style: ProseStyle) -> None:
    document = written("[it](javascript:alert)", style)
    assert not any(each.isAnchor() for _text, each in pieces(document))


def test_writer_picture_is_named_and_not_fetched(style: ProseStyle) -> None:
    document = written("![the plan](http://example.org/x.png)", style)
    assert "the plan" in document.toPlainText()
    assert not any(each.isImageFormat() for _text, each in pieces(document))


def test_writer_known_citation_is_a_link_with_its_source(style: ProseStyle) -> None:
    made = format_of(written("yes [2]", style, {2: "Contract.pdf, page 3"}), "2")
    assert made.anchorHref() == "cite:2"
    assert made.intProperty(CITATION) == 2
    assert made.toolTip() == "Contract.pdf, page 3"


def test_writer_unknown_citation_stays_text(style: ProseStyle) -> None:
    document = written("yes [7]", style, {2: "Contract.pdf"})
    assert document.toPlainText() == "yes [7]"


def test_writer_citation_while_streaming_is_a_chip_without_link(style: ProseStyle) -> None:
    made = format_of(written("yes [2]", style, None), "2")
    assert made.intProperty(CITATION) == 2
    assert not made.isAnchor()


@pytest.mark.parametrize(
    "text",
    ["- ", "- - a", "> ", "- > a", "1. ```\n   x\n   ```", "- | a |\n  |---|\n  | 1 |", "#", "***"],
)
def test_writer_odd_nesting_is_written_without_loss(style: ProseStyle, text: str) -> None:
    document = written(text, style)
    for word in ("a", "x", "1"):
        if word in text.replace("1.", ""):
            assert word in document.toPlainText()
