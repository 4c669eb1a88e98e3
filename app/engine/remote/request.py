"""A `Generate` as the body of a request, in the words each kind of server knows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.engine.errors import NotSupported
from app.engine.messages import Image, Role, Tool, ToolCall, Turn
from app.engine.protocol import (
    Generate,
    Grammar,
    JsonObject,
    JsonSchema,
    OutputFormat,
    TemplateOptions,
    ToolChoice,
)
from app.engine.remote.parameters import sampling_fields
from app.engine.remote.server import RemoteModel, ServerKind

_MOST_ALTERNATIVES = 20  # of the standard; llama-server alone has no limit
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)
_TELL_SIGHT = (ServerKind.LLAMA_SERVER, ServerKind.OLLAMA, ServerKind.LM_STUDIO)
_VERSION = re.compile(r"(\d+)\.(\d+)")
_STRUCTURED_SINCE = (0, 11)  # vLLM took `guided_grammar` before


def chat_body(request: Generate, remote: RemoteModel) -> dict[str, Any]:
    """The body of a chat completion.

    Raises:
        NotSupported: the server lacks something that was asked for.
    """
    if any(turn.images for turn in request.turns) and _is_blind(remote):
        raise NotSupported(
            f"{remote.model} cannot see pictures.", "Take them out, or use a model that can."
        )
    body = _common(request, remote)
    body["messages"] = messages(request.turns, remote.kind)
    body |= _tools(request, remote.kind)
    body |= template_fields(request.template, remote.kind)
    if request.output is not None:
        body |= _output(request.output, remote)
    if request.logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = _alternatives(request.logprobs, remote.kind)
    return body


def completion_body(request: Generate, remote: RemoteModel) -> dict[str, Any]:
    """The body of a plain completion: the last turn is the whole prompt.

    Raises:
        NotSupported: the server lacks something that was asked for.
    """
    if request.turns[-1].images:
        raise NotSupported("A raw prompt cannot hold pictures.", "Send it as a conversation.")
    body = _common(request, remote)
    body["prompt"] = request.turns[-1].content
    if request.output is not None:
        body |= _output(request.output, remote)
    if request.logprobs is not None:
        body["logprobs"] = _alternatives(request.logprobs, remote.kind)
    return body


def messages(turns: Iterable[Turn], kind: ServerKind) -> list[dict[str, Any]]:
    """Turns as the standard writes them."""
    return [_message(turn, kind) for turn in turns]


def tools_field(tools: Iterable[Tool]) -> list[dict[str, Any]]:
    """Tools as the standard writes them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            },
        }
        for tool in tools
    ]


def template_fields(template: TemplateOptions, kind: ServerKind) -> dict[str, Any]:
    """What the chat template on the server is told.

    Raises:
        NotSupported: the server cannot be told.
    """
    if template.variant:
        raise NotSupported(
            f"{kind.label} does not let us choose among the templates of a model.",
            "Use the default template.",
        )
    values = dict(template.values)
    if template.date:
        values |= {"date_string": template.date}
    effort = template.reasoning_effort
    if kind in (ServerKind.LLAMA_SERVER, ServerKind.VLLM):
        if template.thinking is not None:
            values |= {"enable_thinking": template.thinking, "thinking": template.thinking}
        if effort:
            values["reasoning_effort"] = effort
        return {"chat_template_kwargs": values} if values else {}
    if values:
        raise NotSupported(
            f"{kind.label} takes no values for its chat template.", "Clear them in the settings."
        )
    if kind is ServerKind.OLLAMA and template.thinking is not None:
        effort = (effort or "medium") if template.thinking else "none"
    return {"reasoning_effort": effort} if effort else {}


def _is_blind(remote: RemoteModel) -> bool:
    return remote.kind in _TELL_SIGHT and not remote.sees


def _common(request: Generate, remote: RemoteModel) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": remote.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": request.max_tokens,
        **sampling_fields(request.sampling, remote, exact=request.exact),
    }
    stops = [stop for stop in request.stop if stop]
    return body | {"stop": stops} if stops else body


def _message(turn: Turn, kind: ServerKind) -> dict[str, Any]:
    message: dict[str, Any] = {"role": turn.role.value, "content": turn.content}
    if turn.images:
        pictures = [{"type": "image_url", "image_url": {"url": _url(each)}} for each in turn.images]
        text = [{"type": "text", "text": turn.content}] if turn.content else []
        message["content"] = [*pictures, *text]
    if turn.tool_calls:
        message["tool_calls"] = [_call(call) for call in turn.tool_calls]
    if turn.role is Role.TOOL:
        message["tool_call_id"] = turn.tool_call_id
        if kind is ServerKind.LLAMA_SERVER and turn.tool_name:
            message["name"] = turn.tool_name
    if turn.reasoning and turn.role is Role.ASSISTANT:
        # The standard knows no reasoning in a request; servers that do not may refuse it.
        if kind in (ServerKind.LLAMA_SERVER, ServerKind.VLLM):
            message["reasoning_content"] = turn.reasoning
        if kind in (ServerKind.VLLM, ServerKind.OLLAMA):
            message["reasoning"] = turn.reasoning
    return message


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _url(image: Image) -> str:
    for start, kind in _PICTURES:
        if image.data.startswith(start):
            return f"data:{kind};base64,{base64.b64encode(image.data).decode()}"
    raise NotSupported(
        "A picture is neither PNG, JPEG, GIF nor BMP.", "Save it as PNG and attach it again."
    )


def _tools(request: Generate, kind: ServerKind) -> dict[str, Any]:
    tools = request.tools
    if not tools or request.tool_choice is ToolChoice.NONE:
        # Without tools a template describes none, and no server calls what it does not know.
        return {}
    if request.tool_choice is ToolChoice.AUTO:
        return {"tools": tools_field(tools)}
    if kind is ServerKind.OLLAMA:
        raise NotSupported(
            "Ollama cannot be made to call a tool.", "Leave the choice to the model, or use vLLM."
        )
    if not request.tool:
        return {"tools": tools_field(tools), "tool_choice": "required"}
    if kind in (ServerKind.LLAMA_SERVER, ServerKind.LM_STUDIO):
        only = tuple(tool for tool in tools if tool.name == request.tool)
        return {"tools": tools_field(only), "tool_choice": "required"}
    named = {"type": "function", "function": {"name": request.tool}}
    return {"tools": tools_field(tools), "tool_choice": named}


def _output(output: OutputFormat, remote: RemoteModel) -> dict[str, Any]:
    match output:
        case Grammar():
            return _grammar(output, remote)
        case JsonObject():
            if remote.kind is ServerKind.LM_STUDIO:  # knows only schemas
                return _schema({"type": "object"})
            return {"response_format": {"type": "json_object"}}
        case JsonSchema():
            return _schema(output.schema)


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": "reply", "strict": True, "schema": dict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _grammar(grammar: Grammar, remote: RemoteModel) -> dict[str, Any]:
    if grammar.triggers:
        raise NotSupported(
            "A server cannot begin a grammar in the middle of a reply.",
            "Let the grammar describe the whole reply.",
        )
    if grammar.root != "root":
        raise NotSupported(
            f"On a server, a grammar begins at “root”, not at “{grammar.root}”.", "Rename the rule."
        )
    if remote.kind is ServerKind.LLAMA_SERVER:
        return {"grammar": grammar.gbnf}
    if remote.kind is ServerKind.VLLM:
        found = _VERSION.match(remote.version)
        version = (int(found[1]), int(found[2])) if found else _STRUCTURED_SINCE
        if version < _STRUCTURED_SINCE:
            return {"guided_grammar": grammar.gbnf}
        return {"structured_outputs": {"grammar": grammar.gbnf}}
    raise NotSupported(
        f"{remote.kind.label} takes no grammars.", "Use a JSON Schema, or llama-server or vLLM."
    )


def _alternatives(wanted: int, kind: ServerKind) -> int:
    if wanted > _MOST_ALTERNATIVES and kind is not ServerKind.LLAMA_SERVER:
        raise NotSupported(
            f"{kind.label} gives at most {_MOST_ALTERNATIVES} alternatives for a token.",
            "Ask for fewer.",
        )
    return wanted
