"""The first screen, as a person meets it."""

from __future__ import annotations


def test_home_empty_says_what_to_do(open_pane):
    pane = open_pane()
    assert pane.home.quant.isVisible()
    assert pane.home.page.isVisible()


def test_home_lists_runs_with_the_best_score(open_pane, finished):
    run = finished()
    pane = open_pane()
    card = pane.home.runs.cards[run.id]
    assert card.state.text() == "Done"
    assert card.best.whole_text == "Best: Q4_K_M, exact match 100.0 % (75.8 to 100.0)"
