from __future__ import annotations

import pytest

from app.library.language import looks_english, significant_words, word_stem


@pytest.mark.parametrize(
    "text",
    ["How long is the notice period?", "notice period", "GDPR", "", "42", "What is die casting?",
     "Who was Lucia Vela?", "Error E04", "the Zürich office lease", "🙂"],
)  # fmt: skip
def test_english_and_short_questions_count_as_english(text: str) -> None:
    assert looks_english(text)


@pytest.mark.parametrize(
    "text",
    ["Wie lange ist die Kündigungsfrist?", "Quelle est la durée du préavis ?",
     "¿Cuál es el plazo de preaviso?", "Qual è il termine di preavviso?", "Wat is de opzegtermijn?",
     "Каков срок уведомления?", "通知期有多长?", "ما هي مدة الإشعار؟", "Ποια είναι η προθεσμία;",
     "नोटिस की अवधि कितनी है?", "Hur lång är uppsägningstiden?", "Jak długi jest okres?"],
)  # fmt: skip
def test_questions_in_other_languages_do_not(text: str) -> None:
    assert not looks_english(text)


def test_significant_words_leave_out_what_every_text_has() -> None:
    assert significant_words("How is the Notice given, and the notice sent?") == [
        "notice",
        "given",
        "sent",
    ]
    assert significant_words("the of and") == []


def test_stems_bring_forms_of_a_word_together() -> None:
    assert word_stem("notices") == word_stem("notice")
    assert word_stem("glaciers") == word_stem("glacier")
    assert word_stem("is") == "is"
