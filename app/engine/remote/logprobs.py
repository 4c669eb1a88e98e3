"""Log-probabilities as servers write them: the chat form, and the older one of text completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.engine.protocol import TokenChoice, TokenScore
from app.engine.remote.shapes import items, mapping, number, text, whole

UNKNOWN_TOKEN = -1  # the standard gives the text of a token, not its number


def read_scores(value: object) -> Iterator[TokenScore]:
    """The scores in the `logprobs` of one chunk; none if there are none."""
    scores = mapping(value)
    content = items(scores.get("content"))
    if content:
        yield from _chat_form(content)
    else:
        yield from _text_form(scores)


def _chat_form(content: tuple[Any, ...]) -> Iterator[TokenScore]:
    for entry in map(mapping, content):
        chosen = _choice(entry)
        if chosen is not None:
            others = (_choice(mapping(each)) for each in items(entry.get("top_logprobs")))
            yield TokenScore(chosen, _best_first(each for each in others if each is not None))


def _choice(entry: Mapping[str, Any]) -> TokenChoice | None:
    logprob = number(entry.get("logprob"))
    if logprob is None:
        return None
    return TokenChoice(whole(entry.get("id"), UNKNOWN_TOKEN), _token_text(entry), logprob)


def _token_text(entry: Mapping[str, Any]) -> str:
    numbers = items(entry.get("bytes"))
    if numbers and all(isinstance(each, int) and 0 <= each < 256 for each in numbers):
        return bytes(numbers).decode("utf-8", "replace")
    return text(entry.get("token"))


def _text_form(scores: Mapping[str, Any]) -> Iterator[TokenScore]:
    tokens, logprobs = items(scores.get("tokens")), items(scores.get("token_logprobs"))
    tops = items(scores.get("top_logprobs"))
    for position, (token, logprob) in enumerate(zip(tokens, logprobs, strict=False)):
        value = number(logprob)
        if value is None:
            continue  # the first token of a prompt has none
        top = mapping(tops[position]) if position < len(tops) else {}
        found = ((text(name), number(each)) for name, each in top.items())
        yield TokenScore(
            TokenChoice(UNKNOWN_TOKEN, text(token), value),
            _best_first(
                TokenChoice(UNKNOWN_TOKEN, name, each) for name, each in found if each is not None
            ),
        )


def _best_first(choices: Iterator[TokenChoice]) -> tuple[TokenChoice, ...]:
    return tuple(sorted(choices, key=lambda choice: -choice.logprob))
