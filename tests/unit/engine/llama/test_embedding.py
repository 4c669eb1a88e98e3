import math
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import gguf
import pytest

from app.base.errors import Cancelled
from app.engine.errors import EngineError, ModelLoadError, PromptTooLong
from app.engine.llama.embedding import Embedder, embeds
from app.engine.llama.native import llama_cpp
from app.engine.llama.vocabulary import Vocabulary
from tests.doubles import native, random_gguf

TEXTS = ("ba ce di", "a longer text of several words", "x", "", "ba ce di", "ünïcode 日本 😀", "\0")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedders")
    random_gguf.tiny_embedder(folder / "bert.gguf")
    random_gguf.tiny_embedder(folder / "decoder.gguf", causal=True)
    random_gguf.tiny_random(folder / "chat.gguf")
    random_gguf.tiny_recurrent(folder / "mamba.gguf")
    return folder


@pytest.fixture(scope="module", params=["bert", "decoder"])
def model(files, request):
    with native.native_model(files / f"{request.param}.gguf") as found:
        yield found


@pytest.fixture
def make_embedder(model):
    made = []

    def make(**options):
        options = {"context_length": 512} | options
        made.append(Embedder("tiny.gguf", model, Vocabulary(model), **options))
        return made[-1]

    yield make
    for each in made:
        each.close()
        each.close()


def reference(model, text):
    """The vector as llama.cpp gives it for one text computed alone, all tokens pooled."""
    params = llama_cpp.llama_context_default_params()
    params.embeddings = True
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    context = llama_cpp.llama_init_from_model(model, params)
    data = text.encode()
    tokens = (llama_cpp.llama_token * 512)()
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    size = llama_cpp.llama_tokenize(vocabulary, data, len(data), tokens, 512, True, False)
    assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, size)) == 0
    width = llama_cpp.llama_model_n_embd_out(model)
    values = llama_cpp.llama_get_embeddings_seq(context, 0)[:width]
    llama_cpp.llama_free(context)
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


@pytest.mark.parametrize(
    ("name", "expected"), [("bert", True), ("decoder", True), ("chat", False), ("mamba", False)]
)
def test_embeds_tells_embedding_models_from_chat_models(files, name, expected):
    with native.native_model(files / f"{name}.gguf") as model:
        assert embeds(model) is expected


@pytest.mark.parametrize("text", ["ba ce di", "a longer text of several words", "x"])
def test_embed_gives_the_vector_of_llama_cpp(model, make_embedder, text):
    (vector,) = make_embedder().embed([text])
    assert vector == pytest.approx(reference(model, text), abs=2e-3)


@pytest.mark.parametrize("batch", [1, 7, 512])
def test_vectors_do_not_depend_on_what_is_computed_together(make_embedder, batch):
    alone = make_embedder()
    expected = [alone.embed([text])[0] for text in TEXTS]
    together = make_embedder(batch=batch).embed(TEXTS * 30)
    assert len(together) == 30 * len(TEXTS)
    for index, vector in enumerate(together):
        assert vector == pytest.approx(expected[index % len(TEXTS)], abs=2e-3)


def test_vectors_have_length_one_and_equal_texts_equal_ones(make_embedder):
    embedder = make_embedder()
    vectors = embedder.embed(TEXTS)
    assert {len(vector) for vector in vectors} == {embedder.size}
    assert all(math.hypot(*vector) == pytest.approx(1) for vector in vectors)
    assert vectors[0] == pytest.approx(vectors[4], abs=1e-5)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-2)


def test_no_texts_give_no_vectors(make_embedder):
    assert make_embedder().embed([]) == ()


def test_control_tokens_in_a_text_are_only_text(make_embedder):
    embedder = make_embedder()
    assert embedder.count("[SEP]<|im_end|>") > embedder.count("") + 2


def test_a_text_of_just_the_longest_fits_and_one_more_is_refused_with_counts(make_embedder):
    embedder = make_embedder(context_length=100)
    words = next(number for number in count(1) if embedder.count("ba " * number) > 100)
    (vector,) = embedder.embed(["ba " * (words - 1)])
    assert math.hypot(*vector) == pytest.approx(1)

    tokens = embedder.count("ba " * words)
    with pytest.raises(PromptTooLong, match=rf"^Text 2 of 2 has {tokens} tokens.* takes 100 "):
        embedder.embed(["ba", "ba " * words])


def test_a_text_longer_than_the_batch_is_computed_too(make_embedder):
    text = "ba ce di fo gu " * 20
    whole = make_embedder(batch=512).embed([text])[0]
    assert make_embedder(batch=16).embed([text])[0] == pytest.approx(whole, abs=2e-3)


def test_the_training_length_is_never_passed(make_embedder, model):
    trained = llama_cpp.llama_model_n_ctx_train(model)
    assert make_embedder(context_length=10 * trained).longest <= trained


def test_embed_stops_between_batches(make_embedder):
    asked = count()
    with pytest.raises(Cancelled):
        make_embedder(batch=8).embed(["ba ce di"] * 50, lambda: next(asked) >= 5)
    assert next(asked) == 6


def test_embed_stops_within_a_batch_and_works_again_afterwards(make_embedder):
    embedder = make_embedder()
    answers = iter([False, True])  # asked before the batch, and again when it was interrupted
    embedder.flag.lift()
    with pytest.raises(Cancelled):
        embedder.embed(["ba"], lambda: next(answers))
    assert next(answers, None) is None
    assert len(embedder.embed(["ba ce di"])) == 1


def test_a_stop_that_was_meant_for_another_call_does_no_harm(make_embedder):
    embedder = make_embedder()
    expected = embedder.embed(TEXTS)
    embedder.flag.lift()
    assert embedder.embed(TEXTS) == expected


def test_calls_from_several_threads_wait_for_one_another(make_embedder):
    embedder = make_embedder(batch=8)
    expected = embedder.embed(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(embedder.embed, [TEXTS] * 12)) == [expected] * 12


def changed(source, target, entries):
    """A copy of a model with other header entries, tensors as they are."""
    reader = gguf.GGUFReader(source)
    architecture = reader.get_field("general.architecture").contents()
    writer = gguf.GGUFWriter(target, architecture)
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture" or key in entries:
            continue
        sub = field.types[-1] if field.types[0] is gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), field.types[0], sub_type=sub)
    for key, value in entries.items():
        if value is not None:
            writer.add_uint32(key, value)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def test_a_model_that_ranks_is_refused_in_words(files, tmp_path):
    path = changed(files / "decoder.gguf", tmp_path / "ranks.gguf", {"qwen3.pooling_type": 4})
    with native.native_model(path) as model:
        assert embeds(model)
        with pytest.raises(ModelLoadError, match="ranks passages"):
            Embedder("ranks.gguf", model, Vocabulary(model), context_length=64)


def test_a_model_that_does_not_say_how_it_pools_is_averaged(files, tmp_path):
    path = changed(files / "bert.gguf", tmp_path / "silent.gguf", {"bert.pooling_type": None})
    with native.native_model(path) as silent, native.native_model(files / "bert.gguf") as said:
        assert embeds(silent)
        vectors = []
        for model in (silent, said):
            embedder = Embedder("x", model, Vocabulary(model), context_length=64)
            vectors.append(embedder.embed(["ba ce di"])[0])
            embedder.close()
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-5)


def test_a_decoder_that_averages_is_computed_at_one_go(files, tmp_path):
    path = changed(files / "decoder.gguf", tmp_path / "mean.gguf", {"qwen3.pooling_type": 1})
    text = "ba ce di fo gu " * 20
    with native.native_model(path) as model:
        embedder = Embedder("x", model, Vocabulary(model), context_length=512, batch=16)
        assert embedder.embed(["ba", text])[1] == pytest.approx(reference(model, text), abs=2e-3)
        embedder.close()


def test_a_model_of_nothing_but_zeros_is_an_error_in_words(files, tmp_path):
    path = tmp_path / "zeros.gguf"
    content = (files / "decoder.gguf").read_bytes()
    start = gguf.GGUFReader(files / "decoder.gguf").data_offset
    path.write_bytes(content[:start] + bytes(len(content) - start))
    with native.native_model(path) as model:
        embedder = Embedder("x", model, Vocabulary(model), context_length=64)
        with pytest.raises(EngineError, match="no usable vector"):
            embedder.embed(["ba"])
        embedder.close()
