"""What a person can do about an answer, and what is said once it is done."""

from __future__ import annotations

from enum import StrEnum

from app.chat.feedback import Feedback, Rating


class FeedbackAct(StrEnum):
    """One of the things that are done about an answer."""

    GOOD = "good"
    BAD = "bad"
    UNRATE = "unrate"
    CORRECT = "correct"
    TEST_CASE = "test case"  # asks first where it goes, and what is in it
    QUICK_CASE = "quick case"  # kept at once, as it is
    EXAMPLE = "example"


RATINGS = {FeedbackAct.GOOD: Rating.GOOD, FeedbackAct.BAD: Rating.BAD, FeedbackAct.UNRATE: None}


def rating_text(rating: Rating | None) -> str:
    """What a screen reader says once a rating is stored."""
    match rating:
        case Rating.GOOD:
            return "Marked as a good answer."
        case Rating.BAD:
            return "Marked as a bad answer. It can become a test case or an example."
    return "The mark is taken back."


def correction_text(feedback: Feedback) -> str:
    """What a screen reader says once a correction is stored or taken back."""
    if feedback.correction:
        return "Your correction is shown. Later questions build on it."
    return "The correction is taken back. The answer is shown as it was."
