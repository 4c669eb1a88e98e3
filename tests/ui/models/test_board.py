from __future__ import annotations

import pytest

from app.base.errors import AppError
from app.engine.host import EngineState, EngineStatus
from app.modelhub.entities import ModelId
from app.modelhub.service import LoadedModel
from app.ui.models.board import CardStatus, ModelBoard
from app.ui.models.words import board_text, facts_text, named
from tests.ui.models.fakes import make_facts, make_model

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
    assert board_text(board) == "In use: Qwen3 1B · Q4_K_M"


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
    assert board_text(board) == "In use: Qwen3 5B"
