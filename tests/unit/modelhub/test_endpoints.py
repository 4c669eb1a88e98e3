from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from app.base.changes import Notice, Notices, Topic
from app.base.errors import DiskFull, NotFound
from app.base.paths import DataPaths
from app.engine.messages import Role, Turn
from app.engine.protocol import Generate
from app.engine.remote.errors import BadAddress, BadKey, CannotConnect, KeyRefused, NotOnServer
from app.engine.remote.exchange import Timeouts
from app.engine.remote.keys import KeyringMissing, KeyringTrouble, Keys
from app.engine.remote.server import ServerKind
from app.modelhub.endpoints import EndpointDraft, EndpointService
from app.modelhub.entities import EndpointId
from app.storage.db import Database
from tests.doubles.keyring import KeyringDouble
from tests.doubles.openai_server import (
    CHAT,
    MODELS,
    OpenAiServer,
    as_ollama,
    as_vllm,
    models,
    reply,
    said,
)

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield as_vllm(running, "qwen", "llama")


@pytest.fixture
def other_server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield as_vllm(running, "qwen")


@pytest.fixture
def keyring() -> KeyringDouble:
    return KeyringDouble()


@pytest.fixture
def told() -> list[Notice]:
    return []


@pytest.fixture
def database(data_paths: DataPaths) -> Iterator[Database]:
    database = Database(data_paths.database)
    database.open()
    yield database
    database.close()


@pytest.fixture
def service(database: Database, keyring: KeyringDouble, told: list[Notice]) -> EndpointService:
    notices = Notices()
    notices.subscribe(told.append)
    return EndpointService(database, notices, Keys(keyring), Timeouts(connect_s=2, short_s=2))


def draft(server: OpenAiServer, **more) -> EndpointDraft:
    return EndpointDraft(server.base_url, **more)


def keys_sent(server: OpenAiServer) -> set[str]:
    return {each.headers.get("Authorization", "") for each in server.received}


def test_added_endpoint_is_listed_and_told(
    service: EndpointService, server: OpenAiServer, told: list[Notice]
) -> None:
    added = service.add(draft(server, model="llama"), KEY)
    assert service.endpoints() == (added,)
    assert (added.model, added.kind, added.context_length) == ("llama", ServerKind.VLLM, 0)
    assert added.name == f"llama on 127.0.0.1:{server.port}"
    assert added.base_url == server.base_url
    assert told == [frozenset({Topic.MODELS})]


def test_address_is_kept_as_it_is_used_and_names_are_tidied(
    service: EndpointService, server: OpenAiServer
) -> None:
    typed = f" 127.0.0.1:{server.port}/v1/chat/completions "
    added = service.add(EndpointDraft(typed, name="  The big \n one "))
    assert (added.base_url, added.name, added.model) == (server.base_url, "The big one", "qwen")


def test_key_is_in_the_keyring_and_nowhere_else(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble, data_paths: DataPaths
) -> None:
    added = service.add(draft(server), f" {KEY}\n")
    assert keyring.kept == {added.key_name: KEY}
    assert keys_sent(server) == {f"Bearer {KEY}"}
    assert KEY not in repr(added)
    for file in data_paths.database.parent.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes()


def test_without_a_key_the_keyring_is_left_alone(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble
) -> None:
    keyring.error = AssertionError("nobody should ask")
    service.add(draft(server))
    assert keys_sent(server) == {""}


@pytest.mark.parametrize(
    ("base_url", "key", "error"),
    [
        ("ftp://x", "", BadAddress),
        ("http://api.example.com", "", BadAddress),
        ("http://127.0.0.1:9", "", CannotConnect),
        (None, "two\nlines", BadKey),
    ],
)
def test_what_does_not_answer_is_not_added(
    service: EndpointService, server: OpenAiServer, told, base_url, key: str, error
) -> None:
    with pytest.raises(error):
        service.add(EndpointDraft(base_url or server.base_url), key)
    assert (service.endpoints(), told) == ((), [])


def test_model_that_is_not_there_is_not_added(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble
) -> None:
    with pytest.raises(NotOnServer):
        service.add(draft(server, model="gpt"), KEY)
    assert (service.endpoints(), keyring.kept) == ((), {})


def test_keyring_that_is_missing_leaves_this_run(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble
) -> None:
    keyring.error = KeyringMissing("none")
    with pytest.raises(KeyringMissing):
        service.add(draft(server), KEY)
    assert service.endpoints() == ()
    added = service.add(draft(server), KEY, only_this_run=True)
    server.received.clear()
    service.test(added.id)
    assert keys_sent(server) == {f"Bearer {KEY}"}
    assert keyring.kept == {}


def test_failed_write_takes_the_key_out_again(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble, database, monkeypatch
) -> None:
    def full(_work) -> None:
        raise DiskFull("full")

    monkeypatch.setattr(database, "write", full)
    with pytest.raises(DiskFull):
        service.add(draft(server), KEY)
    assert keyring.kept == {}


def test_opened_endpoint_answers_with_its_key(
    service: EndpointService, server: OpenAiServer
) -> None:
    server.on(CHAT, said("Hello."))
    engine = service.open(service.add(draft(server), KEY).id)
    assert (engine.loaded.context_length, engine.loaded.engine_build) == (8192, "vLLM 0.11.2")
    assert engine.generate(Generate((Turn(Role.USER, "Hi"),))).text == "Hello."
    assert keys_sent(server) == {f"Bearer {KEY}"}


def test_context_length_of_the_person_wins(service: EndpointService, server: OpenAiServer) -> None:
    as_ollama(server)
    added = service.add(draft(server, model="llama3", context_length=32768))
    assert service.open(added.id).loaded.context_length == 32768


def test_test_says_what_is_there_now(service: EndpointService, server: OpenAiServer) -> None:
    added = service.add(draft(server))
    server.on(MODELS, models("qwen", owner="vllm", max_model_len=100))
    assert service.test(added.id).context_length == 100
    server.on(MODELS, reply({"error": "who are you"}, 401))
    with pytest.raises(KeyRefused, match="who are you"):
        service.test(added.id)


def test_look_lists_the_models_before_anything_is_kept(
    service: EndpointService, server: OpenAiServer
) -> None:
    facts = service.look(f"127.0.0.1:{server.port}", KEY)
    assert (facts.kind, [each.id for each in facts.models]) == (ServerKind.VLLM, ["qwen", "llama"])
    assert service.endpoints() == ()


def test_removed_endpoint_and_its_key_are_gone(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble, told
) -> None:
    added = service.add(draft(server), KEY)
    service.remove(added.id)
    assert (service.endpoints(), keyring.kept) == ((), {})
    assert told[-1] == frozenset({Topic.MODELS})
    for use in (service.get, service.open, service.test, service.remove):
        with pytest.raises(NotFound):
            use(added.id)


def test_new_name_needs_no_server(service: EndpointService, server: OpenAiServer) -> None:
    added = service.add(draft(server), KEY)
    server.received.clear()
    changed = service.update(added.id, draft(server, model="qwen", name="Better"))
    assert changed == replace(added, name="Better")
    assert service.endpoints() == (changed,)
    assert server.received == []


def test_other_model_keeps_key_and_id(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble
) -> None:
    added = service.add(draft(server), KEY)
    changed = service.update(added.id, draft(server, model="llama", name="x"))
    assert (changed.id, changed.model, changed.key_name) == (added.id, "llama", added.key_name)
    assert keyring.kept == {added.key_name: KEY}


def test_key_is_never_shown_to_another_server(
    service: EndpointService, server: OpenAiServer, other_server: OpenAiServer, keyring
) -> None:
    added = service.add(draft(server), KEY)
    changed = service.update(added.id, draft(other_server, model="qwen"))
    assert keys_sent(other_server) == {""}
    assert keyring.kept == {}
    service.open(changed.id)
    assert keys_sent(other_server) == {""}


@pytest.mark.parametrize(("key", "kept"), [("another-key-123", ["another-key-123"]), ("", [])])
def test_key_can_be_changed_and_taken_away(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble, key: str, kept
) -> None:
    added = service.add(draft(server), KEY)
    service.update(added.id, draft(server), key)
    assert list(keyring.kept.values()) == kept


def test_failed_change_changes_nothing(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble
) -> None:
    added = service.add(draft(server), KEY)
    with pytest.raises(NotOnServer):
        service.update(added.id, draft(server, model="gpt"), "another-key-123")
    assert (service.endpoints(), keyring.kept) == ((added,), {added.key_name: KEY})


def test_locked_keyring_is_said_when_opening(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble
) -> None:
    added = service.add(draft(server), KEY)
    keyring.error = RuntimeError("locked")
    with pytest.raises(KeyringTrouble):
        service.open(added.id)


def test_two_data_folders_do_not_share_keys(
    service: EndpointService, server: OpenAiServer, keyring: KeyringDouble, tmp_path
) -> None:
    service.add(draft(server), KEY)
    second = Database(tmp_path / "second.db")
    second.open()
    try:
        elsewhere = EndpointService(second, Notices(), Keys(keyring))
        added = elsewhere.add(draft(server))
        server.received.clear()
        elsewhere.test(added.id)
    finally:
        second.close()
    assert keys_sent(server) == {""}


def test_find_by_name_or_model(service: EndpointService, server: OpenAiServer) -> None:
    first = service.add(draft(server, name="Big"))
    service.add(draft(server, model="llama", name="Small"))
    assert service.find("big") == first
    assert service.find("LLAMA").name == "Small"
    with pytest.raises(NotFound, match="no model"):
        service.find("other")
    service.add(draft(server, name="Big"))
    with pytest.raises(NotFound, match="names 2"):
        service.find("big")


def test_kind_of_a_newer_version_is_taken_as_other(
    service: EndpointService, server: OpenAiServer, data_paths: DataPaths
) -> None:
    added = service.add(draft(server))
    with closing(sqlite3.connect(data_paths.database)) as connection, connection:
        connection.execute("UPDATE endpoints SET kind = 'something-new'")
    assert service.get(EndpointId(added.id)).kind is ServerKind.OTHER


def test_look_at_a_known_server_uses_its_key_and_at_another_does_not(
    service: EndpointService, server: OpenAiServer, other_server: OpenAiServer
) -> None:
    added = service.add(draft(server), KEY)
    server.received.clear()
    service.look(server.base_url, endpoint_id=added.id)
    assert keys_sent(server) == {f"Bearer {KEY}"}
    service.look(other_server.base_url, endpoint_id=added.id)
    assert keys_sent(other_server) == {""}
