"""Whether an answer can be run again exactly with what is loaded, and what is otherwise by now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.base.errors import AppError
from app.chat.entities import AnswerMode, AnswerRecord, AnswerServer, EngineSetup
from app.chat.pictures import CANNOT_SEE, PictureFolder, PictureMissing
from app.engine.messages import Image, Turn
from app.engine.options import Adapter
from app.modelhub.in_use import LoadedModel, ModelInUse, ServedModel

_NO_PROMISE = "a server does not promise the same answer twice"
_SHORT = 12  # characters of a hash that tell two files apart for a person


class CannotRepeat(AppError):
    """An answer cannot be run again exactly, for a reason that is in the words."""


def check_repeat(record: AnswerRecord, used: ModelInUse | None, sha256: str) -> tuple[str, ...]:
    """What is otherwise now and may change the answer, in words.

    Args:
        record: of the answer, with the turns that were sent.
        used: the model in use.
        sha256: of its file; empty while it is not known, and for a server.

    Raises:
        CannotRepeat: it would not be the same model, or nothing of it was kept.
    """
    if record.mode is not AnswerMode.MODEL:
        raise CannotRepeat(
            "No model made this answer: it quotes your documents.",
            "Regenerate looks for the quotes again.",
        )
    if record.sampling is None or not record.turns:
        raise CannotRepeat(
            "This answer broke off before anything was sent to the model.",
            "Regenerate asks the question again.",
        )
    name = Path(record.model_path).name or record.model_name
    if record.server is not None:
        _check_server(record, record.server, used)
        return (_NO_PROMISE,)
    if used is None:
        raise CannotRepeat("No model is loaded.", f"Load {name} under Models, then run it again.")
    if isinstance(used, ServedModel):
        raise CannotRepeat(
            f"This answer was made on this computer. In use is {used.name} {used.where}.",
            f"Load {name} under Models, then run it again.",
        )
    _check_file(record, used, sha256, name)
    _check_template(record, used)
    setup = EngineSetup.of(used.facts, used.options)
    _check_adapters(record, setup)
    return tuple(_changes(record, used, setup, sha256))


def turns_again(record: AnswerRecord, pictures: PictureFolder, *, sees: bool) -> tuple[Turn, ...]:
    """The turns just as they were sent, with their pictures.

    Args:
        record: of the answer, with the turns that were sent.
        pictures: where their pictures are kept.
        sees: whether the model in use sees pictures.

    Raises:
        CannotRepeat: it does not, or one of them is lost.
    """
    if not record.pictures:
        return record.turns
    if not sees:
        raise CannotRepeat(
            f"This answer was made about pictures. {CANNOT_SEE}",
            "Load it with its vision projector, then run it again.",
        )
    try:
        return tuple(
            replace(turn, images=tuple(Image(pictures.read(each)) for each in shown))
            for turn, shown in zip(record.turns, record.pictures, strict=True)
        )
    except PictureMissing as error:
        raise CannotRepeat(error.message, error.hint) from error


def _check_server(record: AnswerRecord, before: AnswerServer, used: ModelInUse | None) -> None:
    now = used.endpoint if isinstance(used, ServedModel) else None
    if now is not None and (now.base_url, now.model) == (before.address, before.model):
        return
    in_use = f"In use is {used.name} {used.where}." if used is not None else "No model is in use."
    raise CannotRepeat(
        f"This answer was made by {record.model_name} on {before.host}. {in_use}",
        f"Use {before.name} under Models, then run it again; {_NO_PROMISE}.",
    )


def _check_file(record: AnswerRecord, loaded: LoadedModel, sha256: str, name: str) -> None:
    if record.model_sha256 and sha256:
        if record.model_sha256 == sha256:
            return
        was = _model(record.model_name, record.quantization)
        now = _model(loaded.model.name, loaded.model.quantization)
        raise CannotRepeat(
            f"This answer was made by {was} (SHA-256 {record.model_sha256[:_SHORT]}…)."
            f" Loaded is {now} (SHA-256 {sha256[:_SHORT]}…).",
            f"Load {name} under Models, then run it again.",
        )
    if record.model_path != str(loaded.model.path):
        raise CannotRepeat(
            f"This answer was made with {name}. Loaded is {loaded.model.path.name}.",
            f"Load {name} under Models, then run it again.",
        )


def _check_template(record: AnswerRecord, loaded: LoadedModel) -> None:
    now = loaded.facts.template_sha256
    if record.template_sha256 != now:
        raise CannotRepeat(
            "The model's chat template is another one now: it was"
            f" {record.template_sha256[:_SHORT] or 'unknown'}… and is {now[:_SHORT]}….",
            "Regenerate asks the question with the template of today.",
        )


def _check_adapters(record: AnswerRecord, setup: EngineSetup) -> None:
    before = record.setup.adapters if record.setup is not None else ()
    if before != setup.adapters:
        raise CannotRepeat(
            f"This answer was made with {_adapters(before)}. The model now has"
            f" {_adapters(setup.adapters)}.",
            "Set the adapters as they were, then run it again.",
        )


def _changes(
    record: AnswerRecord, loaded: LoadedModel, setup: EngineSetup, sha256: str
) -> Iterator[str]:
    if not record.model_sha256 or not sha256:
        yield "whether the file is the same is not known: its SHA-256 was not computed yet"
    if record.engine_build != loaded.facts.engine_build:
        yield f"the engine was {record.engine_build or 'unknown'}, now {loaded.facts.engine_build}"
    before = record.setup
    if before is None:
        yield "how the model was loaded was not recorded then"
        return
    for title, name in (
        ("KV cache for K", "kv_type_k"),
        ("KV cache for V", "kv_type_v"),
        ("flash attention", "flash_attention"),
        ("layers on the graphics card", "gpu_layers"),
        ("micro-batch", "micro_batch"),
    ):
        was, now = getattr(before, name), getattr(setup, name)
        if was != now:
            yield f"{title}: was {was}, now {now}"
    if record.pictures and before.projector != setup.projector:
        was, now = Path(before.projector).name, Path(setup.projector).name
        yield f"vision projector: was {was or 'none'}, now {now or 'none'}"
    if before.repacks != setup.repacks:
        yield "the weights lie in another order in memory"
    if before.rope != setup.rope:
        yield "the position scaling is another one"
    if not record.rounding.is_exact:
        yield "the first time its last digits could vary"


def _model(name: str, quantization: str) -> str:
    return " ".join(part for part in (name, quantization) if part) or "an unnamed model"


def _adapters(adapters: tuple[Adapter, ...]) -> str:
    if not adapters:
        return "no adapter"
    return ", ".join(f"the adapter {Path(each.path).name} ({each.scale:g})" for each in adapters)
