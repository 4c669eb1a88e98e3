"""Queries of the model hub: rows in, entities out."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from app.base.errors import NotFound
from app.modelhub.entities import GgufFacts, LocalModel, ModelId
from app.modelhub.tables import ModelRow
from app.storage.base import now
from app.storage.db import Session


def models(session: Session) -> tuple[LocalModel, ...]:
    """Every model, newest first."""
    rows = session.scalars(select(ModelRow).order_by(ModelRow.id.desc()))
    return tuple(_model(row) for row in rows)


def get(session: Session, model_id: ModelId) -> LocalModel:
    """One model, or `NotFound`."""
    row = session.get(ModelRow, model_id)
    if row is None:
        raise NotFound("This model is not in the list any more.", "Import its file again.")
    return _model(row)


def put(session: Session, facts: GgufFacts) -> LocalModel:
    """Insert a file, or bring its row up to date when it was imported before."""
    row = session.scalar(select(ModelRow).where(ModelRow.path == str(facts.path)))
    if row is None:
        row = ModelRow(path=str(facts.path), added_at=now(), sha256=None)
        session.add(row)
    elif row.size_bytes != facts.size_bytes:
        row.sha256 = None
    row.name, row.size_bytes = facts.name, facts.size_bytes
    row.architecture, row.quantization = facts.architecture, facts.quantization
    row.parameters, row.context_length = facts.parameters, facts.context_length
    row.has_chat_template = facts.has_chat_template
    session.flush()
    return _model(row)


def set_sha256(session: Session, model_id: ModelId, sha256: str) -> None:
    """Note the hash of the whole file."""
    row = session.get(ModelRow, model_id)
    if row is not None:
        row.sha256 = sha256


def remove(session: Session, model_id: ModelId) -> None:
    """Forget a model; its file stays."""
    row = session.get(ModelRow, model_id)
    if row is not None:
        session.delete(row)


def _model(row: ModelRow) -> LocalModel:
    path = Path(row.path)
    return LocalModel(
        id=ModelId(row.id),
        name=row.name,
        path=path,
        size_bytes=row.size_bytes,
        architecture=row.architecture,
        quantization=row.quantization,
        parameters=row.parameters,
        context_length=row.context_length,
        has_chat_template=row.has_chat_template,
        sha256=row.sha256,
        added_at=row.added_at,
        is_present=path.is_file(),
    )
