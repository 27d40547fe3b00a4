"""Bad CSVs: one message with file, column and line."""

import numpy as np
import pytest

from flts.preprocess.csvfile import CsvError, read_csv

GOOD = b"time,a,b\n2020-01-01 00:00:00,1,2\n2020-01-01 00:02:00,,3.5\n2020-01-01 00:04:00,4,1e3\n"


def test_good_file():
    table = read_csv("x.csv", GOOD)
    assert table.columns == ["a", "b"]
    assert np.isnan(table.values[1, 0])
    assert table.values[2].tolist() == [4.0, 1000.0]
    assert str(table.times[1]) == "2020-01-01T00:02:00.000000000"
    assert table.lines.tolist() == [2, 3, 4]


def test_byte_order_mark_windows_line_ends_blank_lines_zones_and_words_for_missing():
    content = b"\xef\xbb\xbftime,a\r\n2020-01-01T01:00:00+01:00,NA\r\n\r\n2020-01-01 00:02:00Z,2\r\n"
    table = read_csv("x.csv", content)
    assert str(table.times[0]).startswith("2020-01-01T00:00:00")
    assert np.isnan(table.values[0, 0])
    assert table.lines.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        (b"", 1, "'time'", "empty"),
        (b"  \n", 1, "'time'", "empty"),
        (b"date,a\n2020-01-01,1\n", 1, "'time'", "no such column (found: date, a)"),
        (b"time,a\n", 2, "'time'", "no rows"),
        (b"time,a,a\n2020-01-01,1,2\n", 1, "'a'", "twice"),
        (b"time,,a\n2020-01-01,1,2\n", 1, "'2'", "no name"),
        (GOOD.replace(b"3.5", b"abc"), 3, "'b'", "'abc' is not a finite number"),
        (GOOD.replace(b"3.5", b"inf"), 3, "'b'", "'inf' is not a finite number"),
        (GOOD.replace(b"3.5", b"abc").replace(b"1e3", b"def"), 3, "'b'", "and 1 more"),
        (GOOD.replace(b"00:04:00", b"whenever"), 4, "'time'", "is not a time"),
        (GOOD.replace(b"2020-01-01 00:02:00", b""), 3, "'time'", "'' is not a time"),
        (GOOD.replace(b"00:04:00", b"00:02:00"), 4, "'time'", "twice"),
        (GOOD.replace(b"00:04:00", b"00:01:00"), 4, "'time'", "earlier"),
        (b"time,a,b\n2020-01-01,1,2\n2020-01-02,1\n", 3, "'b'", "2 cells"),
        (b"time,a\n2020-01-01,1\n2020-01-02,\xff\n", 3, "'2'", "not UTF-8"),
    ],
)
def test_message_names_file_line_and_column(content, line, column, words):
    with pytest.raises(CsvError) as caught:
        read_csv("data/x.csv", content)
    text = str(caught.value)
    assert text.startswith(f"data/x.csv, line {line}, column {column}")
    assert words in text
    assert "\n" not in text


def test_only_a_time_column():
    with pytest.raises(CsvError, match="add at least one numeric column"):
        read_csv("x.csv", b"time\n2020-01-01\n")


def test_line_numbers_count_quoted_line_breaks():
    content = b'time,"a\nb"\n2020-01-01,1\n2020-01-02,oops\n'
    with pytest.raises(CsvError, match="line 4"):
        read_csv("x.csv", content)


def test_an_error_of_a_cell_has_its_parts_as_fields():
    with pytest.raises(CsvError) as caught:
        read_csv("x.csv", GOOD.replace(b"3.5", b"9" * 50 + b"." * 50))
    error = caught.value
    assert (error.file, error.line, error.column) == ("x.csv", 3, "b")
    assert error.value == "9" * 50 + "." * 30 + "…"
    assert error.reason == "is not a finite number"
    assert error.fix == "correct it or leave the cell empty"
