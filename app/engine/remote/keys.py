"""Keys of servers, kept in the system's keyring or in memory for this run; never in our files."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from app.base.errors import AppError
from app.engine.remote.errors import BadKey

log = logging.getLogger(__name__)

SERVICE = "Cairn"
_HIDDEN = "•••"
_LONGEST = 8192
_SHORTEST_SECRET = 6  # shorter ones would turn ordinary words of an error into dots
_UNSAFE_BACKENDS = ("keyrings.alt.", "keyring.backends.null", "keyring.backends.fail")


class KeyringMissing(AppError):
    """There is no keyring on this system that keeps secrets."""


class KeyringTrouble(AppError):
    """The keyring did not do what it was asked."""


class Key:
    """A server's key. It shows itself in no message, log or representation."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        """Take a key; spaces and line ends around it are not part of it.

        Raises:
            BadKey: it holds characters that cannot be sent.
        """
        text = text.strip()
        if len(text) > _LONGEST or any(not "!" <= ch <= "~" for ch in text):
            raise BadKey(
                "The key has characters that cannot be part of one.", "Copy it again, in one piece."
            )
        self._text = text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return f"Key({_HIDDEN if self._text else ''})"

    def headers(self) -> dict[str, str]:
        """What shows the key to the server."""
        return {"Authorization": f"Bearer {self._text}"} if self._text else {}

    def hidden_in(self, text: str) -> str:
        """A text of the server's with the key blacked out; some repeat it in their errors."""
        if len(self._text) < _SHORTEST_SECRET:
            return text
        return text.replace(self._text, _HIDDEN)


class Backend(Protocol):
    """The part of the keyring package that is used."""

    def get_password(self, service: str, username: str) -> str | None:
        """Read."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Delete."""
        ...


class Keys:
    """Reads and writes keys by the name of their place. May ask the person to unlock the keyring,
    so never call it on the GUI thread.
    """

    def __init__(self, backend: Backend | None = None) -> None:
        """Use the system's keyring, or another one in tests."""
        self._given = backend
        self._lock = threading.Lock()
        self._this_run: dict[str, str] = {}

    def keep(self, name: str, key: str) -> None:
        """Keep a key in the keyring.

        Raises:
            KeyringMissing: there is none; `keep_for_this_run` is what is left.
            KeyringTrouble: it is locked, or refuses.
        """
        from keyring.errors import KeyringError  # here: it looks for backends when it is imported

        try:
            self._backend().set_password(SERVICE, name, key)
        except (KeyringError, RuntimeError, OSError) as error:
            raise _trouble("did not take the key", error) from error
        with self._lock:
            self._this_run.pop(name, None)

    def keep_for_this_run(self, name: str, key: str) -> None:
        """Keep a key in memory; it is gone when Cairn closes."""
        with self._lock:
            self._this_run[name] = key

    def read(self, name: str) -> str:
        """The key, or "" if none was kept.

        Raises:
            KeyringTrouble: the keyring is locked, or fails.
        """
        with self._lock:
            if name in self._this_run:
                return self._this_run[name]
        from keyring.errors import KeyringError

        try:
            return self._backend().get_password(SERVICE, name) or ""
        except KeyringMissing:
            return ""  # nothing can have been kept
        except (KeyringError, RuntimeError, OSError) as error:
            raise _trouble("did not give the key", error) from error

    def forget(self, name: str) -> None:
        """Delete a key wherever it is kept. What a locked keyring holds on to stays in it."""
        with self._lock:
            self._this_run.pop(name, None)
        from keyring.errors import KeyringError

        try:
            backend = self._backend()
            if backend.get_password(SERVICE, name) is not None:
                backend.delete_password(SERVICE, name)
        except KeyringMissing:
            return
        except (KeyringError, RuntimeError, OSError) as error:
            log.warning("a key stays in the keyring: %s", type(error).__name__)

    def _backend(self) -> Backend:
        if self._given is not None:
            return self._given
        import keyring

        backend = keyring.get_keyring()
        if type(backend).__module__.startswith(_UNSAFE_BACKENDS):
            raise KeyringMissing(
                "This system has no keyring that could keep the key.",
                "Cairn can hold it until you close it. On Linux, GNOME Keyring and KWallet are "
                "keyrings.",
            )
        return backend


def _trouble(what: str, error: Exception) -> AppError:
    if isinstance(error, AppError):
        return error
    return KeyringTrouble(
        f"The keyring of the system {what} ({type(error).__name__}).",
        "Unlock it and try again, or keep the key for this run only.",
    )
