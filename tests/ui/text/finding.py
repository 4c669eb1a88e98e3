"""Finds widgets as a person would: by their kind, or by the words on them."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QAbstractButton, QWidget

W = TypeVar("W", bound=QWidget)


def child(parent: QWidget, kind: type[W]) -> W:
    found = parent.findChild(kind)
    assert found is not None, f"no {kind.__name__} in {parent}"
    return found


def button(parent: QWidget, name: str) -> QAbstractButton:
    """The one visible button whose words or accessible name begin like this."""
    buttons = [
        each
        for each in parent.findChildren(QAbstractButton)
        if each.isVisible()
        and (each.text().strip().startswith(name) or each.accessibleName().startswith(name))
    ]
    names = [each.accessibleName() for each in parent.findChildren(QAbstractButton)]
    assert len(buttons) == 1, f"{len(buttons)} buttons “{name}” among {names}"
    return buttons[0]


def has_button(parent: QWidget, name: str) -> bool:
    return any(
        each.isVisible() and each.accessibleName().startswith(name)
        for each in parent.findChildren(QAbstractButton)
    )
