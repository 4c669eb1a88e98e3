"""What a reader should know of how a run was judged."""

from __future__ import annotations

from app.evals.judging.family import Kin, shared_family
from app.evals.reports.data import ReportData
from app.evals.runs.entities import Candidate


def notes(data: ReportData) -> tuple[str, ...]:
    """Those that came with the data, and a warning where a model judged its own kind."""
    return (*data.notes, *_judges_of_their_own(data))


def _judges_of_their_own(data: ReportData) -> list[str]:
    judges = {
        Kin(str(score.details["judge"]), str(score.details.get("judge_architecture", "")))
        for row in data.rows
        for samples in row.cells.values()
        for scored in samples
        for score in scored.scores
        if score.details.get("judge")
    }
    found = []
    for judge in sorted(judges):
        for candidate in data.results.run.candidates:
            if family := shared_family(judge, _kin(candidate)):
                found.append(
                    f"The judge {judge.name} and the candidate {candidate.label} are of one family "
                    f"({family}). Judges favour their own kind: have another model judge, too."
                )
    return found


def _kin(candidate: Candidate) -> Kin:
    facts = candidate.facts
    return Kin(candidate.model.name, facts.architecture if facts else "")
