"""Keeps the trouble of third-party parsers with strangers' files out of the rest of Cairn."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.base.errors import AppError, Cancelled
from app.library.errors import ReaderError, damaged

log = logging.getLogger(__name__)


@contextmanager
def parser_faults(what: str) -> Iterator[None]:
    """Explain whatever a third-party parser raises: it always means that the file is broken."""
    try:
        yield
    except (AppError, Cancelled):
        raise
    except MemoryError as error:
        raise ReaderError(
            f"This {what} needs more memory than there is.",
            "Split it into smaller files, or close other programs and try again.",
        ) from error
    except Exception as error:
        log.info("parser of a %s gave up", what, exc_info=True)
        raise damaged(what) from error
