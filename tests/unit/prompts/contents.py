"""Random contents of prompts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from app.engine.messages import Role
from app.engine.sampling import Sampler, Sampling
from app.prompts.entities import Content, Example, Part, Variable, VariableKind

TEXTS = st.text(max_size=20) | st.sampled_from(["", "a b", "a  b\n", "Say it in {{ words }}."])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | NUMBERS | TEXTS
SCHEMAS = st.dictionaries(
    TEXTS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5),
    max_size=3,
)


def variables() -> st.SearchStrategy[tuple[Variable, ...]]:
    """Variables whose names differ."""
    one = st.builds(
        Variable,
        st.sampled_from("abcde"),
        st.sampled_from(VariableKind),
        default=st.none() | st.booleans() | NUMBERS | TEXTS,
        required=st.booleans(),
        choices=st.lists(TEXTS, max_size=2).map(tuple),
    )
    return st.lists(one, max_size=3, unique_by=lambda each: each.name).map(tuple)


def samplings() -> st.SearchStrategy[Sampling]:
    """Settings with some values of each type."""
    biases = st.tuples(st.integers(0, 9), st.floats(allow_nan=False))
    return st.builds(
        Sampling,
        temperature=NUMBERS,
        top_k=st.integers(0, 99),
        logit_bias=st.lists(biases, max_size=2).map(tuple),
        banned=st.lists(TEXTS, max_size=2).map(tuple),
        order=st.lists(st.sampled_from(Sampler), max_size=3).map(tuple),
    )


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Anything that a version can hold."""
    schema: dict[str, Any] | None = draw(st.none() | SCHEMAS)
    return Content(
        parts=draw(st.lists(st.builds(Part, st.sampled_from(Role), TEXTS), max_size=4).map(tuple)),
        variables=draw(variables()),
        examples=draw(st.lists(st.builds(Example, TEXTS, TEXTS), max_size=3).map(tuple)),
        output_schema=schema,
        sampling=draw(st.none() | samplings()),
    )
