"""`eval judge`: a model compares the answers of a run side by side."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.base.errors import AppError
from app.cli.eval_waiting import wait_for
from app.cli.output import Printer
from app.cli.words import file_named, row_number

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.evals.runs.entities import Run
    from app.evals.runs.results import PairResult

_FAILED = 3


class BadPair(AppError):
    """A candidate or rubric that was named cannot be used."""


def add_to(parts: Any, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    judge = parts.add_parser(
        "judge",
        parents=[common],
        help="let a model compare the answers of a run side by side",
        description="Each pair of answers is shown in both orders. All that was ever judged of the "
        "run is printed. Ctrl+C pauses it.",
    )
    judge.add_argument("number", type=row_number, metavar="RUN", help="its number")
    judge.add_argument(
        "--judge", required=True, metavar="MODEL", help="GGUF model, or model on a server"
    )
    judge.add_argument(
        "--one", metavar="A", help="label of a candidate, or its number from 0; else the baseline"
    )
    judge.add_argument(
        "--other", metavar="B", help="label or number of another; else each of the others"
    )
    judge.add_argument(
        "--rubric", default="correct", metavar="NAME|JSON", help="“correct” if it is not said"
    )
    judge.set_defaults(run=_judge)


def _judge(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.evals.runs.entities import RunId

    run = services.evals.run(RunId(arguments.number))
    one = run.baseline if arguments.one is None else _number(run, arguments.one)
    other = None if arguments.other is None else _number(run, arguments.other)
    document = {
        "model": _model(services, arguments.judge, printer),
        "rubric": _rubric(arguments.rubric),
    }
    services.evals.judge_pairs(run.id, one, other, document)
    wait_for(services, run.id, printer)
    found = services.evals.pair_results(run.id)
    printer.answer([_to_json(each) for each in found], "\n\n".join(map(_to_text, found)))
    if sum(each.pairing.missing for each in found):
        problem = services.evals.run(run.id).problem or "Not all pairs were judged."
        printer.note(f"cairn: {' '.join(problem.split())}")
        return _FAILED
    return 0


def _number(run: Run, said: str) -> int:
    for each in run.candidates:
        if said in (each.label, str(each.number)):
            return each.number
    known = ", ".join(f"{each.number} “{each.label}”" for each in run.candidates)
    raise BadPair(f"The run has no candidate “{said}”.", f"It has {known}.")


def _model(services: Services, name: str, printer: Printer) -> str:
    if (path := file_named(name)) is not None:
        model = services.models.import_file(path)
        return model.name if len(services.models.matching(model.name)) == 1 else str(model.id)
    if not services.models.matching(name) and services.endpoints.matching(name):
        endpoint = services.endpoints.find(name)
        printer.note(f"The items of the run and the answers are sent to {endpoint.base_url}.")
    return name


def _rubric(said: str) -> Mapping[str, Any]:
    from app.evals.judging.rubric import RUBRICS

    if (known := RUBRICS.get(said)) is not None:
        return known.to_json()
    try:
        document = json.loads(said)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise BadPair(
            f"There is no rubric “{said[:80]}”.", f"There are {', '.join(RUBRICS)}, or write JSON."
        )
    return document


def _to_json(result: PairResult) -> dict[str, Any]:
    pairing, tally, rate = result.pairing, result.tally, result.tally.win_rate
    return {
        "pairing": pairing.id,
        "one": {"number": result.one.number, "label": result.one.label},
        "other": {"number": result.other.number, "label": result.other.label},
        "judge": dict(pairing.judge),
        "missing": pairing.missing,
        "wins": tally.wins,
        "losses": tally.losses,
        "ties": tally.ties,
        "inconsistent": tally.inconsistent,
        "unscored": tally.unscored,
        "flip_rate": tally.flip_rate,
        "win_rate": {
            "value": rate.value,
            "low": rate.low,
            "high": rate.high,
            "method": rate.method.value,
            "items": rate.items,
        },
        "outcome": result.verdict.outcome.value,
        "p_value": result.verdict.p_value,
        "items_needed": result.verdict.items_needed,
        "sentence": result.sentence,
        "warnings": list(result.warnings),
    }


def _to_text(result: PairResult) -> str:
    from app.evals.reports.pairs import flip_words, judge_words

    tally = result.tally
    lines = [
        f"“{result.one.label}” against “{result.other.label}”, judged by {judge_words(result)}:",
        f"  {tally.wins} won, {tally.ties} tied, {tally.losses} lost; "
        f"{flip_words(tally)} depended on the order, {tally.unscored} not judged",
        f"  {result.sentence}",
    ]
    return "\n".join([*lines, *(f"  {each}" for each in result.warnings)])
