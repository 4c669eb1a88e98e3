"""Items, candidates and samples as the JSON of their rows, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.base.folding import fold
from app.chat.plain import from_plain, to_plain
from app.engine.messages import ToolCall, Turn
from app.engine.protocol import FinishReason, ModelFacts, Rounding, TextScore, Timings
from app.evals.entities import Item
from app.evals.runs.entities import (
    AnswerSettings,
    Candidate,
    CandidateModel,
    CandidatePrompt,
    CandidateState,
    Sample,
    SampleId,
)
from app.evals.suites.imported import SuiteFormat
from app.evals.suites.item_json import item_to_json
from app.evals.suites.json_rows import item_of
from app.evals.suites.suite import digest_of
from app.evals.tables import CandidateRow, SampleRow
from app.prompts.codec import from_json, to_json
from app.prompts.entities import PromptId


def item_columns(item: Item) -> dict[str, Any]:
    """What a row says of an item itself."""
    words = (item.key, *(turn.content for turn in item.input), *item.targets, *item.tags)
    return {
        "key": item.key,
        "digest": digest_of(item),
        "has_target": bool(item.targets),
        "tags": list(item.tags),
        "document": item_to_json(item),
        "search_text": fold("\n".join(words)),
    }


def item_from_json(document: Mapping[str, Any]) -> Item:
    """The item of a row."""
    return item_of(document, SuiteFormat.CAIRN)


def candidate_to_json(candidate: Candidate) -> dict[str, Any]:
    """What never changes of a candidate but for the hash of its model's file."""
    prompt = candidate.prompt
    return {
        "label": candidate.label,
        "model": to_plain(candidate.model),
        "settings": to_plain(candidate.settings),
        "prompt": None
        if prompt is None
        else {
            "id": prompt.prompt,
            "number": prompt.number,
            "name": prompt.name,
            "content": to_json(prompt.content),
        },
    }


def candidate_of(row: CandidateRow) -> Candidate:
    """The candidate of a row."""
    data = row.document
    prompt = data["prompt"]
    return Candidate(
        number=row.number,
        label=data["label"],
        model=from_plain(CandidateModel, data["model"]),
        settings=from_plain(AnswerSettings, data["settings"]),
        prompt=None
        if prompt is None
        else CandidatePrompt(
            PromptId(prompt["id"]), prompt["number"], prompt["name"], from_json(prompt["content"])
        ),
        state=CandidateState(row.state),
        facts=None if row.facts is None else from_plain(ModelFacts, row.facts),
        problem=row.problem,
    )


def sample_columns(sample: Sample) -> dict[str, Any]:
    """What a row says of a sample, but for its run and time."""
    timings = sample.timings
    return {
        "candidate": sample.candidate,
        "position": sample.position,
        "repeat": sample.repeat,
        "prompt_tokens": timings.prompt_tokens,
        "output_tokens": timings.output_tokens,
        "ttft_s": max(0.0, timings.ttft_s - timings.queue_s),
        "per_token_s": timings.per_token_s,
        "total_s": sample.total_s,
        "memory_bytes": timings.peak_memory_bytes,
        "text": sample.text,
        "problem": sample.problem,
        "document": {
            "tool_calls": to_plain(sample.tool_calls),
            "reasoning": sample.reasoning,
            "finish": sample.finish.value,
            "timings": to_plain(timings),
            "seed": sample.seed,
            "rounding": to_plain(sample.rounding),
            "reading": to_plain(sample.reading),
        },
        "turns": to_plain(sample.turns),
    }


def sample_of(row: SampleRow) -> Sample:
    """The sample of a row, without its turns."""
    data, reading = row.document, row.document["reading"]
    return Sample(
        id=SampleId(row.id),
        candidate=row.candidate,
        position=row.position,
        repeat=row.repeat,
        text=row.text,
        tool_calls=from_plain(tuple[ToolCall, ...], data["tool_calls"]),
        reasoning=data["reasoning"],
        finish=FinishReason(data["finish"]),
        timings=from_plain(Timings, data["timings"]),
        total_s=row.total_s,
        seed=data["seed"],
        rounding=from_plain(Rounding, data["rounding"]),
        reading=None if reading is None else from_plain(TextScore, reading),
        problem=row.problem,
    )


def with_turns(row: SampleRow) -> Sample:
    """The sample of a row, with what was sent."""
    return replace(sample_of(row), turns=from_plain(tuple[Turn, ...], row.turns))
