"""Chooses the next token: a chain of llama.cpp's samplers for one reply.

Banned texts are not its part; whoever writes the reply goes back (`rewind`) and samples again
without the token that led there (`sample_without`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from app.engine.errors import GrammarError, SamplingError
from app.engine.llama.native import llama_cpp
from app.engine.llama.sampling.candidates import Candidates
from app.engine.llama.sampling.grammar import GrammarGate
from app.engine.llama.sampling.logprobs import Logits, row
from app.engine.llama.sampling.values import check_sampling
from app.engine.llama.vocabulary import Vocabulary
from app.engine.protocol import Grammar
from app.engine.sampling import Mirostat, Sampler, Sampling

_NO_TOKENS: frozenset[int] = frozenset()
_RANDOM_SEED = 0xFFFFFFFF  # llama.cpp draws a seed of its own for this one
_COLDEST = 1e-4  # below, logits divided by the temperature overflow, and the choice is the same
_UNTHINKABLE = 1e-20  # share of the best token's probability; see `_Steps.typical`
_KEEP_ONE = 1
_EACH_TOKEN_FOR_ITSELF = {Sampler.PENALTIES, Sampler.DRY}


class SamplerChain:
    """The samplers of one reply, with what they remember of it."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        sampling: Sampling,
        *,
        context_train: int,
        grammar: Grammar | None = None,
    ) -> None:
        """Build the chain.

        Args:
            vocabulary: of the model.
            sampling: the settings. Samplers at values that change nothing are left out.
            context_train: the longest range that penalties look back over, in tokens.
            grammar: what the reply has to follow.

        Raises:
            SamplingError: a setting is out of its range.
            GrammarError: the grammar cannot be compiled.
        """
        check_sampling(sampling, vocabulary.size)
        self._vocabulary = vocabulary
        self._gate = GrammarGate(vocabulary, grammar) if grammar else None
        steps = _Steps(vocabulary, sampling, max(context_train, 1), split=grammar is not None)
        self._head: Any = steps.head
        self._native: Any = steps.chain
        self._names = tuple(steps.names)
        self._enough = steps.enough
        self._remembering = steps.remembering
        # llama.cpp's own call is the quickest, but does not look at what it chose.
        forbids = any(amount == -inf for _, amount in sampling.logit_bias)
        self._careful = grammar is not None or forbids
        self._candidates: Candidates | None = None
        self._seen: list[int] = []
        self._accepted: list[int] = []

    def describe(self) -> tuple[str, ...]:
        """The names of the samplers, in the order they act."""
        names = list(self._names)
        if self._gate:
            names.insert(names[:1] == ["logit-bias"], "grammar")
        return tuple(names)

    def see(self, tokens: Iterable[int]) -> None:
        """Tell the penalties and DRY what stands before the reply."""
        if self._remembering:
            reach = max(last for _, last in self._remembering)
            self._seen = [*self._seen, *tokens][-reach:]
            self._remember()

    def sample(self, context: Any, index: int) -> int:
        """The next token, by the logits of an output of the last decode; it is accepted.

        Raises:
            GrammarError: no token fits the grammar here.
        """
        if self._careful:
            return self.sample_without(context, index, _NO_TOKENS)
        token = int(llama_cpp.llama_sampler_sample(self._native, context, index))
        self._accepted.append(token)
        return token

    def sample_without(self, context: Any, index: int, forbidden: frozenset[int]) -> int:
        """As `sample`, with some tokens excluded this once.

        Raises:
            GrammarError: no other token fits the grammar here.
            SamplingError: no other token is possible.
        """
        return self.sample_from(row(context, index, self._vocabulary.size), forbidden)

    def sample_from(self, logits: Logits, forbidden: frozenset[int] = _NO_TOKENS) -> int:
        """As `sample_without`, with the logits of all tokens given."""
        excluded = set(forbidden)
        while True:
            token = self._choose(logits, excluded)
            if self._gate is None or self._gate.accept(token):
                break
            excluded.add(token)  # it begins the grammar's part, and goes on in another way
        self._note(token)
        return token

    def accept(self, token: int) -> None:
        """Take a token into the reply that was not sampled here.

        Raises:
            GrammarError: the grammar does not allow it.
        """
        if self._gate is not None and not self._gate.accept(token):
            raise GrammarError(
                f"“{self._vocabulary.text(token)}” does not fit the grammar at this place.",
                "Change the grammar, or the text that the reply is to begin with.",
            )
        self._note(token)

    def rewind(self, count: int) -> None:
        """Take the last accepted tokens back. Random draws go on from where they are."""
        if count <= 0:
            return
        del self._accepted[-count:]
        self._remember()
        if self._gate is not None:
            self._gate.reset()
            for token in self._accepted:
                self._gate.accept(token)

    def reset(self) -> None:
        """Start again, with the same seed."""
        llama_cpp.llama_sampler_reset(self._head)
        llama_cpp.llama_sampler_reset(self._native)
        self._seen.clear()
        self._accepted.clear()
        if self._gate is not None:
            self._gate.reset()

    def close(self) -> None:
        """Give the memory back."""
        if self._native is not None:
            llama_cpp.llama_sampler_free(self._native)
            llama_cpp.llama_sampler_free(self._head)
            self._native = self._head = None
        if self._gate is not None:
            self._gate.close()

    def _choose(self, logits: Logits, excluded: set[int]) -> int:
        candidates = self._candidates = self._candidates or Candidates(self._vocabulary.size)
        candidates.fill(logits, excluded)
        if self._gate is not None:
            candidates.apply(self._head)
            self._gate.restrict(candidates, self._enough)
        if candidates.drop_impossible():
            candidates.apply(self._native)
            token = candidates.selected()
            if token >= 0:
                return token
        if self._gate is not None:
            raise GrammarError(
                "No token of this model fits the grammar at this place of the reply.",
                "Allow more in the grammar or the schema, or choose another model.",
            )
        raise SamplingError(
            "Every token that could come next is forbidden.",
            "Shorten the list of banned texts or the logit bias.",
        )

    def _note(self, token: int) -> None:
        llama_cpp.llama_sampler_accept(self._head, token)
        llama_cpp.llama_sampler_accept(self._native, token)
        self._accepted.append(token)

    def _remember(self) -> None:
        for sampler, last in self._remembering:
            llama_cpp.llama_sampler_reset(sampler)
            for token in [*self._seen, *self._accepted][-last:]:
                llama_cpp.llama_sampler_accept(sampler, token)


class _Steps:
    """Puts the native samplers of some settings into chains, which own them.

    Attributes:
        head: what changes each token for itself, if it is apart. It can act before the grammar,
            which does not care, and then the grammar need not look at tokens that have no chance.
        chain: all other samplers.
        enough: of the tokens that the grammar allows, so many of the most probable ones are all
            that `chain` will look at; 0 if it looks at all.
        names: of the samplers that act, in their order.
        remembering: samplers that look back, and how many tokens.
    """

    def __init__(
        self, vocabulary: Vocabulary, sampling: Sampling, longest: int, *, split: bool
    ) -> None:
        params = llama_cpp.llama_sampler_chain_default_params()
        params.no_perf = True
        self.head: Any = llama_cpp.llama_sampler_chain_init(params)
        self.chain: Any = llama_cpp.llama_sampler_chain_init(params)
        self.enough = 0
        self.names: list[str] = []
        self.remembering: list[tuple[Any, int]] = []
        self._vocabulary, self._sampling, self._longest = vocabulary, sampling, longest
        self._seed = sampling.seed % _RANDOM_SEED
        self._apart = split
        if sampling.logit_bias:
            self._bias()
        for sampler in self._order():
            self._apart = self._apart and sampler in _EACH_TOKEN_FOR_ITSELF
            self._builders[sampler](self)
        self._apart = False
        self._last()
        first = llama_cpp.llama_sampler_chain_get(self.chain, 0)
        kind = llama_cpp.llama_sampler_name(first)
        self.enough = {b"greedy": 1, b"top-k": sampling.top_k}.get(kind, 0)

    def _order(self) -> Iterable[Sampler]:
        kept = set(Sampler)
        if self._sampling.is_greedy:
            kept = {Sampler.PENALTIES, Sampler.DRY}
        elif self._sampling.mirostat is Mirostat.V2:
            kept = {Sampler.PENALTIES, Sampler.DRY, Sampler.TEMPERATURE}
        return (each for each in self._sampling.order if each in kept)

    def _add(self, sampler: Any) -> Any:
        self.names.append(llama_cpp.llama_sampler_name(sampler).decode())
        self._put(sampler)
        return sampler

    def _put(self, sampler: Any) -> None:
        chain = self.head if self._apart else self.chain
        llama_cpp.llama_sampler_chain_add(chain, sampler)

    def _bias(self) -> None:
        bias = self._sampling.logit_bias
        pairs = (llama_cpp.llama_logit_bias * len(bias))(*bias)
        self._add(llama_cpp.llama_sampler_init_logit_bias(self._vocabulary.size, len(bias), pairs))

    def _last(self) -> None:
        sampling = self._sampling
        if sampling.is_greedy:
            last = llama_cpp.llama_sampler_init_greedy()
        elif sampling.mirostat is Mirostat.V2:
            last = llama_cpp.llama_sampler_init_mirostat_v2(
                self._seed, sampling.mirostat_tau, sampling.mirostat_eta
            )
        elif sampling.adaptive_target >= 0:
            last = llama_cpp.llama_sampler_init_adaptive_p(
                sampling.adaptive_target, sampling.adaptive_decay, self._seed
            )
        else:
            last = llama_cpp.llama_sampler_init_dist(self._seed)
        self._add(last)

    def _penalties(self) -> None:
        sampling = self._sampling
        last = self._range(sampling.penalty_last_n)
        amounts = (
            sampling.repeat_penalty,
            sampling.frequency_penalty,
            sampling.presence_penalty,
        )
        if last and amounts != (1, 0, 0):
            sampler = llama_cpp.llama_sampler_init_penalties(self._vocabulary.size, last, *amounts)
            self.remembering.append((self._add(sampler), last))

    def _dry(self) -> None:
        sampling = self._sampling
        last = self._range(sampling.dry_last_n)
        if not last or sampling.dry_multiplier == 0:
            return
        breakers = [text.encode("utf-8", "replace") for text in sampling.dry_breakers if text]
        sampler = llama_cpp.llama_sampler_init_dry(
            self._vocabulary.handle,
            sampling.dry_multiplier,
            sampling.dry_base,
            sampling.dry_allowed_length,
            last,
            (ctypes.c_char_p * len(breakers))(*breakers),
            len(breakers),
        )
        self.remembering.append((self._add(sampler), last))

    def _top_n_sigma(self) -> None:
        if self._sampling.top_n_sigma > 0:
            self._add(llama_cpp.llama_sampler_init_top_n_sigma(self._sampling.top_n_sigma))

    def _top_k(self) -> None:
        if 0 < self._sampling.top_k < self._vocabulary.size:
            self._add(llama_cpp.llama_sampler_init_top_k(self._sampling.top_k))

    def _typical(self) -> None:
        if self._sampling.typical_p < 1:
            # Its entropy is not a number as soon as one probability is zero.
            self._put(llama_cpp.llama_sampler_init_min_p(_UNTHINKABLE, _KEEP_ONE))
            self._add(llama_cpp.llama_sampler_init_typical(self._sampling.typical_p, _KEEP_ONE))

    def _top_p(self) -> None:
        if self._sampling.top_p < 1:
            self._add(llama_cpp.llama_sampler_init_top_p(self._sampling.top_p, _KEEP_ONE))

    def _min_p(self) -> None:
        if self._sampling.min_p > 0:
            self._add(llama_cpp.llama_sampler_init_min_p(self._sampling.min_p, _KEEP_ONE))

    def _xtc(self) -> None:
        sampling = self._sampling
        if sampling.xtc_probability > 0 and sampling.xtc_threshold <= 0.5:
            sampler = llama_cpp.llama_sampler_init_xtc(
                sampling.xtc_probability, sampling.xtc_threshold, _KEEP_ONE, self._seed
            )
            self._add(sampler)

    def _temperature(self) -> None:
        sampling = self._sampling
        temperature = max(sampling.temperature, _COLDEST)
        if sampling.dynamic_temperature > 0:
            sampler = llama_cpp.llama_sampler_init_temp_ext(
                temperature, sampling.dynamic_temperature, sampling.dynamic_exponent
            )
            self._add(sampler)
        elif temperature != 1:
            self._add(llama_cpp.llama_sampler_init_temp(temperature))

    def _range(self, last: int) -> int:
        return self._longest if last < 0 else min(last, self._longest)

    _builders: dict[Sampler, Callable[[_Steps], None]] = {
        Sampler.PENALTIES: _penalties,
        Sampler.DRY: _dry,
        Sampler.TOP_N_SIGMA: _top_n_sigma,
        Sampler.TOP_K: _top_k,
        Sampler.TYPICAL: _typical,
        Sampler.TOP_P: _top_p,
        Sampler.MIN_P: _min_p,
        Sampler.XTC: _xtc,
        Sampler.TEMPERATURE: _temperature,
    }
