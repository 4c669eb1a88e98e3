"""What can go wrong with a server, in words for a person.

RemoteError (an EngineError)
├── BadAddress           the address cannot be used, or not safely
├── BadKey               the key holds characters that no header can carry
├── CannotConnect        nothing answers there: refused, unknown name, no route
│   └── NotEncrypted     TLS failed: certificate, or no TLS at that port
├── KeyRefused           401 or 403
├── NotOnServer          404: no such model, no such route
├── RequestRefused       the server does not accept the request; why
├── ServerBusy           429 and 503: try again later
├── ServerFailed         5xx, and replies that make no sense
└── ServerSilent         it took longer than we wait
"""

from __future__ import annotations

from app.engine.errors import EngineError


class RemoteError(EngineError):
    """Something a server did or would not do.

    Attributes:
        is_passing: trying again soon may help.
        retry_after_s: how long the server asks us to wait; None if it does not say.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        is_passing: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.is_passing = is_passing
        self.retry_after_s = retry_after_s


class BadAddress(RemoteError):
    """The address cannot be used."""


class BadKey(RemoteError):
    """The key cannot be sent."""


class CannotConnect(RemoteError):
    """Nothing answers at the address."""


class NotEncrypted(CannotConnect):
    """No trusted encrypted connection could be made."""


class KeyRefused(RemoteError):
    """The server wants a key, or another one."""


class NotOnServer(RemoteError):
    """The server has no such model or no such route."""


class RequestRefused(RemoteError):
    """The server does not accept what was asked."""


class ServerBusy(RemoteError):
    """The server cannot take the request now."""


class ServerFailed(RemoteError):
    """The server failed, or what it says makes no sense."""


class ServerSilent(RemoteError):
    """The server takes too long."""
