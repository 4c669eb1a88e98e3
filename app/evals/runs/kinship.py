"""Warns where a model judges its own kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.evals.judging.family import Kin, shared_family
from app.evals.runs.entities import Candidate


def warnings_of(
    details: Iterable[Mapping[str, Any]], candidates: Iterable[Candidate]
) -> tuple[str, ...]:
    """A sentence for each judge and candidate that seem to be of one family.

    Args:
        details: of scores and comparisons; who judged is in them.
        candidates: that were judged.
    """
    judges = {
        Kin(str(each["judge"]), str(each.get("judge_architecture", "")))
        for each in details
        if each.get("judge")
    }
    asked = tuple(candidates)
    return tuple(
        f"The judge {judge.name} and the candidate {candidate.label} are of one family "
        f"({family}). Judges favour their own kind: have another model judge, too."
        for judge in sorted(judges)
        for candidate in asked
        if (family := shared_family(judge, _kin(candidate)))
    )


def _kin(candidate: Candidate) -> Kin:
    facts = candidate.facts
    return Kin(candidate.model.name, facts.architecture if facts else "")
