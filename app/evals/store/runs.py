"""Runs, their candidates and metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from app.base.errors import NotFound
from app.chat.plain import to_plain
from app.engine.protocol import ModelFacts
from app.evals.entities import Item
from app.evals.runs.entities import (
    Candidate,
    CandidateState,
    Run,
    RunId,
    RunMetric,
    RunState,
    SuiteId,
    Task,
)
from app.evals.store.codec import candidate_of, candidate_to_json, item_from_json
from app.evals.store.items import has_tag
from app.evals.store.metrics import metrics_of
from app.evals.store.pairings import pairings_of
from app.evals.store.suites import BOUND
from app.evals.tables import (
    CandidateRow,
    ItemRow,
    RunItemRow,
    RunRow,
    SampleRow,
    SuiteRow,
)
from app.prompts.entities import PromptId
from app.storage.base import now
from app.storage.db import Session

_IS_THERE = RunRow.deleted_at.is_(None)
_ACTIVE = [each.value for each in RunState if each.is_active]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that is to be stored, with ids of its items."""

    name: str
    task: Task
    suite_id: SuiteId
    suite_number: int
    suite_sha256: str
    items: Sequence[int]
    repeats: int
    seed: int
    candidates: Sequence[Candidate]


def chosen_items(
    session: Session, suite_id: SuiteId, keys: Sequence[str], tag: str, most: int
) -> tuple[tuple[int, Item], ...]:
    """Ids and items of the newest version that a plan asks for, in their order."""
    query = select(ItemRow.id, ItemRow.key, ItemRow.document).where(
        ItemRow.suite_id == suite_id, ItemRow.until.is_(None)
    )
    query = query.where(has_tag(tag)) if tag else query
    wanted = frozenset(keys)
    rows = session.execute(query.order_by(ItemRow.position))
    found = [(row.id, row.document) for row in rows if not wanted or row.key in wanted]
    chosen = found[:most] if most else found
    return tuple((number, item_from_json(document)) for number, document in chosen)


def add(session: Session, new: NewRun) -> RunId:
    """A run that waits, without metrics."""
    row = RunRow(
        name=new.name,
        state=RunState.WAITING,
        task=new.task,
        suite_id=new.suite_id,
        suite_name=_suite_name(session, new.suite_id),
        suite_number=new.suite_number,
        suite_sha256=new.suite_sha256,
        items=len(new.items),
        repeats=new.repeats,
        seed=new.seed,
        baseline=0,
        problem="",
        created_at=now(),
    )
    session.add(row)
    session.flush()
    session.add_all(
        RunItemRow(run_id=row.id, position=place, item_id=each)
        for place, each in enumerate(new.items)
    )
    for each in new.candidates:
        prompt = each.prompt
        session.add(
            CandidateRow(
                run_id=row.id,
                number=each.number,
                document=candidate_to_json(each),
                prompt_id=None if prompt is None else prompt.prompt,
                prompt_number=None if prompt is None else prompt.number,
                state=each.state,
                facts=None,
                problem="",
                wall_s=0.0,
            )
        )
    return RunId(row.id)


def runs(session: Session, suite_id: SuiteId | None = None) -> tuple[Run, ...]:
    """Every run, or those of a suite, newest first."""
    conditions = () if suite_id is None else (RunRow.suite_id == suite_id,)
    return _runs(session, *conditions)


def run(session: Session, run_id: RunId) -> Run:
    """One run, or `NotFound`."""
    found = _runs(session, RunRow.id == run_id)
    if not found:
        raise NotFound(f"There is no run {run_id}.", "It may have been deleted.")
    return found[0]


def change(
    session: Session,
    run_id: RunId,
    *,
    state: RunState | None = None,
    problem: str | None = None,
    baseline: int | None = None,
    name: str | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> None:
    """Change what is given of a run; a time that is there stays unless another is given."""
    values = {
        "state": state,
        "problem": problem,
        "baseline": baseline,
        "name": name,
        "started_at": started_at,
        "ended_at": ended_at,
    }
    given = {column: value for column, value in values.items() if value is not None}
    session.execute(update(RunRow).where(RunRow.id == run_id).values(**given))


def change_candidate(
    session: Session,
    run_id: RunId,
    number: int,
    *,
    state: CandidateState | None = None,
    problem: str | None = None,
    facts: ModelFacts | None = None,
    sha256: str = "",
    more_wall_s: float = 0.0,
) -> None:
    """Change what is given of a candidate."""
    row = session.get_one(CandidateRow, (run_id, number))
    row.state = row.state if state is None else state
    row.problem = row.problem if problem is None else problem
    row.facts = row.facts if facts is None else to_plain(facts)
    row.wall_s += more_wall_s
    candidate = candidate_of(row)
    if sha256 and not candidate.model.sha256:
        model = replace(candidate.model, sha256=sha256)
        row.document = candidate_to_json(replace(candidate, model=model))


def let_candidates_wait(session: Session, run_id: RunId, *states: CandidateState) -> None:
    """Candidates in these states wait again."""
    where = (CandidateRow.run_id == run_id, CandidateRow.state.in_(states))
    waiting = {"state": CandidateState.WAITING.value, "problem": ""}
    session.execute(update(CandidateRow).where(*where).values(**waiting))


def mark_interrupted(session: Session) -> None:
    """Runs that somebody worked on when Cairn ended are interrupted now."""
    found = update(RunRow).where(RunRow.state.in_(_ACTIVE)).returning(RunRow.id)
    for run_id in session.scalars(found.values(state=RunState.INTERRUPTED)).all():
        let_candidates_wait(session, RunId(run_id), CandidateState.RUNNING)


def mark_deleted(session: Session, run_id: RunId, *, is_deleted: bool) -> None:
    """Hide a run, or show it again."""
    moment = now() if is_deleted else None
    session.execute(update(RunRow).where(RunRow.id == run_id).values(deleted_at=moment))


def purge(session: Session) -> None:
    """Let go of the deleted runs."""
    session.execute(delete(RunRow).where(RunRow.deleted_at.is_not(None)))


def seconds_per_sample(session: Session, candidate: Candidate) -> float | None:
    """How long a sample took by the newest runs of this model, waiting shared; None if unknown."""
    counts = _sample_counts().subquery()
    query = (
        select(CandidateRow, counts.c.samples)
        .join(
            counts,
            (counts.c.run_id == CandidateRow.run_id) & (counts.c.candidate == CandidateRow.number),
        )
        .where(CandidateRow.wall_s > 0)
        .order_by(CandidateRow.run_id.desc())
        .limit(BOUND)
    )
    wanted = candidate.model
    for row, samples in session.execute(query):
        model = candidate_of(row).model
        if (model.name, model.quantization, model.host) == (
            wanted.name,
            wanted.quantization,
            wanted.host,
        ):
            return float(row.wall_s / samples)
    return None


def newest_of_prompt(session: Session, prompt_id: PromptId, number: int) -> tuple[Run, int] | None:
    """The newest finished run with this version of a prompt, and the number of its candidate."""
    query = (
        select(RunRow.id, CandidateRow.number)
        .join(CandidateRow, CandidateRow.run_id == RunRow.id)
        .where(
            CandidateRow.prompt_id == prompt_id,
            CandidateRow.prompt_number == number,
            RunRow.state == RunState.DONE,
            _IS_THERE,
        )
        .order_by(RunRow.ended_at.desc(), RunRow.id.desc(), CandidateRow.number)
        .limit(1)
    )
    found = session.execute(query).first()
    return None if found is None else (run(session, RunId(found[0])), found[1])


def _suite_name(session: Session, suite_id: SuiteId) -> str:
    return session.get_one(SuiteRow, suite_id).name


def _sample_counts() -> Any:
    return select(SampleRow.run_id, SampleRow.candidate, func.count().label("samples")).group_by(
        SampleRow.run_id, SampleRow.candidate
    )


def _runs(session: Session, *conditions: ColumnElement[bool]) -> tuple[Run, ...]:
    there = (_IS_THERE, *conditions)
    ids = select(RunRow.id).where(*there)
    candidates: defaultdict[int, list[Candidate]] = defaultdict(list)
    of_candidates = select(CandidateRow).where(CandidateRow.run_id.in_(ids))
    for row in session.scalars(of_candidates.order_by(CandidateRow.number)):
        candidates[row.run_id].append(candidate_of(row))
    counts = _counts(session, ids)
    metrics = metrics_of(session, ids, {run_id: each[0] for run_id, each in counts.items()})
    pairings = pairings_of(session, ids)
    query = select(RunRow).where(*there).order_by(RunRow.id.desc())
    return tuple(
        replace(
            _run_of(row, candidates[row.id], metrics[row.id], *counts.get(row.id, (0, 0))),
            pairings=tuple(pairings.get(row.id, ())),
        )
        for row in session.scalars(query)
    )


def _counts(session: Session, ids: Any) -> dict[int, tuple[int, int]]:
    problems = func.count().filter(SampleRow.problem != "")
    query = select(SampleRow.run_id, func.count(), problems).where(SampleRow.run_id.in_(ids))
    query = query.group_by(SampleRow.run_id)
    return {run_id: (samples, problems) for run_id, samples, problems in session.execute(query)}


def _run_of(
    row: RunRow,
    candidates: Sequence[Candidate],
    metrics: Sequence[RunMetric],
    samples: int,
    problems: int,
) -> Run:
    return Run(
        id=RunId(row.id),
        name=row.name,
        state=RunState(row.state),
        task=Task(row.task),
        suite_id=SuiteId(row.suite_id),
        suite_name=row.suite_name,
        suite_number=row.suite_number,
        suite_sha256=row.suite_sha256,
        items=row.items,
        repeats=row.repeats,
        seed=row.seed,
        candidates=tuple(candidates),
        metrics=tuple(metrics),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        baseline=row.baseline,
        samples=samples,
        problems=problems,
        problem=row.problem,
    )
