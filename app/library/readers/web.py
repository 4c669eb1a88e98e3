"""Web pages saved as files."""

from __future__ import annotations

from app.base.jobs import CancelToken
from app.library.errors import ReaderError, no_text
from app.library.readers.contract import Extracted
from app.library.readers.encoding import decode_markup
from app.library.readers.markup import collect, parse_markup, title_of
from app.library.readers.sections import Sections, has_text
from app.library.readers.source import Source


def read_web(source: Source, cancel: CancelToken) -> Extracted:
    """Read an HTML page; its first three heading levels are the sections."""
    text = decode_markup(source.bytes())
    cancel.check()
    root = parse_markup(text)
    if root is None:
        raise no_text("web page")
    sections = Sections()
    collect(root, sections, cancel)
    parts = sections.parts()
    if not has_text(parts):
        raise _empty(root.find(".//script") is not None)
    return Extracted(parts, title_of(root))


def _empty(has_script: bool) -> ReaderError:
    if not has_script:
        return no_text("web page")
    return ReaderError(
        "This web page contains no text: it is filled by a program when a browser opens it.",
        "Open it in a browser, print it to a PDF, and add that.",
    )
