from __future__ import annotations

from dataclasses import replace

import pytest

from app.base.errors import AppError
from app.ui.models.endpoint_board import EndpointBoard, EndpointCardState, ServerStatus
from app.ui.models.words import endpoint_text, in_use_text, reached_text, served_text
from tests.ui.models.fakes import make_endpoint, make_remote, make_served

ONE, TWO = make_endpoint(1), make_endpoint(2)
GONE = AppError("192.168.1.20:8000 does not answer.", "Is the server running?")


@pytest.fixture
def board() -> EndpointBoard:
    board = EndpointBoard()
    board.take((TWO, ONE), None)
    return board


def card(board: EndpointBoard, number: int) -> EndpointCardState:
    return next(each for each in board.cards() if each.endpoint.id == number)


def test_board_at_rest_every_server_can_be_used_or_tested(board):
    assert [each.status for each in board.cards()] == [ServerStatus.IDLE, ServerStatus.IDLE]
    assert board.may_begin(ONE.id)
    assert board.may_begin(ONE.id, test=True)


def test_connecting_holds_the_others_but_not_their_tests(board):
    board.began(ONE.id, ServerStatus.CONNECTING)
    assert board.is_busy
    assert card(board, 1).status is ServerStatus.CONNECTING
    assert not card(board, 2).may_use
    assert not board.may_begin(TWO.id)
    assert board.may_begin(TWO.id, test=True)
    assert not board.may_begin(ONE.id, test=True)


def test_connecting_can_be_cancelled(board):
    board.began(ONE.id, ServerStatus.CONNECTING)
    assert card(board, 1).status.can_be_cancelled
    board.cancel_began(ONE.id)
    assert card(board, 1).status is ServerStatus.CANCELLING
    assert not card(board, 1).status.can_be_cancelled
    board.ended(ONE.id)
    assert card(board, 1).status is ServerStatus.IDLE
    assert not board.is_busy


def test_cancelling_what_has_ended_changes_nothing(board):
    board.cancel_began(ONE.id)
    assert card(board, 1).status is ServerStatus.IDLE


def test_a_test_holds_nothing_even_while_it_is_cancelled(board):
    board.began(ONE.id, ServerStatus.TESTING)
    assert not board.is_busy
    assert board.may_begin(TWO.id)
    board.cancel_began(ONE.id)
    assert not board.is_busy


def test_server_in_use_shows_it(board):
    served = make_served(ONE)
    board.take((TWO, ONE), served)
    assert card(board, 1).status is ServerStatus.IN_USE
    assert card(board, 1).served is served
    assert card(board, 2).served is None


def test_failed_connection_says_why_until_it_is_tried_again(board):
    board.began(ONE.id, ServerStatus.CONNECTING)
    board.ended(ONE.id, GONE)
    assert (card(board, 1).problem, card(board, 1).was_test) == (GONE, False)
    assert card(board, 2).problem is None
    board.began(ONE.id, ServerStatus.CONNECTING)
    assert card(board, 1).problem is None


def test_failed_test_of_the_server_in_use_shows_beside_it(board):
    board.take((TWO, ONE), make_served(ONE))
    board.began(ONE.id, ServerStatus.TESTING)
    board.ended(ONE.id, GONE)
    shown = card(board, 1)
    assert (shown.status, shown.problem, shown.was_test) == (ServerStatus.IN_USE, GONE, True)
    board.began(ONE.id, ServerStatus.TESTING)
    board.ended(ONE.id)
    assert card(board, 1).problem is None


def test_problem_that_was_read_goes(board):
    board.ended(ONE.id, GONE)
    board.forget_problem(ONE.id)
    assert card(board, 1).problem is None


@pytest.mark.parametrize(
    "after", [(TWO,), (TWO, replace(ONE, base_url="http://elsewhere/v1"))], ids=["gone", "changed"]
)
def test_problem_of_a_connection_that_is_another_now_goes(board, after):
    board.ended(ONE.id, GONE)
    board.take((TWO, ONE), None)
    assert card(board, 1).problem == GONE
    board.take(after, None)
    board.take((TWO, ONE), None)
    assert card(board, 1).problem is None


def test_load_of_a_file_holds_the_servers(board):
    board.hold(True)
    assert not card(board, 1).may_use
    assert not board.may_begin(ONE.id)
    assert board.may_begin(ONE.id, test=True)
    board.hold(False)
    assert board.may_begin(ONE.id)


# Words.


def test_endpoint_text_has_model_host_room_and_kind():
    assert endpoint_text(ONE) == "Qwen/Qwen3-1B · 192.168.1.20:8000 · vLLM"
    limited = replace(ONE, context_length=8192)
    assert "up to 8,192 tokens" in endpoint_text(limited)
    public = replace(ONE, base_url="http://models.example.com/v1", allow_plain_http=True)
    assert endpoint_text(public).endswith("not encrypted")


def test_served_text_says_where_questions_go_and_no_threads():
    assert served_text(make_served(ONE)) == (
        "Room for 32,768 tokens · Questions and passages go to 192.168.1.20:8000"
    )
    here = make_served(replace(ONE, base_url="http://127.0.0.1:8000/v1"))
    assert served_text(here) == "Room for 32,768 tokens · On this computer"
    assert "thread" not in served_text(here)


def test_served_text_says_that_a_context_is_assumed():
    unknown = make_served(ONE, context_length=0)
    assert "Room for 4,096 tokens, assumed because the server does not say" in served_text(unknown)


def test_in_use_text_names_the_host():
    assert in_use_text(make_served(ONE)) == "In use: Qwen3-1B · on 192.168.1.20:8000"
    assert in_use_text(make_served(ONE, quantization="Q8_0")) == (
        "In use: Qwen3-1B · Q8_0 · on 192.168.1.20:8000"
    )


def test_reached_text_says_what_answered():
    remote = make_remote(ONE)
    assert reached_text("Big one", remote) == (
        "Big one answers: vLLM 0.11.2, with room for 32,768 tokens."
    )
    bare = replace(remote, version="", context_length=0)
    assert reached_text("Big one", bare) == "Big one answers: vLLM."
