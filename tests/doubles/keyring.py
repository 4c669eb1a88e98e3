"""A keyring in memory."""

from __future__ import annotations


class KeyringDouble:
    """Keeps keys in memory; with `error` it is locked or broken."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.error: Exception | None = None

    def get_password(self, _service: str, username: str) -> str | None:
        if self.error:
            raise self.error
        return self.kept.get(username)

    def set_password(self, _service: str, username: str, password: str) -> None:
        if self.error:
            raise self.error
        self.kept[username] = password

    def delete_password(self, _service: str, username: str) -> None:
        del self.kept[username]
