"""Which CSVs of a bucket make up a series, and which names cannot be one."""

import pytest

from flts.preprocess.series import Inputs, list_series


def names(store, prefix=""):
    return [series.name for series in list_series(store, "dataset", prefix).series]


def put(store, *files):
    for file in files:
        store.put("dataset", file, file.encode())


def test_each_csv_directly_below_the_prefix_is_a_series_with_its_held_out_rows(store):
    put(store, "a/b.csv", "a/b_test.csv", "a/c.csv", "a/README.md", "a/img/d.csv", "e.csv", "ab/f.csv", "a/")
    b, c = list_series(store, "dataset", "a/").series
    assert (b.name, b.train_file, b.test_file) == ("b", "b.csv", "b_test.csv")
    assert b.inputs == Inputs(store.etag("dataset", "a/b.csv"), store.etag("dataset", "a/b_test.csv"))
    assert (c.name, c.test_file, c.inputs.test) == ("c", "", None)
    assert names(store) == ["e"]


def test_held_out_rows_without_their_series_are_a_series_of_their_own(store):
    put(store, "a_test.csv", "a_test_test.csv")
    (series,) = list_series(store, "dataset", "").series
    assert (series.name, series.test_file, series.problem) == ("a_test", "a_test_test.csv", None)


def test_held_out_rows_of_held_out_rows_are_not_silently_left_out(store):
    put(store, "a.csv", "a_test.csv", "a_test_test.csv")
    assert names(store) == ["a", "a_test_test"]
    problem = list_series(store, "dataset", "").series[1].problem
    assert str(problem).startswith("a_test_test.csv: would hold the held-out rows of a_test.csv")


@pytest.mark.parametrize("name", ["a", "0", "PobleSec", "cell-1.2_x", "x" * 63, "a_test", "a.csv", "a.rejected"])
def test_names_of_series(store, name):
    put(store, f"{name}.csv")
    (series,) = list_series(store, "dataset", "").series
    assert (series.name, series.problem) == (name, None)


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "a b", "é", "x" * 64, "a'b", "a\n", "a%2f", "..", "a\x00"])
def test_other_names_are_rejected_with_what_works(store, name):
    put(store, f"{name}.csv")
    (series,) = list_series(store, "dataset", "").series
    assert series.problem.file == f"{name}.csv"
    assert "letters, digits, dots, underscores and hyphens, at most 63" in series.problem.fix


def test_a_name_in_capitals_is_not_the_series_of_the_same_name(store):
    put(store, "a.csv", "a.CSV")
    capital, small = list_series(store, "dataset", "").series
    assert (small.name, small.problem, capital.name) == ("a", None, "a.CSV")
    assert capital.problem.fix == "rename it to a.csv"
