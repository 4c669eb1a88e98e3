"""The real llama.cpp in a real child, on scripted models."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.errors import EngineStopped, ModelLoadError, PromptTooLong, TemplateError
from app.engine.host import EngineHost, EngineStatus
from app.engine.messages import Delta, Role, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import FinishReason, Generate
from app.engine.sampling import Sampling
from tests.doubles.scripted_gguf import CITED, LONG_REPLY, scripted_gguf
from tests.unit.engine.conftest import MakeHost, collect

_GERMAN = "Der Preis beträgt 5 € — 日本語 😀 fertig."
_STOP_BOUND_S = 1.0  # the aim is 0.2; the machine that tests may be busy
_SEVERAL_SECONDS_OF_PROMPT = "word " * 4000


def _ask(text: str, **options: object) -> Generate:
    return Generate((Turn(Role.USER, text),), **options)  # type: ignore[arg-type]  # test shorthand


@pytest.fixture
def host(make_host: MakeHost, model_files: Path) -> EngineHost:
    host = make_host()
    host.load(model_files / "plain.gguf", LoadOptions(context_length=4096, threads=1))
    return host


def test_load_tells_what_the_model_is(make_host: MakeHost, model_files: Path) -> None:
    facts = make_host().load(model_files / "plain.gguf", LoadOptions(context_length=2048))
    assert (facts.name, facts.architecture, facts.quantization) == ("Scripted", "llama", "F16")
    assert facts.context_length == 2048
    assert facts.trained_context_length == 32768
    assert facts.threads >= 1
    assert len(facts.template_sha256) == 64
    assert facts.engine_build.startswith("llama.cpp ")


def test_context_longer_than_the_model_was_trained_for_is_not_asked_of_it(
    make_host: MakeHost, model_files: Path
) -> None:
    facts = make_host().load(model_files / "plain.gguf", LoadOptions(context_length=99_999))
    assert facts.context_length == 32768


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.5])
@pytest.mark.parametrize(("question", "reply"), [("When?", CITED), ("What price?", _GERMAN)])
def test_answer_is_the_one_its_template_chose(
    host: EngineHost, question: str, reply: str, temperature: float
) -> None:
    pieces: list[str] = []
    answer = host.generate(_ask(question, sampling=Sampling(temperature)), collect(pieces))
    assert answer.text == "".join(pieces) == reply
    assert answer.finish is FinishReason.END
    assert answer.timings.prompt_tokens > 5
    assert answer.timings.output_tokens > 5
    assert answer.timings.ttft_s > 0
    assert answer.timings.tokens_per_second > 1


def test_second_question_reuses_the_tokens_of_the_first(host: EngineHost) -> None:
    turns = (Turn(Role.USER, "When? " * 50),)
    first = host.generate(Generate(turns))
    longer = (*turns, Turn(Role.ASSISTANT, first.text), Turn(Role.USER, "What price?"))
    second = host.generate(Generate(longer))
    again = host.generate(Generate(longer))
    assert first.timings.reused_tokens == 0
    assert second.timings.reused_tokens >= first.timings.prompt_tokens - 2
    assert again.timings.reused_tokens == again.timings.prompt_tokens - 1
    assert second.text == again.text == _GERMAN


def test_max_tokens_ends_with_length(host: EngineHost) -> None:
    answer = host.generate(_ask("story", max_tokens=7))
    assert answer.finish is FinishReason.LENGTH
    assert answer.timings.output_tokens == 7
    assert LONG_REPLY.startswith(answer.text)


def test_no_token_at_all_reads_the_prompt_and_writes_nothing(host: EngineHost) -> None:
    pieces: list[str] = []
    answer = host.generate(_ask("When? " * 50, max_tokens=0), collect(pieces))
    assert (answer.text, pieces, answer.finish) == ("", [], FinishReason.LENGTH)
    assert (answer.timings.output_tokens, answer.timings.ttft_s) == (0, 0)
    again = host.generate(_ask("When? " * 50))
    assert again.timings.reused_tokens == answer.timings.prompt_tokens - 1
    assert again.text == CITED


def test_stop_text_across_tokens_ends_before_it(host: EngineHost) -> None:
    answer = host.generate(_ask("story", stop=("of a long reply. Sentence 3",)))
    assert answer.finish is FinishReason.END
    assert answer.text == "Sentence 1 of a long reply. Sentence 2"


def test_context_that_fills_up_ends_with_length(make_host: MakeHost, model_files: Path) -> None:
    host = make_host()
    host.load(model_files / "plain.gguf", LoadOptions(context_length=256, threads=1))
    answer = host.generate(_ask("story", max_tokens=5000))
    assert answer.finish is FinishReason.LENGTH
    assert answer.timings.prompt_tokens + answer.timings.output_tokens == 256 + 1
    assert LONG_REPLY.startswith(answer.text)
    assert host.generate(_ask("When?")).text == CITED


def test_prompt_longer_than_the_context_is_refused_with_both_counts(host: EngineHost) -> None:
    turns = (Turn(Role.USER, "x" * 20_000),)
    tokens = host.count_prompt(turns)
    with pytest.raises(PromptTooLong, match=rf"{tokens:,} tokens.* 4,096"):
        host.generate(Generate(turns))
    assert host.generate(_ask("When?")).text == CITED


def test_prompt_that_leaves_room_for_one_token_gives_one(host: EngineHost) -> None:
    overhead = host.count_prompt((Turn(Role.USER, ""),))
    answer = host.generate(_ask("1" * (4095 - overhead)))
    assert answer.timings.prompt_tokens == 4095
    assert answer.finish is FinishReason.LENGTH


def test_control_token_in_a_question_is_read_as_text(host: EngineHost) -> None:
    (text,) = host.count_tokens(("<|im_end|>",))
    assert text > 1
    empty = host.count_prompt((Turn(Role.USER, ""),))
    assert host.count_prompt((Turn(Role.USER, "<|im_end|>"),)) - empty >= text - 1


@pytest.mark.parametrize("text", ["", "a\0b", "\ud800", "👩‍👩‍👧", "\x1b[0m", "<0x00>", "a" * 3000])
def test_odd_question_is_answered(host: EngineHost, text: str) -> None:
    assert host.generate(_ask(text)).text == CITED


def test_same_seed_gives_the_same_answer(host: EngineHost) -> None:
    sampling = Sampling(temperature=2.0, top_k=0, top_p=1.0, min_p=0.0, seed=0xFFFFFFFF)
    answers = {host.generate(_ask("story", sampling=sampling, max_tokens=50)).text for _ in "123"}
    assert len(answers) == 1


def test_stop_while_reading_a_long_prompt_takes_effect_at_once(
    make_host: MakeHost, model_files: Path
) -> None:
    host = make_host()
    host.load(model_files / "slow.gguf", LoadOptions(context_length=32768, threads=1))
    cancel, asked = CancelToken(), list[float]()

    def stop() -> None:
        asked.append(time.perf_counter())
        cancel.cancel()

    timer = threading.Timer(0.5, stop)
    timer.start()
    answer = host.generate(_ask(_SEVERAL_SECONDS_OF_PROMPT), cancel=cancel)
    ended = time.perf_counter()
    timer.join()
    assert answer.finish is FinishReason.STOPPED
    assert answer.text == ""
    assert ended - asked[0] < _STOP_BOUND_S
    assert host.generate(_ask("When?", max_tokens=3)).text.startswith("Sent")


def test_stop_while_writing_keeps_the_text_and_the_model(
    make_host: MakeHost, model_files: Path
) -> None:
    host = make_host()
    host.load(model_files / "slow.gguf", LoadOptions(threads=1))
    cancel, pieces, asked = CancelToken(), list[str](), list[float]()

    keep = collect(pieces)

    def take(delta: Delta) -> None:
        keep(delta)
        if len(pieces) == 3:
            asked.append(time.perf_counter())
            cancel.cancel()

    answer = host.generate(_ask("When?", max_tokens=5000), take, cancel)
    assert time.perf_counter() - asked[0] < _STOP_BOUND_S
    assert answer.finish is FinishReason.STOPPED
    assert answer.text == "".join(pieces)
    assert LONG_REPLY.startswith(answer.text)
    assert len(answer.text) < len(LONG_REPLY)


def test_child_killed_mid_answer_keeps_the_text_and_loads_again(
    host: EngineHost, model_files: Path
) -> None:
    pid = host.pid  # the test plays the system's out-of-memory killer
    assert pid is not None
    with pytest.raises(EngineStopped) as caught:
        host.generate(_ask("story", max_tokens=4000), lambda _text: os.kill(pid, signal.SIGKILL))
    assert caught.value.partial
    assert LONG_REPLY.startswith(caught.value.partial)
    assert host.state.status is EngineStatus.STOPPED
    host.load(model_files / "plain.gguf", LoadOptions(threads=1))
    assert host.generate(_ask("When?")).text == CITED


@pytest.mark.parametrize(
    ("file", "error", "said"),
    [
        ("aborting.gguf", ModelLoadError, "vocabulary has two entries"),
        ("truncated.gguf", ModelLoadError, "incomplete"),
        ("bad_magic.gguf", ModelLoadError, "not a GGUF"),
        ("hostile.gguf", TemplateError, "chat template"),
        ("missing.gguf", ModelLoadError, "cannot be loaded"),
    ],
)
def test_file_that_cannot_be_loaded_says_why_and_leaves_the_loaded_model(
    host: EngineHost, model_files: Path, file: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        host.load(model_files / file)
    assert host.generate(_ask("When?")).text == CITED
    host.load(model_files / "other.gguf", LoadOptions(threads=1))
    assert host.generate(_ask("When?")).text == "I am the other one."


def test_unknown_architecture_is_named(
    make_host: MakeHost, model_files: Path, tmp_path: Path
) -> None:
    content = (model_files / "other.gguf").read_bytes().replace(b"llama", b"lmama")
    (tmp_path / "odd.gguf").write_bytes(content)
    with pytest.raises(ModelLoadError, match="“lmama”"):
        make_host().load(tmp_path / "odd.gguf")


def test_model_without_template_answers_in_chatml(make_host: MakeHost, tmp_path: Path) -> None:
    path = scripted_gguf(tmp_path / "bare.gguf", template="")
    host = make_host()
    host.load(path, LoadOptions(threads=1))
    assert host.generate(_ask("When?", max_tokens=3)).timings.prompt_tokens > 5


def test_fifty_answers_leave_no_handles_in_the_child(host: EngineHost) -> None:
    folder = Path(f"/proc/{host.pid}/fd")
    if not folder.exists():
        pytest.skip("needs /proc")
    host.generate(_ask("When?"))
    before = len(list(folder.iterdir()))
    for index in range(50):
        host.generate(_ask(f"When? {index}"))
    assert len(list(folder.iterdir())) == before


def test_files_with_flipped_bytes_never_take_the_host_down(
    make_host: MakeHost, model_files: Path, tmp_path: Path
) -> None:
    host, content, chance = make_host(), (model_files / "other.gguf").read_bytes(), Random(3)
    for _ in range(12):
        damaged = bytearray(content)
        for _ in range(6):
            damaged[int(len(damaged) * 0.1 * chance.random() ** 2)] = chance.randrange(256)
        (tmp_path / "damaged.gguf").write_bytes(damaged)
        with suppress(AppError):
            host.load(tmp_path / "damaged.gguf", LoadOptions(threads=1))
    host.load(model_files / "other.gguf", LoadOptions(threads=1))
    assert host.generate(_ask("When?")).text == "I am the other one."
