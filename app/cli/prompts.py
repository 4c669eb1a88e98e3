"""`prompt`: list, show and run the prompts of the library, and bring them in and out as files."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.base.errors import AppError
from app.base.files import export_whole
from app.cli.asking import use_model
from app.cli.output import Printer

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.prompts.entities import Prompt, PromptVersion, Variable
    from app.prompts.files import Written
    from app.prompts.running import Ran

_REFERENCE = "name of a prompt, as it is, or with @label or @number for one of its versions"


class BadValue(AppError):
    """A value for a variable cannot be read."""


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command and its parts."""
    prompt = commands.add_parser("prompt", help="list, show, run, import and export prompts")
    parts = prompt.add_subparsers(dest="part", metavar="ACTION", required=True)
    listing = parts.add_parser("list", parents=[common], help="list the prompts")
    listing.add_argument("--folder", metavar="PATH", help="only those in this folder")
    listing.add_argument("--tag", help="only those with this tag")
    listing.add_argument(
        "--search", default="", metavar="WORDS", help="only those with these words"
    )
    listing.set_defaults(run=_list)
    show = parts.add_parser("show", parents=[common], help="show a prompt and its variables")
    show.add_argument("name", metavar="NAME", help=_REFERENCE)
    show.set_defaults(run=_show)
    run = parts.add_parser("run", parents=[common], help="fill a prompt in and have it answered")
    run.add_argument("name", metavar="NAME", help=_REFERENCE)
    run.add_argument(
        "-v",
        dest="values",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=VALUE",
        help="value of a variable; @FILE takes the text of a file",
    )
    run.add_argument("--model", metavar="FILE|NAME", help="answer with this model")
    run.set_defaults(run=_run)
    take = parts.add_parser("import", parents=[common], help="keep a .prompty or Markdown file")
    take.add_argument("file", type=Path, metavar="FILE")
    take.set_defaults(run=_import)
    give = parts.add_parser("export", parents=[common], help="print a prompt as a file")
    give.add_argument("name", metavar="NAME", help=_REFERENCE)
    give.add_argument("--format", choices=("prompty", "md"), default="prompty", help="its notation")
    give.add_argument("--output", type=Path, metavar="FILE", help="write it there instead")
    give.set_defaults(run=_export)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"takes NAME=VALUE, not “{text}”")
    return name.strip(), value


def _list(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    prompts = services.prompts.prompts(
        folder=arguments.folder, tag=arguments.tag, search=arguments.search
    )
    lines = [_line(each) for each in prompts]
    printer.answer([_to_json(each) for each in prompts], "\n".join(lines) or "No such prompts.")
    return 0


def _line(prompt: Prompt) -> str:
    version = f"version {prompt.latest}" if prompt.latest else "draft"
    labels = "".join(f", {label} {number}" for label, number in prompt.labels.items())
    return f"{prompt.name}  ({version}{labels})  {prompt.description}"


def _show(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    version = services.prompts.resolve(arguments.name)
    prompt = services.prompts.get(version.prompt_id)
    data = _to_json(prompt) | {
        "version": version.number,
        "note": version.note,
        "created_at": version.created_at.isoformat(),
        "sha256": version.content.sha256,
        "content": asdict(version.content),
    }
    printer.answer(data, _to_text(prompt, version))
    return 0


def _to_json(prompt: Prompt) -> dict[str, Any]:
    return {
        "name": prompt.name,
        "description": prompt.description,
        "folder": prompt.folder,
        "tags": list(prompt.tags),
        "latest": prompt.latest,
        "labels": dict(prompt.labels),
        "has_draft": prompt.has_draft,
    }


def _to_text(prompt: Prompt, version: PromptVersion) -> str:
    lines = [f"{prompt.name}, version {version.number}"]
    lines += [prompt.description] if prompt.description else []
    lines += [_variable_line(each) for each in version.content.variables]
    parts = [f"\n{part.role}:\n{part.text}" for part in version.content.parts]
    return "\n".join([*lines, *parts])


def _variable_line(variable: Variable) -> str:
    notes = [variable.kind.value.replace("_", " ")]
    notes += ["needed"] if variable.required and variable.default is None else []
    notes += [f"default {variable.default}"] if variable.default is not None else []
    notes += [f"one of {', '.join(variable.choices)}"] if variable.choices else []
    return f"  -v {variable.name}=…  {variable.label or variable.name} ({'; '.join(notes)})"


def _run(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.engine.errors import NoModelLoaded
    from app.evals.trials import Trial, drawn_by
    from app.prompts.running import run_prompt

    version = services.prompts.resolve(arguments.name)
    given = {name: _value(value) for name, value in arguments.values}
    if arguments.model:
        use_model(services, arguments.model, printer, "The prompt and its values are sent")
    used = services.models.in_use
    if used is None:
        raise NoModelLoaded("No model is loaded to answer.", "Name one with --model.")
    engine = services.models.engine_of(used, sends_passages=True)
    defaults = drawn_by(Trial(version.content, given), services.settings.current, used.facts)
    ran = run_prompt(engine, version.content, given, defaults)
    printer.answer(_ran_to_json(arguments.name, version, ran), ran.generated.text)
    return 0


def _value(text: str) -> str:
    if not text.startswith("@"):
        return text
    path = Path(text[1:])
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise BadValue(
            f"{path} cannot be opened ({error.strerror}).",
            "Name a file that is there, or leave out the @ to mean the text itself.",
        ) from error
    except UnicodeDecodeError as error:
        raise BadValue(f"{path} is no text in UTF-8.", "Save it as UTF-8 first.") from error


def _ran_to_json(name: str, version: PromptVersion, ran: Ran) -> dict[str, Any]:
    generated = ran.generated
    return {
        "prompt": name,
        "version": version.number,
        "turns": [{"role": turn.role.value, "content": turn.content} for turn in ran.turns],
        "answer": generated.text,
        "reasoning": generated.reasoning,
        "finish": generated.finish.value,
        "timings": asdict(generated.timings),
    }


def _import(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    from app.prompts.files import open_prompt

    file = open_prompt(arguments.file)
    version = services.prompts.take_in(file, f"Imported from {arguments.file.name}")
    for each in file.left_out:
        printer.note(f"Left out: {each}")
    data = {"name": file.name, "version": version.number, "left_out": list(file.left_out)}
    printer.answer(data, f"{file.name}, version {version.number}")
    return 0


def _export(services: Services, arguments: argparse.Namespace, printer: Printer) -> int:
    written = _written(services, arguments.name, arguments.format)
    for each in written.left_out:
        printer.note(f"Left out: {each}")
    output: Path | None = arguments.output
    data = {"text": written.text, "left_out": list(written.left_out)}
    if output is None:
        printer.answer(data, written.text)
    else:
        export_whole(output, written.text.encode())
        printer.answer(data | {"file": str(output)}, str(output))
    return 0


def _written(services: Services, reference: str, form: str) -> Written:
    from app.prompts.files import PromptFile, write_markdown, write_prompty

    version = services.prompts.resolve(reference)
    prompt = services.prompts.get(version.prompt_id)
    file = PromptFile(prompt.name, version.content, prompt.description, prompt.tags, prompt.folder)
    return write_prompty(file) if form == "prompty" else write_markdown(file)
