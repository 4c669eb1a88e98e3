from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf
from random import Random

import numpy as np
import pytest

from app.engine.errors import GrammarError
from app.engine.llama.native import llama_cpp
from app.engine.llama.sampling.candidates import Candidates
from app.engine.llama.sampling.chain import SamplerChain
from app.engine.llama.sampling.grammar import GrammarGate
from app.engine.llama.sampling.logprobs import Logits
from app.engine.protocol import Grammar
from app.engine.sampling import Mirostat, Sampling
from tests.unit.engine.llama.conftest import Native

GREEDY = Sampling(temperature=0.0)
YES_OR_NO = Grammar('root ::= "yes" | "no"')
TOOL = r"""root ::= "<call>" name "</call>"
name ::= [a-z]+
"""
MakeChain = Callable[..., SamplerChain]


@pytest.fixture
def chain(native: Native) -> Iterator[MakeChain]:
    chains: list[SamplerChain] = []

    def make(grammar: Grammar, sampling: Sampling = GREEDY) -> SamplerChain:
        made = SamplerChain(native.vocabulary, sampling, context_train=512, grammar=grammar)
        chains.append(made)
        return made

    yield make
    for each in chains:
        each.close()


def wish(native: Native, *texts: str) -> Logits:
    """Logits of a model that wants these tokens, the first most."""
    logits = np.zeros(native.vocabulary.size, np.float32)
    for place, text in enumerate(texts):
        logits[native.token(text)] = 50.0 - place
    return logits


def say(native: Native, chain: SamplerChain, *wishes: str) -> str:
    """What comes out when the model wants these tokens one after another."""
    tokens = [chain.sample_from(wish(native, each)) for each in wishes]
    return "".join(native.vocabulary.text(token) for token in tokens)


def write(native: Native, chain: SamplerChain, logits: Logits, most: int = 60) -> str:
    """A whole reply of a model that always wants the same."""
    text = b""
    for _ in range(most):
        token = chain.sample_from(logits)
        if native.vocabulary.is_end(token):
            return text.decode()
        text += native.vocabulary.piece(token)
    raise AssertionError(text)


def test_grammar_acts_after_the_bias_and_before_everything_else(
    native: Native, chain: MakeChain
) -> None:
    assert chain(YES_OR_NO).describe() == ("grammar", "greedy")
    biased = Sampling(logit_bias=((1, 1.0),))
    assert chain(YES_OR_NO, biased).describe()[:3] == ("logit-bias", "grammar", "top-k")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=1.0),
        Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0),
        Sampling(temperature=1.0, mirostat=Mirostat.V2),
        Sampling(temperature=1.0, typical_p=0.5, top_k=0, dynamic_temperature=0.5),
        Sampling(temperature=1.0, adaptive_target=0.5, repeat_penalty=1.3, dry_multiplier=1.0),
    ],
    ids=lambda value: value.mirostat if isinstance(value, Sampling) else str(value),
)
def test_reply_follows_the_grammar_whatever_the_model_wants(
    native: Native, chain: MakeChain, sampling: Sampling, seed: int
) -> None:
    logits = wish(native, "x", "q", "<|im_end|>")
    made = chain(YES_OR_NO, replace(sampling, seed=seed))
    assert write(native, made, logits) in {"yes", "no"}


def test_token_that_fits_is_taken_by_probability(native: Native, chain: MakeChain) -> None:
    made = chain(YES_OR_NO)
    assert say(native, made, "n", "o") == "no"
    assert native.vocabulary.is_end(made.sample_from(wish(native, "x")))


def test_letters_of_several_bytes_follow_a_grammar(native: Native, chain: MakeChain) -> None:
    made = chain(Grammar('root ::= "日本" [語€]'))
    assert write(native, made, wish(native, "x")) in {"日本語", "日本€"}


def test_forced_token_that_does_not_fit_is_refused_and_the_rest_goes_on(
    native: Native, chain: MakeChain
) -> None:
    made = chain(YES_OR_NO)
    made.accept(native.token("y"))
    for wrong in ("n", "<|im_end|>"):
        with pytest.raises(GrammarError, match="does not fit the grammar"):
            made.accept(native.token(wrong))
    assert write(native, made, wish(native, "x")) == "es"


def test_rewind_and_reset_take_the_grammar_back(native: Native, chain: MakeChain) -> None:
    made = chain(YES_OR_NO)
    assert say(native, made, "y", "e") == "ye"
    made.rewind(1)
    assert say(native, made, "e") == "e"
    made.rewind(2)
    assert say(native, made, "n", "o") == "no"
    made.reset()
    assert say(native, made, "y") == "y"


def test_grammar_that_the_vocabulary_cannot_follow_ends_in_words(
    native: Native, chain: MakeChain
) -> None:
    letter_y = native.token("y")
    forbidding = replace(GREEDY, logit_bias=((letter_y, -inf), (native.token("n"), -inf)))
    made = chain(YES_OR_NO, forbidding)
    excluded = frozenset(
        token
        for token in range(native.vocabulary.size)
        if native.vocabulary.text(token)[:1] in {"y", "n"}
    )
    with pytest.raises(GrammarError, match="No token of this model fits"):
        made.sample_from(wish(native, "x"), excluded)


@pytest.mark.parametrize(
    ("gbnf", "root", "reason"),
    [
        ("", "root", "empty"),
        (" \n", "root", "empty"),
        ("# nothing\n", "root", "does not accept|parse"),
        ("root ::= ", "start", "'start'"),
        ("root = yes", "root", "expecting ::="),
        ('root ::= "yes', "root", "unexpected end"),
        ("root ::= [a-", "root", "unexpected end|unknown"),
        ("root ::= other", "root", "other"),
        ("root ::= (", "root", r"expecting '\)'"),
        ("root ::= *", "root", "preceding item"),
        ('root ::= "a"{', "root", "expecting an int"),
        ('root ::= "a"{5,2}', "root", "ends below"),
        ('root ::= "a"{99999999999999999999,}', "root", "stoull|repetition"),
        ('root ::= "a"{1000}{1000}', "root", "repetition"),
        ("root ::= root", "root", "left recursion"),
        ('root ::= a\na ::= root "x"', "root", "left recursion"),
        ('root ::= "yes"\0 | "no"', "root", "zero byte"),
        ('root ::= "yes"', "ro\0ot", "zero byte"),
        ("root ::= " + "(" * 5000 + '"a"' + ")" * 5000, "root", "parentheses"),
        ('root ::= "' + "a" * 1_100_000 + '"', "root", "longer"),
        ("".join(f'r{n} ::= "a"\n' for n in range(4_001)), "r0", "too many rules"),
        ("root ::= <[5]>", "root", "names tokens"),
        ('root ::= "a" !<[5]>', "root", "names tokens"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_bad_grammar_is_an_error_that_says_why(
    chain: MakeChain, gbnf: str, root: str, reason: str
) -> None:
    with pytest.raises(GrammarError, match=reason) as refused:
        chain(Grammar(gbnf, root))
    assert refused.value.message.startswith("The grammar cannot be used: ")
    assert len(refused.value.message) < 300
    assert refused.value.hint


def test_control_tokens_follow_a_grammar_by_their_text(native: Native, chain: MakeChain) -> None:
    made = chain(Grammar('root ::= "<|im_start|>a"'))
    assert say(native, made, "<|im_start|>", "x") == "<|im_start|>a"


def test_grammar_of_many_rules_one_within_the_other_loads(chain: MakeChain) -> None:
    rules = "".join(f"r{n} ::= r{n + 1}\n" for n in range(3_900))
    assert chain(Grammar(f'{rules}r3900 ::= "a"', "r0")).describe()[0] == "grammar"


LAZY = Grammar(TOOL, triggers=(r"(<call>)",))


def test_lazy_grammar_waits_for_its_trigger(native: Native, chain: MakeChain) -> None:
    made = chain(LAZY)
    assert say(native, made, *"12345<call>") == "12345<call>"
    # From here on only small letters, and the end of the call.
    assert say(native, made, "7", "x") != "7x"
    assert write(native, made, wish(native, "<")) == "</call>"


def test_lazy_grammar_without_its_trigger_never_acts(native: Native, chain: MakeChain) -> None:
    made = chain(LAZY)
    assert say(native, made, *"I call nothing.") == "I call nothing."
    assert native.vocabulary.is_end(made.sample_from(wish(native, "<|im_end|>")))


@pytest.mark.parametrize(
    "trigger",
    [
        r"(<call>[\s\S]*)",
        r"[\s\S]*?(<call>)[\s\S]*",
        r"^[\s\S]*?(<call>)",
        r"<call>",
        r"()(<call>)",
    ],
)
def test_trigger_may_be_written_as_llama_cpp_writes_it(
    native: Native, chain: MakeChain, trigger: str
) -> None:
    made = chain(Grammar(TOOL, triggers=(trigger,)))
    assert say(native, made, *"a<call>b", "7") != "a<call>b7"


def test_first_trigger_that_matches_counts(native: Native, chain: MakeChain) -> None:
    made = chain(Grammar('root ::= "B" "b"', triggers=(r"(A)$", r"(B)")))
    assert say(native, made, "x", "B", "A") == "xBb"


def test_grammar_begins_in_the_middle_of_a_token(native: Native, chain: MakeChain) -> None:
    made = chain(Grammar('root ::= "c" "x"', triggers=(r"ab(c)",)))
    assert say(native, made, "a", "bc", "z") == "abcx"


def test_letters_of_several_bytes_around_a_trigger(native: Native, chain: MakeChain) -> None:
    made = chain(Grammar('root ::= "ü" "€"', triggers=(r"ä(ü)",)))
    for token in native.vocabulary.tokenize("日ä", parse_special=False):
        made.accept(token)
    for token in native.vocabulary.tokenize("ü", parse_special=False):
        made.accept(token)
    assert write(native, made, wish(native, "x")) == "€"


def test_token_that_starts_the_grammar_and_breaks_it_is_not_chosen(
    native: Native, chain: MakeChain
) -> None:
    # “th” starts the grammar by its “t” and goes on with a letter the grammar does not know.
    made = chain(Grammar('root ::= "t" [0-9]', triggers=(r"(t)",)))
    token = made.sample_from(wish(native, "th", "7"))
    assert native.vocabulary.text(token) == "7"
    assert say(native, made, "t") == "t"
    assert write(native, made, wish(native, "4")) == "4"


def test_rewind_before_the_trigger_waits_again(native: Native, chain: MakeChain) -> None:
    made = chain(LAZY)
    assert say(native, made, *"<call>ab") == "<call>ab"
    made.rewind(6)
    assert say(native, made, *"all0<call>", "7") != "all0<call>7"
    made.reset()
    assert say(native, made, *"123") == "123"


def test_trigger_that_is_no_regular_expression_is_an_error(chain: MakeChain) -> None:
    with pytest.raises(GrammarError, match="not a regular expression"):
        chain(Grammar(TOOL, triggers=("(<call>",)))


def test_long_reply_that_waits_for_a_trigger_is_harmless(native: Native, chain: MakeChain) -> None:
    made = chain(Grammar(TOOL, triggers=(r"[\s\S]*?(<call>)[\s\S]*",)))
    letter = native.token("a")
    for _ in range(3000):
        made.accept(letter)
    for text in "<call>":
        made.accept(native.token(text))
    assert say(native, made, "7") != "7"


JSON = r"""root ::= object
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (string ":" ws value ("," ws string ":" ws value)*)? "}" ws
array ::= "[" ws (value ("," ws value)*)? "]" ws
string ::= "\"" ([^"\\\x00-\x1f] | "\\" ["\\/bfnrt])* "\"" ws
number ::= "-"? [0-9]+ ("." [0-9]+)? ws
ws ::= [ \t\n]?
"""


@pytest.mark.parametrize(
    "gbnf", [JSON, 'root ::= ("日本" | "語" | [\\u0430-\\u044f] | "\\n")+', "root ::= .*"]
)
def test_tokens_that_are_left_are_those_that_llama_cpp_leaves(native: Native, gbnf: str) -> None:
    vocabulary, draw = native.vocabulary, Random(7)
    gate = GrammarGate(vocabulary, Grammar(gbnf))
    whole = llama_cpp.llama_sampler_init_grammar(vocabulary.handle, gbnf.encode(), b"root")
    candidates = Candidates(vocabulary.size)
    for _ in range(60):
        logits = np.random.default_rng(draw.randrange(99)).normal(size=vocabulary.size)
        candidates.fill(logits.astype(np.float32))
        candidates.apply(whole)
        expected = set(np.flatnonzero(candidates.possible()).tolist())
        candidates.fill(logits.astype(np.float32))
        gate.restrict(candidates)
        left = {candidates.native.data[place].id for place in range(candidates.native.size)}
        assert left == expected
        candidates.fill(logits.astype(np.float32))
        gate.restrict(candidates, 5)
        few = {candidates.native.data[place].id for place in range(candidates.native.size)}
        best = sorted(expected, key=lambda token: -logits[token])[:5]
        assert set(best) <= few <= expected
        going_on = sorted(token for token in expected if not vocabulary.is_end(token))
        if not going_on:
            break
        token = draw.choice(going_on)
        assert gate.accept(token)
        llama_cpp.llama_sampler_accept(whole, token)
    gate.close()
    llama_cpp.llama_sampler_free(whole)


def test_short_cuts_choose_as_llama_cpp_does_on_the_whole_vocabulary(
    native: Native, chain: MakeChain
) -> None:
    vocabulary = native.vocabulary
    sampling = Sampling(temperature=1.0, top_k=5, top_p=1.0, min_p=0.0, repeat_penalty=1.5, seed=11)
    quick = chain(Grammar(JSON), sampling)
    whole = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    for step in (
        llama_cpp.llama_sampler_init_grammar(vocabulary.handle, JSON.encode(), b"root"),
        llama_cpp.llama_sampler_init_penalties(vocabulary.size, 64, 1.5, 0.0, 0.0),
        llama_cpp.llama_sampler_init_top_k(5),
        llama_cpp.llama_sampler_init_dist(11),
    ):
        llama_cpp.llama_sampler_chain_add(whole, step)
    candidates = Candidates(vocabulary.size)
    draw = np.random.default_rng(5)
    end = native.token("<|im_end|>")
    for _ in range(120):
        logits = draw.normal(0, 3, vocabulary.size).astype(np.float32)
        logits[end] = -50.0
        candidates.fill(logits)
        candidates.apply(whole)
        expected = candidates.selected()
        assert quick.sample_from(logits) == expected
        if vocabulary.is_end(expected):
            break
        llama_cpp.llama_sampler_accept(whole, expected)
    llama_cpp.llama_sampler_free(whole)
