"""`eval`: measure models and prompts on suites, compare runs, and go on with those not finished."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.base.errors import AppError
from app.cli import eval_judging, eval_results
from app.cli.eval_waiting import wait_for
from app.cli.output import Printer
from app.cli.words import file_named, finite_number, row_number, whole_number

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.evals.runs.entities import ModelChoice, PromptChoice, RunId, StoredSuite
    from app.evals.runs.results import RunResults

_FAILED = 3


class BadChoice(AppError):
    """A suite, model or metric that was named cannot be used."""


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its parts."""
    evaluate = commands.add_parser("eval", help="measure models and prompts on suites of items")
    parts = evaluate.add_subparsers(dest="part", metavar="ACTION", required=True)
    listing = parts.add_parser("list", parents=[common], help="list the suites and the runs")
    listing.set_defaults(run=_list)
    _add_run(parts, common)
    compare = parts.add_parser(
        "compare", parents=[common], help="compare the candidates of a run with another's baseline"
    )
    compare.add_argument(
        "one", type=row_number, metavar="RUN", help="number of the run to compare with"
    )
    compare.add_argument(
        "other", type=row_number, metavar="RUN", help="number of the run to compare"
    )
    compare.set_defaults(run=_compare)
    eval_judging.add_to(parts, common)
    report = parts.add_parser("report", parents=[common], help="print a run as a report")
    report.add_argument("number", type=row_number, metavar="RUN", help="its number")
    report.add_argument(
        "--format",
        choices=("html", "junit", "md", "csv", "jsonl"),
        default="md",
        help="what it is for; Markdown if it is not said",
    )
    report.add_argument("--output", type=Path, metavar="FILE", help="write it there instead")
    report.set_defaults(run=_report)
    resume = parts.add_parser("resume", parents=[common], help="go on with a run")
    resume.add_argument("number", type=row_number, metavar="RUN", help="its number")
    _add_limit(resume)
    resume.set_defaults(run=_resume)


def _add_run(parts: Any, common: argparse.ArgumentParser) -> None:
    run = parts.add_parser(
        "run",
        parents=[common],
        help="let models answer a suite and score what they say",
        description="Candidates are all models with all prompts. Ctrl+C pauses the run.",
    )
    run.add_argument("suite", metavar="SUITE", help="name of a suite, or a file of one")
    run.add_argument(
        "--model",
        dest="models",
        action="append",
        default=[],
        metavar="FILE|NAME",
        help="measure this GGUF model, or this model on a server; more than one can be named",
    )
    run.add_argument(
        "--prompt",
        dest="prompts",
        action="append",
        default=[],
        metavar="NAME",
        help="measure with this prompt, as it is, or with @label or @number for a version",
    )
    run.add_argument(
        "--metric",
        dest="metrics",
        action="append",
        default=[],
        metavar="NAME|JSON",
        help="measure by this and not by the metrics of the suite",
    )
    run.add_argument(
        "--repeat", type=whole_number, default=1, metavar="N", help="ask each item N times"
    )
    run.add_argument(
        "--items", type=whole_number, default=0, metavar="N", help="only the first N items"
    )
    run.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="of the first repeat"
    )
    run.add_argument("--read", action="store_true", help="let the models read, not answer")
    _add_limit(run)
    run.set_defaults(run=_run)


def _add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fail-under",
        type=finite_number,
        metavar="X",
        help="exit with 3 if a candidate scores less by the first metric",
    )


def _list(services: Services, _arguments: argparse.Namespace, printer: Printer) -> int:
    suites, runs = services.evals.suites.suites(), services.evals.runs()
    data = {
        "suites": [
            {
                "name": each.name,
                "description": each.description,
                "items": each.items,
                "version": each.number,
                "sha256": each.sha256,
                "metrics": [dict(metric) for metric in each.metrics],
            }
            for each in suites
        ],
        "runs": [eval_results.run_to_json(each) for each in runs],
    }
    lines = ["Suites:", *(f"  {each.name} ({each.items} items)" for each in suites), "", "Runs:"]
    lines += [eval_results.run_line(each) for each in runs] or ["  none yet"]
    printer.answer(data, "\n".join(lines))
    return 0


def _run(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.evals.runs.entities import RunPlan, Task

    if not arguments.models:
        raise BadChoice("No model was named to be measured.", "Name one with --model.")
    if arguments.items < 0:
        raise BadChoice("--items takes a positive number.", "Leave it out for all items.")
    models = tuple(_model(services, each, printer) for each in arguments.models)
    prompts = tuple(_prompt(services, each) for each in arguments.prompts)
    metrics = tuple(_metric(each) for each in arguments.metrics)
    suite = _suite(services, arguments.suite, printer)
    plan = RunPlan(
        suite.id,
        models,
        prompts or (None,),
        metrics=metrics,
        repeats=arguments.repeat,
        seed=arguments.seed,
        task=Task.READ if arguments.read else Task.ANSWER,
        most_items=arguments.items,
    )
    run = services.evals.start(plan)
    return _finish(services, run.id, arguments.fail_under, printer)


def _resume(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.evals.runs.entities import RunId

    run = services.evals.resume(RunId(arguments.number))
    return _finish(services, run.id, arguments.fail_under, printer)


def _compare(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.evals.runs.entities import RunId

    found = services.evals.compare(RunId(arguments.one), RunId(arguments.other))
    printer.answer(eval_results.comparison_to_json(found), eval_results.comparison_to_text(found))
    return 0


def _report(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.evals.reports.writing import ReportFormat, report, write_report
    from app.evals.runs.entities import RunId

    data = services.evals.report_data(RunId(arguments.number))
    form = ReportFormat(arguments.format)
    output: Path | None = arguments.output
    if output is None:
        text = report(data, form).decode("utf-8-sig")
        printer.answer({"text": text}, text.rstrip("\n"))
    else:
        write_report(data, form, output)
        printer.answer({"file": str(output)}, str(output))
    return 0


def _finish(services: Services, run_id: RunId, limit: float | None, printer: Printer) -> int:
    """Wait for a run, tell how far it is, and say what came of it."""
    wait_for(services, run_id, printer)
    results = services.evals.results(run_id)
    printer.answer(eval_results.results_to_json(results), eval_results.results_to_text(results))
    if reason := _failure(results, limit):
        printer.note(f"cairn: {' '.join(reason.split())}")
        return _FAILED
    return 0


def _failure(results: RunResults, limit: float | None) -> str:
    """Why a run is no success, in words; empty if it is one."""
    from app.evals.runs.entities import CandidateState, RunState

    failed = [
        each.candidate
        for each in results.candidates
        if each.candidate.state is CandidateState.FAILED
    ]
    if failed:
        return f"{failed[0].label} failed: {failed[0].problem}"
    if results.run.state is not RunState.DONE or results.run.problem:
        return results.run.problem or f"The run is {results.run.state.value}."
    if results.run.samples and results.run.problems == results.run.samples:
        return "No item got an answer; the report says why."
    if limit is None:
        return ""
    for each in results.candidates:
        if not each.metrics:
            return "There is no metric to compare with --fail-under. Name one with --metric."
        value, label = each.metrics[0].estimate.value, each.metrics[0].metric.label
        if value is None:
            return f"{each.candidate.label} could not be scored by {label}."
        if value < limit:
            return f"{each.candidate.label} scores {value:.3f} by {label}, less than {limit:g}."
    return ""


def _suite(services: Services, name: str, printer: Printer) -> StoredSuite:
    """The suite of this name, or of this file, which is kept if it is not there yet."""
    if (path := file_named(name)) is None:
        return services.evals.suites.find(name)
    from app.evals.suites.reading import read_suite

    imported = read_suite(path)
    for each in imported.problems:
        printer.note(f"{path.name}, line {each.line}: {each.message}")
    if not imported.items:
        hint = "See the reasons above." if imported.problems else "It has a header and no rows."
        raise BadChoice(f"{path.name} holds no item that could be used.", hint)
    version = imported.suite.sha256
    for known in services.evals.suites.suites():
        is_same = known.sha256 == version and known.metrics == imported.suite.metrics
        if is_same and known.name.startswith(imported.suite.name):
            return known
    return services.evals.suites.take_in(imported.suite)


def _model(services: Services, name: str, printer: Printer) -> ModelChoice:
    from app.evals.runs.entities import ModelChoice

    if (path := file_named(name)) is not None:
        return ModelChoice(services.models.import_file(path).id)
    if services.models.matching(name) or not services.endpoints.matching(name):
        return ModelChoice(services.models.find(name).id)
    endpoint = services.endpoints.find(name)
    printer.note(f"The items of the suite are sent to {endpoint.base_url}.")
    return ModelChoice(endpoint=endpoint.id)


def _prompt(services: Services, reference: str) -> PromptChoice:
    from app.evals.runs.entities import PromptChoice

    version = services.prompts.resolve(reference)
    return PromptChoice(version.prompt_id, version.number)


def _metric(text: str) -> Mapping[str, Any]:
    if not text.lstrip().startswith("{"):
        return {"metric": text}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadChoice(f"The metric {text[:80]} is not JSON.", "Check its brackets.") from error
    return dict(document)
