"""`ask`: one question, answered from documents, with its sources."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.cli.documents import bring_in, catch_up, outcome_to_json
from app.cli.output import Printer
from app.cli.words import file_named

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.chat.answers import Answer
    from app.chat.entities import AnswerRecord, AnswerServer
    from app.library.entities import Scope


class NoAnswer(AppError):
    """The question could not be answered for a reason outside the documents."""


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    ask = commands.add_parser(
        "ask",
        parents=[common],
        help="answer a question from documents",
        description="Answers from the files and folders named, or from the whole library. Files"
        " that are named are kept in the library, so that the next question is quick.",
    )
    ask.add_argument("question", metavar="QUESTION")
    ask.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    ask.add_argument(
        "--model",
        metavar="FILE|NAME",
        help="answer with this GGUF model, or this model on a server",
    )
    ask.add_argument("--top-k", type=int, metavar="N", help="passages to answer from")
    ask.set_defaults(run=_ask)


def _ask(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    scope, failed = _scope(services, arguments.paths, printer)
    if arguments.model:
        use_model(services, arguments.model, printer, "Passages from your documents are sent")
    answer = services.chat.ask_once(
        arguments.question, scope, lambda _event: None, CancelToken(), passages=arguments.top_k
    )
    record = answer.record
    if record.error:
        raise NoAnswer(record.error)
    data = _to_json(answer, record) | {"failed": failed}
    printer.answer(data, _to_text(answer, record))
    return 0


def _scope(
    services: Services, paths: list[Path], printer: Printer
) -> tuple[Scope, list[dict[str, str]]]:
    from app.library.entities import Scope  # with the services, not for `--help`

    if not paths:
        catch_up(services, printer)
        return Scope(), []
    outcome = bring_in(services, paths, None, printer)
    if not outcome.indexed:
        raise NoAnswer("None of the files could be read.", "The reasons are above.")
    documents = tuple(each.id for each in outcome.indexed)
    return Scope(documents=documents), outcome_to_json(outcome)["failed"]


def use_model(services: Services, name: str, printer: Printer, what_is_sent: str) -> None:
    """Have the model with this file or name answer, here or on a server.

    Args:
        what_is_sent: the beginning of the sentence that tells of a server on another computer.
    """
    models, endpoints = services.models, services.endpoints
    if (path := file_named(name)) is not None:
        models.load(models.import_file(path).id)
    elif models.matching(name) or not endpoints.matching(name):
        models.load(models.find(name).id)
    else:
        served = services.served.connect(endpoints.find(name).id)
        services.served.agree(served)  # whoever names a server means it
        if not served.is_on_this_computer:
            printer.note(f"{what_is_sent} to {served.host}.")


def _to_json(answer: Answer, record: AnswerRecord) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "reasoning": record.reasoning,
        "mode": record.mode.value,
        "found_nothing": record.found_nothing,
        "citations": [
            {
                "number": each.number,
                "file": str(each.path),
                "title": each.title,
                "page": each.place.page,
                "section": each.place.section,
                "quote": each.quote,
                "score": round(each.score, 4),
            }
            for each in record.citations
        ],
        "model": record.model_name or None,
        "server": _server_to_json(record.server),
        "finish": record.finish.value,
        "timings": asdict(record.timings)
        | {
            "search_s": round(record.search_s, 4),
            "thinking_s": round(record.thinking_s, 4),
            "total_s": round(record.total_s, 4),
        },
    }


def _server_to_json(server: AnswerServer | None) -> dict[str, Any] | None:
    if server is None:
        return None
    return {
        "name": server.name,
        "address": server.address,
        "model": server.model,
        "ignored_settings": list(server.ignored_settings),
        "counts_exactly": server.counts_exactly,
    }


def _to_text(answer: Answer, record: AnswerRecord) -> str:
    label = record.model_name or "Quoted answer, no model loaded"
    if record.server is not None:
        label = f"{label} on {record.server.host}"
    lines = [f"{label}:", "", answer.text]
    if record.citations:
        lines += ["", "Sources:"]
        lines += [f"  [{c.number}] {c.path}, {c.place.label}" for c in record.citations]
    return "\n".join(lines)
