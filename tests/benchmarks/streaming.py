"""How the window fares while an answer streams into a long conversation.

    python -m tests.benchmarks.streaming [--alone] [--seconds S] [--json]

Opens a conversation of 500 messages, then streams 100 tokens a second from a thread through the
same classes the window uses, and measures the gaps between turns of the event loop with a 1 ms
timer; the processor time of each turn is shown beside it, as other programs do not change it.
All the while the library child reads and embeds documents, unless `--alone` is given.
Exits with 1 when a target of the issue is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout

from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.bootstrap import build
from app.chat.entities import (
    AnswerMode,
    AnswerRecord,
    AnswerStage,
    AnswerText,
    Citation,
    ConversationId,
    Message,
    MessageId,
    Stage,
)
from app.engine.messages import Role
from app.engine.protocol import Timings
from app.library.entities import ContentHash, DocumentId, DocumentKind, Place
from app.settings.schema import Theme
from app.ui.chat.running_answer import OnEvent, RunningAnswer
from app.ui.chat.transcript import Transcript
from app.ui.chat.words import expected_label
from app.ui.icons import Icons
from app.ui.jobs import JobRunner
from app.ui.theme import ThemeKeeper
from tests.benchmarks.corpus import write_files
from tests.benchmarks.report import scratch_folder

MESSAGES = 500
TOKENS_PER_SECOND = 100
OPEN_TARGET_MS, P99_TARGET_MS, WORST_TARGET_MS = 300.0, 16.0, 50.0

_ANSWER = """The notice period is **three months** to the end of a quarter [1], unless the parties
agree otherwise in writing. For `clause 14.2` the shorter period of *four weeks* applies [2].

## What follows from it

- A notice given on 3 April ends the contract on 30 September [1].
- During probation two weeks are enough, without giving reasons.
  - The probation lasts six months at most.
- Notice by electronic mail is void [2].

| Clause | Period | Form |
|---|--:|---|
| 14.1 | 3 months | written |
| 14.2 | 4 weeks | written |
| 14.5 | none | none |

```python
def notice_ends(given: date) -> date:
    \"\"\"The last day of the quarter three months on.\"\"\"
    after = given + relativedelta(months=3)  # the period itself
    return quarter_end(after)
```

> The employer may release the employee from work during the notice period, and shall continue to
> pay the salary [1].

Whether that fits your case depends on when the notice was received.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """Milliseconds, but for the counts."""

    open_ms: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    worst_ms: float
    cpu_p99_ms: float
    cpu_worst_ms: float
    over_frame: int
    turns: int
    tokens_shown: int

    @property
    def misses(self) -> list[str]:
        """The targets that were missed."""
        targets = (
            ("open", self.open_ms, OPEN_TARGET_MS),
            ("99th percentile", self.p99_ms, P99_TARGET_MS),
            ("worst", self.worst_ms, WORST_TARGET_MS),
        )
        return [
            f"{name} {value:.1f} ms > {most:.0f} ms"
            for name, value, most in targets
            if value > most
        ]


def conversation(count: int = MESSAGES) -> tuple[Message, ...]:
    """Questions and long answers in turn."""
    now = datetime.now(UTC)
    citations = tuple(
        Citation(
            number,
            DocumentId(1),
            ContentHash("0" * 64),
            "Contract.pdf",
            Path("Contract.pdf"),
            DocumentKind.PDF,
            Place(0, 0, 10, page=number),
            "three months to the end of a quarter",
            0.8,
        )
        for number in (1, 2)
    )
    record = AnswerRecord(
        AnswerMode.MODEL, citations, model_name="Qwen3 8B", timings=Timings(0.2, 0.02, 900, 0, 312)
    )
    messages = []
    for index in range(count):
        is_question = index % 2 == 0
        messages.append(
            Message(
                MessageId(index + 1),
                ConversationId(1),
                MessageId(index) if index else None,
                Role.USER if is_question else Role.ASSISTANT,
                f"What about clause {index} of the contract?" if is_question else _ANSWER,
                now,
                None if is_question else record,
            )
        )
    return tuple(messages)


class _Stalls:
    """Gaps between turns of the event loop."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.cpu: list[float] = []
        self._last = self._last_cpu = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._on_timeout)

    def start(self) -> None:
        self._last, self._last_cpu = time.perf_counter(), time.thread_time()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _on_timeout(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        self.gaps.append((now - self._last) * 1000)
        self.cpu.append((cpu - self._last_cpu) * 1000)
        self._last, self._last_cpu = now, cpu


def _stream(seconds: float, end: Message) -> object:
    def work(on_event: OnEvent, _made: object, _cancel: CancelToken) -> Message:
        on_event(AnswerStage(Stage.WRITING))
        text = _ANSWER * 40
        pieces = [text[at : at + 4] for at in range(0, len(text), 4)]
        pace, began = Event(), time.perf_counter()
        for index in range(round(seconds * TOKENS_PER_SECOND)):
            pace.wait(max(0.0, began + index / TOKENS_PER_SECOND - time.perf_counter()))
            on_event(AnswerText(pieces[index % len(pieces)]))
        return end

    return work


def _settle(app: QApplication) -> None:
    for _turn in range(50):
        app.processEvents()


def measure(app: QApplication, seconds: float) -> Result:
    """Open the conversation, stream into it, and say how it went."""
    theme = ThemeKeeper(app)
    theme.apply(Theme.LIGHT, 100)
    page = QFrame()
    page.setObjectName("page")
    transcript = Transcript(theme, Icons(theme), page)
    QVBoxLayout(page).addWidget(transcript)
    page.resize(900, 800)
    page.show()
    messages = conversation()
    # Once small, so that fonts and lexers are there: the window warms them up as well.
    transcript.show_messages(messages[:2])
    _settle(app)
    began = time.perf_counter()
    transcript.show_messages(messages)
    page.repaint()
    open_ms = (time.perf_counter() - began) * 1000
    _settle(app)
    stalls = _Stalls()
    jobs = JobRunner()
    answer = RunningAnswer(jobs, ConversationId(1), None, page)
    _run(answer, transcript, seconds, messages[-1], stalls)
    shown = len(answer.live.text) // 4
    jobs.close()
    page.close()
    return _result(open_ms, stalls, shown)


def _run(
    answer: RunningAnswer, transcript: Transcript, seconds: float, end: Message, stalls: _Stalls
) -> None:
    loop = QEventLoop()
    answer.advanced.connect(transcript.advance_answer)
    answer.ended.connect(loop.quit)
    transcript.begin_answer("And now?", expected_label(None), answer.live)
    stalls.start()
    answer.run(_stream(seconds, end))  # type: ignore[arg-type] # the stand-in for the service
    loop.exec()
    stalls.stop()


def _result(open_ms: float, stalls: _Stalls, shown: int) -> Result:
    gaps, cpu = sorted(stalls.gaps), sorted(stalls.cpu)
    return Result(
        open_ms=open_ms,
        p50_ms=_at(gaps, 0.5),
        p99_ms=_at(gaps, 0.99),
        p999_ms=_at(gaps, 0.999),
        worst_ms=gaps[-1],
        cpu_p99_ms=_at(cpu, 0.99),
        cpu_worst_ms=cpu[-1],
        over_frame=sum(gap > 1000 / 60 for gap in gaps),
        turns=len(gaps),
        tokens_shown=shown,
    )


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


@contextmanager
def _embedding() -> Iterator[None]:
    """The real library child at work on more documents than it can finish in the meantime."""
    with scratch_folder() as folder:
        (folder / "files").mkdir()
        files = write_files(folder / "files", pdfs=40, pages=40)
        services = build(DataPaths(folder / "data"))
        try:
            services.library.add(files)
            services.library.start()
            while not any(each.chunks_done for each in services.library.documents()):
                Event().wait(0.05)
            yield
            pending = sum(each.status.is_pending for each in services.library.documents())
            assert pending, "the embedding ended before the stream did"
        finally:
            services.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with nullcontext() if chosen.alone else _embedding():
        result = measure(QApplication([]), chosen.seconds)
    _print(result, as_json=chosen.json)
    return 1 if result.misses else 0


def _print(result: Result, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(result)))
        return
    rows = (
        ("open 500 messages", result.open_ms, OPEN_TARGET_MS),
        ("gap, median", result.p50_ms, None),
        ("gap, 99 %", result.p99_ms, P99_TARGET_MS),
        ("gap, 99.9 %", result.p999_ms, None),
        ("gap, worst", result.worst_ms, WORST_TARGET_MS),
        ("CPU of a turn, 99 %", result.cpu_p99_ms, None),
        ("CPU of a turn, worst", result.cpu_worst_ms, None),
    )
    for name, value, target in rows:
        wanted = "" if target is None else f"  (target < {target:.0f})"
        print(f"{name:<22}{value:>8.1f} ms{wanted}")
    print(f"{result.over_frame} of {result.turns} turns longer than a frame")
    for miss in result.misses:
        print(f"MISSED: {miss}")


if __name__ == "__main__":
    sys.exit(main())
