"""Items and suites as hypothesis draws them: everything that Cairn's own format has to carry."""

from __future__ import annotations

from hypothesis import strategies as st

from app.engine.messages import Image, Role, ToolCall, Turn
from app.evals.entities import Item
from app.evals.suites.suite import Suite

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
said = texts.filter(str.strip)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
json_objects = st.dictionaries(texts, json_values, max_size=3)
calls = st.builds(ToolCall, texts, texts, json_objects)
turns = st.builds(
    Turn,
    st.sampled_from(Role),
    said,
    reasoning=texts,
    tool_calls=st.lists(calls, max_size=2).map(tuple),
    tool_call_id=texts,
    tool_name=texts,
    images=st.lists(st.builds(Image, st.binary(min_size=1, max_size=9)), max_size=1).map(tuple),
)
inputs = said.map(lambda text: (Turn(Role.USER, text),)) | st.lists(
    turns, min_size=1, max_size=3
).map(tuple)
items = st.builds(
    Item,
    said,
    inputs,
    st.lists(texts, max_size=3).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
    json_objects,
)
item_lists = st.lists(items, max_size=4, unique_by=lambda item: item.key).map(tuple)
suites = st.builds(Suite, said, item_lists, texts, st.lists(json_objects, max_size=2).map(tuple))
