from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from app.base.errors import AppError, NotFound
from app.base.jobs import CancelToken
from app.library.entities import PagePicture
from app.library.errors import ReaderError
from app.library.pages import MAX_PIXELS, MAX_WIDTH, find_letters, render_page
from app.library.readers import read_document
from tests import documents

FIRST = (
    "The lease begins in March.\nThe rent is due on the third working day.\nSmoking is forbidden."
)
SECOND = "Either party may end the lease.\nThe notice period is three months."


@pytest.fixture(scope="module")
def lease(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return documents.pdf(tmp_path_factory.mktemp("pdf") / "lease.pdf", [FIRST, SECOND])


def _pixels(picture: PagePicture) -> np.ndarray:
    return np.frombuffer(picture.rgb, np.uint8).reshape(picture.height, picture.width, 3)


def _ink(picture: PagePicture, mark: tuple[float, float, float, float]) -> float:
    left, top, width, height = (round(each) for each in mark)
    inside = _pixels(picture)[top : top + height, left : left + width]
    return float((inside < 128).any(axis=2).mean())


def test_page_is_drawn_as_wide_as_asked(lease: Path) -> None:
    picture = render_page(lease, 1, 600, "")

    assert picture.width == 600
    assert picture.height == pytest.approx(600 * 842 / 595, abs=2)
    assert len(picture.rgb) == picture.width * picture.height * 3
    assert picture.marks == ()
    assert (_pixels(picture) < 128).any()


def test_odd_widths_have_no_padding_in_their_rows(lease: Path) -> None:
    for width in (601, 602, 603):
        picture = render_page(lease, 1, width, "")
        assert len(picture.rgb) == picture.width * picture.height * 3
        # Skewed rows would smear the text over the empty margins.
        assert (_pixels(picture)[:, :20] > 250).all()


def test_colours_come_as_red_green_blue(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "red.pdf"), pagesize=(100, 100))
    canvas.setFillColorRGB(1, 0, 0)
    canvas.rect(0, 0, 100, 100, fill=1, stroke=0)
    canvas.save()

    picture = render_page(tmp_path / "red.pdf", 1, 100, "")

    assert tuple(_pixels(picture)[50, 50]) == (255, 0, 0)


def test_quote_is_marked_where_it_stands(lease: Path) -> None:
    picture = render_page(lease, 1, 800, "The rent is due on the third working day.")

    (mark,) = picture.marks
    assert _ink(picture, mark) > 0.05
    above = (mark[0], mark[1] - 1.5 * mark[3], mark[2], mark[3])
    other = render_page(lease, 1, 800, "The lease begins in March.").marks[0]
    assert other[1] < mark[1]
    assert abs(other[1] - above[1]) < 3 * mark[3]


def test_quote_on_the_second_page_is_found_there_only(lease: Path) -> None:
    assert render_page(lease, 2, 400, "The notice period is three months.").marks
    assert render_page(lease, 1, 400, "The notice period is three months.").marks == ()


def test_quote_over_several_lines_has_one_mark_a_line(lease: Path) -> None:
    picture = render_page(lease, 1, 800, "begins in March. The rent is due on the third working")

    assert len(picture.marks) == 2
    tops = [mark[1] for mark in picture.marks]
    assert tops == sorted(tops)


@pytest.mark.parametrize(
    "quote",
    [
        "the RENT   is\n\n due on the third working day",
        "The rent is due on the third work\xading day",
        "The rent is due on the third work-\ning day",
        "“The rent is due on the third working day”",
    ],
)
def test_quote_is_found_though_spaces_hyphens_and_quotes_differ(lease: Path, quote: str) -> None:
    assert len(render_page(lease, 1, 800, quote).marks) == 1


def test_ligatures_and_accents_do_not_hide_a_quote(tmp_path: Path) -> None:
    path = documents.pdf(tmp_path / "a.pdf", ["The office efficiently filed the résumé."])

    assert render_page(path, 1, 500, "The o\ufb03ce e\ufb03ciently \ufb01led the resume").marks


def test_quote_with_a_line_cut_out_by_cleaning_is_marked_around_it(tmp_path: Path) -> None:
    lines = [
        "The tenant may keep one small pet unless it is a dog over ten kilograms",
        "Page 7 of 12 - Residential lease",
        "in which case the landlord has to agree in writing before it moves in.",
    ]
    path = documents.pdf(tmp_path / "a.pdf", ["\n".join(lines)])

    marks = render_page(path, 1, 900, f"{lines[0]} {lines[2]}").marks

    assert len(marks) == 2
    assert marks[1][1] - marks[0][1] > 1.5 * marks[0][3]


@pytest.mark.parametrize(
    "quote", ["", " ", "…!?", "nothing of this stands there", "\ud800", "x" * 99_999]
)
def test_quote_that_is_not_there_gives_the_page_without_marks(lease: Path, quote: str) -> None:
    assert render_page(lease, 1, 300, quote).marks == ()


def test_rotated_page_is_marked_where_the_text_is_drawn(tmp_path: Path) -> None:
    import pypdf

    source = documents.pdf(tmp_path / "a.pdf", [FIRST])
    writer = pypdf.PdfWriter(clone_from=source)
    writer.pages[0].rotate(90)
    writer.write(tmp_path / "turned.pdf")

    picture = render_page(
        tmp_path / "turned.pdf", 1, 900, "The rent is due on the third working day."
    )

    (mark,) = picture.marks
    assert mark[3] > mark[2]
    assert _ink(picture, mark) > 0.05


def test_marks_of_what_the_reader_read_are_found(lease: Path) -> None:
    for part in read_document(lease, CancelToken()).parts:
        assert part.page is not None
        assert render_page(lease, part.page, 500, part.text).marks


@pytest.mark.parametrize("width", [-5, 0, 1, MAX_WIDTH, 10_000_000])
def test_size_of_the_picture_is_bounded(lease: Path, width: int) -> None:
    picture = render_page(lease, 1, width, "")

    assert 1 <= picture.width <= MAX_WIDTH + 1
    assert picture.width * picture.height <= MAX_PIXELS * 1.01


def test_extremely_tall_page_is_drawn_small(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "tall.pdf"), pagesize=(10, 14_000))
    canvas.drawString(1, 1, "x")
    canvas.save()

    picture = render_page(tmp_path / "tall.pdf", 1, 4_000, "x")

    assert picture.width * picture.height <= MAX_PIXELS * 1.01


@pytest.mark.parametrize("page", [0, -1, 3, 10**9])
def test_page_that_is_not_there_says_how_many_there_are(lease: Path, page: int) -> None:
    with pytest.raises(NotFound, match="2 pages") as caught:
        render_page(lease, page, 300, "")
    assert caught.value.hint


def test_file_that_is_gone_or_changed_is_an_expected_failure(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="not there"):
        render_page(tmp_path / "gone.pdf", 1, 300, "")

    (tmp_path / "changed.pdf").write_text("This was a PDF once.")
    with pytest.raises(ReaderError) as caught:
        render_page(tmp_path / "changed.pdf", 1, 300, "")
    assert caught.value.hint

    (tmp_path / "folder.pdf").mkdir()
    with pytest.raises(AppError):
        render_page(tmp_path / "folder.pdf", 1, 300, "")


def test_encrypted_and_truncated_files_are_expected_failures(tmp_path: Path) -> None:
    locked = documents.pdf(tmp_path / "locked.pdf", [FIRST], password="secret")
    with pytest.raises(ReaderError):
        render_page(locked, 1, 300, "")

    cut = documents.truncated(documents.pdf(tmp_path / "cut.pdf", [FIRST] * 5), 0.4)
    with pytest.raises(ReaderError):
        render_page(cut, 1, 300, "")


def test_pages_may_be_asked_for_on_several_threads(lease: Path) -> None:
    pictures: list[PagePicture] = []

    def draw() -> None:
        pictures.extend(render_page(lease, 1, 300, "rent is due") for _ in range(5))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(pictures) == 20
    assert len({each.rgb for each in pictures}) == 1


def test_letters_are_found_whole_before_in_pieces() -> None:
    wanted = "abcdefghijklmnopqrstuvwxyz" * 4
    assert find_letters(f"xx{wanted}yy", wanted) == [(2, 2 + len(wanted))]
    first, second = wanted[:60], "0123456789" * 6
    assert find_letters(f"{first}HEADER{second}", first + second)[0] == (0, 40)
    assert find_letters("unrelated", wanted) == []
