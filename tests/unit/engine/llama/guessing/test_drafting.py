import random
from contextlib import contextmanager
from itertools import pairwise

import pytest

from app.base.errors import Cancelled
from app.engine.errors import DraftError
from app.engine.llama.guessing.drafting import DraftModel
from app.engine.llama.vocabulary import Vocabulary
from tests.doubles import native, random_gguf, scripted_gguf

PROMPT = list(range(60, 90))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drafts")
    random_gguf.tiny_random(folder / "model.gguf")
    random_gguf.tiny_random(folder / "draft.gguf", random_gguf.Shape(layers=1), seed=5)
    random_gguf.tiny_random(folder / "fewer.gguf", random_gguf.Shape(vocabulary=500))
    random_gguf.tiny_random(folder / "many.gguf", random_gguf.Shape(vocabulary=1024))
    random_gguf.tiny_recurrent(folder / "mamba.gguf")
    random_gguf.tiny_hybrid(folder / "hybrid.gguf")
    random_gguf.tiny_embedder(folder / "bert.gguf")
    scripted_gguf.scripted_gguf(folder / "scripted.gguf")
    content = (folder / "model.gguf").read_bytes()
    (folder / "cut.gguf").write_bytes(content[: len(content) // 2])
    (folder / "text.gguf").write_text("no model")
    (folder / "texts.gguf").write_bytes(with_other_words(content))
    return folder


def with_other_words(content):
    """A model of the same size in whose vocabulary two letters have changed places."""
    swap = bytes.maketrans(b"bq", b"qb")
    for first, last in (("tokens", "token_type"), ("merges", "bos_token_id")):
        start, end = (content.index(f"tokenizer.ggml.{key}".encode()) for key in (first, last))
        content = content[:start] + content[start:end].translate(swap) + content[end:]
    return content


@pytest.fixture(scope="module")
def vocabulary(files):
    with native.native_model(files / "model.gguf") as model:
        yield Vocabulary(model)


@pytest.fixture
def make_draft(files, vocabulary):
    made = []

    def make(name="draft", **options):
        options = {"context_length": 512, "sequences": 8, "least_probability": 0.0} | options
        made.append(DraftModel(files / f"{name}.gguf", vocabulary, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()
        each.close()


@contextmanager
def greedy(path):
    """A function that continues tokens by the most probable ones, computed from the start."""
    with native.native_model(path) as model, native.native_context(model) as context:

        def go_on(tokens, most):
            tokens = list(tokens)
            for _ in range(most):
                native.clear(context)
                tokens.append(int(native.decode(context, tokens)[-1].argmax()))
            return tokens[len(tokens) - most :]

        yield go_on


def test_guess_is_what_the_draft_model_would_say(files, make_draft):
    with greedy(files / "draft.gguf") as go_on:
        assert make_draft().guess(0, PROMPT, 6) == go_on(PROMPT, 6)


def test_guess_stays_in_step_with_what_was_accepted(files, make_draft):
    draft, drawn, tokens = make_draft(), random.Random(3), list(PROMPT)
    with greedy(files / "draft.gguf") as go_on:
        for _ in range(12):
            guessed = draft.guess(0, tokens, 4)
            assert guessed == go_on(tokens, 4)
            tokens += guessed[: drawn.randint(0, 4)]
            tokens.append(drawn.randint(60, 400))  # what the large model said instead


def test_sequences_do_not_disturb_each_other(files, make_draft):
    draft = make_draft()
    texts = {sequence: [60 + sequence, *PROMPT] for sequence in range(8)}
    with greedy(files / "draft.gguf") as go_on:
        for _ in range(3):
            for sequence, tokens in texts.items():
                guessed = draft.guess(sequence, tokens, 3)
                assert guessed == go_on(tokens, 3)
                tokens.extend(guessed[:2])


def test_a_number_used_again_for_another_conversation_is_noticed(files, make_draft):
    draft = make_draft()
    draft.guess(0, PROMPT, 3)
    other = PROMPT[:5] + PROMPT[::-1]
    with greedy(files / "draft.gguf") as go_on:
        assert draft.guess(0, other, 3) == go_on(other, 3)
        draft.forget(0)
        draft.forget(7)
        assert draft.guess(0, PROMPT[:4], 3) == go_on(PROMPT[:4], 3)


def test_guess_ends_where_it_is_not_sure(make_draft):
    assert make_draft(least_probability=1.0).guess(0, PROMPT, 5) == []


def test_guess_of_a_sure_model_is_as_long_as_wanted_and_ends_with_the_reply(files):
    with native.native_model(files / "scripted.gguf") as model:
        vocabulary = Vocabulary(model)
        draft = DraftModel(files / "scripted.gguf", vocabulary, context_length=256, sequences=2)
        start = vocabulary.tokenize("<|go0|>", parse_special=True)
        first = draft.guess(0, start, 3)
        rest = draft.guess(0, start + first, 50)
        draft.close()
        said = b"".join(map(vocabulary.piece, first + rest)).decode()
    assert len(first) == 3
    assert said == scripted_gguf.CITED


@pytest.mark.parametrize("most", [0, -1, 1, 2])
def test_guess_is_no_longer_than_wanted(make_draft, most):
    assert len(make_draft().guess(0, PROMPT, most)) == max(most, 0)


def test_nothing_is_guessed_of_nothing(make_draft):
    assert make_draft().guess(0, [], 4) == []


def test_a_long_prompt_is_caught_up_with_over_several_calls(files, make_draft):
    draft = make_draft(batch=8)
    calls = 1
    while not (guessed := draft.guess(0, PROMPT, 3)):
        calls += 1
        assert calls < 10
    assert calls == 4  # 30 tokens, 8 at once
    with greedy(files / "draft.gguf") as go_on:
        assert guessed == go_on(PROMPT, 3)


def test_a_full_memory_drops_the_sequence_that_waited_longest(files, make_draft):
    draft = make_draft(context_length=256)
    texts = {sequence: [60 + sequence, *PROMPT * 2] for sequence in range(8)}  # 488 tokens
    with greedy(files / "draft.gguf") as go_on:
        for _ in range(2):
            for sequence, tokens in texts.items():
                assert draft.guess(sequence, tokens, 3) in ([], go_on(tokens, 3))
        assert draft.guess(7, texts[7], 3) == go_on(texts[7], 3)


def test_nothing_is_guessed_beyond_the_context(make_draft):
    draft = make_draft(context_length=256)
    assert len(draft.guess(0, PROMPT * 8 + PROMPT[:14], 5)) == 2
    assert draft.guess(1, PROMPT * 9, 5) == []


def test_nothing_is_guessed_behind_a_picture_or_an_unknown_token(make_draft, files):
    draft = make_draft()
    assert draft.guess(0, [*PROMPT, -5, -6, 70], 4) == []
    assert draft.guess(0, [*PROMPT, 511, 512], 4) == []
    with greedy(files / "draft.gguf") as go_on:
        assert draft.guess(0, PROMPT, 2) == go_on(PROMPT, 2)


def test_a_guess_that_was_interrupted_does_no_harm(files, make_draft):
    draft = make_draft()
    draft.flag.lift()
    assert draft.guess(0, PROMPT, 3) == []
    draft.flag.lower()
    with greedy(files / "draft.gguf") as go_on:
        assert draft.guess(0, PROMPT, 3) == go_on(PROMPT, 3)


def test_a_vocabulary_that_lacks_a_few_tokens_will_do(make_draft):
    guessed = make_draft("fewer").guess(0, PROMPT, 20)
    assert len(guessed) == 20
    assert max(guessed) < 500


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("many", "1,024 tokens instead of 512"),
        ("scripted", "vocabulary is another one"),
        ("texts", "mean something else"),
        ("mamba", "cannot go back"),
        ("hybrid", "cannot go back"),
        ("bert", "vocabulary is another one"),
        ("cut", "incomplete"),
        ("text", "not a GGUF"),
        ("missing", "cannot be loaded"),
    ],
)
def test_a_model_that_does_not_go_with_it_is_refused_in_words(make_draft, name, words):
    with pytest.raises(DraftError, match=words) as refused:
        make_draft(name)
    assert refused.value.hint
    assert f"{name}.gguf" in refused.value.message


def test_loading_can_be_given_up(make_draft):
    with pytest.raises(Cancelled):
        make_draft(is_cancelled=lambda: True)


def test_an_embedding_model_with_the_same_vocabulary_is_refused(files, tmp_path):
    with (
        native.native_model(files / "bert.gguf") as model,
        pytest.raises(DraftError, match="not a chat model"),
    ):
        DraftModel(files / "bert.gguf", Vocabulary(model), context_length=64, sequences=1)


def test_guesses_of_the_model_itself_are_all_right(files, make_draft):
    draft = make_draft("model")
    with greedy(files / "model.gguf") as go_on:
        said = go_on(PROMPT, 12)
        starts = [*range(0, 12, 4), 12]
        for start, end in pairwise(starts):
            assert draft.guess(0, PROMPT + said[:start], 4) == said[start:end]
