"""Many requests at once on one model, through the real child process.

The models have random weights, so that every token depends on all before it: state that got mixed
up between conversations, or went missing, shows in the text.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from app.base.jobs import CancelToken
from app.engine.host import EngineHost
from app.engine.messages import Delta, Role, Turn
from app.engine.options import LoadOptions, Speculation
from app.engine.protocol import FinishReason, Generate, Generated, Priority, ScoreChoices, ScoreText
from app.engine.sampling import Sampling
from tests.doubles.random_gguf import Shape, tiny_hybrid, tiny_random, tiny_recurrent
from tests.unit.engine.agreement import agree
from tests.unit.engine.conftest import MakeHost

_GREEDY = Sampling(temperature=0.0)
_SYSTEM = Turn(Role.SYSTEM, "You answer in one word, and never twice the same. " * 6)
_QUESTIONS = tuple(f"Question number {number}: what is it?" for number in range(8))


@pytest.fixture(scope="session")
def random_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("random")
    tiny_random(folder / "plain.gguf", Shape(tied=False, layers=3))
    tiny_recurrent(folder / "recurrent.gguf")
    tiny_hybrid(folder / "hybrid.gguf")
    return folder


@pytest.fixture
def load(make_host: MakeHost, random_files: Path) -> Callable[..., EngineHost]:
    def load(name: str = "plain", **options: object) -> EngineHost:
        host = make_host()
        chosen = {"context_length": 2048, "threads": 1, "prefill_threads": 1} | options
        host.load(random_files / f"{name}.gguf", LoadOptions(**chosen))  # type: ignore[arg-type]
        return host

    return load


def _ask(*turns: Turn | str, max_tokens: int = 24, **more: object) -> Generate:
    said = tuple(Turn(Role.USER, turn) if isinstance(turn, str) else turn for turn in turns)
    options = {"sampling": _GREEDY, "max_tokens": max_tokens} | more
    return Generate(said, **options)  # type: ignore[arg-type]  # test shorthand


def _together(host: EngineHost, requests: Sequence[Generate]) -> list[Generated]:
    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(host.generate, requests))


def _background(questions: Sequence[str] = _QUESTIONS, max_tokens: int = 24) -> list[Generate]:
    return [
        _ask(_SYSTEM, each, max_tokens=max_tokens, priority=Priority.BACKGROUND)
        for each in questions
    ]


def test_exact_request_gives_the_same_reply_whatever_else_runs(
    load: Callable[..., EngineHost],
) -> None:
    host = load()
    request = _ask(_SYSTEM, "And now?", sampling=Sampling(temperature=1.2, seed=7), exact=True)
    alone = host.generate(request)
    answers = _together(host, [*_background(), request])
    assert answers[-1].raw == alone.raw
    assert answers[-1].rounding.is_exact
    assert answers[-1].timings.reused_tokens == 0


def test_seeded_request_is_repeated_and_another_seed_differs(
    load: Callable[..., EngineHost],
) -> None:
    host = load()
    hot = [
        _ask(_SYSTEM, "Go on.", sampling=Sampling(1.5, seed=seed), exact=True) for seed in (1, 2)
    ]
    first, other, again = (host.generate(each) for each in (hot[0], hot[1], hot[0]))
    assert first.raw == again.raw != other.raw


def test_first_request_alone_is_as_exact_as_one_that_asks_for_it(
    load: Callable[..., EngineHost],
) -> None:
    host = load()
    plain = host.generate(_ask(_SYSTEM, "Go on."))
    assert plain.rounding.is_exact
    assert host.generate(_ask(_SYSTEM, "Go on.", exact=True)).raw == plain.raw


def test_requests_decode_together_and_each_gets_its_own_reply(
    load: Callable[..., EngineHost],
) -> None:
    host = load()
    texts = [letter * 12 for letter in "abcdefgh"]
    alone = [host.generate(_ask(each, raw=True, exact=True, logprobs=5)) for each in texts]
    together = _together(host, [_ask(each, raw=True, logprobs=5) for each in texts])
    assert sum(each.rounding.batched for each in together) > 1  # how many is the machine's affair
    assert all(map(agree, alone, together))
    assert len({each.raw for each in alone}) == len(texts)


def test_common_beginning_is_computed_once(load: Callable[..., EngineHost]) -> None:
    host = load()
    shared = host.count_prompt((_SYSTEM,)) - 8
    answers = _together(host, _background())
    assert sum(each.timings.reused_tokens < shared for each in answers) == 1
    assert shared > 100


def test_best_of_n_computes_the_prompt_once(load: Callable[..., EngineHost]) -> None:
    host = load()
    requests = [
        _ask(_SYSTEM, "One word.", sampling=Sampling(temperature=1.5, seed=seed))
        for seed in range(6)
    ]
    answers = _together(host, requests)
    prompt = answers[0].timings.prompt_tokens
    assert sorted(each.timings.reused_tokens for each in answers)[1:] == [prompt - 1] * 5
    assert len({each.raw for each in answers}) == 6


def test_return_to_another_conversation_computes_only_what_is_new(
    load: Callable[..., EngineHost],
) -> None:
    host = load()
    one, other = (_SYSTEM, Turn(Role.USER, "One?")), (Turn(Role.USER, "Other? " * 60),)
    first = host.generate(_ask(*one))
    host.generate(_ask(*other))
    longer = (*one, Turn(Role.ASSISTANT, first.raw), Turn(Role.USER, "And then?"))
    again = host.generate(_ask(*longer, logprobs=5))
    assert again.timings.reused_tokens >= first.timings.prompt_tokens
    assert agree(host.generate(_ask(*longer, exact=True, logprobs=5)), again)


def test_edited_last_message_keeps_what_stands_before_it(load: Callable[..., EngineHost]) -> None:
    host = load()
    host.generate(_ask(_SYSTEM, "What is the price of this?"))
    edited = host.generate(_ask(_SYSTEM, "When is it due?"))
    assert edited.timings.reused_tokens >= host.count_prompt((_SYSTEM,)) - 8


def test_regenerated_answer_computes_one_token_of_the_prompt(
    load: Callable[..., EngineHost],
) -> None:
    host = load()
    first = host.generate(_ask(_SYSTEM, "Go on."))
    again = host.generate(_ask(_SYSTEM, "Go on."))
    assert again.timings.reused_tokens == first.timings.prompt_tokens - 1
    assert again.rounding.reused


def test_full_space_lets_requests_wait_instead_of_failing(load: Callable[..., EngineHost]) -> None:
    host = load(context_length=512)
    questions = [f"{each} {'word ' * 12 * number}" for number, each in enumerate(_QUESTIONS)]
    alone = [host.generate(_ask(each, exact=True, max_tokens=60, logprobs=5)) for each in questions]
    more = {"max_tokens": 60, "logprobs": 5, "priority": Priority.BACKGROUND}
    together = _together(host, [_ask(each, **more) for each in questions])  # type: ignore[arg-type]
    assert {each.finish for each in together} == {FinishReason.LENGTH}
    assert {each.timings.output_tokens for each in together} == {60}
    assert all(map(agree, alone, together))


def test_more_requests_than_streams_all_get_answers(load: Callable[..., EngineHost]) -> None:
    host = load(streams=2)
    answers = _together(host, _background([*_QUESTIONS, *_QUESTIONS]))
    assert {each.timings.output_tokens for each in answers} == {24}


def test_person_is_answered_before_background_work_is_done(load: Callable[..., EngineHost]) -> None:
    host = load(streams=2)
    done: list[str] = []
    began = threading.Event()

    def run(name: str, request: Generate) -> None:
        host.generate(request, lambda _delta: began.set())
        done.append(name)

    with ThreadPoolExecutor(9) as pool:
        for each in _background(max_tokens=120):
            pool.submit(run, "background", each)
        assert began.wait(30)
        pool.submit(run, "person", _ask("Quick?", max_tokens=8))
    # Those that ran already may end first, but nobody who still waited.
    assert done.index("person") <= 3


def test_running_reply_goes_on_while_a_long_prompt_is_read(load: Callable[..., EngineHost]) -> None:
    host = load(context_length=4096)
    began, order = threading.Event(), list[str]()

    def on_first(_delta: Delta) -> None:
        order.append("reply")
        began.set()

    with ThreadPoolExecutor(2) as pool:
        reply = pool.submit(host.generate, _ask("Tell.", max_tokens=400), on_first)
        assert began.wait(30)
        long = _ask("word " * 1200, max_tokens=2)
        second = pool.submit(host.generate, long, lambda _delta: order.append("long"))
        assert second.result(60).timings.prompt_tokens > 1200
        assert reply.result(60).timings.output_tokens == 400
    assert order.index("long") > 1


@pytest.mark.parametrize("name", ["recurrent", "hybrid"])
def test_model_that_cannot_be_cut_answers_as_if_from_the_start(
    load: Callable[..., EngineHost], name: str
) -> None:
    host = load(name, streams=3)
    assert host.loaded is not None
    assert not host.loaded.can_cut

    def reused(*turns: Turn) -> int:
        request = _ask(*turns, logprobs=5)
        answer = host.generate(request)
        assert agree(host.generate(replace(request, exact=True)), answer)
        return answer.timings.reused_tokens

    turns = (_SYSTEM, Turn(Role.USER, "One?"))
    first = host.generate(_ask(*turns))
    longer = (*turns, Turn(Role.ASSISTANT, first.raw), Turn(Role.USER, "And then?"))
    assert reused(*longer) > 0
    assert reused(*turns) > 0
    reused(_SYSTEM, Turn(Role.USER, "Something else?"))


@pytest.mark.parametrize("name", ["recurrent", "hybrid"])
def test_batch_of_a_model_that_cannot_be_cut_keeps_replies_apart(
    load: Callable[..., EngineHost], name: str
) -> None:
    host = load(name, streams=3)
    texts = [letter * 12 for letter in "abcdefgh"]
    alone = [host.generate(_ask(each, raw=True, exact=True, logprobs=5)) for each in texts]
    together = _together(host, [_ask(each, raw=True, logprobs=5) for each in texts])
    assert all(map(agree, alone, together))
    assert len({each.raw for each in alone}) > 1


def test_storm_of_stops_leaves_an_engine_that_answers(load: Callable[..., EngineHost]) -> None:
    host = load()
    before = host.generate(_ask(_SYSTEM, "Go on.", exact=True)).raw
    cancels = [CancelToken() for _ in range(60)]

    def run(number: int) -> Generated:
        timer = threading.Timer(0.002 * (number % 20), cancels[number].cancel)
        timer.start()
        try:
            priority = Priority.BACKGROUND if number % 2 else Priority.INTERACTIVE
            request = _ask(_SYSTEM, f"{number} " * 40, max_tokens=500, priority=priority)
            return host.generate(request, cancel=cancels[number])
        finally:
            timer.join()

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(run, range(60)))
    assert {each.finish for each in answers} <= {FinishReason.STOPPED, FinishReason.LENGTH}
    assert host.generate(_ask(_SYSTEM, "Go on.", exact=True)).raw == before


def test_idle_engine_uses_no_processor(load: Callable[..., EngineHost]) -> None:
    host = load()
    host.generate(_ask("Go on."))
    process = psutil.Process(host.pid)
    before = process.cpu_times()
    assert not threading.Event().wait(1.0)
    after = process.cpu_times()
    assert (after.user + after.system) - (before.user + before.system) < 0.05


def test_repeated_text_is_guessed_and_the_reply_stays_the_same(
    load: Callable[..., EngineHost],
) -> None:
    request = _ask("abc abc abc abc", max_tokens=120)
    plain = load().generate(request)
    guessing = load(speculation=Speculation(prompt_lookup=True)).generate(request)
    assert guessing.timings.guessed_tokens > 0
    assert 0 <= guessing.timings.acceptance_rate <= 1
    assert guessing.rounding.guessed
    assert guessing.raw[:20] == plain.raw[:20]


def test_draft_of_the_same_weights_is_nearly_always_right(
    load: Callable[..., EngineHost], random_files: Path
) -> None:
    draft = Speculation(draft_model=str(random_files / "plain.gguf"), most_tokens=4)
    answer = load(speculation=draft).generate(_ask(_SYSTEM, "Go on.", max_tokens=60))
    assert answer.timings.guessed_tokens == 0 or answer.timings.acceptance_rate > 0.5


def test_banned_text_is_written_around(load: Callable[..., EngineHost]) -> None:
    host = load()
    plain = host.generate(_ask("Go on.", max_tokens=40))
    banned = plain.raw[6:10]
    around = host.generate(
        _ask("Go on.", max_tokens=40, sampling=Sampling(temperature=0.0, banned=(banned,)))
    )
    assert banned in plain.raw
    assert banned not in around.raw
    assert around.raw.startswith(plain.raw[:2])
    assert around.timings.output_tokens == 40


def test_log_probabilities_of_greedy_tokens_are_the_best(load: Callable[..., EngineHost]) -> None:
    answer = load().generate(_ask("Go on.", max_tokens=10, logprobs=3))
    assert len(answer.scores) == 10
    for score in answer.scores:
        assert score.chosen == score.alternatives[0]
        values = [each.logprob for each in score.alternatives]
        assert values == sorted(values, reverse=True)
        assert all(value <= 0 for value in values)


def test_scores_of_known_text_do_not_depend_on_what_else_runs(
    load: Callable[..., EngineHost],
) -> None:
    host = load()
    request = ScoreText("A text of some length that is scored. " * 40, window=128)
    alone = host.score_text(request)
    with ThreadPoolExecutor(4) as pool:
        others: list[Future[Generated]] = [pool.submit(host.generate, _ask(_SYSTEM, each))
                                           for each in _QUESTIONS[:3]]  # fmt: skip
        beside = host.score_text(request)
        assert all(each.result(60).raw for each in others)
    assert beside.tokens == alone.tokens > 400
    assert beside.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-3)
    assert alone.perplexity > 1
    assert alone.bits_per_byte > 0


def test_greedy_reply_is_the_most_likely_choice(load: Callable[..., EngineHost]) -> None:
    host = load()
    turns = (Turn(Role.USER, "Which?"),)
    written = host.generate(_ask(*turns, max_tokens=6)).raw
    scores = host.score_choices(ScoreChoices(turns, (written, "zebra crossing", "of course")))
    assert scores[0].log_likelihood / scores[0].tokens == max(
        each.log_likelihood / each.tokens for each in scores
    )
    assert [each.is_greedy for each in scores[1:]] == [False, False]


def test_two_models_live_side_by_side_and_one_can_die(
    make_host: MakeHost, random_files: Path
) -> None:
    host = make_host()
    options = LoadOptions(context_length=512, threads=1)
    host.load(random_files / "plain.gguf", options)
    beside = host.open(random_files / "recurrent.gguf", options)
    assert beside.generate(_ask("Go on.")).raw
    assert beside.pid is not None
    os.kill(beside.pid, 9)
    with pytest.raises(Exception, match="killed"):
        beside.generate(_ask("Go on."))
    assert host.generate(_ask("Go on.")).raw
    assert host.loaded is not None
    host.release(beside)
