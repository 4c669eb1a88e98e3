from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.engine.llama.fitting import devices as devices_module
from app.engine.llama.fitting import driver
from app.engine.llama.fitting.backends import Backends
from app.engine.protocol import Device

SLOTS = {101: "0000:c1:00.0", 102: "0000:41:00.0", 103: ""}
NUMBERS = {"0000:c1:00.0": 1, "0000:41:00.0": 0}
GIB = 1 << 30


class TwoCards:
    """NVIDIA's library: the second card here is its first, and looking at one takes memory."""

    def __init__(self) -> None:
        self.taken = {0: 3 * GIB, 1: 0}
        self.closed = False

    def used(self) -> dict[int, int]:
        return dict(self.taken)

    def index(self, bus_id: str) -> int:
        return NUMBERS[bus_id]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoCards]:
    library = TwoCards()

    def slot(_backends: Backends, device: int) -> str:
        if found := SLOTS[device]:
            library.taken[NUMBERS[found]] += device * 1000
        return found

    processor = Backends().handles()[0]
    monkeypatch.setattr(driver, "Cards", lambda: library)
    monkeypatch.setattr(Backends, "graphics", lambda _self: tuple(SLOTS))
    monkeypatch.setattr(Backends, "handles", lambda _self: (processor, *SLOTS))
    monkeypatch.setattr(Backends, "slot", slot)
    monkeypatch.setattr(Backends, "name", lambda _self, device: f"Card{device}")
    monkeypatch.setattr(Backends, "description", lambda _self, _device: "A card")
    monkeypatch.setattr(Backends, "type", lambda _self, device: 1 if device in SLOTS else 0)
    monkeypatch.setattr(Backends, "memory", lambda _self, _device: (5 * GIB, 8 * GIB))
    driver.driver_bytes.cache_clear()
    yield library
    driver.driver_bytes.cache_clear()


def test_what_looking_at_a_card_takes_is_the_drivers(library: TwoCards) -> None:
    assert driver.driver_bytes() == {"Card101": 101_000, "Card102": 102_000}
    assert library.closed


def test_it_is_measured_once_because_it_stays_taken(library: TwoCards) -> None:
    first = driver.driver_bytes()
    library.taken[0] += GIB
    assert driver.driver_bytes() == first


@pytest.mark.usefixtures("library")
def test_memory_that_only_this_process_takes_is_free() -> None:
    cards = [each for each in devices_module.devices() if each.kind == "gpu"]
    assert cards == [
        Device("Card101", "A card", "gpu", 5 * GIB + 101_000, 8 * GIB),
        Device("Card102", "A card", "gpu", 5 * GIB + 102_000, 8 * GIB),
        Device("Card103", "A card", "gpu", 5 * GIB, 8 * GIB),
    ]


def test_without_the_library_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backends, "graphics", lambda _self: (101,))
    monkeypatch.setattr(driver, "_LIBRARY", "no-such-library")
    driver.driver_bytes.cache_clear()
    assert driver.driver_bytes() == {}
    driver.driver_bytes.cache_clear()


def test_without_cards_the_library_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> TwoCards:
        raise AssertionError("there is no card")

    monkeypatch.setattr(Backends, "graphics", lambda _self: ())
    monkeypatch.setattr(driver, "Cards", opened)
    driver.driver_bytes.cache_clear()
    assert driver.driver_bytes() == {}
    driver.driver_bytes.cache_clear()


def test_a_library_that_lacks_a_function_is_as_good_as_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _name: object())
    with pytest.raises(OSError, match="nvmlInit_v2"):
        driver.Cards()
