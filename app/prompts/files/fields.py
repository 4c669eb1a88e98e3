"""The fields of the front matter and what they are of a prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.prompts.entities import Content, Example, Part
from app.prompts.errors import BadName
from app.prompts.files.inputs import inputs_of, variables_of
from app.prompts.files.model_options import options_of, sampling_of
from app.prompts.files.outputs import outputs_of, schema_of
from app.prompts.files.prompt_file import PromptFile
from app.prompts.files.taking import Fields
from app.prompts.naming import LONGEST_NAME, checked_name

_OURS = "cairn"  # the field of `metadata` with what the notation has no place for

_NO_WORD = re.compile(r"[^\w.-]+")


def fields_of(file: PromptFile) -> dict[str, Any]:
    """The front matter of a prompt, without its parts."""
    content = file.content
    outputs = None if content.output_schema is None else outputs_of(content.output_schema)
    ours: dict[str, Any] = {}
    if file.folder:
        ours["folder"] = file.folder
    if content.examples:
        ours["examples"] = [{"input": e.input, "output": e.output} for e in content.examples]
    if content.output_schema is not None and outputs is None:
        ours["outputSchema"] = dict(content.output_schema)
    metadata = ({"tags": list(file.tags)} if file.tags else {}) | ({_OURS: ours} if ours else {})
    fields: dict[str, Any] = {"name": file.name}
    if file.description:
        fields["description"] = file.description
    if metadata:
        fields["metadata"] = metadata
    if content.sampling is not None:
        fields["model"] = {"options": options_of(content.sampling)}
    if content.variables:
        fields["inputs"] = inputs_of(content.variables)
    if outputs is not None:
        fields["outputs"] = outputs
    return fields


def file_of(
    values: Mapping[str, Any], parts: Sequence[Part], fallback_name: str, left_out: list[str]
) -> PromptFile:
    """The prompt of a front matter and its parts; what it cannot hold is added to `left_out`."""
    fields = Fields(values, left_out)
    metadata = fields.inside("metadata")
    ours = metadata.inside(_OURS)
    _check_language(fields)
    outputs, schema = schema_of(fields), ours.take("outputSchema")
    content = Content(
        parts=tuple(parts),
        variables=variables_of(fields),
        examples=_examples(ours),
        output_schema=schema if isinstance(schema, dict) else outputs,
        sampling=sampling_of(fields.inside("model")),
    )
    name, description = fields.text("name"), fields.text("description")
    tags, folder = metadata.texts("tags") or fields.texts("tags"), ours.text("folder")
    for each in (fields, metadata, ours):
        each.leave_rest()
    usable = _usable_name(name, fallback_name, left_out)
    noted = tuple(dict.fromkeys(left_out))
    return PromptFile(usable, content, description, tags, folder, noted)


def _examples(ours: Fields) -> tuple[Example, ...]:
    examples: list[Example] = []
    for each in ours.entries("examples"):
        match each:
            case {"input": str(asked), "output": str(answered)} if len(each) == 2:
                examples.append(Example(asked, answered))
            case _:
                ours.leave("examples", "one of them has no input and output")
    return tuple(examples)


def _check_language(fields: Fields) -> None:
    template = fields.take("template")
    if isinstance(template, dict):
        template = template.get("format", template.get("type"))
    if isinstance(template, dict):
        template = template.get("kind")
    if template not in (None, "jinja2"):
        fields.leave("template", f"Cairn takes the text as Jinja2, not as {str(template)[:40]}")


def _usable_name(name: str, fallback: str, left_out: list[str]) -> str:
    """A name that a prompt can have, as near as can be to what the file says."""
    wanted = name.strip() or fallback
    near = (wanted, _NO_WORD.sub("-", wanted).strip("-_.")[:LONGEST_NAME], "imported")
    usable = checked_name(next(filter(_is_usable, near)))
    if name.strip() and usable != name:
        left_out.append(f"The name “{name.strip()[:80]}”: it became “{usable}”.")
    return usable


def _is_usable(name: str) -> bool:
    try:
        checked_name(name)
    except BadName:
        return False
    return True
