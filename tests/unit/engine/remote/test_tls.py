"""Encrypted connections, against a server with a certificate of its own."""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.base.jobs import CancelToken
from app.engine.protocol import FinishReason
from app.engine.remote.engine import RemoteEngine
from app.engine.remote.errors import NotEncrypted
from app.engine.remote.retries import Retries
from app.engine.remote.server import RemoteModel
from tests.doubles.openai_server import CHAT, OpenAiServer, Wire, delta, said, stream
from tests.unit.engine.remote.conftest import KEY, ask


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key for 127.0.0.1, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    places = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, kind, plain)
    )
    return file


@pytest.fixture
def server(certificate: Path) -> Iterator[OpenAiServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with OpenAiServer(context) as running:
        yield running


@pytest.fixture
def engine(server: OpenAiServer) -> RemoteEngine:
    return RemoteEngine(RemoteModel(server.base_url, "m"), KEY, retries=Retries(tries=1))


def test_certificate_that_nobody_vouches_for_is_refused_and_no_key_is_sent(
    server: OpenAiServer, engine: RemoteEngine
) -> None:
    server.on(CHAT, said("Hello"))
    with pytest.raises(NotEncrypted, match="not trusted: self-signed certificate"):
        engine.generate(ask())
    assert server.received == []


def test_certificate_of_a_known_authority_is_trusted(
    server: OpenAiServer, engine: RemoteEngine, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server.on(CHAT, said("Hel", "lo"))
    assert engine.generate(ask()).text == "Hello"


def test_stop_closes_an_encrypted_connection_at_once(
    server: OpenAiServer, engine: RemoteEngine, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server.on(CHAT, stream(delta(content="so far"), done=False, then=Wire.stall))
    cancel, at = CancelToken(), []

    def stop(_delta: object) -> None:
        at.append(time.monotonic())
        cancel.cancel()

    stopped = engine.generate(ask(), stop, cancel)
    assert time.monotonic() - at[0] < 0.2
    assert stopped.finish is FinishReason.STOPPED
    assert server.hung_up.wait(5)
