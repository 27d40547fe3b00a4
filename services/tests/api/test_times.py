"""Gaps, calendars and time zones of the rows of a request."""

import pytest
from serving_models import make_model

from api.client import DATA, TIMES, client_for, rejected_with
from flts.common.calendar import DAY, Calendar


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (["00:00", "00:02", "00:06"], "is 240 s after the row before, the model's rows are 120 s apart"),
        (["00:00", "00:04", "00:06"], "'2024-01-01 00:04' is 240 s after the row before"),
        (["00:00", "01:00", "02:00"], "3600 s after the row before"),
        (["00:00:00", "00:00:01", "00:00:02"], "1 s after the row before"),
        (["00:00:00", "00:02:30", "00:05:00"], "rows are 150 s apart, the model's rows are 120 s apart"),
    ],
)
def test_rows_of_another_rate_and_gaps_are_rejected(client, times, words):
    assert words in rejected_with(client, {"time": [f"2024-01-01 {time}" for time in times]})


BUSINESS_DAYS = Calendar("B", step=86_400_000_000, open=((0, 5),))


MONTHS = Calendar("MS", months=1, day=1)


@pytest.mark.parametrize(
    ("calendar", "times", "next_times"),
    [
        (BUSINESS_DAYS, ["2024-01-03", "2024-01-04", "2024-01-05"], ["2024-01-08", "2024-01-09"]),
        (BUSINESS_DAYS, ["2024-01-04", "2024-01-05", "2024-01-08"], ["2024-01-09", "2024-01-10"]),
        (MONTHS, ["2023-12-01", "2024-01-01", "2024-02-01"], ["2024-03-01", "2024-04-01"]),
    ],
)
def test_forecasts_and_gaps_follow_the_calendar(calendar, times, next_times):
    client = client_for(make_model(calendar=calendar))
    body = client.post("/predict?inference_length=2", json={"data": DATA | {"time": times}}).json()
    assert [row["ts"][:10] for row in body["predictions"]] == next_times


def test_a_missing_business_day_is_a_gap():
    client = client_for(make_model(calendar=BUSINESS_DAYS))
    detail = rejected_with(client, {"time": ["2024-01-04", "2024-01-05", "2024-01-09"]})
    assert "rows are due by the calendar B" in detail


def test_months_end_with_the_years_that_can_be_written():
    client = client_for(make_model(calendar=MONTHS))
    detail = rejected_with(client, {"time": ["9999-08-01", "9999-09-01", "9999-10-01"]}, inference_length=5)
    assert "year" in detail


@pytest.mark.parametrize("times", [["00:00:00", "00:02:09", "00:03:55"], ["00:00:03", "00:02:00", "00:04:01.5"]])
def test_clocks_that_jitter_are_accepted(client, times):
    data = DATA | {"time": [f"2024-01-01 {time}" for time in times]}
    assert client.post("/predict", json={"data": data}).status_code == 200


def test_rows_before_those_that_the_model_looks_at_may_have_gaps(client):
    data = {"time": ["2023-01-01", *TIMES], "a": [None, 1, 2, 3], "b": [1, 1, 2, 3]}
    assert client.post("/predict", json={"data": data}).status_code == 200


def test_a_setting_lets_irregular_rows_pass_with_a_warning():
    client = client_for(make_model(), irregular_passes=True)
    data = DATA | {"time": ["2024-01-01 00:00", "2024-01-01 00:02", "2024-01-01 00:06"], "a": [None] * 3}
    body = client.post("/predict", json={"data": data}).json()
    assert body["predictions"][0]["ts"] == "2024-01-01T00:08:00"
    assert [warning.split(":")[0] for warning in body["warnings"]] == ["column 'a'", "column 'time'"]
    assert "warnings" not in client.post("/predict", json={"data": DATA}).json()


@pytest.mark.parametrize(
    ("suffix", "answered"),
    [
        ("", "2024-01-01T00:06:00"),
        ("Z", "2024-01-01T00:06:00Z"),
        ("+00:00", "2024-01-01T00:06:00+00:00"),
        ("+05:30", "2024-01-01T00:06:00+05:30"),
        ("-03:00", "2024-01-01T00:06:00-03:00"),
    ],
)
def test_times_are_answered_in_the_zone_that_they_were_sent_in(client, suffix, answered):
    data = DATA | {"time": [f"{time}{suffix}" for time in TIMES]}
    assert client.post("/predict", json={"data": data}).json()["predictions"][0]["ts"] == answered


def test_a_clock_change_is_no_gap_where_the_zone_is_sent(client):
    times = ["2024-03-31T01:58:00+01:00", "2024-03-31T03:00:00+02:00", "2024-03-31T03:02:00+02:00"]
    (row,) = client.post("/predict", json={"data": DATA | {"time": times}}).json()["predictions"]
    assert row["ts"] == "2024-03-31T03:04:00+02:00"
    naive = [time[:-6] for time in times]
    assert "3720 s after the row before" in rejected_with(client, {"time": naive})


def test_parts_of_a_second_stay(client):
    data = DATA | {"time": [f"{time}.250" for time in TIMES]}
    assert client.post("/predict", json={"data": data}).json()["predictions"][0]["ts"] == "2024-01-01T00:06:00.250000"


def test_a_forecast_beyond_the_calendar_is_refused():
    model = make_model()
    object.__setattr__(model.spec.transform, "interval_seconds", 366 * 86_400.0)
    times = ["2024-01-01", "2025-01-01", "2026-01-02"]
    answer = client_for(model, calls=10_000, waiting_calls=10_000).post(
        "/predict", json={"data": DATA | {"time": times}, "inference_length": 10_000}
    )
    assert (answer.status_code, "year 9999" in answer.json()["detail"]) == (400, True)


def due(**calendar):
    """A client of a model whose rows are due by this calendar."""
    model = make_model()
    transform = model.spec.transform.model_copy(
        update={"calendar": Calendar(**calendar), "interval_seconds": DAY_SECONDS}
    )
    model.spec = model.spec.model_copy(update={"transform": transform})
    return client_for(model)


DAY_SECONDS = 86_400.0


WEEKDAYS = {"frequency": "B", "step": DAY, "open": ((0, 5),)}


BERLIN = {"frequency": "D", "step": DAY, "zone": "Europe/Berlin"}


def test_a_weekend_is_no_gap_where_the_calendar_is_closed():
    client = due(**WEEKDAYS)
    data = DATA | {"time": ["2024-01-04", "2024-01-05", "2024-01-08"]}
    (row,) = client.post("/predict", json={"data": data}).json()["predictions"]
    assert row["ts"] == "2024-01-09T00:00:00"
    later = {"time": ["2024-01-04", "2024-01-05", "2024-01-09"]}
    assert "345600 s after the row before" in rejected_with(client, later)


def test_times_without_a_zone_are_of_the_clock_of_the_data():
    client = due(**BERLIN)
    times = ["2024-03-29 08:00", "2024-03-30 08:00", "2024-03-31 08:00"]
    for zone, answered in (("", "2024-04-01T08:00:00"), (None, "2024-04-01T06:00:00Z")):
        sent = times if zone is not None else ["2024-03-29T07:00Z", "2024-03-30T07:00Z", "2024-03-31T06:00Z"]
        (row,) = client.post("/predict", json={"data": DATA | {"time": sent}}).json()["predictions"]
        assert row["ts"] == answered
