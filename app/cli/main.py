"""Reads the words after `cairn`: a command runs in the terminal, anything else opens the window.

Exit codes: 0 done, 2 bad usage, 3 an expected failure with a one-line reason, 1 a bug.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import app
from app.base.errors import AppError
from app.base.paths import DataPaths, data_paths
from app.cli import agents, asking, documents, evals, local_models, prompts
from app.cli.output import NotPrinted, Printer
from app.cli.words import check_texts

if TYPE_CHECKING:
    from app.bootstrap import Services

EXPECTED_FAILURE = 3
INTERRUPTED = 130
NOBODY_READS = 141


OpenWindow = Callable[[DataPaths, Sequence[Path]], int]


def main(
    argv: Sequence[str], *, open_window: OpenWindow, selftest: Callable[[Path, Path | None], int]
) -> int:
    """Run one command, or open the window. Returns the exit code.

    Args:
        argv: the words after `cairn`.
        open_window: opens the window with these files; given, because Qt is not known here.
        selftest: walks through the window and saves pictures in this folder; the data go into
            the second one, or nowhere that lasts.
    """
    parser, commands = _parsers()
    is_command = _names_command(argv, commands) or set(argv) & {"-h", "--help", "--version"}
    arguments = (parser if is_command else _window_parser()).parse_args(argv)
    printer = Printer(as_json=getattr(arguments, "json", False))
    try:
        check_texts(arguments)
        if not is_command:
            paths = data_paths(arguments.data_dir)
            paths.make()
            return open_window(paths, [each.absolute() for each in arguments.files])
        if arguments.command == "selftest":
            return selftest(arguments.screenshots, arguments.data_dir)
        return _run(arguments.run, data_paths(arguments.data_dir), arguments, printer)
    except AppError as error:
        if isinstance(error, NotPrinted):
            _stop_printing()
        printer.failure(error)
        return EXPECTED_FAILURE
    except KeyboardInterrupt:
        printer.interrupted()
        return INTERRUPTED
    except BrokenPipeError:
        _stop_printing()  # as in `cairn prompt list | head`
        return NOBODY_READS


def _stop_printing() -> None:
    """What is still buffered must not fail again at the exit."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the exit


def _names_command(argv: Sequence[str], commands: Sequence[str]) -> bool:
    """Whether the first word that is not an option is a command."""
    words = iter(argv)
    for word in words:
        if word == "--data-dir":
            next(words, None)
        elif not word.startswith("-"):
            return word in commands
    return False


def _window_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cairn", description=app.__doc__)
    parser.add_argument("--data-dir", type=Path, metavar="DIR")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    return parser


def _run(
    command: Callable[[Services, argparse.Namespace, Printer], int],
    paths: DataPaths,
    arguments: argparse.Namespace,
    printer: Printer,
) -> int:
    # SQLAlchemy and its friends are slow to import; `--help` and bad usage do not wait for them.
    from app.base.log import configure
    from app.bootstrap import build

    paths.make()
    configure(paths.logs, "command-line", to_stderr=False)
    services = build(paths)
    try:
        for problem in services.settings.problems:
            printer.note(problem)
        return command(services, arguments, printer)
    finally:
        services.close()


def _parsers() -> tuple[argparse.ArgumentParser, tuple[str, ...]]:
    parser = argparse.ArgumentParser(
        prog="cairn",
        description="Without a command, opens the window with the files named, if any.",
    )
    parser.add_argument("--version", action="version", version=app.__version__)
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="where Cairn keeps its data")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    place = argparse.ArgumentParser(add_help=False)
    # Also after the command; there it must not undo what was said before it.
    place.add_argument("--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    common = argparse.ArgumentParser(add_help=False, parents=[place])
    common.add_argument("--json", action="store_true", help="print one JSON document")
    asking.add_to(commands, common)
    documents.add_to(commands, common)
    local_models.add_to(commands, common)
    prompts.add_to(commands, common)
    agents.add_to(commands, common)
    evals.add_to(commands, common)
    selftest = commands.add_parser(
        "selftest",
        parents=[place],
        help="walk the first minute offscreen on a sample, with screenshots",
    )
    selftest.add_argument(
        "--screenshots", type=Path, default=Path("screenshots"), metavar="DIR", help="where to"
    )
    return parser, tuple(commands.choices)
