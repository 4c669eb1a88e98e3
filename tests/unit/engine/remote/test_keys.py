from __future__ import annotations

import logging

import keyring.errors
import pytest
from keyring.backends import fail, null

from app.engine.remote.errors import BadKey
from app.engine.remote.keys import SERVICE, Key, KeyringMissing, KeyringTrouble, Keys

SECRET = "sk-very-secret-0123456789"


class MemoryBackend:
    def __init__(self, error: Exception | None = None) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.error = error

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error

    def get_password(self, service: str, username: str) -> str | None:
        self._fail()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._fail()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._fail()
        del self.kept[service, username]


def test_key_is_kept_in_the_keyring_and_read_again() -> None:
    backend = MemoryBackend()
    Keys(backend).keep("a", SECRET)
    assert backend.kept == {(SERVICE, "a"): SECRET}
    assert Keys(backend).read("a") == SECRET


def test_key_that_was_never_kept_is_empty() -> None:
    assert Keys(MemoryBackend()).read("a") == ""


def test_forgotten_key_is_gone() -> None:
    backend = MemoryBackend()
    keys = Keys(backend)
    keys.keep("a", SECRET)
    keys.forget("a")
    keys.forget("never kept")
    assert backend.kept == {}
    assert keys.read("a") == ""


def test_key_for_this_run_never_reaches_the_keyring() -> None:
    backend = MemoryBackend()
    keys = Keys(backend)
    keys.keep_for_this_run("a", SECRET)
    assert keys.read("a") == SECRET
    assert backend.kept == {}
    assert Keys(backend).read("a") == ""


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_no_keyring_is_said_and_leaves_this_run(monkeypatch: pytest.MonkeyPatch, backend) -> None:
    monkeypatch.setattr(keyring, "get_keyring", backend)
    keys = Keys()
    with pytest.raises(KeyringMissing, match="no keyring"):
        keys.keep("a", SECRET)
    assert keys.read("a") == ""
    keys.forget("a")
    keys.keep_for_this_run("a", SECRET)
    assert keys.read("a") == SECRET


@pytest.mark.parametrize(
    "error",
    [
        keyring.errors.KeyringLocked("locked"),
        keyring.errors.PasswordSetError("no"),
        RuntimeError("no bus"),
        OSError("gone"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_locked_keyring_is_said_without_the_key(error: Exception, caplog) -> None:
    keys = Keys(MemoryBackend(error))
    with pytest.raises(KeyringTrouble, match="did not take") as kept:
        keys.keep("a", SECRET)
    with pytest.raises(KeyringTrouble, match="did not give"):
        keys.read("a")
    with caplog.at_level(logging.WARNING):
        keys.forget("a")
    assert "stays in the keyring" in caplog.text
    assert SECRET not in str(kept.value) + caplog.text


def test_key_hides_itself() -> None:
    key = Key(f"  {SECRET}\n")
    assert SECRET not in repr(key) + str(key) + f"{key}"
    assert key.headers() == {"Authorization": f"Bearer {SECRET}"}
    assert SECRET not in key.hidden_in(f"bad key: {SECRET}!")
    assert not Key("")
    assert Key().headers() == {}


@pytest.mark.parametrize("text", ["a\nb", "a b", "schlüssel", "a\x00", "x" * 9000])
def test_key_that_cannot_be_sent_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadKey) as caught:
        Key(text)
    assert text not in str(caught.value)
