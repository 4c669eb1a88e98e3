from __future__ import annotations

from lock import CUDA, entries, name_of, without_hashes

COMPILED = """\
alembic==1.20.1 \\
    --hash=sha256:aaa \\
    --hash=sha256:bbb
    # via cairn (pyproject.toml)
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:ccc
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:ddd
"""


def test_entries_keep_markers_and_hashes_and_drop_comments():
    first, second, third = entries(COMPILED)
    assert first == "alembic==1.20.1 \\\n    --hash=sha256:aaa \\\n    --hash=sha256:bbb"
    assert "< '3.12'" in second
    assert ">= '3.12'" in third


def test_name_of_entry_with_marker_is_the_package():
    assert [name_of(entry) for entry in entries(COMPILED)] == ["alembic", "numpy", "numpy"]


def test_without_hashes_leaves_version_and_marker():
    assert without_hashes(entries(COMPILED)[1]) == "numpy==2.4.6 ; python_full_version < '3.12'"


def test_cuda_matches_what_only_graphics_builds_need():
    names = ("nvidia-cublas", "cuda-bindings", "triton", "numpy", "tritonclient")
    assert [bool(CUDA.match(name)) for name in names] == [True, True, True, False, False]
