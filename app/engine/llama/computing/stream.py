"""One reply in the making: draws its tokens, ends where it should, and keeps the count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from app.base.jobs import CancelToken
from app.engine.llama.computing.outputs import Outputs
from app.engine.llama.computing.task import Prompt, Task
from app.engine.llama.process import peak_memory_bytes
from app.engine.llama.sampling.chain import SamplerChain
from app.engine.llama.vocabulary import Vocabulary
from app.engine.messages import Delta, Reply
from app.engine.protocol import (
    FinishReason,
    Generate,
    Generated,
    Rounding,
    Timings,
    TokenChoice,
    TokenScore,
)
from app.engine.reply import Heard, ReplyText

_TRIAL_GUESSES, _LEAST_RIGHT = 48, 0.3
_RESERVE = 128  # cells a reply should have before it starts, so that it is not soon moved out
_LEAST_CHECKPOINT = 64
_BEFORE_END = 8  # tokens of the generation prompt, which the next turn may spell differently
# A text that is banned everywhere it could go is given up on after so many tries at one place.
_MOST_TRIES = 32


class Parser(Protocol):
    """Takes a reply apart as it comes."""

    def feed(self, text: str) -> Sequence[Delta]:
        """What more text means."""

    def finish(self) -> tuple[Sequence[Delta], Reply]:
        """What the end means, and the whole reply."""


class Guesser(Protocol):
    """Guesses how a reply goes on."""

    def guess(self, sequence: int, tokens: Sequence[int], most: int) -> Sequence[int]:
        """Up to `most` tokens that may follow in this sequence."""

    def forget(self, sequence: int) -> None:
        """The sequence is gone."""


class Stream(Task):
    """Generates one reply."""

    def __init__(
        self,
        request: Generate,
        prompt: Prompt,
        *,
        vocabulary: Vocabulary,
        sampler: SamplerChain,
        parser: Parser,
        visible: frozenset[int],
        ends: frozenset[int],
        stops: tuple[str, ...],
        room: int,
        emit: Callable[[Delta], None],
        cancel: CancelToken,
        guesser: Guesser | None = None,
    ) -> None:
        """Prepare a reply; nothing is computed yet.

        Args:
            request: what was asked.
            prompt: its tokens.
            vocabulary: of the model.
            sampler: draws the tokens; owned from here on.
            parser: takes the reply apart.
            visible: control tokens the parser has to see.
            ends: tokens that end the reply, besides the model's own.
            stops: further texts at which the reply ends.
            room: tokens of the context.
            emit: gets each delta at once; must not block.
            cancel: ends the reply early.
            guesser: for speculative decoding.
        """
        super().__init__(prompt, request.priority, cancel, exact=request.exact)
        self._request = request
        self._vocabulary = vocabulary
        self._sampler = sampler
        self._parser = parser
        self._visible = visible
        self._ends = ends
        self._room = room
        self._emit = emit
        self._guesser = None if request.exact or prompt.images else guesser
        self._text = ReplyText(self._on_text, (*request.stop, *stops), request.sampling.banned)
        self._finish = FinishReason.STOPPED
        self._forbidden: dict[int, frozenset[int]] = {}
        self._guess: Sequence[int] = ()
        self._guessed = self._accepted = 0
        self._end_tokens = 0  # drawn and computed with, but no part of the reply
        self._scores: list[TokenScore] = []
        self._generated: Generated | None = None
        sampler.see(token for token in prompt.tokens if token >= 0)

    @property
    def first_output(self) -> int:
        """The last token that is known: of the prompt, then of the reply."""
        return len(self.tokens) - 1

    @property
    def keep(self) -> bool:  # type: ignore[override]  # a property here, a constant elsewhere
        """A conversation is worth main memory; a background request hardly comes back."""
        return self.is_interactive

    @property
    def reserve(self) -> int:
        """Cells for the first stretch of the reply."""
        return min(self._request.max_tokens, _RESERVE)

    @property
    def checkpoint(self) -> int:
        """Shortly before the end of the prompt: up to there the next turn will be the same."""
        length = len(self.prompt.tokens) - _BEFORE_END
        return length if length >= _LEAST_CHECKPOINT and self.is_interactive else 0

    @property
    def written(self) -> int:
        """Tokens of the reply so far."""
        return len(self.tokens) - len(self.prompt.tokens)

    def guesses(self, most: int) -> Sequence[int]:
        """Tokens that may come next."""
        most = min(most, self._request.max_tokens - self.written - 1)
        guesser, sequence = self._guesser, self.sequence
        if guesser is None or sequence is None or most < 1 or self._forbidden or self.ahead > 1:
            self._guess = ()
        else:
            self._guess = guesser.guess(sequence.id, self.tokens, most)[:most]
        return self._guess

    @property
    def _guessing_pays(self) -> bool:
        """Each guess costs part of a step, so that too many wrong ones make a reply slower."""
        if self._forbidden:
            return False
        return self._guessed < _TRIAL_GUESSES or self._accepted >= _LEAST_RIGHT * self._guessed

    def take(self, outputs: Outputs, guessed: int) -> bool:
        """Draw the next token, and go on as long as the guesses were right."""
        if self._request.max_tokens < 1:  # the prompt is read, and that is all
            return self._end(FinishReason.LENGTH)
        guess, self._guess = self._guess, ()
        self._guessed += guessed
        for offset in range(outputs.count):
            place = len(self.tokens)
            token = outputs.sample(self._sampler, offset, self._forbidden.get(place, frozenset()))
            self._note_time()
            if self._add(token, outputs, offset):
                return True
            if len(self.tokens) <= place or offset >= guessed or guess[offset] != token:
                return False
            self._accepted += 1
        return False

    def result(self) -> Generated:
        """The whole reply, or what there is of it."""
        if self._generated is None:
            self._text.finish()
            deltas, reply = self._parser.finish()
            for delta in deltas:
                self._emit(delta)
            finish = self._finish
            if finish is FinishReason.END and reply.tool_calls:
                finish = FinishReason.TOOL_CALLS
            self._generated = replace(
                Generated.of_reply(reply, finish, self._timings()),
                scores=tuple(self._scores),
                rounding=Rounding(self.batched, self.reused > 0, self._guessed > 0),
            )
        return self._generated

    def nothing(self) -> Generated:
        """An empty reply, stopped."""
        timings = Timings(prompt_tokens=len(self.prompt.tokens), reused_tokens=self.reused)
        return Generated("", FinishReason.STOPPED, timings)

    def close(self) -> None:
        """Give the sampler's memory back."""
        self._sampler.close()

    def _add(self, token: int, outputs: Outputs, offset: int) -> bool:
        """Take a drawn token; True when the reply ends with it."""
        if token in self._ends or self._vocabulary.is_end(token):
            self._end_tokens = 1
            return self._end(FinishReason.END)
        self.tokens.append(token)
        if self._request.logprobs is not None:
            self._scores.append(self._score(token, outputs, offset))
        heard = self._text.add(self._vocabulary.piece(token, special=token in self._visible))
        if heard is Heard.BANNED:
            return self._go_back(self._text.back)
        if heard is Heard.STOP:
            return self._end(FinishReason.END)
        if self.written >= self._request.max_tokens or len(self.tokens) > self._room:
            return self._end(FinishReason.LENGTH)
        return False

    def _end(self, finish: FinishReason) -> bool:
        self._finish = finish
        return True

    def _go_back(self, count: int) -> bool:
        """Take the last tokens back, and never again go on with the first of them."""
        place = len(self.tokens) - count
        tried = self._forbidden.get(place, frozenset()) | {self.tokens[place]}
        self._forbidden = {at: each for at, each in self._forbidden.items() if at < place}
        self._forbidden[place] = tried
        del self.tokens[place:], self._scores[max(0, len(self._scores) - count) :]
        self._sampler.rewind(count)
        return self._end(FinishReason.END) if len(tried) > _MOST_TRIES else False

    def _on_text(self, text: str) -> None:
        for delta in self._parser.feed(text):
            self._emit(delta)

    def _score(self, token: int, outputs: Outputs, offset: int) -> TokenScore:
        from app.engine.llama.sampling import logprobs  # numpy; not needed for plain replies

        row = outputs.row(offset)
        best = logprobs.best(row, self._request.logprobs or 0)
        return TokenScore(
            self._choice(token, logprobs.logprob_of(row, token)),
            tuple(self._choice(*each) for each in best),
        )

    def _choice(self, token: int, logprob: float) -> TokenChoice:
        return TokenChoice(token, self._vocabulary.text(token), logprob)

    def _note_time(self) -> None:
        now = time.perf_counter()
        self.clock.first_token = self.clock.first_token or now
        self.clock.last_token = now

    def _timings(self) -> Timings:
        clock, count = self.clock, self.written + self._end_tokens
        spread = clock.last_token - clock.first_token
        return Timings(
            ttft_s=clock.first_token - clock.taken if clock.first_token else 0.0,
            per_token_s=spread / (count - 1) if count > 1 else 0.0,
            prompt_tokens=len(self.prompt.tokens),
            reused_tokens=self.reused,
            output_tokens=count,
            queue_s=clock.started - clock.taken if clock.started else 0.0,
            peak_memory_bytes=peak_memory_bytes(),
            guessed_tokens=self._guessed,
            accepted_tokens=self._accepted,
        )
