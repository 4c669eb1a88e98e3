"""The model that answers: a file on this computer, or a model on a server. Chat, panes and the
command line ask for no more than both have.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.engine.options import LoadOptions
from app.engine.protocol import MemoryNeed, ModelFacts
from app.engine.remote.address import is_unencrypted_internet
from app.engine.sampling import Sampling
from app.modelhub.entities import Endpoint, LocalModel

if TYPE_CHECKING:
    from app.engine.remote.engine import RemoteEngine

THIS_COMPUTER = "on this computer"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model file in use, and what the engine says of it.

    Attributes:
        options: as it was loaded, with the adapters it has now.
        expected: what the engine had estimated that it would need; None if it was not asked.
    """

    model: LocalModel
    facts: ModelFacts
    options: LoadOptions = field(default_factory=LoadOptions)
    expected: MemoryNeed | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.model.name

    @property
    def quantization(self) -> str:
        """Such as "Q4_K_M"; empty if unknown."""
        return self.model.quantization

    @property
    def host(self) -> str:
        """The server it runs on: none."""
        return ""

    @property
    def where(self) -> str:
        """Where it runs, in words."""
        return THIS_COMPUTER


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model on a server in use, and the engine that asks it."""

    endpoint: Endpoint
    facts: ModelFacts
    engine: RemoteEngine = field(repr=False)

    @property
    def name(self) -> str:
        """What people call it; the server is named apart from it."""
        return short_name(self.endpoint)

    @property
    def quantization(self) -> str:
        """Such as "Q4_K_M"; empty if the server does not say."""
        return self.facts.quantization

    @property
    def host(self) -> str:
        """The server it runs on, with its port."""
        return host_of(self.endpoint.base_url)

    @property
    def where(self) -> str:
        """Where it runs, in words."""
        return f"on {self.host}"

    @property
    def is_on_this_computer(self) -> bool:
        """Whether what is sent to it stays on this computer."""
        return is_loopback(self.endpoint.base_url)

    @property
    def tells_context(self) -> bool:
        """Whether its context length is known; else a small one is assumed."""
        return self.engine.remote.context_length > 0

    @property
    def counts_exactly(self) -> bool:
        """Whether the server counts tokens; else counts are estimates on the high side."""
        return self.engine.counts_exactly

    def ignored_settings(self, sampling: Sampling) -> tuple[str, ...]:
        """Names of the sampler settings that the server does not know; they are not sent."""
        return self.engine.ignored_settings(sampling)


ModelInUse = LoadedModel | ServedModel


def host_of(base_url: str) -> str:
    """Host and port of a server, for words."""
    return urlsplit(base_url).netloc


def short_name(endpoint: Endpoint) -> str:
    """The name of an endpoint without its server, where the name ends with it."""
    name = endpoint.name.removesuffix(f" on {host_of(endpoint.base_url)}")
    return name or endpoint.model


def is_unprotected(base_url: str) -> bool:
    """Whether what is sent to an address goes unencrypted over the internet."""
    return is_unencrypted_internet(base_url)


def is_loopback(base_url: str) -> bool:
    """Whether an address is this computer for certain, judged without asking anyone."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback
