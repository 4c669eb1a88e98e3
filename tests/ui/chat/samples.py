"""Conversations with everything in them that an answer can have."""

from __future__ import annotations

from dataclasses import replace

from app.chat.entities import Message
from app.engine.protocol import FinishReason
from app.library.entities import DocumentKind, Place
from tests.ui.chat.fakes import MODEL_RECORD, QUOTED_RECORD, make_citation, make_message

CITATIONS = (
    make_citation(1),
    make_citation(2, "Framework agreement with annexes and price list 2024.pdf"),
    make_citation(
        3, "Notes.md", kind=DocumentKind.MARKDOWN, place=Place(0, 0, 5, section="Deadlines")
    ),
)
RICH = """The notice period is **three months** to the end of a quarter [1], unless the parties \
agree otherwise *in writing* [2][3]. See [the law](https://example.org/law) and `clause 14.2`.

## What follows from it

- A notice given on 3 April ends the contract on 30 September, which is the end of the third \
quarter of that year [1].
- During probation two weeks are enough.
  - The probation lasts six months at most.
  - It cannot be prolonged.

1. Write the notice.
2. Sign it by hand.

> The employer may release the employee from work during the notice period, and shall continue \
to pay the salary [2].

| Clause | Period | Form | Since |
|---|--:|---|---|
| 14.1 | 3 months | written | 2019 |
| 14.2 | 4 weeks | written [2] | 2021 |
| 14.5 | none | none | |

```python
def notice_ends(given: date) -> date:
    \"\"\"The last day of the quarter three months on.\"\"\"
    after = given + relativedelta(months=3)  # the period itself
    return quarter_end(after)
```

Whether that fits your case depends on when the notice was received.
"""

QUESTION = "How long is the notice period, and what form does a notice need?"


def rich() -> tuple[Message, ...]:
    record = replace(MODEL_RECORD, citations=CITATIONS)
    return (
        make_message(0, QUESTION),
        make_message(1, RICH, record, sibling=2, siblings=3),
    )


def quoted() -> tuple[Message, ...]:
    text = (
        "“The notice period is three months to the end of a quarter.” [1]\n\n"
        "“Notice by electronic mail is void.” [2]\n\n"
        "“Deadlines run from the day after receipt.” [3]"
    )
    return (
        make_message(0, QUESTION),
        make_message(1, text, replace(QUOTED_RECORD, citations=CITATIONS)),
    )


def endings() -> tuple[Message, ...]:
    """Nothing found, stopped, broken off, too long."""
    broken = "The model stopped while it was writing. It may need more memory than is free."
    records = (
        replace(QUOTED_RECORD, found_nothing=True),
        replace(MODEL_RECORD, finish=FinishReason.STOPPED),
        replace(MODEL_RECORD, finish=FinishReason.FAILED, error=broken),
        replace(MODEL_RECORD, finish=FinishReason.LENGTH),
    )
    texts = ("Nothing in your documents answers this.", "The notice", "Three", "Three months, as")
    messages = []
    for index, (record, text) in enumerate(zip(records, texts, strict=True)):
        messages.append(make_message(2 * index, f"Question {index + 1}?"))
        messages.append(make_message(2 * index + 1, text, record))
    return tuple(messages)


def long_conversation(count: int = 500) -> tuple[Message, ...]:
    record = replace(MODEL_RECORD, citations=CITATIONS)
    return tuple(
        make_message(index, RICH, record)
        if index % 2
        else make_message(index, f"Question {index // 2 + 1}: {QUESTION}")
        for index in range(count)
    )
