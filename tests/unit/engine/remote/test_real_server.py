"""Against real servers as processes on loopback: llama-cpp-python's own, which comes with the test
dependencies, and llama-server where it is installed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.engine.errors import EngineError, NotSupported, PromptTooLong
from app.engine.messages import Delta, Role, TextDelta, Turn
from app.engine.protocol import FinishReason, Grammar, JsonSchema, Priority
from app.engine.remote.address import parse_address
from app.engine.remote.client import ServerClient
from app.engine.remote.engine import RemoteEngine
from app.engine.remote.errors import KeyRefused, RequestRefused, ServerFailed
from app.engine.remote.keys import Key
from app.engine.remote.probe import describe, look
from app.engine.remote.retries import Retries
from app.engine.remote.server import ServerKind
from app.engine.sampling import Mirostat, Sampling
from tests.doubles.scripted_gguf import CITED, LONG_REPLY, scripted_gguf
from tests.unit.engine.remote.conftest import KEY, ask

REPLIES = {"price": "Der Preis beträgt 5 € netto.", "story": LONG_REPLY}
START_S = 60.0


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    process: subprocess.Popen[bytes]
    base_url: str


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scripted_gguf(tmp_path_factory.mktemp("weights") / "scripted.gguf", REPLIES)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def started(command: list[str], port: int, log: Path) -> Iterator[Running]:
    """Start a server and wait until it listens; end it afterwards."""
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=env)
    try:
        ends = time.monotonic() + START_S
        while not is_open(port):
            assert process.poll() is None, log.read_text("utf-8", "replace")[-3000:]
            assert time.monotonic() < ends, "the server did not start in time"
            threading.Event().wait(0.05)
        yield Running(process, f"http://127.0.0.1:{port}/v1")
    finally:
        process.kill()
        process.wait()


def python_command(weights: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "llama_cpp.server", "--model", str(weights), "--port", str(port),
            "--n_ctx", "2048", "--n_threads", "1", "--api_key", KEY,
            "--interrupt_requests", "false"]  # fmt: skip


def native_command(weights: Path, port: int) -> list[str]:
    program = shutil.which("llama-server")
    if program is None:
        pytest.skip("llama-server is not installed")
    return [program, "-m", str(weights), "--port", str(port), "-c", "2048", "-np", "1", "-t", "1",
            "--api-key", KEY, "--no-webui"]  # fmt: skip


@pytest.fixture(scope="module", params=["llama-cpp-python", "llama-server"])
def running(request, weights: Path, tmp_path_factory) -> Iterator[Running]:
    port = free_port()
    make = python_command if request.param == "llama-cpp-python" else native_command
    log = tmp_path_factory.mktemp("logs") / "server.log"
    with started(make(weights, port), port, log) as server:
        yield server


def client(base_url: str, key: str = KEY) -> ServerClient:
    return ServerClient(parse_address(base_url), Key(key), retries=Retries(tries=6))


@pytest.fixture
def engine(running: Running) -> RemoteEngine:
    asked = client(running.base_url)
    return RemoteEngine(describe(asked, look(asked), ""), KEY)


def is_native(engine: RemoteEngine) -> bool:
    return engine.remote.kind is ServerKind.LLAMA_SERVER


def test_models_are_listed(running: Running) -> None:
    (model,) = look(client(running.base_url)).models
    assert model.id.endswith("scripted.gguf")


def test_reply_is_streamed_in_pieces(engine: RemoteEngine) -> None:
    deltas: list[Delta] = []
    answer = engine.generate(ask("the price?"), deltas.append)
    assert answer.text == REPLIES["price"]
    assert answer.finish is FinishReason.END
    assert all(isinstance(each, TextDelta) for each in deltas)
    assert len(deltas) > 3
    assert answer.timings.output_tokens > 3
    assert 0 < answer.timings.ttft_s < 30


def test_conversation_goes_through_the_template_of_the_model(engine: RemoteEngine) -> None:
    turns = (
        Turn(Role.SYSTEM, "Be brief."),
        Turn(Role.USER, "the price?"),
        Turn(Role.ASSISTANT, "5"),
        Turn(Role.USER, "And else?"),
    )
    request = ask(priority=Priority.BACKGROUND)
    assert engine.generate(request.__class__(turns)).text == CITED


def test_every_sampler_is_accepted(engine: RemoteEngine) -> None:
    sampling = Sampling(
        temperature=0.7, top_k=30, top_p=0.9, min_p=0.1, typical_p=0.9, repeat_penalty=1.05,
        frequency_penalty=0.1, presence_penalty=0.1, penalty_last_n=-1, seed=7,
    )  # fmt: skip
    if is_native(engine):
        sampling = Sampling(
            top_n_sigma=2.0, xtc_probability=0.1, dry_multiplier=0.5, dry_last_n=-1,
            dynamic_temperature=0.1, mirostat=Mirostat.V2, adaptive_target=0.5,
            penalty_last_n=-1, logit_bias=((5, 1.0), (6, float("-inf"))), dry_breakers=(),
        )  # fmt: skip
    assert engine.generate(ask("the price?", sampling=sampling, max_tokens=3)).text


def test_stop_text_and_limit(engine: RemoteEngine) -> None:
    stopped = engine.generate(ask("a story", stop=("Sentence 3",)))
    assert stopped.text.rstrip().endswith("Sentence 2 of a long reply.")
    assert stopped.finish is FinishReason.END
    short = engine.generate(ask("a story", max_tokens=4))
    assert short.finish is FinishReason.LENGTH


def test_cancel_stops_at_once_and_the_server_answers_the_next(engine: RemoteEngine) -> None:
    cancel, at = CancelToken(), []
    deltas: list[Delta] = []

    def take(part: Delta) -> None:
        deltas.append(part)
        if len(deltas) == 20:
            at.append(time.monotonic())
            cancel.cancel()

    answer = engine.generate(ask("a story", max_tokens=1900), take, cancel)
    assert time.monotonic() - at[0] < 0.2
    assert answer.finish is FinishReason.STOPPED
    assert answer.text
    assert LONG_REPLY.startswith(answer.text)
    assert engine.generate(ask("the price?")).text == REPLIES["price"]


def test_log_probabilities_come_with_the_tokens(engine: RemoteEngine) -> None:
    answer = engine.generate(ask("the price?", logprobs=3))
    assert "".join(each.chosen.text for each in answer.scores) == answer.text
    assert all(len(each.alternatives) == 3 for each in answer.scores)
    assert all(each.chosen.logprob <= 0 for each in answer.scores)


def test_raw_prompt_is_continued(engine: RemoteEngine) -> None:
    answer = engine.generate(ask("<|im_start|>", raw=True, max_tokens=3))
    assert answer.text


def test_wrong_key_is_refused(running: Running, engine: RemoteEngine) -> None:
    wrong = RemoteEngine(engine.remote, "wrong-key-123")
    with pytest.raises(KeyRefused) as caught:
        wrong.generate(ask())
    assert "wrong-key-123" not in str(caught.value)
    with pytest.raises(KeyRefused):
        look(client(running.base_url, ""))


def test_prompt_beyond_the_context_is_an_error_not_a_cut(engine: RemoteEngine) -> None:
    wanted = PromptTooLong if is_native(engine) else EngineError
    with pytest.raises(wanted):
        engine.generate(ask("word " * 4000))
    assert engine.generate(ask("the price?")).text == REPLIES["price"]


def test_embeddings_of_a_chat_server_are_refused_in_words(engine: RemoteEngine) -> None:
    wanted = NotSupported if is_native(engine) else ServerFailed
    with pytest.raises(wanted, match="embedding"):
        engine.embed(("text",))


def test_many_requests_at_the_same_time(engine: RemoteEngine) -> None:
    texts: list[str] = []

    def work() -> None:
        texts.append(engine.generate(ask("the price?")).text)

    threads = [threading.Thread(target=work) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert texts == [REPLIES["price"]] * 6


def test_native_server_counts_shows_and_constrains(engine: RemoteEngine) -> None:
    if not is_native(engine):
        pytest.skip("only llama-server")
    turns = (Turn(Role.USER, "the price?"),)
    assert engine.show_prompt(turns).startswith("<|im_start|>user\nthe price?<|im_end|>")
    counted = engine.count_prompt(turns)
    assert engine.counts_exactly
    answer = engine.generate(ask("the price?"))
    assert answer.timings.prompt_tokens == counted
    assert engine.count_tokens(("<|im_end|>",))[0] > 1  # text is never a control token
    yes = engine.generate(ask(output=Grammar('root ::= "yes" | "no"')))
    assert yes.text in ("yes", "no")
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"]}
    assert '"a"' in engine.generate(ask(output=JsonSchema(schema))).text
    with pytest.raises(RequestRefused, match="grammar"):
        engine.generate(ask(output=Grammar("root ::= missing")))


def test_server_that_is_killed_ends_in_words(weights: Path, tmp_path: Path) -> None:
    port = free_port()
    command = python_command(weights, port)
    with started(command, port, tmp_path / "server.log") as server:
        asked = client(server.base_url)
        engine = RemoteEngine(describe(asked, look(asked), ""), KEY, retries=Retries(tries=1))
        with pytest.raises(EngineError, match="ended the connection") as caught:
            engine.generate(ask("a story", max_tokens=1900), lambda _delta: server.process.kill())
        assert LONG_REPLY.startswith(getattr(caught.value, "partial", "missing"))
        server.process.wait()
        with pytest.raises(EngineError, match="Nothing answers"):
            engine.generate(ask())
