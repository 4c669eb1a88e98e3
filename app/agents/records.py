"""Agents, runs and steps as plain JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from app.agents.drafts import AgentDraft
from app.agents.entities import Agent, AgentId
from app.agents.trace import (
    ApprovalAsked,
    Limit,
    ModelReply,
    Note,
    Run,
    RunModel,
    Spent,
    Step,
    StepDetail,
    ToolUse,
)
from app.chat.entities import Citation
from app.chat.plain import from_plain, to_plain

_KINDS: Final[Mapping[str, type[StepDetail]]] = {
    "model": ModelReply,
    "tool": ToolUse,
    "approval": ApprovalAsked,
    "note": Note,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def draft_to_json(draft: AgentDraft) -> dict[str, Any]:
    """All of an agent but its name, which has a column of its own."""
    data: dict[str, Any] = to_plain(draft)
    del data["name"]
    return data


def draft_from_json(name: str, data: Mapping[str, Any]) -> AgentDraft:
    """An agent as a person wrote it."""
    return from_plain(AgentDraft, {**data, "name": name})


def agent_of(
    agent_id: AgentId, draft: AgentDraft, created_at: datetime, updated_at: datetime
) -> Agent:
    """An agent that was kept."""
    parts = {each.name: getattr(draft, each.name) for each in fields(draft)}
    return Agent(id=agent_id, created_at=created_at, updated_at=updated_at, **parts)


def agent_to_json(agent: Agent) -> dict[str, Any]:
    """An agent, for its runs and for other programs."""
    return {
        "id": agent.id,
        "name": agent.name,
        **draft_to_json(AgentDraft.of(agent)),
        "created_at": agent.created_at.isoformat(),
        "updated_at": agent.updated_at.isoformat(),
    }


def agent_from_json(data: Mapping[str, Any]) -> Agent:
    """An agent as it was when a run began."""
    return agent_of(
        AgentId(data["id"]),
        draft_from_json(data["name"], data),
        datetime.fromisoformat(data["created_at"]),
        datetime.fromisoformat(data["updated_at"]),
    )


def run_data(run: Run) -> dict[str, Any]:
    """What of a run has no column of its own."""
    return {
        "agent": agent_to_json(run.agent),
        "nonce": run.nonce,
        "answer": run.answer,
        "problem": run.problem,
        "limit": to_plain(run.limit),
        "model": to_plain(run.model),
        "spent": to_plain(run.spent),
        "citations": to_plain(run.citations),
    }


def run_parts(data: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a run from what `run_data` made of them."""
    return {
        "agent": agent_from_json(data["agent"]),
        "nonce": data["nonce"],
        "answer": data["answer"],
        "problem": data["problem"],
        "limit": from_plain(Limit, data["limit"]) if data["limit"] else None,
        "model": from_plain(RunModel, data["model"]) if data["model"] else None,
        "spent": from_plain(Spent, data["spent"]),
        "citations": from_plain(tuple[Citation, ...], data["citations"]),
    }


def run_to_json(run: Run) -> dict[str, Any]:
    """A run without its steps, for other programs."""
    data = run_data(run)
    del data["nonce"]
    return {
        "id": run.id,
        "state": run.state.value,
        "task": run.task,
        **data,
        "started_at": run.started_at.isoformat(),
        "ended_at": None if run.ended_at is None else run.ended_at.isoformat(),
    }


def kind_of(detail: StepDetail) -> str:
    """The word for what kind of step it is."""
    return _NAMES[type(detail)]


def detail_from_json(kind: str, data: Mapping[str, Any]) -> StepDetail:
    """What a step was."""
    return from_plain(_KINDS[kind], data)


def step_to_json(step: Step) -> dict[str, Any]:
    """A step without those below it, for other programs."""
    return {
        "id": step.id,
        "kind": kind_of(step.detail),
        "started_at": step.started_at.isoformat(),
        "seconds": step.seconds,
        **to_plain(step.detail),
    }
