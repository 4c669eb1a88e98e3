"""Conversations with everything in them that an answer can have."""

from __future__ import annotations

from dataclasses import replace

from app.chat.entities import EngineSetup, Message
from app.engine.messages import Role, Turn
from app.engine.options import Adapter, KvType, Switch
from app.engine.protocol import FinishReason, Rounding, TemplateOptions, Timings
from app.engine.sampling import Sampling
from app.library.entities import DocumentKind, Place
from tests.ui.chat.fakes import (
    LOCAL_MODEL,
    MODEL_RECORD,
    QUOTED_RECORD,
    make_citation,
    make_message,
)

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


REASONING = """The user wants to know how long the notice period is and what form a notice needs.

Passage 1 says: three months to the end of a quarter. Passage 2 has an exception, the parties may \
agree otherwise, but only in writing. So both have to be named.

What about the form? Clause 14.5 of passage 3 rules electronic mail out. I should say so, and cite \
it. Let me check the dates once more: given on 3 April, three months later is 3 July, and the \
quarter ends on 30 September. Yes, that is right.
"""
THOUGHTFUL = replace(
    MODEL_RECORD,
    citations=CITATIONS[:2],
    reasoning=REASONING,
    thinking_s=12.4,
    model_path="/models/Qwen3-8B-Q4_K_M.gguf",
    model_sha256="3f786850e387550fdab836ed7e6dc881de23001b54a8c5f6f4d4a5c3b3f1d0aa",
    template_sha256="89e6c98d92887913cadf06b2adb97f26cde4849b9f4ac7f8b5d5e1e7c6a1b2c3",
    engine_build="llama-cpp-python 0.3.36",
    dialect="hermes",
    sampling=Sampling(
        0.6, top_p=0.9, repeat_penalty=1.1, dry_multiplier=0.8, banned=("As an AI",), seed=1234567
    ),
    max_tokens=3072,
    stop=("###",),
    template=TemplateOptions(thinking=True),
    rounding=Rounding(batched=True, reused=True),
    timings=Timings(0.31, 0.08, 1900, 1712, 312, 0.042, 5_400_000_000, 120, 84),
    search_s=0.05,
    total_s=26.1,
    setup=EngineSetup(
        8192,
        4,
        8,
        20,
        2048,
        512,
        KvType.Q8_0,
        KvType.Q8_0,
        Switch.ON,
        adapters=(Adapter("/models/contracts-lora.gguf", 0.8),),
    ),
)
SENT = (
    Turn(Role.SYSTEM, "You answer questions from the user's own documents. Use only the passages."),
    Turn(
        Role.USER,
        "Passages:\n\n[1] Contract.pdf, page 3\nThe notice period is three months to the end of"
        " a quarter.\n\nQuestion: How long is the notice period?",
    ),
)


def thoughtful() -> tuple[Message, ...]:
    """An answer after thinking, with all that a record can hold."""
    text = "The notice period is **three months** to the end of a quarter [1], in writing [2]."
    return (make_message(0, QUESTION), make_message(1, text, THOUGHTFUL))


def died() -> tuple[Message, ...]:
    """An answer whose engine was lost on the way."""
    error = (
        "The model engine was ended by the system, most likely for want of memory. It said:"
        " failed to allocate buffer of size 2147483648. Load the model again, then ask again."
    )
    record = replace(
        MODEL_RECORD,
        finish=FinishReason.FAILED,
        error=error,
        engine_stopped=True,
        model_path=str(LOCAL_MODEL.path),
    )
    text = "The notice period is three months to the end of a"
    return (make_message(0, QUESTION), make_message(1, text, record))


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
