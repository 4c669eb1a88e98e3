"""What a reader should know of how a run was judged."""

from __future__ import annotations

from app.evals.reports.data import ReportData
from app.evals.runs.kinship import warnings_of


def notes(data: ReportData) -> tuple[str, ...]:
    """Those that came with the data, and a warning where a model judged its own kind."""
    details = (
        score.details
        for row in data.rows
        for samples in row.cells.values()
        for scored in samples
        for score in scored.scores
    )
    judged = warnings_of(details, data.results.run.candidates)
    compared = (warning for each in data.pairs for warning in each.warnings)
    return tuple(dict.fromkeys((*data.notes, *judged, *compared)))
