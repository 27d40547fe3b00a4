"""Bad CSVs: one message with file, column and line."""

import gzip
import io
import math
import zipfile

import pytest

from flts.preprocess.csvfile import CsvError, read_csv
from flts.preprocess.reading.frequency import text_of

GOOD = b"time,a,b\n2020-01-01 00:00:00,1,2\n2020-01-01 00:02:00,,3.5\n2020-01-01 00:04:00,4,1e3\n"


def test_good_file():
    series = read_csv("x.csv", GOOD)
    assert series.columns == ["a", "b"]
    assert math.isnan(series.values[0][1])
    assert [values[2] for values in series.values] == [4.0, 1000.0]
    assert text_of(series.times[1]) == "2020-01-01 00:02:00"
    assert list(series.lines) == [2, 3, 4]


def test_byte_order_mark_windows_line_ends_blank_lines_zones_and_words_for_missing():
    content = b"\xef\xbb\xbftime,a\r\n2020-01-01T01:00:00+01:00,NA\r\n\r\n2020-01-01 01:02:00+01:00,2\r\n"
    series = read_csv("x.csv", content)
    assert text_of(series.times[0]) == "2020-01-01 00:00:00"
    assert math.isnan(series.values[0][0])
    assert list(series.lines) == [2, 4]


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        (GOOD.replace(b"3.5", b"abc"), 3, "'b'", "'abc' is not a finite number"),
        (GOOD.replace(b"00:04:00", b"whenever"), 4, "'time'", "is not a time"),
        (GOOD.replace(b"00:04:00", b"00:02:00"), 4, "'time'", "is also the time of the previous row"),
        (GOOD.replace(b"00:04:00", b"00:01:00"), 4, "'time'", "earlier"),
        (b"time,a,b\n2020-01-01,1,2\n2020-01-02,1\n", 3, "'b'", "2 cells"),
        (b"time,a\n2020-01-01,1\n2020-01-02,\xff\x80\n", 3, "'2'", "not UTF-8"),
    ],
)
def test_message_names_file_line_and_column(content, line, column, words):
    with pytest.raises(CsvError) as caught:
        read_csv("data/x.csv", content)
    text = str(caught.value)
    assert text.startswith(f"data/x.csv, line {line}, column {column}")
    assert words in text
    assert "\n" not in text


def test_a_damaged_archive_is_refused_as_one():
    with pytest.raises(CsvError, match="archive is damaged"):
        read_csv("x.csv", gzip.compress(GOOD)[:-12])


def test_an_archive_of_one_member_is_read_and_of_two_refused():
    def archive(*names: str) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as packed:
            for name in names:
                packed.writestr(name, GOOD)
        return content.getvalue()

    assert len(read_csv("x.csv", archive("a.csv"))) == 3
    with pytest.raises(CsvError, match="has 2 members"):
        read_csv("x.csv", archive("a.csv", "b.csv"))


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(CsvError, match="line 1: the line is longer than 1048576"):
        read_csv("x.csv", b"time,a" * 1_000_000)


def test_an_error_of_a_cell_has_its_parts_as_fields():
    with pytest.raises(CsvError) as caught:
        read_csv("x.csv", GOOD.replace(b"3.5", b"9" * 50 + b"." * 50))
    error = caught.value
    assert (error.file, error.line, error.column) == ("x.csv", 3, "b")
    assert error.value == "9" * 50 + "." * 30 + "…"
    assert error.reason == "is not a finite number"
    assert error.fix.startswith("correct it or leave the cell empty")
