"""`agent`: list and show agents, give one a task, go on with a run, and show what it did."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.cli.agent_results import call_line, run_to_json, run_to_text, short, step_line
from app.cli.asking import use_model
from app.cli.documents import catch_up
from app.cli.output import Printer
from app.cli.words import is_folder, row_number

if TYPE_CHECKING:
    from app.agents.approvals import Person
    from app.agents.entities import Agent
    from app.agents.trace import Run, RunEvent
    from app.bootstrap import Services

_NOT_DONE: Final = 3


class NoFolder(AppError):
    """A folder that was named is not there."""


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its parts."""
    agent = commands.add_parser("agent", help="give agents tasks, and see what they did")
    parts = agent.add_subparsers(dest="part", metavar="ACTION", required=True)
    listing = parts.add_parser("list", parents=[common], help="list the agents and templates")
    listing.set_defaults(run=_list)
    show = parts.add_parser("show", parents=[common], help="show an agent and its last runs")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(run=_show)
    how = _how_to_run(common)
    run = parts.add_parser("run", parents=[how], help="give an agent a task")
    run.add_argument("name", metavar="NAME", help="of an agent, or of a template to make it from")
    run.add_argument("task", metavar="TASK")
    run.add_argument(
        "--folder",
        dest="folders",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="let it look into this folder too, and change what is in it if that is allowed",
    )
    run.set_defaults(run=_run)
    goes_on = parts.add_parser(
        "continue", parents=[how], help="go on with a run that was broken off"
    )
    goes_on.add_argument("run_id", type=row_number, metavar="RUN")
    goes_on.set_defaults(run=_continue)
    trace = parts.add_parser("trace", parents=[common], help="show each step of a run")
    trace.add_argument("run_id", type=row_number, metavar="RUN")
    trace.set_defaults(run=_trace)


def _how_to_run(common: argparse.ArgumentParser) -> argparse.ArgumentParser:
    how = argparse.ArgumentParser(add_help=False, parents=[common])
    how.add_argument(
        "--approve",
        choices=("none", "read", "all"),
        help="what it may do where it would ask: nothing, only look, or everything; without this,"
        " it asks on a terminal and may do nothing elsewhere",
    )
    how.add_argument("--model", metavar="FILE|NAME", help="use this model")
    return how


def _list(services: Services, _arguments: argparse.Namespace, printer: Printer) -> int:
    from app.agents.templates import templates

    kept = services.agents.agents()
    names = {each.name for each in kept}
    rows = [_row(each.name, each.instructions, is_template=False) for each in kept]
    rows += [
        _row(each.draft.name, each.description, is_template=True)
        for each in templates()
        if each.draft.name not in names
    ]
    lines = [
        f"{row['name']}{'  (template)' if row['is_template'] else ''}  {row['about']}"
        for row in rows
    ]
    printer.answer(rows, "\n".join(lines))
    return 0


def _row(name: str, about: str, *, is_template: bool) -> dict[str, Any]:
    lines = about.strip().splitlines()
    return {"name": name, "about": lines[0] if lines else "", "is_template": is_template}


def _show(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.agents.records import agent_to_json

    agent = services.agents.find(arguments.name)
    runs = services.agent_runs.runs(agent.id, limit=10)
    grants = services.agents.grants(agent.id)
    data = agent_to_json(agent) | {
        "may_do_unasked": [{"tool": each.tool, "server": each.server} for each in grants],
        "runs": [{"run": each.id, "state": each.state.value, "task": each.task} for each in runs],
    }
    lines = [agent.name, "", agent.instructions, ""]
    lines += [f"  {each.name}: {each.policy.value}" for each in agent.tools]
    lines += [f"  always allowed: {each.tool}" for each in grants]
    lines += [f"  folder: {each.path}" for each in agent.folders]
    lines += [f"  run {each.id}: {each.state.value}, {short(each.task)}" for each in runs]
    printer.answer(data, "\n".join(lines))
    return 0


def _run(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    agent = _with_folders(services.agents.find_or_make(arguments.name), arguments.folders)
    agent = _prepared(services, agent, arguments, printer)
    person = _person(arguments, printer)
    with _Progress(printer) as progress:
        run = services.agent_runs.run(agent, arguments.task, person, progress.hear, CancelToken())
    return _ended(services, run, printer)


def _continue(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.agents.trace import RunId

    run_id = RunId(arguments.run_id)
    agent = services.agent_runs.get(run_id).agent
    prepared = _prepared(services, agent, arguments, printer)
    with _Progress(printer) as progress:
        run = services.agent_runs.go_on(
            run_id,
            _person(arguments, printer),
            progress.hear,
            CancelToken(),
            agent=prepared if arguments.model else None,
        )
    return _ended(services, run, printer)


def _with_folders(agent: Agent, folders: list[Path]) -> Agent:
    from app.agents.entities import GrantedFolder

    for folder in folders:
        if not is_folder(folder):
            raise NoFolder(f"{folder} is no folder.", "Name one that is there.")
    granted = tuple(GrantedFolder(each.resolve(), can_write=True) for each in folders)
    return replace(agent, folders=(*agent.folders, *granted))


def _prepared(
    services: Services, agent: Agent, arguments: argparse.Namespace, printer: Printer
) -> Agent:
    """The agent with the model that was named, and the library ready if it is to be searched."""
    from app.agents.entities import Policy
    from app.engine.errors import NoModelLoaded

    if agent.policy_for("search_documents") is not Policy.OFF:
        catch_up(services, printer)
    if not arguments.model:
        if agent.model is None and agent.endpoint is None and services.models.in_use is None:
            raise NoModelLoaded("No model is loaded to do the task.", "Name one with --model.")
        return agent
    use_model(services, arguments.model, printer, "The task and what the agent finds are sent")
    return replace(agent, model=None, endpoint=None)


def _person(arguments: argparse.Namespace, printer: Printer) -> Person:
    from app.agents.approvals import Unattended
    from app.agents.entities import Risk
    from app.cli.terminal import Terminal

    if arguments.approve is None and sys.stdin.isatty():
        return Terminal(printer)
    approve = arguments.approve or "none"
    allowed = {"none": (), "read": (Risk.READ,), "all": tuple(Risk)}
    return Unattended(frozenset(allowed[approve]), f"--approve {approve}")


def _ended(services: Services, run: Run, printer: Printer) -> int:
    from app.agents.trace import RunState

    printer.answer(run_to_json(run, services.agent_runs.steps(run.id)), run_to_text(run))
    if run.problem:
        printer.note(run.problem)
    return 0 if run.state in (RunState.DONE, RunState.LIMITED) else _NOT_DONE


def _trace(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.agents.trace import RunId

    run = services.agent_runs.get(RunId(arguments.run_id))
    steps = services.agent_runs.steps(run.id)
    lines = [f"{run.agent.name}: {short(run.task)}  ({run.state.value})"]
    lines += [f"{'    ' if each.parent else '  '}{step_line(each)}" for each in steps]
    lines += [run.answer] if run.answer else []
    lines += [run.problem] if run.problem else []
    printer.answer(services.agent_runs.export(run.id), "\n".join(lines))
    return 0


class _Progress:
    """Says on the way which tools are used, and how to go on where Ctrl+C stopped the run."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._run: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is KeyboardInterrupt and self._run is not None:
            self._printer.note(f"Stopped. Go on with: cairn agent continue {self._run}")

    def hear(self, event: RunEvent) -> None:
        """Note a call that is over."""
        from app.agents.trace import RunChanged, StepChanged, ToolUse

        if isinstance(event, RunChanged):
            self._run = event.run.id
        if isinstance(event, StepChanged) and isinstance(event.step.detail, ToolUse):
            use = event.step.detail
            if event.step.seconds is not None:
                self._printer.note(f"{call_line(use)}: {use.outcome.value}")
