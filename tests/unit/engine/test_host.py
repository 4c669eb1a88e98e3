"""The host against a scripted engine that misbehaves on request, through a real child process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.base.errors import Cancelled, ChildStopped
from app.base.jobs import CancelToken
from app.engine.errors import EngineStopped, ModelLoadError, NoModelLoaded, PromptTooLong
from app.engine.host import EngineHost, EngineState, EngineStatus
from app.engine.messages import Delta, Role, Turn
from app.engine.protocol import FinishReason, Generate
from tests.doubles.scripted_engine import CITED, Script, scripted_engine
from tests.unit.engine.conftest import MakeHost, collect

_MODEL = Path("model.gguf")
_LONG = Script(replies={"": "word " * 4000}, tokens_per_s=200)


def _ask(text: str = "When?", max_tokens: int = 5000) -> Generate:
    return Generate((Turn(Role.USER, text),), max_tokens=max_tokens)


def _loaded(make_host: MakeHost, script: Script) -> EngineHost:
    host = make_host(scripted_engine, script)
    host.load(_MODEL)
    return host


def _in_background(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001  # handed to the test
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_generate_streams_the_text_that_it_returns(make_host: MakeHost) -> None:
    host = _loaded(make_host, Script(tokens_per_s=100))
    pieces: list[str] = []
    answer = host.generate(_ask(), collect(pieces))
    assert answer.text == "".join(pieces) == CITED
    assert answer.finish is FinishReason.END
    assert len(pieces) >= 3


def test_generate_with_scripted_replies_takes_the_one_that_fits(make_host: MakeHost) -> None:
    host = _loaded(make_host, Script(replies={"": "other", "price": "5 €"}))
    assert host.generate(_ask("What price?")).text == "5 €"
    assert host.generate(_ask()).text == "other"


def test_generate_with_broken_utf8_replaces_it(make_host: MakeHost) -> None:
    host = _loaded(make_host, Script(replies={"": b"a\xffb\xe2\x82\xac\xc3"}))
    assert host.generate(_ask()).text == "a�b€"


def test_generate_without_a_model_says_so(make_host: MakeHost) -> None:
    with pytest.raises(NoModelLoaded):
        make_host(scripted_engine).generate(_ask())


def test_generate_up_to_max_tokens_ends_with_length(make_host: MakeHost) -> None:
    answer = _loaded(make_host, Script()).generate(_ask(max_tokens=2))
    assert answer.finish is FinishReason.LENGTH
    assert answer.text == CITED[:8]


def test_generate_no_token_at_all_is_empty_and_ends_with_length(make_host: MakeHost) -> None:
    pieces: list[str] = []
    answer = _loaded(make_host, Script()).generate(_ask(max_tokens=0), collect(pieces))
    assert (answer.text, pieces, answer.finish) == ("", [], FinishReason.LENGTH)
    assert answer.timings.prompt_tokens > 0
    assert answer.timings.output_tokens == 0


def test_prompt_that_is_too_long_keeps_the_model(make_host: MakeHost) -> None:
    host = _loaded(make_host, Script(context_length=50))
    with pytest.raises(PromptTooLong):
        host.generate(_ask("long " * 100))
    assert host.generate(_ask()).text == CITED


@pytest.mark.parametrize(
    "script",
    [_LONG, Script(stall_after=3), Script(prefill_s=3600)],
    ids=["pace", "stall", "prefill"],
)
def test_cancel_from_another_thread_stops_at_once_with_partial_text(
    make_host: MakeHost, script: Script
) -> None:
    host = _loaded(make_host, script)
    cancel, pieces = CancelToken(), list[str]()
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()
    answer = host.generate(_ask(), collect(pieces), cancel)
    timer.join()
    assert answer.finish is FinishReason.STOPPED
    assert answer.text == "".join(pieces)
    assert host.loaded is not None


def test_cancel_before_the_start_gives_an_empty_answer(make_host: MakeHost) -> None:
    host = _loaded(make_host, _LONG)
    cancel = CancelToken()
    cancel.cancel()
    assert host.generate(_ask(), cancel=cancel).finish is FinishReason.STOPPED
    assert host.generate(_ask(max_tokens=1)).text == "word"


def test_child_that_ignores_cancel_is_ended_and_the_text_kept(
    make_host: MakeHost, states: list[EngineState]
) -> None:
    host = _loaded(make_host, Script(hang_after=1))
    cancel = CancelToken()
    answer = host.generate(_ask(), lambda _text: cancel.cancel(), cancel)
    assert answer.finish is FinishReason.STOPPED
    assert answer.text
    assert host.loaded is None
    assert states[-1].status is EngineStatus.STOPPED
    assert "did not react" in states[-1].problem


def test_child_that_aborts_mid_answer_is_an_error_with_the_partial_text(
    make_host: MakeHost, states: list[EngineState]
) -> None:
    host = _loaded(make_host, Script(abort_after=4, tokens_per_s=50))
    pieces: list[str] = []
    with pytest.raises(EngineStopped) as caught:
        host.generate(_ask(), collect(pieces))
    assert caught.value.partial == "".join(pieces)
    assert CITED.startswith(caught.value.partial)
    assert caught.value.partial
    assert "SIGABRT" in caught.value.message
    assert "GGML_ASSERT(scripted)" in caught.value.message
    assert host.state.status is EngineStatus.STOPPED
    assert states[-1] == host.state


def test_child_killed_mid_answer_is_an_error_and_the_next_load_works(
    make_host: MakeHost,
) -> None:
    host = _loaded(make_host, _LONG)
    pid = host.pid  # the test plays the system's out-of-memory killer
    assert pid is not None

    def kill(_delta: Delta) -> None:
        os.kill(pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    with pytest.raises(EngineStopped, match="memory") as caught:
        host.generate(_ask(), kill)
    assert caught.value.partial.startswith("word")
    with pytest.raises(NoModelLoaded):
        host.generate(_ask())
    host.load(_MODEL)
    assert host.generate(_ask(max_tokens=1)).text == "word"


def test_idle_child_that_dies_is_noticed(make_host: MakeHost, states: list[EngineState]) -> None:
    noticed = threading.Event()
    host = _loaded(make_host, Script())
    host._on_change = lambda _state: noticed.set()
    assert host.pid is not None
    os.kill(host.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    assert noticed.wait(10)
    assert host.state.status is EngineStatus.STOPPED
    assert host.loaded is None


def test_load_reports_each_state(make_host: MakeHost, states: list[EngineState]) -> None:
    host = _loaded(make_host, Script())
    host.unload()
    assert [state.status for state in states] == [
        EngineStatus.LOADING,
        EngineStatus.LOADED,
        EngineStatus.EMPTY,
    ]
    assert states[1].path == _MODEL
    assert states[1].facts is not None
    assert host.loaded is None


def test_load_that_fails_says_why_and_leaves_nothing_running(make_host: MakeHost) -> None:
    host = make_host(scripted_engine, Script(load_error="No."))
    with pytest.raises(ModelLoadError, match="No"):
        host.load(_MODEL)
    assert host.state == EngineState()


def test_load_that_aborts_says_why(make_host: MakeHost) -> None:
    host = make_host(scripted_engine, Script(abort_on_load=True))
    with pytest.raises(ModelLoadError, match=r"SIGABRT.*GGML_ASSERT\(scripted\)"):
        host.load(_MODEL)
    assert host.state == EngineState()


def test_load_that_is_cancelled_ends_soon(make_host: MakeHost) -> None:
    host = make_host(scripted_engine, Script(load_s=3600))
    cancel = CancelToken()
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        host.load(_MODEL, cancel=cancel)
    timer.join()
    assert host.state == EngineState()


def test_load_of_another_model_replaces_the_first(make_host: MakeHost) -> None:
    host = _loaded(make_host, Script())
    first = host.pid
    assert first is not None
    facts = host.load(Path("second.gguf"))
    assert facts.name == "second"
    assert host.loaded == facts
    assert not psutil.pid_exists(first)


def test_unload_during_an_answer_ends_it_as_stopped(make_host: MakeHost) -> None:
    host = _loaded(make_host, Script(stall_after=3))
    begun = threading.Event()
    thread, results = _in_background(lambda: host.generate(_ask(), lambda _text: begun.set()))
    assert begun.wait(10)
    host.unload()
    thread.join(10)
    (answer,) = results
    assert isinstance(answer, EngineStopped) or getattr(answer, "finish", None) is (
        FinishReason.STOPPED
    )


def test_close_during_a_load_breaks_it_off(make_host: MakeHost) -> None:
    host = make_host(scripted_engine, Script(load_s=3600))
    thread, results = _in_background(lambda: host.load(_MODEL))
    deadline = time.monotonic() + 10
    while host.state.status is not EngineStatus.LOADING and time.monotonic() < deadline:
        thread.join(0.01)
    host.close()
    thread.join(10)
    assert isinstance(results[0], (ModelLoadError, ChildStopped))
    with pytest.raises(ChildStopped):
        host.load(_MODEL)


def test_counting_does_not_wait_for_an_answer_under_way(make_host: MakeHost) -> None:
    host = _loaded(make_host, Script(stall_after=3))
    begun, cancel = threading.Event(), CancelToken()
    thread, _results = _in_background(
        lambda: host.generate(_ask(), lambda _text: begun.set(), cancel)
    )
    assert begun.wait(10)
    assert host.count_tokens(("12345678", "")) == (2, 0)
    assert host.count_prompt((Turn(Role.USER, "1234"),)) == 5
    cancel.cancel()
    thread.join(10)


def test_fifty_answers_leave_no_handles_or_threads(make_host: MakeHost) -> None:
    host = _loaded(make_host, Script())
    host.generate(_ask())
    handles, threads = _handles(), threading.active_count()
    for _ in range(50):
        host.generate(_ask(), cancel=CancelToken())
    assert threading.active_count() == threads
    assert _handles() == handles


def _handles() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0
