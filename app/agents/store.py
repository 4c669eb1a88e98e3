"""Queries of the agents: rows in, entities out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert

from app.agents.approvals import Grant
from app.agents.drafts import LONGEST_NAME, AgentDraft
from app.agents.entities import Agent, AgentId
from app.agents.errors import NameTaken
from app.agents.records import (
    agent_of,
    detail_from_json,
    draft_from_json,
    draft_to_json,
    kind_of,
    run_data,
    run_parts,
)
from app.agents.tables import AgentRow, GrantRow, RunRow, StepRow
from app.agents.trace import Run, RunId, RunState, Step, StepId
from app.base.errors import NotFound
from app.base.folding import fold
from app.chat.plain import to_plain
from app.storage import named
from app.storage.base import now
from app.storage.db import Session


def agents(session: Session) -> tuple[Agent, ...]:
    """Every agent, by name."""
    query = select(AgentRow).where(AgentRow.deleted_at.is_(None)).order_by(AgentRow.name_key)
    return tuple(_agent(row) for row in session.scalars(query))


def agent(session: Session, agent_id: AgentId) -> Agent:
    """One agent, or `NotFound`."""
    return _agent(_row(session, agent_id))


def by_name(session: Session, name: str) -> Agent | None:
    """The agent with this name, whatever the case."""
    row = session.scalar(
        select(AgentRow).where(AgentRow.name_key == fold(name), AgentRow.deleted_at.is_(None))
    )
    return None if row is None else _agent(row)


def add(session: Session, draft: AgentDraft) -> AgentId:
    """A new agent.

    Raises:
        NameTaken: another one has the name.
    """
    _check_free(session, draft.name)
    moment = now()
    row = AgentRow(
        name=draft.name,
        name_key=fold(draft.name),
        data=draft_to_json(draft),
        created_at=moment,
        updated_at=moment,
    )
    session.add(row)
    session.flush()
    return AgentId(row.id)


def change(session: Session, agent_id: AgentId, draft: AgentDraft) -> None:
    """Make an agent what the draft says.

    Raises:
        NameTaken: another one has the name.
    """
    row = _row(session, agent_id)
    if fold(draft.name) != row.name_key:
        _check_free(session, draft.name)
    row.rename(draft.name)
    row.data, row.updated_at = draft_to_json(draft), now()


def free_name(session: Session, name: str) -> str:
    """The name, or the first of "name 2", "name 3" that nobody has."""
    return named.free_name(session, AgentRow, name, joint=" ", longest=LONGEST_NAME)


def mark_deleted(session: Session, agent_id: AgentId) -> None:
    """Take an agent away; it can come back until it is purged."""
    _row(session, agent_id).deleted_at = now()


def restore(session: Session, agent_id: AgentId) -> None:
    """Bring a deleted agent back, under a free name."""
    if named.restored(session, AgentRow, agent_id, joint=" ", longest=LONGEST_NAME) is None:
        raise _gone()


def purge(session: Session) -> None:
    """Let go of deleted agents for good. Their runs stay."""
    session.execute(delete(AgentRow).where(AgentRow.deleted_at.is_not(None)))


def grants(session: Session, agent_id: AgentId) -> tuple[Grant, ...]:
    """What an agent may use without asking, by name."""
    query = select(GrantRow).where(GrantRow.agent_id == agent_id)
    rows = session.scalars(query.order_by(GrantRow.server, GrantRow.tool))
    return tuple(Grant(row.tool, row.server, row.fingerprint) for row in rows)


def add_grant(session: Session, agent_id: AgentId, grant: Grant) -> None:
    """Let an agent use a tool without asking."""
    row = GrantRow(
        agent_id=agent_id,
        server=grant.server,
        tool=grant.tool,
        fingerprint=grant.fingerprint,
        granted_at=now(),
    )
    session.merge(row)


def remove_grant(session: Session, agent_id: AgentId, grant: Grant) -> None:
    """Have an agent ask again."""
    session.execute(
        delete(GrantRow).where(
            GrantRow.agent_id == agent_id,
            GrantRow.server == grant.server,
            GrantRow.tool == grant.tool,
        )
    )


def runs(session: Session, agent_id: AgentId | None, limit: int) -> tuple[Run, ...]:
    """The last runs, newest first, of one agent or of all."""
    query = select(RunRow).order_by(RunRow.id.desc()).limit(limit)
    if agent_id is not None:
        query = query.where(RunRow.agent_id == agent_id)
    return tuple(_run(row) for row in session.scalars(query))


def run(session: Session, run_id: RunId) -> Run:
    """One run, or `NotFound`."""
    return _run(_run_row(session, run_id))


def add_run(session: Session, agent: Agent, task: str, nonce: str) -> Run:
    """A run that begins now."""
    begun = Run(RunId(0), agent, task, RunState.RUNNING, now(), nonce)
    row = RunRow(
        agent_id=agent.id,
        state=begun.state.value,
        task=task,
        data=run_data(begun),
        started_at=begun.started_at,
    )
    session.add(row)
    session.flush()
    return _run(row)


def save_run(session: Session, changed: Run) -> None:
    """Keep what became of a run."""
    row = _run_row(session, changed.id)
    row.state, row.data, row.ended_at = changed.state.value, run_data(changed), changed.ended_at


def delete_run(session: Session, run_id: RunId) -> None:
    """Delete a run and its steps."""
    session.delete(_run_row(session, run_id))


def running(session: Session) -> tuple[Run, ...]:
    """The runs that go on, or went on when Cairn ended."""
    query = select(RunRow).where(RunRow.state == RunState.RUNNING.value)
    return tuple(_run(row) for row in session.scalars(query))


def steps(session: Session, run_id: RunId) -> tuple[Step, ...]:
    """All steps of a run in the order in which they began."""
    query = select(StepRow).where(StepRow.run_id == run_id).order_by(StepRow.id)
    return tuple(_step(row) for row in session.scalars(query))


def last_step(session: Session) -> int:
    """The greatest id that a step has; 0 before there is one."""
    return session.scalar(select(func.max(StepRow.id))) or 0


def save_step(session: Session, step: Step, whole: str | None) -> None:
    """Keep a step as far as it is; `whole` is kept beside it unless it is None."""
    changing: dict[str, Any] = {"detail": to_plain(step.detail), "seconds": step.seconds}
    if whole is not None:
        changing["whole"] = whole
    put = insert(StepRow).values(
        id=step.id,
        run_id=step.run_id,
        parent_id=step.parent,
        kind=kind_of(step.detail),
        started_at=step.started_at,
        **changing,
    )
    session.execute(put.on_conflict_do_update(index_elements=[StepRow.id], set_=changing))


def delete_steps(session: Session, step_ids: Iterable[StepId]) -> None:
    """Delete these steps and those below them."""
    session.execute(delete(StepRow).where(StepRow.id.in_(list(step_ids))))


def whole_result(session: Session, step_id: StepId) -> str | None:
    """What was kept beside a step."""
    return session.scalar(select(StepRow.whole).where(StepRow.id == step_id))


def _row(session: Session, agent_id: AgentId) -> AgentRow:
    row = named.row_there(session, AgentRow, agent_id)
    if row is None:
        raise _gone()
    return row


def _run_row(session: Session, run_id: RunId) -> RunRow:
    row = session.get(RunRow, run_id)
    if row is None:
        raise NotFound(f"There is no run {run_id}.", "It may have been deleted.")
    return row


def _gone() -> NotFound:
    return NotFound("This agent is not there any more.")


def _check_free(session: Session, name: str) -> None:
    if named.is_taken(session, AgentRow, name):
        raise NameTaken(f"There is an agent called “{name}” already.", "Choose another name.")


def _agent(row: AgentRow) -> Agent:
    draft = draft_from_json(row.name, row.data)
    return agent_of(AgentId(row.id), draft, row.created_at, row.updated_at)


def _run(row: RunRow) -> Run:
    return Run(
        id=RunId(row.id),
        task=row.task,
        state=RunState(row.state),
        started_at=row.started_at,
        ended_at=row.ended_at,
        **run_parts(row.data),
    )


def _step(row: StepRow) -> Step:
    return Step(
        id=StepId(row.id),
        run_id=RunId(row.run_id),
        parent=None if row.parent_id is None else StepId(row.parent_id),
        started_at=row.started_at,
        detail=detail_from_json(row.kind, row.detail),
        seconds=row.seconds,
    )
