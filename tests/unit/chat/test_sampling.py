from __future__ import annotations

from dataclasses import fields, replace

import pytest

from app.chat.sampling import (
    SMALLEST_PROMPT,
    idle_steps,
    longest_reply,
    room_for_prompt,
    sampling_from,
    steps_of,
    template_from,
)
from app.engine.llama.sampling.values import check_sampling
from app.engine.protocol import ModelFacts
from app.engine.sampling import DEFAULT_ORDER, Mirostat, Sampler, Sampling
from app.settings.sampling import SAMPLER_TITLES, MirostatChoice, SamplingSettings
from app.settings.schema import Chat, Thinking


def facts(*, thinks: bool = False, context: int = 8192) -> ModelFacts:
    return ModelFacts("m", "a", "Q4", context, context, 1, "t", "b", thinks=thinks)


def acting(sampling: Sampling) -> list[str]:
    return [each.title for each in steps_of(sampling) if each.acts]


def test_default_settings_are_the_default_sampling() -> None:
    made = sampling_from(SamplingSettings())
    assert replace(made, seed=0) == Sampling()


def test_settings_name_every_sampler_of_the_engine_in_its_order() -> None:
    assert tuple(SAMPLER_TITLES) == tuple(each.value for each in DEFAULT_ORDER)
    assert {each.value for each in MirostatChoice} == {each.value for each in Mirostat}


def test_every_setting_reaches_the_sampling() -> None:
    """A value of its own for each setting must be seen in the sampling under the same name."""
    changed = {
        each.name: value
        for each in fields(SamplingSettings)
        if (value := another(each.default)) is not None
    }
    changed |= {"order": ("temperature", "xtc"), "mirostat": MirostatChoice.V2}
    made = sampling_from(SamplingSettings(**changed))  # type: ignore[arg-type]  # its fields
    for name, value in changed.items():
        if name != "stop":  # of the request, not of the sampling
            assert getattr(made, name) == value, name
    assert set(changed) == {each.name for each in fields(SamplingSettings)}
    # Token ids mean another thing for each model, so there is no setting for them.
    missing = {each.name for each in fields(Sampling)} - set(changed)
    assert missing == {"logit_bias"}


def another(value: object) -> object:
    match value:
        case int() | float():
            return type(value)(value + 1)
        case tuple():
            return ("x", "y")
    return None


def test_seed_that_is_not_fixed_is_another_one_each_time() -> None:
    seeds = {sampling_from(SamplingSettings(seed=-1)).seed for _ in range(20)}
    assert len(seeds) > 1
    assert min(seeds) >= 0
    assert sampling_from(SamplingSettings(seed=0)).seed == 0


@pytest.mark.parametrize(
    ("chosen", "thinks", "told"),
    [
        (Thinking.AUTOMATIC, True, None),
        (Thinking.ON, True, True),
        (Thinking.OFF, True, False),
        (Thinking.ON, False, None),
    ],
)
def test_template_is_told_of_thinking_only_where_it_has_the_switch(
    chosen: Thinking, thinks: bool, told: bool | None
) -> None:
    assert template_from(Chat(thinking=chosen), facts(thinks=thinks)).thinking is told


def test_thinking_gets_room_of_its_own() -> None:
    chat = Chat(max_tokens=1000, thinking_tokens=2000)
    assert longest_reply(chat, facts(thinks=True)) == 3000
    assert longest_reply(replace(chat, thinking=Thinking.OFF), facts(thinks=True)) == 1000
    assert longest_reply(chat, facts()) == 1000


@pytest.mark.parametrize(
    ("context", "thinks", "room"),
    [(8192, False, 7192), (8192, True, 5192), (4096, True, 2048), (1100, True, SMALLEST_PROMPT)],
)
def test_thinking_does_not_crowd_the_passages_out(context: int, thinks: bool, room: int) -> None:
    chat = Chat(max_tokens=1000, thinking_tokens=2000)
    assert room_for_prompt(chat, facts(thinks=thinks, context=context)) == room


def test_steps_are_in_their_order_and_say_which_do_nothing() -> None:
    order = (Sampler.TEMPERATURE, Sampler.TOP_K, Sampler.XTC)
    steps = steps_of(Sampling(0.7, top_k=20, order=order))
    assert [each.title for each in steps][:4] == ["Logit bias", "Temperature", "Top-k", "XTC"]
    assert acting(Sampling(0.7, top_k=20, order=order)) == ["Temperature", "Top-k", "Draw"]
    assert {"Top-p", "DRY"} <= {each.title for each in steps if each.values == "left out"}


@pytest.mark.parametrize(
    ("sampling", "title"),
    [
        (Sampling(dry_multiplier=0.8), "DRY"),
        (Sampling(repeat_penalty=1.1), "Repetition penalties"),
        (Sampling(presence_penalty=-0.5), "Repetition penalties"),
        (Sampling(top_n_sigma=1), "Top-n-sigma"),
        (Sampling(typical_p=0.9), "Typical"),
        (Sampling(xtc_probability=0.5), "XTC"),
        (Sampling(logit_bias=((1, 2.0),)), "Logit bias"),
        (Sampling(banned=("no",)), "Never write"),
        (Sampling(1.0, dynamic_temperature=0.5), "Temperature"),
        (Sampling(mirostat=Mirostat.V2), "Mirostat 2"),
        (Sampling(adaptive_target=0.5), "Adaptive-p"),
    ],
)
def test_step_that_is_set_acts_and_is_idle_by_default(sampling: Sampling, title: str) -> None:
    assert title in acting(sampling)
    assert title not in acting(Sampling(1.0))


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(dry_multiplier=0.8, dry_last_n=0),
        Sampling(repeat_penalty=1.1, penalty_last_n=0),
        Sampling(xtc_probability=0.5, xtc_threshold=0.6),
        Sampling(top_n_sigma=0),
    ],
)
def test_step_that_looks_at_nothing_is_idle(sampling: Sampling) -> None:
    assert idle_steps(sampling) >= {
        Sampler.DRY,
        Sampler.PENALTIES,
        Sampler.XTC,
        Sampler.TOP_N_SIGMA,
    }


def test_cuts_are_idle_when_the_draw_is_greedy_or_mirostats() -> None:
    cuts = {Sampler.TOP_K, Sampler.TOP_P, Sampler.MIN_P}
    assert idle_steps(Sampling(0)) >= cuts | {Sampler.TEMPERATURE}
    assert acting(Sampling(0)) == ["Draw"]
    assert idle_steps(Sampling(mirostat=Mirostat.V2)) >= cuts
    assert not idle_steps(Sampling()) & cuts


@pytest.mark.parametrize("end", ["low", "high"])
def test_engine_takes_every_value_that_the_settings_allow(end: str) -> None:
    chosen = SamplingSettings()
    for each in fields(SamplingSettings):
        bound = each.metadata[end]
        if bound is not None:
            chosen = replace(chosen, **{each.name: bound})
    check_sampling(sampling_from(chosen), 32_000)
