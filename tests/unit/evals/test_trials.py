"""Prompts tried out beside each other, through the real lending and a scripted engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.engine.errors import NoModelLoaded
from app.engine.messages import Role, TextDelta
from app.engine.protocol import FinishReason
from app.engine.remote.keys import Keys
from app.engine.sampling import Sampling
from app.evals.trials import (
    Ended,
    Phase,
    SettingsFrom,
    Trial,
    TrialEvent,
    TrialSettings,
    Tried,
    item_from,
    try_out,
)
from app.modelhub.borrowing import Wanted
from app.modelhub.entities import LocalModel
from app.prompts.entities import Content, Part, Variable
from app.prompts.errors import PromptError
from tests.doubles.keyring import KeyringDouble
from tests.doubles.scripted_engine import Script, scripted_engine
from tests.doubles.scripted_gguf import scripted_gguf
from tests.doubles.scripted_library import scripted_library

GREETING = Content((Part(Role.USER, "Greet {{ who }}."),), (Variable("who"),))
FAREWELL = Content((Part(Role.USER, "Say goodbye to {{ who }}."),), (Variable("who"),))
REPLIES: dict[str, str | bytes] = {"Greet": "Hello, Ada.", "goodbye": "Farewell, Ada.", "": "What?"}
ADA = {"who": "Ada"}


@pytest.fixture
def opened(data_paths: DataPaths, tmp_path: Path) -> Iterator[Callable[..., Services]]:
    """The services, with as many model files as wanted; the first is loaded."""
    made: list[Services] = []

    def open_it(script: Script, models: int = 1) -> Services:
        children = Children(scripted_library, scripted_engine, (script,))
        services = build(data_paths, children, Keys(KeyringDouble()))
        made.append(services)
        for number in range(models):
            file = tmp_path / f"model-{number}.gguf"
            scripted_gguf(file, {"": "Hello."})
            model = services.models.import_file(file)
            if number == 0:
                services.models.load(model.id)
        return services

    yield open_it
    for services in made:
        services.close()


def other(services: Services) -> LocalModel:
    """The model that is not in use."""
    used = services.models.loaded
    return next(
        each for each in services.models.models() if used is None or each.id != used.model.id
    )


def run(
    services: Services,
    *trials: Trial,
    cancel: CancelToken | None = None,
    watch: Callable[[int, TrialEvent], None] = lambda _at, _event: None,
) -> list[list[TrialEvent]]:
    """The events of each trial."""
    events: list[list[TrialEvent]] = [[] for _each in trials]

    def on_event(at: int, event: TrialEvent) -> None:
        events[at].append(event)
        watch(at, event)

    cancel = cancel or CancelToken()
    try_out(services.lending, services.settings.current, trials, on_event, cancel)
    return events


def ends(events: list[list[TrialEvent]]) -> list[Ended]:
    """How each ended: it has one end, and nothing comes after it."""
    found = [[event for event in each if isinstance(event, Ended)] for each in events]
    assert all(len(each) == 1 for each in found)
    assert [each[-1] for each in events] == [each[0] for each in found]
    return [each[0] for each in found]


def tried(events: list[list[TrialEvent]]) -> list[Tried]:
    """What came of each, where all of them were answered."""
    found = [each.tried for each in ends(events) if each.tried is not None]
    assert len(found) == len(events), ends(events)
    return found


def test_two_versions_on_the_model_in_use_answer_side_by_side(opened):
    services = opened(Script(REPLIES))
    events = run(services, Trial(GREETING, ADA), Trial(FAREWELL, ADA))
    first, second = tried(events)
    assert first.generated.text == "Hello, Ada."
    assert second.generated.text == "Farewell, Ada."
    assert first.turns[0].content == "Greet Ada."
    assert first.model == services.models.loaded.name
    for each in events:
        assert each[:2] == [Phase.LOADING, Phase.READING]
    assert "".join(e.text for e in events[0] if isinstance(e, TextDelta)) == "Hello, Ada."


def test_another_model_is_opened_once_for_both_columns_and_closed(opened):
    services = opened(Script(REPLIES), models=2)
    wanted = Wanted(model=other(services).id)
    seen: list[int] = []

    def watch(_at: int, event: TrialEvent) -> None:
        if event is Phase.READING:
            seen.append(len(services.lending.opened))

    events = run(services, Trial(GREETING, ADA, wanted), Trial(FAREWELL, ADA, wanted), watch=watch)
    assert seen == [1, 1]
    assert {each.model for each in tried(events)} == {other(services).name}
    assert services.lending.opened == ()


def test_two_models_answer_the_same_prompt(opened):
    services = opened(Script(REPLIES), models=2)
    events = run(
        services,
        Trial(GREETING, ADA),
        Trial(GREETING, ADA, Wanted(model=other(services).id)),
    )
    names = [each.model for each in tried(events)]
    assert names == [services.models.loaded.name, other(services).name]


def test_no_model_in_use_ends_in_words_while_the_other_column_answers(opened):
    services = opened(Script(REPLIES), models=2)
    wanted = Wanted(model=other(services).id)
    services.models.unload()
    events = run(services, Trial(GREETING, ADA), Trial(GREETING, ADA, wanted))
    error = ends(events)[0].error
    assert isinstance(error, NoModelLoaded)
    assert error.hint
    assert tried(events[1:])[0].generated.text == "Hello, Ada."


def test_missing_value_ends_only_the_column_that_needs_it(opened):
    services = opened(Script(REPLIES))
    needy = replace(GREETING, variables=(Variable("who"), Variable("where")))
    first, second = ends(run(services, Trial(needy, ADA), Trial(GREETING, ADA)))
    assert isinstance(first.error, PromptError)
    assert second.tried is not None


def test_values_of_the_other_column_are_left_out(opened):
    services = opened(Script(REPLIES))
    (done,) = tried(run(services, Trial(GREETING, ADA | {"where": "London"})))
    assert done.generated.text


def test_stop_keeps_the_answer_so_far(opened):
    services = opened(Script({"": "word " * 500}, tokens_per_s=200))
    cancel = CancelToken()

    def stop_at_text(_at: int, event: TrialEvent) -> None:
        if isinstance(event, TextDelta):
            cancel.cancel()

    (done,) = tried(run(services, Trial(GREETING, ADA), cancel=cancel, watch=stop_at_text))
    assert done.generated.finish is FinishReason.STOPPED
    assert done.generated.text.startswith("word")


def test_stop_before_anything_ends_without_an_answer(opened):
    services = opened(Script(REPLIES), models=2)
    cancel = CancelToken()
    cancel.cancel()
    trials = Trial(GREETING, ADA), Trial(GREETING, ADA, Wanted(model=other(services).id))
    assert ends(run(services, *trials, cancel=cancel)) == [Ended(), Ended()]


@pytest.mark.parametrize(
    ("settings", "temperature", "seed"),
    [
        (TrialSettings(), 0.9, 7),
        (TrialSettings(SettingsFrom.OWN, temperature=0.0), 0.0, 7),
        (TrialSettings(SettingsFrom.OWN, seed=3), 0.9, 3),
        (TrialSettings(SettingsFrom.SETTINGS), 0.3, None),
    ],
)
def test_sampling_is_of_the_version_of_settings_or_own(opened, settings, temperature, seed):
    services = opened(Script(REPLIES))
    content = replace(GREETING, sampling=Sampling(temperature=0.9, seed=7))
    (done,) = tried(run(services, Trial(content, ADA, settings=settings)))
    assert done.sampling.temperature == temperature
    assert seed is None or done.sampling.seed == seed


def test_longest_answer_of_its_own_is_kept_to(opened):
    services = opened(Script({"": "word " * 50}))
    settings = TrialSettings(SettingsFrom.OWN, max_tokens=3)
    (done,) = tried(run(services, Trial(GREETING, ADA, settings=settings)))
    assert done.generated.finish is FinishReason.LENGTH


def test_item_has_what_was_sent_and_the_answer_as_target(opened):
    services = opened(Script(REPLIES))
    (done,) = tried(run(services, Trial(GREETING, ADA)))
    item = item_from(done, {"prompt": "Greeting"})
    assert item.input == done.turns
    assert item.targets == ("Hello, Ada.",)
    assert item.metadata == {"prompt": "Greeting"}
    assert item.key != item_from(done, {}).key
