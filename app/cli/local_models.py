"""`models`: import, list and inspect GGUF files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.output import Printer

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.modelhub.entities import GgufFacts, LocalModel


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its parts."""
    models = commands.add_parser("models", help="import, list and inspect GGUF models")
    parts = models.add_subparsers(dest="part", metavar="ACTION", required=True)
    take = parts.add_parser("import", parents=[common], help="put a GGUF file on the list")
    take.add_argument("file", type=Path, metavar="FILE")
    take.set_defaults(run=_import)
    listing = parts.add_parser("list", parents=[common], help="list the imported models")
    listing.set_defaults(run=_list)
    inspect = parts.add_parser("inspect", parents=[common], help="show what a GGUF file says")
    inspect.add_argument("file", type=Path, metavar="FILE")
    inspect.set_defaults(run=_inspect)


def _import(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    model = services.models.import_file(arguments.file)
    printer.answer(_model_to_json(model), f"{model.id}  {model.name}  {model.quantization}")
    return 0


def _list(services: Services, _arguments: argparse.Namespace, printer: Printer) -> int:
    models = services.models.models()
    lines = [
        f"{each.id}  {each.name}  {each.quantization}  {each.path}"
        + ("" if each.is_present else "  (file is missing)")
        for each in models
    ]
    text = "\n".join(lines) or "No models yet. Import one with: cairn models import FILE"
    printer.answer([_model_to_json(each) for each in models], text)
    return 0


def _inspect(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    facts = services.models.inspect(arguments.file)
    printer.answer(_facts_to_json(facts), _facts_to_text(facts))
    return 0


def _model_to_json(model: LocalModel) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "file": str(model.path),
        "size_bytes": model.size_bytes,
        "architecture": model.architecture,
        "quantization": model.quantization,
        "parameters": model.parameters,
        "context_length": model.context_length,
        "has_chat_template": model.has_chat_template,
        "sha256": model.sha256,
        "is_present": model.is_present,
    }


def _facts_to_json(facts: GgufFacts) -> dict[str, Any]:
    return {
        "file": str(facts.path),
        "size_bytes": facts.size_bytes,
        "gguf_version": facts.version,
        "name": facts.name,
        "architecture": facts.architecture,
        "quantization": facts.quantization,
        "parameters": facts.parameters,
        "context_length": facts.context_length,
        "layers": facts.layers,
        "embedding_length": facts.embedding_length,
        "vocabulary": facts.vocabulary,
        "has_chat_template": facts.has_chat_template,
        "metadata": dict(facts.metadata),
    }


def _facts_to_text(facts: GgufFacts) -> str:
    rows = [
        ("Name", facts.name),
        ("Architecture", facts.architecture),
        ("Quantization", facts.quantization),
        ("Parameters", f"{facts.parameters:,}"),
        ("Size", f"{facts.size_bytes:,} bytes"),
        ("Context", f"{facts.context_length:,} tokens"),
        ("Layers", str(facts.layers)),
        ("Chat template", "yes" if facts.has_chat_template else "no"),
    ]
    head = "\n".join(f"{name:<14} {value}" for name, value in rows)
    return head + "\n\n" + "\n".join(f"{key} = {value}" for key, value in facts.metadata)
