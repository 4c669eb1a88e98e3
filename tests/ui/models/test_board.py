from __future__ import annotations

from dataclasses import replace

import pytest

from app.base.errors import AppError
from app.engine.host import EngineState, EngineStatus
from app.engine.options import ALL_LAYERS, Adapter, LoadOptions
from app.modelhub.entities import ModelId
from app.modelhub.fit import Fit, FreeMemory
from app.modelhub.service import LoadedModel
from app.ui.models.board import CardStatus, LoadStep, ModelBoard
from app.ui.models.words import (
    capability_tags,
    engine_text,
    facts_text,
    in_use_text,
    memory_text,
    named,
)
from tests.ui.models.fakes import make_facts, make_model, make_need

ONE, TWO = make_model(1), make_model(2)
IDLE = EngineState()
IN_USE = LoadedModel(ONE, make_facts(ONE))


@pytest.fixture
def board():
    board = ModelBoard()
    board.take((ONE, TWO), None, IDLE)
    return board


def statuses(board: ModelBoard) -> list[CardStatus]:
    return [card.status for card in board.cards()]


def test_board_at_rest_every_model_can_be_loaded(board):
    assert statuses(board) == [CardStatus.IDLE, CardStatus.IDLE]
    assert all(card.may_load for card in board.cards())


def test_board_while_one_loads_the_others_wait(board):
    board.load_began(ONE.id)
    assert statuses(board) == [CardStatus.LOADING, CardStatus.IDLE]
    assert [card.may_load for card in board.cards()] == [False, False]
    assert board.cards()[0].can_cancel


def test_board_load_begun_elsewhere_shows_but_cannot_be_cancelled_here(board):
    board.take((ONE, TWO), None, EngineState(EngineStatus.LOADING, TWO.path))
    assert statuses(board) == [CardStatus.IDLE, CardStatus.LOADING]
    assert board.is_busy
    assert not board.cards()[1].can_cancel


def test_board_failed_load_stays_on_its_card_until_the_next_try(board):
    board.load_began(ONE.id)
    board.ended(AppError("It needs more memory."))
    assert [card.problem is not None for card in board.cards()] == [True, False]
    board.load_began(ONE.id)
    assert board.cards()[0].problem is None


def test_board_cancelled_load_leaves_no_problem(board):
    board.load_began(ONE.id)
    board.cancel_began()
    assert statuses(board)[0] is CardStatus.CANCELLING
    board.ended()
    assert board.cards()[0].problem is None


def test_board_model_in_use_carries_what_the_engine_says(board):
    board.take((ONE, TWO), IN_USE, EngineState(EngineStatus.LOADED, ONE.path, IN_USE.facts))
    assert statuses(board) == [CardStatus.IN_USE, CardStatus.IDLE]
    assert board.cards()[0].facts == IN_USE.facts
    assert in_use_text(board.in_use) == "In use: Qwen3 1B · Q4_K_M"


def test_board_engine_that_died_says_so_on_the_card_of_its_model(board):
    dead = EngineState(EngineStatus.STOPPED, ONE.path, problem="It crashed (SIGSEGV).")
    board.take((ONE, TWO), None, dead)
    problem = board.cards()[0].problem
    assert problem is not None
    assert "SIGSEGV" in problem.message
    assert board.cards()[1].problem is None


def test_board_problem_that_was_read_does_not_come_back(board):
    dead = EngineState(EngineStatus.STOPPED, ONE.path, problem="It crashed.")
    board.take((ONE, TWO), None, dead)
    board.forget_problem(ONE.id)
    board.take((ONE, TWO), None, dead)
    assert board.cards()[0].problem is None
    board.take((ONE, TWO), None, EngineState(EngineStatus.STOPPED, ONE.path, problem="Again."))
    assert board.cards()[0].problem is not None


def test_board_problem_of_a_removed_model_is_forgotten(board):
    board.load_began(ONE.id)
    board.ended(AppError("x"))
    board.take((TWO,), None, IDLE)
    board.take((ONE, TWO), None, IDLE)
    assert board.cards()[0].problem is None


def test_board_missing_file_cannot_be_loaded(board):
    board.take((make_model(3, is_present=False),), None, IDLE)
    assert statuses(board) == [CardStatus.MISSING]


def test_board_fit_is_shown_only_for_the_options_it_was_made_for(board):
    fit = Fit(LoadOptions(), make_need(ONE, LoadOptions()), FreeMemory(10**10))
    board.take_fit(ONE.id, fit)
    assert [card.fit for card in board.cards()] == [fit, None]
    changed = replace(ONE, options=LoadOptions(context_length=512))
    board.take((changed, TWO), None, IDLE)
    assert board.cards()[0].fit is None
    board.take((ONE, TWO), None, IDLE, LoadOptions(context_length=512))
    assert board.cards()[0].fit is None


def test_board_fit_and_why_there_is_none_replace_each_other(board):
    fit = Fit(LoadOptions(), make_need(ONE, LoadOptions()), FreeMemory(10**10))
    board.take_no_fit(ONE.id, "The file is damaged.")
    assert board.cards()[0].no_fit == "The file is damaged."
    board.take_fit(ONE.id, fit)
    assert (board.cards()[0].no_fit, board.cards()[0].fit) == ("", fit)
    board.take_no_fit(ONE.id, "The file is damaged.")
    assert board.cards()[0].fit is None


def test_board_offer_lasts_as_long_as_the_problem_it_answers(board):
    smaller = LoadOptions(context_length=512)
    board.offer(ONE.id, smaller)
    assert board.cards()[0].smaller is None  # nothing has failed
    board.load_began(ONE.id)
    board.ended(AppError("There is not enough memory."))
    board.offer(ONE.id, smaller)
    assert board.cards()[0].smaller == smaller
    board.load_began(ONE.id)
    assert board.cards()[0].smaller is None


def test_board_says_how_far_a_load_is(board):
    board.load_began(ONE.id)
    assert board.cards()[0].step is LoadStep.CHECKING
    board.take((ONE, TWO), None, EngineState(EngineStatus.LOADING, ONE.path))
    assert board.cards()[0].step is LoadStep.READING


def test_board_tells_a_death_from_a_failed_load(board):
    board.take((ONE, TWO), None, EngineState(EngineStatus.STOPPED, ONE.path, problem="Crash."))
    assert board.cards()[0].has_died
    board.load_began(ONE.id)
    board.take((ONE, TWO), None, IDLE)
    board.ended(AppError("The file is damaged."))
    assert not board.cards()[0].has_died


def test_board_model_in_use_has_the_options_it_was_loaded_with(board):
    used = LoadOptions(context_length=512)
    need = make_need(ONE, used)
    board.take((ONE, TWO), LoadedModel(ONE, make_facts(ONE), used, need), IDLE)
    card = board.cards()[0]
    assert card.options == used
    assert card.expected_bytes == need.main_memory


def test_board_model_in_use_that_was_estimated_only_later_has_that_as_expected(board):
    need = make_need(ONE, LoadOptions())
    board.take((ONE, TWO), IN_USE, IDLE)
    assert board.cards()[0].expected_bytes == 0
    board.take_fit(ONE.id, Fit(LoadOptions(), need, FreeMemory(10**10)))
    assert board.cards()[0].expected_bytes == need.main_memory


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"streams": 1, "wait_policy": "", "prefill_threads": 0},
            "Room for 4,096 tokens · 2 processor threads",
        ),
        (
            {"prefill_threads": 4, "wait_policy": "active", "gpu_layers": 20, "streams": 1},
            "Room for 4,096 tokens · 2 processor threads, 4 for reading, spinning while they wait"
            " · 20 layers on the graphics card",
        ),
        (
            {"prefill_threads": 0, "wait_policy": "", "gpu_layers": ALL_LAYERS, "streams": 1},
            "Room for 4,096 tokens · 2 processor threads · all layers on the graphics card",
        ),
        (
            {"threads": 1, "prefill_threads": 1, "wait_policy": "of a newer engine", "streams": 4,
             "adapters": (Adapter("/a"), Adapter("/b"))},
            "Room for 4,096 tokens · up to 4 answers at once · 1 processor thread · 2 adapters",
        ),
    ],
)  # fmt: skip
def test_engine_text_says_what_computes_it(changes, text):
    assert engine_text(replace(make_facts(ONE), **changes)) == text


def test_memory_text_names_what_was_measured_and_what_was_expected():
    facts = replace(make_facts(ONE), memory_bytes=2_200_000_000)
    assert memory_text(facts, 0) == "Takes 2.2 GB of memory"
    assert memory_text(facts, 2_100_000_000) == "Takes 2.2 GB of memory · 2.1 GB were expected"
    assert memory_text(replace(facts, memory_bytes=0), 2_100_000_000) == ""


def test_capability_tags_name_all_it_can():
    facts = replace(make_facts(ONE), has_tools=True, thinks=True, sees=True, embeds=True)
    assert [word for word, _tip in capability_tags(facts)] == [
        "Embeddings", "Tools", "Thinks", "Vision",
    ]  # fmt: skip
    plain = replace(facts, has_tools=False, thinks=False, sees=False, embeds=False)
    assert capability_tags(plain) == ()


def test_board_ended_twice_is_harmless(board):
    board.ended(AppError("x"))
    assert all(card.problem is None for card in board.cards())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "4.9 GB · 8.2B parameters · qwen3 · up to 40,960 tokens · {file}"),
        (
            {"parameters": 0, "context_length": 0, "architecture": "", "has_chat_template": False},
            "4.9 GB · no chat template of its own · {file}",
        ),
    ],
)
def test_facts_text_says_what_is_known(changes, text):
    model = make_model(8, **changes)
    assert facts_text(model) == text.format(file=model.path.name)


def test_named_puts_the_file_in_front_once():
    assert named(AppError("It is cut off.", "h"), "a.gguf").message == "a.gguf: It is cut off."
    assert named(AppError("“a.gguf” is cut off."), "a.gguf").message == "“a.gguf” is cut off."


def test_board_quantization_that_is_unknown_is_not_mentioned(board):
    model = make_model(5, quantization="unknown", id=ModelId(5))
    board.take((model,), LoadedModel(model, make_facts(model)), IDLE)
    assert in_use_text(board.in_use) == "In use: Qwen3 5B"
