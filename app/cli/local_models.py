"""`models`: import, list and inspect GGUF files, and tell whether they fit into memory. Models on
servers are listed too; connecting to one is done in the window.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.output import Printer
from app.modelhub.fit import MAIN, Verdict, change_words, size_words
from app.modelhub.options import BOUNDS, options_changed

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.engine.options import LoadOptions
    from app.engine.protocol import DeviceNeed
    from app.modelhub.entities import Endpoint, GgufFacts, LocalModel
    from app.modelhub.fit import Fit


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its parts."""
    models = commands.add_parser("models", help="import, list, inspect and measure GGUF models")
    parts = models.add_subparsers(dest="part", metavar="ACTION", required=True)
    take = parts.add_parser("import", parents=[common], help="put a GGUF file on the list")
    take.add_argument("file", type=Path, metavar="FILE")
    take.set_defaults(run=_import)
    listing = parts.add_parser(
        "list", parents=[common], help="list the models, files and those on servers"
    )
    listing.set_defaults(run=_list)
    inspect = parts.add_parser("inspect", parents=[common], help="show what a GGUF file says")
    inspect.add_argument("file", type=Path, metavar="FILE")
    inspect.set_defaults(run=_inspect)
    fit = parts.add_parser(
        "fit", parents=[common], help="say whether a GGUF file fits into the memory that is free"
    )
    fit.add_argument("file", type=Path, metavar="FILE")
    fit.add_argument("--context", type=_tokens, metavar="N", help="tokens of room to count with")
    fit.set_defaults(run=_fit)


def _tokens(text: str) -> int:
    low, high = BOUNDS["context_length"]
    if not text.isdecimal() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"takes a number from {low:,} to {high:,}")
    return int(text)


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
    endpoints = services.endpoints.endpoints()
    lines += [f"server  {each.name}  {each.model}  {each.base_url}" for each in endpoints]
    text = "\n".join(lines) or "No models yet. Import one with: cairn models import FILE"
    data = [_model_to_json(each) for each in models] + [_endpoint_to_json(e) for e in endpoints]
    printer.answer(data, text)
    return 0


def _inspect(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    facts = services.models.inspect(arguments.file)
    printer.answer(_facts_to_json(facts), _facts_to_text(facts))
    return 0


def _fit(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    models = services.models
    facts = models.inspect(arguments.file)
    known = next((each for each in models.models() if each.path == facts.path), None)
    options = models.options(known.id) if known is not None else models.default_options()
    if arguments.context is not None:
        options = replace(options, context_length=arguments.context)
    fit = models.estimate_file(facts.path, options, trained=facts.context_length)
    printer.answer(_fit_to_json(facts.path, fit), _fit_to_text(fit))
    return 0


def _fit_to_json(path: Path, fit: Fit) -> dict[str, Any]:
    return {
        "file": str(path),
        "context_length": fit.room,
        "verdict": fit.verdict.value,
        "words": fit.words,
        "need": {
            "main_memory": fit.need.main_memory,
            "graphics_memory": fit.need.graphics_memory,
            "process": fit.need.process,
            "devices": [_need_to_json(each) for each in fit.need.devices],
        },
        "free": {
            "main_memory": fit.free.main,
            "devices": [
                {
                    "device": each.name,
                    "description": each.description,
                    "free": each.free_bytes,
                    "total": each.total_bytes,
                }
                for each in fit.free.devices
            ],
        },
        "proposal": _proposal_to_json(fit.smaller, fit.options),
    }


def _need_to_json(need: DeviceNeed) -> dict[str, Any]:
    return {
        "device": need.device,
        "weights": need.weights,
        "kv_cache": need.kv_cache,
        "compute": need.compute,
        "total": need.total,
    }


def _proposal_to_json(smaller: LoadOptions | None, options: LoadOptions) -> dict[str, Any] | None:
    if smaller is None:
        return None
    return {
        "words": f"Load with {change_words(smaller, options)}",
        "options": options_changed(smaller, options),
    }


def _fit_to_text(fit: Fit) -> str:
    head = f"{fit.words} with room for {fit.room:,} tokens."
    rows: list[tuple[str, ...]] = [("", "Weights", "KV cache", "Compute", "Together")]
    for each in fit.need.devices:
        sizes = (each.weights, each.kv_cache, each.compute, each.total)
        place = "Main memory" if each.device == MAIN else each.device
        rows.append((place, *(size_words(size) for size in sizes)))
    rows.append(("Engine itself", "", "", "", size_words(fit.need.process)))
    table = "\n".join(
        f"  {name:<14}" + "".join(f"{cell:>10}" for cell in cells) for name, *cells in rows
    )
    if fit.smaller is not None:
        tail = f"\n\nWhat would fit: load with {change_words(fit.smaller, fit.options)}."
    elif fit.verdict is Verdict.DOES_NOT_FIT:
        tail = "\n\nNo smaller setting fits. Take a smaller file of this model."
    else:
        tail = ""
    return f"{head}\n\n{table}{tail}"


def _endpoint_to_json(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "kind": "server",
        "id": endpoint.id,
        "name": endpoint.name,
        "address": endpoint.base_url,
        "model": endpoint.model,
        "server": endpoint.kind.value,
        "context_length": endpoint.context_length or None,
    }


def _model_to_json(model: LocalModel) -> dict[str, Any]:
    return {
        "kind": "file",
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
