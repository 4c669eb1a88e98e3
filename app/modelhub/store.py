"""Queries of the model hub: rows in, entities out."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from app.base.errors import NotFound
from app.engine.options import LoadOptions
from app.engine.remote.server import ServerKind
from app.modelhub.entities import Endpoint, EndpointId, GgufFacts, LocalModel, ModelId
from app.modelhub.options import options_from_json, options_to_json
from app.modelhub.tables import EndpointRow, ModelRow
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


def set_options(session: Session, model_id: ModelId, options: LoadOptions | None) -> None:
    """Keep load options for one model; None leaves it to the defaults. `NotFound` if it is gone."""
    row = session.get(ModelRow, model_id)
    if row is None:
        raise NotFound("This model is not in the list any more.", "Import its file again.")
    row.load_options = options_to_json(options) if options is not None else None


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
        options=_options(row.load_options),
    )


def _options(raw: object) -> LoadOptions | None:
    return options_from_json(raw, LoadOptions()) if isinstance(raw, dict) else None


def endpoints(session: Session) -> tuple[Endpoint, ...]:
    """Every endpoint, newest first."""
    rows = session.scalars(select(EndpointRow).order_by(EndpointRow.id.desc()))
    return tuple(_endpoint(row) for row in rows)


def get_endpoint(session: Session, endpoint_id: EndpointId) -> Endpoint:
    """One endpoint, or `NotFound`."""
    return _endpoint(_endpoint_row(session, endpoint_id))


def add_endpoint(session: Session, endpoint: Endpoint) -> Endpoint:
    """Insert an endpoint; its id is given here."""
    row = EndpointRow(added_at=endpoint.added_at)
    _fill_endpoint(row, endpoint)
    session.add(row)
    session.flush()
    return _endpoint(row)


def change_endpoint(session: Session, endpoint: Endpoint) -> Endpoint:
    """Bring the row of an endpoint up to date. `NotFound` if it is gone."""
    row = _endpoint_row(session, endpoint.id)
    _fill_endpoint(row, endpoint)
    return _endpoint(row)


def remove_endpoint(session: Session, endpoint_id: EndpointId) -> None:
    """Forget an endpoint."""
    row = session.get(EndpointRow, endpoint_id)
    if row is not None:
        session.delete(row)


def _endpoint_row(session: Session, endpoint_id: EndpointId) -> EndpointRow:
    row = session.get(EndpointRow, endpoint_id)
    if row is None:
        raise NotFound("This server is not in the list any more.", "Connect to it again.")
    return row


def _fill_endpoint(row: EndpointRow, endpoint: Endpoint) -> None:
    row.name, row.base_url, row.model = endpoint.name, endpoint.base_url, endpoint.model
    row.kind, row.key_name = endpoint.kind.value, endpoint.key_name
    row.context_length = endpoint.context_length
    row.allow_plain_http = endpoint.allow_plain_http


def _endpoint(row: EndpointRow) -> Endpoint:
    known = row.kind in set(ServerKind)
    return Endpoint(
        id=EndpointId(row.id),
        name=row.name,
        base_url=row.base_url,
        model=row.model,
        kind=ServerKind(row.kind) if known else ServerKind.OTHER,
        context_length=row.context_length,
        allow_plain_http=row.allow_plain_http,
        key_name=row.key_name,
        added_at=row.added_at,
    )
