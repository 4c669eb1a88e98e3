from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.base.files import NotWritten
from app.evals.reports.writing import ReportFormat, report, write_report
from tests.unit.evals.reports.sample_run import sample_run


@pytest.mark.parametrize("form", ReportFormat)
def test_each_form_is_written_whole(form: ReportFormat, tmp_path: Path):
    data = sample_run()
    path = tmp_path / f"report{form.suffix}"
    write_report(data, form, path)
    assert path.read_bytes() == report(data, form)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_folder_that_is_not_there_is_told_in_words(tmp_path: Path):
    with pytest.raises(NotWritten, match="cannot be written"):
        write_report(sample_run({}), ReportFormat.HTML, tmp_path / "none" / "report.html")


@pytest.mark.parametrize("form", ReportFormat)
def test_thousands_of_samples_are_written_in_time(form: ReportFormat):
    data = sample_run({str(key): (("Paris", 1.0),) * 3 for key in range(1_500)})
    before = time.monotonic()
    report(data, form)
    assert time.monotonic() - before < 10
