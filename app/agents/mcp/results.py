"""What a server's tool gives back, as text: pictures and files are described, all is bounded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from app.agents.mcp.definitions import shown
from app.agents.tools.results import capped
from app.agents.tools.tool import ToolResult

_MOST_BLOCKS: Final = 200
_MOST_KEPT: Final = 1_000_000  # characters that are kept beside what the model gets
_MOST_PICTURE: Final = 300_000  # characters of a picture, as base64, that is kept
_LONGEST_LABEL: Final = 300
_PICTURES: Final = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def tool_result(
    server: str, content: Sequence[Any], structured: Any = None, *, is_error: bool = False
) -> ToolResult:
    """A result for the model, marked as written by others.

    Args:
        content: blocks as the MCP SDK gives them.
        structured: a JSON value that says the same; used where there are no blocks.
    """
    shown_blocks = list(islice(content, _MOST_BLOCKS))
    text = "\n\n".join(map(_described, shown_blocks))
    if len(content) > _MOST_BLOCKS:
        text += f"\n\n[{len(content) - _MOST_BLOCKS:,} more parts are left out.]"
    if not content:
        text = "" if structured is None else json.dumps(structured, ensure_ascii=False)
    text = _storable(text) or "[The tool gave back nothing.]"
    if is_error:
        text = f"The tool reports that it failed:\n{text}"
    result = capped(_bounded(text), source=f"the server {server}")
    whole = "\n\n".join([result.whole or _bounded(text), *_pictures(shown_blocks)])
    return ToolResult(
        result.text,
        is_untrusted=True,
        source=result.source,
        whole="" if whole == result.text else whole,
    )


def _described(block: Any) -> str:
    match block.type:
        case "text":
            return str(block.text)
        case "image":
            return f"[A picture ({_kind(block)}, {_size(block.data)}), which is not shown here.]"
        case "audio":
            return f"[A sound ({_kind(block)}, {_size(block.data)}), which cannot be heard here.]"
        case "resource_link":
            return f"[A link to “{_label(block.name)}”: {_label(block.uri)}]"
        case "resource":
            return _resource(block.resource)
        case other:
            return f"[Something of the kind “{_label(other)}”, which cannot be shown.]"


def _resource(resource: Any) -> str:
    text = getattr(resource, "text", None)
    if text is not None:
        return f"[The file {_label(resource.uri)}:]\n{text}"
    return f"[The file {_label(resource.uri)} ({_kind(resource)}, {_size(resource.blob)}).]"


def _pictures(blocks: Iterable[Any]) -> Iterable[str]:
    """Small pictures as data URLs, for the person."""
    room = _MOST_KEPT
    for block in blocks:
        if block.type != "image" or block.mime_type not in _PICTURES:
            continue
        room -= len(block.data)
        if len(block.data) <= _MOST_PICTURE and room >= 0:
            yield f"data:{block.mime_type};base64,{_storable(block.data)}"


def _kind(block: Any) -> str:
    return _label(block.mime_type or "of an unknown kind")


def _size(base64: str) -> str:
    return f"{max(1, len(base64) * 3 // 4 // 1024):,} kB"


def _label(text: Any) -> str:
    return shown(" ".join(str(text).split()))[:_LONGEST_LABEL]


def _bounded(text: str) -> str:
    if len(text) <= _MOST_KEPT:
        return text
    return f"{text[:_MOST_KEPT]}\n[{len(text) - _MOST_KEPT:,} more characters were not kept.]"


def _storable(text: str) -> str:
    """Without halves of characters, which no file takes."""
    return text.encode("utf-8", "replace").decode()
