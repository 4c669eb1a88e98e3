import ctypes
import struct

import numpy as np
import pytest

from app.base.errors import Cancelled
from app.engine.errors import EngineError, ImageError, ProjectorError
from app.engine.llama.computing.context import Context
from app.engine.llama.native import llama_cpp
from app.engine.llama.vision import image_tokens
from app.engine.llama.vision.image_file import read_image_facts
from app.engine.llama.vision.projector import ImageChunk, Projector, Sight
from app.engine.llama.vocabulary import Vocabulary
from app.engine.messages import Image
from tests.doubles import native, random_gguf, tiny_vision
from tests.doubles.images import bmp, jpeg_header, png
from tests.doubles.tiny_vision import KINDS

RED, BLUE = Image(png(100, 60)), Image(png(100, 60, colour=(10, 20, 220)))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vision")
    for kind in KINDS:
        tiny_vision.tiny_projector(folder / f"{kind}.gguf", kind)
    tiny_vision.tiny_projector(folder / "wide.gguf", width=96)
    random_gguf.tiny_random(folder / "text.gguf")
    tiny_vision.tiny_mrope(folder / "mrope.gguf")
    content = (folder / "llava.gguf").read_bytes()
    (folder / "cut.gguf").write_bytes(content[:-2000])
    (folder / "header cut.gguf").write_bytes(content[:200])
    (folder / "unknown.gguf").write_bytes(content.replace(b"\3\0\0\0\0\0\0\0mlp", _unknown("mlp")))
    (folder / "lacking.gguf").write_bytes(content.replace(b"v.blk.1.ffn_up", b"v.blk.1.ffn_xx"))
    return folder


def _unknown(kind):
    return struct.pack("<Q", len(kind)) + b"x" * len(kind)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def seeing(files, kind):
    """A model with its projector: the native model, a context, the projector, the vocabulary."""
    text = "mrope" if kind == "qwen2vl" else "text"
    with (
        native.native_model(files / f"{text}.gguf") as model,
        native.native_context(model, length=2048) as each,
    ):
        projector = Projector(files / f"{kind}.gguf", model, threads=1, use_gpu=False)
        yield each, projector, Vocabulary(model)
        projector.close()
        projector.close()


def prompt(*pieces):
    return ["<|im_start|>user\nba ", *pieces, " what is it?<|im_end|>"]


def run(context, projector, vocabulary, pieces, *, sequence=0):
    """The logits after a prompt, computed as the engine does it, and how long it is."""
    tokens, images = projector.read(pieces, vocabulary)
    sight, position = Sight(projector, context), 0
    logits = np.zeros((1, 1))
    while position < len(tokens):
        if position in images:
            position = sight.evaluate(images[position], sequence, position)
            continue
        end = min((at for at in images if at > position), default=len(tokens))
        logits = native.decode(context, tokens[position:end], sequence=sequence, position=position)
        position = end
    assert position == len(tokens)
    return logits[-1], len(tokens)


def test_a_prompt_with_a_picture_is_its_text_with_placeholders(seeing):
    _, projector, vocabulary = seeing
    tokens, images = projector.read(prompt(RED), vocabulary)
    ((start, chunk),) = images.items()
    assert tokens[start : start + chunk.positions] == list(chunk.placeholders)
    assert max(chunk.placeholders) < 0
    before, after = tokens[:start], tokens[start + chunk.positions :]
    assert min(before + after) >= 0
    first, last = (vocabulary.tokenize(text, parse_special=True) for text in prompt())
    assert before[: len(first)] == first
    assert after[-len(last) :] == last


@pytest.mark.parametrize(
    ("kind", "tokens", "positions"), [("llava", 64, 64), ("gemma3", 16, 16), ("qwen2vl", 24, 6)]
)
def test_a_picture_says_what_it_takes(seeing, tokens, positions):
    _, projector, _ = seeing
    (chunk,) = [each for each in projector.chunks([RED]) if isinstance(each, ImageChunk)]
    assert (chunk.tokens, chunk.positions) == (tokens, positions)


def test_a_text_without_pictures_is_as_without_a_projector(seeing):
    _, projector, vocabulary = seeing
    tokens, images = projector.read(prompt(), vocabulary)
    assert tokens == vocabulary.prompt(prompt())
    assert images == {}


def test_equal_pictures_have_equal_placeholders_and_others_have_none_in_common(seeing):
    _, projector, vocabulary = seeing
    pieces = prompt(RED, BLUE, Image(bytes(RED.data)))
    first, second, third = projector.read(pieces, vocabulary)[1].values()
    assert first.placeholders == third.placeholders
    assert not set(first.placeholders) & set(second.placeholders)


def test_what_the_model_says_depends_on_the_picture(seeing):
    context, projector, vocabulary = seeing
    said = {}
    for name, pieces in (
        ("red", prompt(RED)),
        ("blue", prompt(BLUE)),
        ("none", prompt()),
        ("again", prompt(RED)),
    ):
        native.clear(context)
        said[name], _ = run(context, projector, vocabulary, pieces)
        assert np.isfinite(said[name]).all()
    assert not np.allclose(said["red"], said["blue"], atol=1e-3)
    assert not np.allclose(said["red"], said["none"], atol=1e-3)
    assert np.allclose(said["red"], said["again"], atol=1e-4)


def test_several_pictures_and_sequences_do_not_disturb_each_other(seeing):
    context, projector, vocabulary = seeing
    both = prompt(RED, " and ", BLUE)
    expected, _ = run(context, projector, vocabulary, both)
    native.clear(context)
    run(context, projector, vocabulary, prompt(BLUE), sequence=1)
    said, _ = run(context, projector, vocabulary, both, sequence=2)
    assert np.allclose(said, expected, atol=5e-2)


def test_a_conversation_goes_on_behind_a_picture_from_kept_state(seeing):
    context, projector, vocabulary = seeing
    _, length = run(context, projector, vocabulary, prompt(RED))
    more = vocabulary.tokenize("and why?", parse_special=True)
    said = native.decode(context, more, position=length)[-1]
    native.clear(context)
    whole, _ = run(context, projector, vocabulary, [*prompt(RED), "and why?"])
    assert np.allclose(said, whole, atol=5e-2)


def test_state_with_a_picture_can_be_cut_back_to_before_it(seeing):
    context, projector, vocabulary = seeing
    start = next(iter(projector.read(prompt(RED), vocabulary)[1]))
    expected, _ = run(context, projector, vocabulary, prompt(BLUE), sequence=1)
    run(context, projector, vocabulary, prompt(RED))
    memory = llama_cpp.llama_get_memory(context)
    assert llama_cpp.llama_memory_seq_rm(memory, 0, start, -1)
    other, images = projector.read(prompt(BLUE), vocabulary)
    end = projector.evaluate(context, images[start], 0, start)
    said = native.decode(context, other[end:], position=end)[-1]
    assert np.allclose(said, expected, atol=5e-2)


@pytest.mark.parametrize("size", [(1, 1), (1, 150), (150, 1), (3, 2), (33, 47), (900, 700)])
def test_pictures_of_any_size_are_seen(seeing, size):
    context, projector, vocabulary = seeing
    said, _ = run(context, projector, vocabulary, prompt(Image(png(*size))))
    assert np.isfinite(said).all()


@pytest.mark.parametrize("kind", ["qwen2vl"])
def test_a_picture_takes_no_more_than_the_most_tokens(files, kind):
    with native.native_model(files / "mrope.gguf") as model:
        taken = []
        for most in (16, 100):
            projector = Projector(
                files / "qwen2vl.gguf", model, threads=1, use_gpu=False, most_tokens=most
            )
            taken += [
                each.tokens
                for each in projector.chunks([Image(png(900, 700))])
                if isinstance(each, ImageChunk)
            ]
            projector.close()
    assert 8 <= taken[0] <= 16 < taken[1] <= 100


@pytest.mark.parametrize("kind", ["gemma3"])
def test_a_picture_that_must_be_read_at_one_go_and_does_not_fit_is_refused(files, seeing, kind):
    _, projector, vocabulary = seeing
    with native.native_model(files / "text.gguf") as model:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = 256, 256, 8
        context = llama_cpp.llama_init_from_model(model, params)
        (chunk,) = projector.read(prompt(RED), vocabulary)[1].values()
        with pytest.raises(EngineError, match=r"16 tokens.*holds 8"):
            projector.evaluate(context, chunk, 0, 0)
        llama_cpp.llama_free(context)


@pytest.mark.parametrize("kind", ["llava"])
def test_a_picture_without_room_is_an_error_and_leaves_nothing(files, seeing, kind):
    _, projector, vocabulary = seeing
    with (
        native.native_model(files / "text.gguf") as model,
        native.native_context(model, length=256) as context,
    ):
        native.decode(context, [70] * 230)
        (chunk,) = projector.read(prompt(RED), vocabulary)[1].values()
        with pytest.raises(EngineError, match="no room"):
            projector.evaluate(context, chunk, 0, 230)
        memory = llama_cpp.llama_get_memory(context)
        assert llama_cpp.llama_memory_seq_pos_max(memory, 0) == 229


@pytest.mark.parametrize("kind", ["gemma3"])
def test_a_picture_that_was_interrupted_leaves_nothing(files, seeing, kind):
    _, projector, vocabulary = seeing
    with native.native_model(files / "text.gguf") as model:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = 256
        context = Context("text.gguf", model, params)
        (chunk,) = projector.read(prompt(RED), vocabulary)[1].values()
        native.decode(context.handle, [70] * 3)
        context.flag.lift()
        with pytest.raises(Cancelled):
            projector.evaluate(context.handle, chunk, 0, 3)
        context.flag.lower()
        memory = llama_cpp.llama_get_memory(context.handle)
        assert llama_cpp.llama_memory_seq_pos_max(memory, 0) == 2
        assert projector.evaluate(context.handle, chunk, 0, 3) == 3 + chunk.positions
        context.close()


@pytest.mark.parametrize(
    "data",
    [
        png(50, 40)[:-60],
        png(50, 40).replace(b"IDAT", b"IDOT"),
        jpeg_header(30, 20) + b"\xff\xda\0\x02" + bytes(50) + b"\xff\xd9",
        b"GIF89a" + struct.pack("<HH", 30, 20) + bytes(20),
    ],
    ids=["cut png", "png", "jpeg", "gif"],
)
def test_a_picture_that_is_damaged_inside_is_an_error_in_words(seeing, data):
    context, projector, vocabulary = seeing
    ((start, chunk),) = projector.read(prompt(Image(data)), vocabulary)[1].items()
    with pytest.raises(ImageError, match="damaged") as refused:
        projector.evaluate(context, chunk, 0, start)
    assert refused.value.hint
    run(context, projector, vocabulary, prompt(RED), sequence=1)


@pytest.mark.parametrize(
    "data", [b"", b"no image", png(9, 9)[:20], bmp([[(1, 2, 3)] * 9] * 9)[:-1]]
)
def test_a_file_that_is_no_image_is_refused_at_once(seeing, data):
    _, projector, _ = seeing
    with pytest.raises(ImageError):
        projector.chunks(prompt(Image(data)))


# The corners of a picture that is looked at upright, and the rows as EXIF's eight ways store them.
CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))
R, G, B, Y = CORNERS
STORED = {
    1: [[R, G], [B, Y]],
    2: [[G, R], [Y, B]],
    3: [[Y, B], [G, R]],
    4: [[B, Y], [R, G]],
    5: [[R, B], [G, Y]],
    6: [[G, Y], [R, B]],
    7: [[Y, G], [B, R]],
    8: [[B, R], [Y, G]],
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_on_its_side_is_seen_upright(seeing, orientation):
    # Each corner is 2 by 3 pixels, so that width and height differ.
    turned = orientation >= 5
    down, across = (3, 2) if turned else (2, 3)
    data = bmp([[c for c in row for _ in range(across)] for row in STORED[orientation]
                for _ in range(down)])  # fmt: skip
    facts = read_image_facts(data)
    facts = type(facts)("BMP", facts.width, facts.height, orientation)
    _, projector, _ = seeing
    bitmap = image_tokens.decoded_bitmap(projector._context, data, facts)
    width = image_tokens.mtmd.mtmd_bitmap_get_nx(bitmap)
    height = image_tokens.mtmd.mtmd_bitmap_get_ny(bitmap)
    pixels = ctypes.string_at(image_tokens.mtmd.mtmd_bitmap_get_data(bitmap), width * height * 3)
    image_tokens.mtmd.mtmd_bitmap_free(bitmap)
    seen = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    assert seen.shape == (4, 6, 3)
    assert [tuple(seen[y, x]) for y in (0, -1) for x in (0, -1)] == list(CORNERS)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wide", "for width 96, and this one has 64"),
        ("qwen2vl", None),
        ("text", "not a vision projector"),
        ("cut", "incomplete"),
        ("header cut", "damaged"),
        ("unknown", "does not know its kind"),
        ("lacking", "ffn_up"),
        ("missing", "cannot be found"),
    ],
)
def test_a_projector_that_does_not_go_with_the_model_is_refused_in_words(files, name, words):
    path = files / f"{name}.gguf"
    with native.native_model(files / "text.gguf") as model:
        if words is None:  # of the same width, so it can be used
            Projector(path, model, threads=1, use_gpu=False).close()
            return
        with pytest.raises(ProjectorError, match=words) as refused:
            Projector(path, model, threads=1, use_gpu=False)
    assert refused.value.hint
    assert f"{name}.gguf" in refused.value.message


def test_loading_can_be_given_up(files):
    with native.native_model(files / "text.gguf") as model, pytest.raises(Cancelled):
        Projector(files / "llava.gguf", model, threads=1, use_gpu=False, is_cancelled=lambda: True)


def test_fingerprint_tells_projectors_apart(files, tmp_path):
    tiny_vision.tiny_projector(tmp_path / "other.gguf", seed=1)
    tiny_vision.tiny_projector(tmp_path / "same.gguf")
    seen = []
    with native.native_model(files / "text.gguf") as model:
        for path in (files / "llava.gguf", tmp_path / "other.gguf", tmp_path / "same.gguf"):
            projector = Projector(path, model, threads=1, use_gpu=False)
            seen.append(projector.fingerprint())
            projector.close()
    assert seen[0] == seen[2] != seen[1]
