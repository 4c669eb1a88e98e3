from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, log, nan

import numpy as np
import pytest

from app.engine.errors import SamplingError
from app.engine.llama.sampling.chain import SamplerChain
from app.engine.llama.sampling.logprobs import Logits, row
from app.engine.sampling import DEFAULT_ORDER, Mirostat, Sampler, Sampling
from tests.unit.engine.llama.conftest import Native

# Every sampler at the value at which it changes nothing.
PLAIN = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0)
_DRAWS = 3000
MakeChain = Callable[..., SamplerChain]


@pytest.fixture
def chain(native: Native) -> Iterator[MakeChain]:
    chains: list[SamplerChain] = []

    def make(sampling: Sampling, **options: object) -> SamplerChain:
        made = SamplerChain(
            native.vocabulary,
            sampling,
            context_train=512,
            **options,  # type: ignore[arg-type]  # test shorthand
        )
        chains.append(made)
        return made

    yield make
    for each in chains:
        each.close()
        each.close()  # once more must do no harm


def shares(native: Native, **probabilities: float) -> Logits:
    """Logits at which the one-letter tokens have these probabilities and no other token any."""
    logits = np.full(native.vocabulary.size, -100.0, np.float32)
    for text, probability in probabilities.items():
        logits[native.token(text)] = log(probability)
    return logits


def drawn(
    native: Native, chain: SamplerChain, logits: Logits, draws: int = _DRAWS
) -> dict[str, float]:
    """How often each token came."""
    texts = [native.vocabulary.text(chain.sample_from(logits)) for _ in range(draws)]
    return {text: texts.count(text) / draws for text in sorted(set(texts))}


FOUR = {"a": 0.5, "b": 0.3, "c": 0.15, "d": 0.05}


def test_neutral_values_leave_the_probabilities_alone(native: Native, chain: MakeChain) -> None:
    made = chain(PLAIN)
    assert made.describe() == ("dist",)
    assert drawn(native, made, shares(native, **FOUR)) == pytest.approx(FOUR, abs=0.03)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"top_k": 2}, "ab"),
        ({"top_p": 0.75}, "ab"),
        ({"top_p": 0.0}, "a"),
        ({"min_p": 0.25}, "abc"),
        ({"min_p": 1.0}, "a"),
        ({"typical_p": 0.25}, "b"),
        ({"top_n_sigma": 0.1}, "ab"),
        ({"xtc_probability": 1.0, "xtc_threshold": 0.2}, "bcd"),
        ({"logit_bias": (("b", -inf),)}, "acd"),
        ({"temperature": 0.02}, "a"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_sampler_alone_keeps_what_it_should(
    native: Native, chain: MakeChain, changes: dict[str, object], kept: str
) -> None:
    if bias := changes.get("logit_bias"):
        pairs = tuple((native.token(text), amount) for text, amount in bias)  # type: ignore[attr-defined]
        changes = {"logit_bias": pairs}
    made = chain(replace(PLAIN, **changes))  # type: ignore[arg-type]
    result = drawn(native, made, shares(native, **FOUR))
    total = sum(FOUR[text] for text in kept)
    assert "".join(result) == kept
    assert result == pytest.approx({text: FOUR[text] / total for text in kept}, abs=0.04)


def test_temperature_flattens_and_sharpens(native: Native, chain: MakeChain) -> None:
    squared = {text: share**2 for text, share in FOUR.items()}
    result = drawn(native, chain(replace(PLAIN, temperature=0.5)), shares(native, **FOUR))
    expected = {text: share / sum(squared.values()) for text, share in squared.items()}
    assert result == pytest.approx(expected, abs=0.03)


def test_dynamic_temperature_is_low_where_the_model_is_sure(
    native: Native, chain: MakeChain
) -> None:
    made = chain(replace(PLAIN, dynamic_temperature=0.9))
    assert made.describe() == ("temp-ext", "dist")
    sure = drawn(native, made, shares(native, a=0.9, b=0.1))
    assert sure["a"] > 0.99


def test_dynamic_temperature_comes_alone_with_temperature(native: Native, chain: MakeChain) -> None:
    made = chain(replace(PLAIN, temperature=0.7, dynamic_temperature=0.1))
    assert made.describe() == ("temp-ext", "dist")


def test_typical_after_samplers_that_leave_nothing_is_still_typical(
    native: Native, chain: MakeChain
) -> None:
    # llama.cpp's own takes the logarithm of zero here and then keeps the most probable ones.
    order = (Sampler.TOP_N_SIGMA, Sampler.TYPICAL)
    made = chain(replace(PLAIN, top_n_sigma=3.0, typical_p=0.25, order=order))
    assert list(drawn(native, made, shares(native, **FOUR))) == ["b"]
    assert made.describe() == ("top-n-sigma", "typical", "dist")


GREEDY = replace(PLAIN, temperature=0.0)


def logits_of(native: Native, **values: float) -> Logits:
    """These logits for one-letter tokens, and very low ones for all others."""
    logits = np.full(native.vocabulary.size, -100.0, np.float32)
    for text, value in values.items():
        logits[native.token(text)] = value
    return logits


@pytest.mark.parametrize(
    ("penalty", "said", "expected"),
    [
        ({"repeat_penalty": 1.2}, "a", "b"),
        ({"repeat_penalty": 1.05}, "a", "a"),
        ({"presence_penalty": 0.4}, "aaa", "b"),
        ({"presence_penalty": 0.2}, "aaa", "a"),
        ({"frequency_penalty": 0.2}, "a", "a"),
        ({"frequency_penalty": 0.2}, "aaa", "b"),
        ({"frequency_penalty": 0.2, "penalty_last_n": 1}, "aaa", "a"),
        ({"repeat_penalty": 1.2, "penalty_last_n": 2}, "acc", "a"),
        ({"repeat_penalty": 1.2, "penalty_last_n": -1}, "acccccccc", "b"),
        ({"repeat_penalty": 1.2, "penalty_last_n": 0}, "a", "a"),
    ],
    ids=str,
)
def test_penalties_lower_what_was_said(
    native: Native, chain: MakeChain, penalty: dict[str, float], said: str, expected: str
) -> None:
    made = chain(replace(GREEDY, **penalty))  # type: ignore[arg-type]
    made.see(native.token(letter) for letter in said)
    assert native.vocabulary.text(made.sample_from(logits_of(native, a=3.0, b=2.7))) == expected


@pytest.mark.parametrize(
    ("changes", "said", "expected"),
    [
        ({}, "abcxabc", "y"),
        ({"dry_allowed_length": 4}, "abcxabc", "x"),
        ({"dry_last_n": 3}, "abcxabc", "x"),
        ({"dry_breakers": ("b",)}, "abcxabc", "x"),
        ({"dry_breakers": ()}, "abcxabc", "y"),
        ({}, "abc", "x"),
    ],
    ids=str,
)
def test_dry_keeps_a_passage_from_being_repeated(
    native: Native, chain: MakeChain, changes: dict[str, object], said: str, expected: str
) -> None:
    dry = replace(GREEDY, dry_multiplier=0.8)
    made = chain(replace(dry, **changes))  # type: ignore[arg-type]
    made.see(native.token(letter) for letter in said)
    assert made.describe() == ("dry", "greedy")
    assert native.vocabulary.text(made.sample_from(logits_of(native, x=3.0, y=2.7))) == expected


def test_logit_bias_lifts_and_forbids_greedy_choices(native: Native, chain: MakeChain) -> None:
    a, b = native.token("a"), native.token("b")
    logits = logits_of(native, a=3.0, b=2.0)
    assert chain(replace(GREEDY, logit_bias=((b, 1.5),))).sample_from(logits) == b
    assert chain(replace(GREEDY, logit_bias=((a, -inf),))).sample_from(logits) == b


ALL_ON = Sampling(
    temperature=0.8,
    typical_p=0.9,
    top_n_sigma=3.0,
    xtc_probability=0.5,
    dry_multiplier=0.8,
    repeat_penalty=1.1,
    logit_bias=((5, -1.0),),
)
_NAMES = {
    Sampler.PENALTIES: "penalties",
    Sampler.DRY: "dry",
    Sampler.TOP_N_SIGMA: "top-n-sigma",
    Sampler.TOP_K: "top-k",
    Sampler.TYPICAL: "typical",
    Sampler.TOP_P: "top-p",
    Sampler.MIN_P: "min-p",
    Sampler.XTC: "xtc",
    Sampler.TEMPERATURE: "temp",
}


@pytest.mark.parametrize("order", [DEFAULT_ORDER, DEFAULT_ORDER[::-1], DEFAULT_ORDER[2:5]])
def test_samplers_act_in_the_order_given(chain: MakeChain, order: tuple[Sampler, ...]) -> None:
    made = chain(replace(ALL_ON, order=order))
    assert made.describe() == ("logit-bias", *(_NAMES[each] for each in order), "dist")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"temperature": 0.0}, ("logit-bias", "penalties", "dry", "greedy")),
        ({"temperature": -1.0}, ("logit-bias", "penalties", "dry", "greedy")),
        ({"mirostat": Mirostat.V2}, ("logit-bias", "penalties", "dry", "temp", "mirostat-v2")),
        (
            {"mirostat": Mirostat.V2, "adaptive_target": 0.5},
            ("logit-bias", "penalties", "dry", "temp", "mirostat-v2"),
        ),
        (
            {"adaptive_target": 0.5, "order": (Sampler.MIN_P,)},
            ("logit-bias", "min-p", "adaptive-p"),
        ),
    ],
    ids=str,
)
def test_last_step_decides_which_others_act(
    chain: MakeChain, changes: dict[str, object], expected: tuple[str, ...]
) -> None:
    assert chain(replace(ALL_ON, **changes)).describe() == expected  # type: ignore[arg-type]


def test_order_changes_the_result(native: Native, chain: MakeChain) -> None:
    logits = shares(native, a=0.5, b=0.3, c=0.2)
    hot = replace(PLAIN, temperature=2.0, min_p=0.5)
    before = chain(replace(hot, order=(Sampler.MIN_P, Sampler.TEMPERATURE)))
    after = chain(replace(hot, order=(Sampler.TEMPERATURE, Sampler.MIN_P)))
    assert list(drawn(native, before, logits)) == ["a", "b"]
    assert list(drawn(native, after, logits)) == ["a", "b", "c"]


def test_mirostat_keeps_the_surprise_near_its_target(native: Native, chain: MakeChain) -> None:
    probabilities = {letter: 2.0 ** -(place + 1) for place, letter in enumerate("abcdefghij")}
    logits = shares(native, **probabilities)
    surprise = {}
    for target in (1.0, 3.0):
        made = chain(replace(PLAIN, mirostat=Mirostat.V2, mirostat_tau=target))
        texts = [native.vocabulary.text(made.sample_from(logits)) for _ in range(_DRAWS)]
        surprise[target] = sum(-log(probabilities[text], 2) for text in texts) / _DRAWS
    assert surprise[1.0] < 1.5 < surprise[3.0]


def test_adaptive_p_prefers_tokens_near_its_target(native: Native, chain: MakeChain) -> None:
    logits = shares(native, a=0.7, b=0.2, c=0.1)
    near = drawn(native, chain(replace(PLAIN, min_p=0.1, adaptive_target=0.2)), logits)
    assert near["b"] > 0.35
    assert near["a"] < 0.5


def texts(native: Native, chain: SamplerChain, count: int = 40) -> str:
    logits = shares(native, **{letter: 1 / 16 for letter in "abcdefghijklmnop"})
    return "".join(native.vocabulary.text(chain.sample_from(logits)) for _ in range(count))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mirostat": Mirostat.V2},
        {"adaptive_target": 0.3},
        {"xtc_probability": 0.5, "xtc_threshold": 0.01},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [0, 7, 0xFFFFFFFF, -1, 2**40])
def test_same_seed_repeats_and_reset_starts_again(
    native: Native, chain: MakeChain, changes: dict[str, object], seed: int
) -> None:
    sampling = replace(PLAIN, seed=seed, **changes)  # type: ignore[arg-type]
    first, second = chain(sampling), chain(sampling)
    said = texts(native, first)
    assert texts(native, second) == said
    first.reset()
    assert texts(native, first) == said


def test_other_seeds_say_other_things(native: Native, chain: MakeChain) -> None:
    said = {texts(native, chain(replace(PLAIN, seed=seed))) for seed in range(20)}
    assert len(said) == 20


def test_sample_takes_the_logits_of_the_context(native: Native, chain: MakeChain) -> None:
    tokens = native.vocabulary.tokenize("<|im_start|>user", parse_special=True)
    native.decode(tokens)
    logits = row(native.context, -1, native.vocabulary.size)
    sampling = replace(PLAIN, temperature=30.0, seed=3)
    one, other = chain(sampling), chain(sampling)
    for _ in range(20):
        assert one.sample(native.context, -1) == other.sample_from(logits)
    best = int(logits.argmax())
    assert chain(GREEDY).sample(native.context, -1) == best
    without = chain(GREEDY).sample_without(native.context, -1, frozenset({best}))
    assert without != best
    assert logits[without] == np.sort(logits)[-2]


def test_output_that_is_not_there_is_refused(native: Native, chain: MakeChain) -> None:
    native.decode(native.vocabulary.tokenize("hello", parse_special=True))
    with pytest.raises(IndexError):
        chain(GREEDY).sample_without(native.context, 77, frozenset())


def test_excluded_tokens_do_not_come_and_come_again_later(native: Native, chain: MakeChain) -> None:
    logits = logits_of(native, a=3.0, b=2.0, c=1.0)
    made = chain(GREEDY)
    a, b, c = (native.token(letter) for letter in "abc")
    assert made.sample_from(logits, frozenset({a, b})) == c
    assert made.sample_from(logits) == a


def test_excluding_every_token_is_refused(native: Native, chain: MakeChain) -> None:
    with pytest.raises(SamplingError, match="forbidden"):
        chain(PLAIN).sample_from(logits_of(native, a=1.0), frozenset(range(native.vocabulary.size)))


def test_rewind_forgets_what_was_said(native: Native, chain: MakeChain) -> None:
    logits = logits_of(native, a=3.0, b=2.7)
    made = chain(replace(GREEDY, repeat_penalty=1.2))
    a, b = native.token("a"), native.token("b")
    assert [made.sample_from(logits) for _ in range(2)] == [a, b]
    made.rewind(2)
    assert made.sample_from(logits) == a
    made.rewind(0)
    assert made.sample_from(logits) == b


def test_accepted_tokens_count_as_said(native: Native, chain: MakeChain) -> None:
    made = chain(replace(GREEDY, repeat_penalty=1.2))
    made.accept(native.token("a"))
    assert made.sample_from(logits_of(native, a=3.0, b=2.7)) == native.token("b")


_BAD: list[dict[str, object]] = [
    {"temperature": nan},
    {"temperature": inf},
    {"top_k": -1},
    {"top_k": 2**31},
    {"top_p": 1.01},
    {"top_p": -0.1},
    {"min_p": nan},
    {"typical_p": 2.0},
    {"top_n_sigma": inf},
    {"xtc_probability": -0.5},
    {"xtc_threshold": 1.5},
    {"dry_multiplier": -1.0},
    {"dry_multiplier": inf},
    {"dry_base": 0.5},
    {"dry_allowed_length": -2},
    {"dry_last_n": -2},
    {"dry_breakers": ("a\0b",)},
    {"repeat_penalty": 0.0},
    {"repeat_penalty": -1.0},
    {"frequency_penalty": nan},
    {"presence_penalty": inf},
    {"penalty_last_n": -2},
    {"penalty_last_n": 2**40},
    {"dynamic_temperature": -0.1},
    {"dynamic_exponent": nan},
    {"mirostat_tau": 0.0},
    {"mirostat_eta": -1.0},
    {"adaptive_target": 1.5},
    {"adaptive_target": nan},
    {"adaptive_decay": 1.0},
    {"logit_bias": ((-1, 1.0),)},
    {"logit_bias": ((10**9, 1.0),)},
    {"logit_bias": ((1, nan),)},
    {"logit_bias": ((1, inf),)},
    {"order": (Sampler.TOP_K, Sampler.TOP_K)},
]


@pytest.mark.parametrize("bad", _BAD, ids=str)
def test_bad_value_is_refused_in_words(chain: MakeChain, bad: dict[str, object]) -> None:
    with pytest.raises(SamplingError) as refused:
        chain(replace(Sampling(), **bad))  # type: ignore[arg-type]
    assert refused.value.message.endswith(".")
    assert refused.value.hint


def test_bias_that_forbids_everything_is_refused(native: Native, chain: MakeChain) -> None:
    bias = tuple((token, -inf) for token in range(native.vocabulary.size))
    with pytest.raises(SamplingError, match="forbids every token"):
        chain(replace(PLAIN, logit_bias=bias))


@pytest.mark.parametrize(
    "extreme",
    [
        {"temperature": 1e-30},
        {"temperature": 100.0},
        {"dry_multiplier": 1000.0, "dry_base": 1000.0, "dry_allowed_length": 0},
        {"repeat_penalty": 1000.0},
        {"logit_bias": ((1, 1e6), (1, -inf))},
        {"dry_breakers": ("", "x" * 1000)},
        {"penalty_last_n": 2**31 - 1, "repeat_penalty": 1.5},
        {"xtc_probability": 1.0, "xtc_threshold": 0.0},
        {"typical_p": 0.0},
        {"dynamic_temperature": 100.0, "dynamic_exponent": 0.0},
        {"mirostat": Mirostat.V2, "mirostat_tau": 1e-6, "mirostat_eta": 1000.0},
        {"adaptive_target": 0.0, "adaptive_decay": 0.0},
    ],
    ids=" ".join,
)
def test_extreme_values_still_choose_a_token(
    native: Native, chain: MakeChain, extreme: dict[str, object]
) -> None:
    made = chain(replace(ALL_ON, **extreme))  # type: ignore[arg-type]
    logits = shares(native, **FOUR)
    for _ in range(50):
        assert 0 <= made.sample_from(logits) < native.vocabulary.size
