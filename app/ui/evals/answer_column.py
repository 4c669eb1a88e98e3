"""What one candidate made of an item: its answers, their scores and their times."""

from __future__ import annotations

import json

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.evals.reports.data import number_words
from app.evals.runs.entities import Candidate, Run, RunMetric, SampleId
from app.evals.runs.results import ScoredSample
from app.ui.evals.text_page import TextPage
from app.ui.evals.words import mark_of, timing_words
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.labels import ElidedLabel, IconLabel
from app.ui.widgets.layout import row

COLUMN = 280  # the narrowest, in pixels


class AnswerColumn(QWidget):
    """The answers of one candidate.

    Signals:
        sent_wanted: the id of the first sample.
    """

    sent_wanted = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = context.icons
        self._sample: SampleId | None = None
        self.name = ElidedLabel("", "h3")
        self.mark = IconLabel(context.icons.icon("ph.circle"), 16)
        self.sent = IconButton(context.icons.icon("ph.paper-plane-tilt"), "What was sent", size=16)
        self.sent.clicked.connect(lambda: self.sent_wanted.emit(self._sample))
        self.page = TextPage(context.theme, "Answer")
        self.setMinimumWidth(context.theme.px(COLUMN))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 0, 0)
        layout.setSpacing(0)
        head = row(self.mark, self.name, self.sent, margins=(8, 0, 4, 0), spacing=6)
        inside = head.layout()
        assert isinstance(inside, QHBoxLayout)
        inside.setStretch(1, 1)
        layout.addWidget(head)
        layout.addWidget(self.page, 1)

    def show_samples(
        self,
        run: Run,
        candidate: Candidate,
        samples: tuple[ScoredSample, ...],
        metric: RunMetric | None,
    ) -> None:
        """Show what the candidate made of the item, each repeat below the other."""
        self.name.set_text(candidate.label)
        self._sample = samples[0].sample.id if samples else None
        self.sent.setEnabled(bool(samples))
        self.sent.setAccessibleName(f"What was sent to {candidate.label}")
        mark = mark_of(samples, metric)
        self.mark.setVisible(mark is not None)
        if mark is not None:
            self.mark.set_icon(self._icons.icon(mark.icon, mark.role))
        self.page.setAccessibleName(f"Answer of {candidate.label}")
        self.page.write((run.metrics, samples), lambda: _write_samples(self.page, run, samples))


def _write_samples(page: TextPage, run: Run, samples: tuple[ScoredSample, ...]) -> None:
    if not samples:
        page.line("Not answered yet.", "text2")
    for each in samples:
        if run.repeats > 1:
            page.heading(f"Repeat {each.sample.repeat + 1}")
        _write_sample(page, run, each)


def _write_sample(page: TextPage, run: Run, scored: ScoredSample) -> None:
    sample = scored.sample
    if sample.problem:
        page.line(sample.problem, "danger")
    if sample.text:
        page.line(sample.text)
    for call in sample.tool_calls:
        arguments = json.dumps(dict(call.arguments), ensure_ascii=False, default=str)
        page.line(f"→ {call.name} {arguments}")
    if sample.reading is not None:
        read = sample.reading
        page.line(f"Read {read.tokens:,} tokens: {read.bits_per_byte:.3f} bits per byte")
    if sample.reasoning:
        page.heading("Thinking")
        page.line(sample.reasoning, "text2")
    page.heading("Scores")
    for metric in run.metrics:
        score = scored.score(metric.id)
        if score is None:
            page.line(f"{metric.label}: not scored yet", "text2")
            continue
        value = "unscored" if score.value is None else number_words(metric, score.value)
        page.line(f"{metric.label}: {value}", "warn" if score.value is None else "text")
        if score.reason:
            page.line(score.reason, "text2", "caption")
    page.heading("Time")
    page.line(timing_words(sample) or "Nothing was measured.", "text2", "caption")
