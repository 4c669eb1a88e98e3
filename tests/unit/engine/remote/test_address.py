from __future__ import annotations

import pytest

from app.engine.remote.address import is_private_host, parse_address
from app.engine.remote.errors import BadAddress


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"),
        (" http://127.0.0.1:8080 ", "http://127.0.0.1:8080/v1"),
        ("localhost:11434", "http://localhost:11434/v1"),
        ("LOCALHOST:11434", "http://localhost:11434/v1"),
        ("workstation:8000", "http://workstation:8000/v1"),
        ("gpu.lan", "http://gpu.lan/v1"),
        ("api.example.com", "https://api.example.com/v1"),
        ("https://api.example.com/v1/chat/completions", "https://api.example.com/v1"),
        ("https://api.example.com/v1/models", "https://api.example.com/v1"),
        ("https://example.com/llama", "https://example.com/llama/v1"),
        ("https://example.com/api/v3", "https://example.com/api/v3"),
        ("https://example.com/v1beta/openai", "https://example.com/v1beta/openai"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("http://192.168.1.20:1234", "http://192.168.1.20:1234/v1"),
    ],
)
def test_address_becomes_a_base_url(typed: str, base: str) -> None:
    address = parse_address(typed)
    assert address.base == base
    assert parse_address(base).base == base


def test_root_is_where_the_servers_own_routes_are() -> None:
    assert parse_address("http://127.0.0.1:8080").root == "http://127.0.0.1:8080"
    assert parse_address("https://example.com/llama/v1").root == "https://example.com/llama"


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "empty"),
        ("ftp://example.com", "http and https"),
        ("file:///etc/passwd", "http and https"),
        ("http://", "names no server"),
        ("http://me:secret@127.0.0.1", "name or password"),
        ("http://127.0.0.1/v1?key=1", "after"),
        ("http://127.0.0.1/v1#x", "after"),
        ("http://127.0.0.1:99999", "port"),
        ("http://127.0.0.1:0", "port"),
        ("http://127.0.0.1:abc", "port"),
        ("http://[::1", "not an address"),
        ("http://exa mple.com", "spaces"),
        ("http://example\u202e.com", "spaces"),
        ("http://exa\nmple.com", "spaces"),
        ("http://a..b", "names no server"),
        ("http://" + "a" * 3000, "spaces or other"),
    ],
)
def test_bad_address_is_refused_in_words(typed: str, word: str) -> None:
    with pytest.raises(BadAddress, match=word):
        parse_address(typed)


def test_secret_in_an_address_is_not_repeated() -> None:
    with pytest.raises(BadAddress) as caught:
        parse_address("http://me:topsecret@127.0.0.1")
    assert "topsecret" not in str(caught.value)


def test_plain_http_over_the_internet_needs_a_yes() -> None:
    with pytest.raises(BadAddress, match="not encrypted"):
        parse_address("http://api.example.com")
    assert parse_address("http://api.example.com", allow_plain_http=True).base.startswith("http:")


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "::1", "10.0.0.3", "192.168.0.1", "172.16.5.5", "fd00::1",
             "fe80::1", "nas", "box.local", "gpu.home.arpa", "::ffff:10.0.0.1"]
)  # fmt: skip
def test_private_host(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "example.com", "2001:4860::1", "::ffff:8.8.8.8", "134744072", "0x08080808",
             "local.example.com", "172.32.0.1", ""]
)  # fmt: skip
def test_host_of_the_internet(host: str) -> None:
    assert not is_private_host(host)
