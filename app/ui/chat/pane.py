"""The chat pane: chats at the left, the conversation, the composer, and a source at the right.

It says which conversation is shown; what is in it comes from the services.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.base.changes import Topic
from app.base.errors import AppError
from app.chat.entities import Citation, Conversation, ConversationId, Message, MessageId
from app.chat.live import Phase
from app.engine.protocol import Role
from app.library.entities import Collection, Document, DocumentId, Scope
from app.modelhub.entities import LocalModel
from app.ui.actions import ActionSpec, Reach
from app.ui.chat.adding import Attached, attach_files
from app.ui.chat.asking import Asking
from app.ui.chat.composer import Composer
from app.ui.chat.header import ChatHeader
from app.ui.chat.links import ask_to_open
from app.ui.chat.loading import Loading
from app.ui.chat.running_answer import RunningAnswer
from app.ui.chat.scope_items import ScopeItems
from app.ui.chat.scope_picker import ScopePicker
from app.ui.chat.sidebar import Sidebar
from app.ui.chat.source_panel import SourcePanel
from app.ui.chat.source_view import SourceView
from app.ui.chat.start_page import StartState, start_page
from app.ui.chat.transcript import COLUMN_WIDTH, Transcript
from app.ui.chat.words import conversation_text, expected_label, pending_text, scope_title
from app.ui.pane import Pane
from app.ui.sources.request import SourceRequest
from app.ui.text.code_colors import warm_up
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.confirm import ConfirmSheet
from app.ui.widgets.info_bar import InfoBar, announce
from app.ui.widgets.labels import Label
