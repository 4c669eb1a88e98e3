"""Reads the words after `cairn`: a command runs in the terminal, anything else opens the window.

Exit codes: 0 done, 2 bad usage, 3 an expected failure with a one-line reason, 1 a bug.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import app
from app.base.errors import AppError
from app.base.paths import DataPaths, data_paths
from app.cli import asking, documents, local_models
from app.cli.output import Printer

if TYPE_CHECKING:
    from app.bootstrap import Services

EXPECTED_FAILURE = 3
INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Run one command, or open the window. Returns the exit code."""
    parser, commands = _parsers()
    if not _names_command(argv, commands) and not set(argv) & {"-h", "--help", "--version"}:
        return _open_window(argv)
    arguments = parser.parse_args(argv)
    printer = Printer(as_json=getattr(arguments, "json", False))
    try:
        if arguments.command == "selftest":
            return _selftest(arguments.screenshots)
        return _run(arguments.run, data_paths(arguments.data_dir), arguments, printer)
    except AppError as error:
        printer.failure(error)
        return EXPECTED_FAILURE
    except KeyboardInterrupt:
        return INTERRUPTED


def _names_command(argv: Sequence[str], commands: Sequence[str]) -> bool:
    """Whether the first word that is not an option is a command."""
    words = iter(argv)
    for word in words:
        if word == "--data-dir":
            next(words, None)
        elif not word.startswith("-"):
            return word in commands
    return False


def _open_window(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="cairn", description=app.__doc__)
    parser.add_argument("--data-dir", type=Path, metavar="DIR")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    paths = data_paths(arguments.data_dir)
    try:
        paths.make()
        from app.ui.application import run_window  # Qt, only when there is to be a window

        return run_window(paths, [each.absolute() for each in arguments.files])
    except AppError as error:
        Printer(as_json=False).failure(error)
        return EXPECTED_FAILURE


def _selftest(screenshots: Path) -> int:
    from app.ui.selftest import run_selftest  # Qt, only when there is to be a window

    return run_selftest(screenshots)


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
    common = argparse.ArgumentParser(add_help=False)
    # Also after the command; there it must not undo what was said before it.
    common.add_argument("--data-dir", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    common.add_argument("--json", action="store_true", help="print one JSON document")
    asking.add_to(commands, common)
    documents.add_to(commands, common)
    local_models.add_to(commands, common)
    selftest = commands.add_parser(
        "selftest", help="walk the first minute offscreen on a sample, with screenshots"
    )
    selftest.add_argument(
        "--screenshots", type=Path, default=Path("screenshots"), metavar="DIR", help="where to"
    )
    return parser, tuple(commands.choices)
