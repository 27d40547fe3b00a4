"""The HTTP API: raw units in and out, and a documented answer to every kind of wrong request."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY
from serving_models import in_service_with, make_model, make_promotion

from flts.common.calendar import DAY, Calendar
from flts.inference.api import inference_app
from flts.inference.inservice import Models
from flts.inference.limits import Limits
from flts.inference.predictor import Predictor

TIMES = ["2024-01-01 00:00:00", "2024-01-01 00:02:00", "2024-01-01 00:04:00"]
DATA = {"time": TIMES, "a": [110, 120, 130.5], "b": [1, 2, 3]}


LARGEST_BODY = 10_000


def client_for(model, lines=None, *, leaving=lambda: False, irregular_passes=False, **limits):
    in_service = in_service_with(model)
    log = (lines if lines is not None else []).append
    bounds = Limits(**({"body_bytes": LARGEST_BODY} | limits))
    predictor = Predictor(in_service, "default", log, limits=bounds, largest_batch=4, irregular_passes=irregular_passes)
    app = inference_app(in_service, predictor, limits=bounds, leaving=leaving)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client():
    return client_for(make_model())


# Promise: inference-loads-was-promoted
def test_predicts_in_raw_units():
    lines = []
    answer = client_for(make_model(), lines).post("/predict", json={"data": DATA})
    assert answer.status_code == 200
    body = answer.json()
    assert body["predictions"] == [{"ts": "2024-01-01T00:06:00", "a": pytest.approx(131.5, abs=1e-4)}]
    assert {body["status"], body["identifier"], body["run_id"]} == {"SUCCESS", "default", "run-1"}
    assert (len(body["req_id"]), body["cached"]) == (8, False)
    assert (lines[0]["req_id"], lines[0]["rows_predicted"]) == (body["req_id"], 1)
    assert json.dumps(lines[0])


@pytest.mark.parametrize("ahead", [1, 2])
@pytest.mark.parametrize("rows", [2, 5, 9])
def test_several_rows_go_on_from_their_own_values(ahead, rows):
    client = client_for(make_model(ahead=ahead))
    body = client.post(f"/predict?inference_length={rows}", json={"data": DATA, "inference_length": 1}).json()
    assert [round(row["a"], 3) for row in body["predictions"]] == [131.5 + step for step in range(rows)]
    assert body["predictions"][-1]["ts"] == f"2024-01-01T00:{4 + 2 * rows:02d}:00"


def test_lags_need_and_get_more_rows():
    client = client_for(make_model(lags=1))
    assert client.post("/predict", json={"data": DATA}).status_code == 400
    longer = {"time": ["2023-12-31 23:58:00", *TIMES], "a": [1, *DATA["a"]], "b": [0, *DATA["b"]]}
    body = client.post("/predict", json={"data": longer}).json()
    assert body["predictions"][0]["a"] == pytest.approx(131.5, abs=1e-4)


def test_index_column_zones_nulls_and_extra_columns(client):
    times = ["2024-01-01T01:00:00+01:00", "2024-01-01T00:02:00Z", "2024-01-01T00:04"]
    data = {"when": times, "a": [110, None, 130], "b": [None] * 3, "note": ["x", None, True]}
    body = client.post("/predict", json={"data": data, "index_col": "when", "more": 1}).json()
    assert body["predictions"][0] == {"ts": "2024-01-01T00:06:00", "a": pytest.approx(131, abs=1e-4)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": None}, "missing feature columns: a"),
        ({"time": None}, "no time column"),
        ({"a": [1, 2, "x"]}, "column 'a': 'x' is not a number"),
        ({"a": [1, 2, True]}, "column 'a': True is not a number"),
        ({"a": [1, 2]}, "column 'a' has 2 values, 'time' has 3"),
        ({"time": [TIMES[0], TIMES[0], TIMES[1]]}, "not later than the row before"),
        ({"time": ["yesterday", *TIMES[:2]]}, "'yesterday' is not a time"),
        ({"time": [1, 2, 3]}, "is not a time"),
        ({"time": ["1650-01-01", "1650-01-02", "1650-01-03"]}, "not between the years 1700 and 2200"),
        ({"a": [1], "b": [1], "time": TIMES[:1]}, "1 rows are too few: the model looks at the last 3"),
        ({"a": [1, 2, 10**400]}, "too large"),
    ],
)
def test_400_says_what_is_wrong(client, change, words):
    data = {name: values for name, values in (DATA | change).items() if values is not None}
    answer = client.post("/predict", json={"data": data})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_400_without_data_and_for_an_unknown_index(client):
    assert "no data" in client.post("/predict").json()["detail"]
    assert client.post("/predict", json={}).status_code == 400
    assert "index_col 'x'" in client.post("/predict", json={"data": DATA, "index_col": "x"}).json()["detail"]


@pytest.mark.parametrize("content", ['{"data": {"a": [1e400, 1, 2], "b": [1, 2, 3], "time": %s}}'])
def test_400_for_infinite_numbers(client, content):
    body = content % json.dumps(TIMES)
    assert client.post("/predict", content=body, headers={"content-type": "application/json"}).status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"data": 1}',
        '{"data": {"a": 1}}',
        '{"inference_length": 0}',
        '{"inference_length": NaN}',
        '{"inference_length": 10001}',
        '{"data": {"a": [[1]]}}',
        '{"index_col": 5}',
    ],
)
def test_422_for_wrong_schemas(client, content):
    answer = client.post("/predict", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize("declared", [True, False])
def test_413_for_a_body_over_the_limit(client, declared):
    body = json.dumps({"data": DATA, "more": "x" * LARGEST_BODY}).encode()
    # Without a length: what is sent in chunks.
    content = body if declared else iter([body[:100], body[100:]])
    answer = client.post("/predict", content=content)
    assert answer.status_code == 413
    assert str(LARGEST_BODY) in answer.json()["detail"]


def test_a_body_in_chunks(client):
    body = json.dumps({"data": DATA}).encode()
    assert client.post("/predict", content=iter([body[:50], body[50:]])).status_code == 200


def test_429_says_when_to_come_back():
    answer = client_for(make_model(), waiting=0).post("/predict", json={"data": DATA})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_a_leaving_replica_still_answers():
    client = client_for(make_model(), leaving=lambda: True)
    assert client.get("/ready").status_code == 503
    assert client.get("/healthz").status_code == 200
    answer = client.post("/predict", json={"data": DATA})
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")


def test_without_a_model():
    client = client_for(None)
    assert client.get("/ready").status_code == 503
    assert client.post("/predict", json={"data": DATA}).status_code == 503
    health = client.get("/healthz").json()
    assert (health["status"], health["model_ready"], health["startup_ready_ms"]) == ("ok", False, None)


# Promise: inference-loads-was-promoted
def test_probes_metrics_and_documents(client):
    ready = client.get("/ready").json()
    assert ready == {
        "status": "ready",
        "series": "",
        "run_id": "run-1",
        "model_type": "GRU",
        "config_hash": "hash",
        "generation": 1,
        "input": {"rows": 3, "interval_seconds": 120, "median_row": {"a": 100, "b": 5}},
    }
    client.post("/predict", json={"data": DATA})
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    for name in ("inference_latency_seconds_bucket", "inference_model_ready", "inference_jobs_processed_total"):
        assert name in metrics.text
    assert 'inference_jobs_outcome_total{model_type="GRU",outcome="success",run_id="run-1"}' in metrics.text
    assert client.get("/prometheus").status_code == 200
    assert client.get("/docs").status_code == 200
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    assert set(operation["responses"]) == {"200", "400", "404", "408", "413", "422", "429", "503"}
    assert "data" in operation["requestBody"]["content"]["application/json"]["schema"]["properties"]


def test_metrics_have_the_reason_why_requests_were_rejected(client):
    def rejected(reason):
        return REGISTRY.get_sample_value("inference_requests_rejected_total", {"reason": reason}) or 0

    before = rejected("bad_data"), rejected("bad_schema")
    client.post("/predict", json={})
    client.post("/predict", json=[])
    assert (rejected("bad_data"), rejected("bad_schema")) == (before[0] + 1, before[1] + 1)


def rejected_with(client, change, **body):
    answer = client.post("/predict", json={"data": DATA | change, **body})
    assert answer.status_code == 400, answer.text
    return answer.json()["detail"]


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


def test_a_target_without_a_known_value_is_rejected(client):
    assert "column 'a': none of the last 3 values is known" in rejected_with(client, {"a": [None] * 3})
    earlier = {"time": ["2023-12-31 23:58", *TIMES], "a": [5, None, None, None], "b": [1, 1, 2, 3]}
    assert "none of the last 3 values is known" in rejected_with(client, earlier)


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


@pytest.mark.parametrize(
    ("limits", "change", "body", "words"),
    [
        ({"columns": 3}, {"c": [1]}, {}, "4 columns are too many; the most is PREDICT_MAX_COLUMNS=3"),
        ({"cells": 8}, {}, {}, "9 values are too many; the most is PREDICT_MAX_CELLS=8"),
        ({"calls": 4}, {}, {"inference_length": 5}, "5 rows take 5 calls of a model that forecasts 1 at once"),
        ({"calls": 4}, {}, {"inference_length": 5}, "PREDICT_MAX_CALLS=4 (setting flts:inference.limits.calls)"),
    ],
)
def test_limits_are_named_with_their_value_and_setting(limits, change, body, words):
    detail = rejected_with(client_for(make_model(), **limits), change, **body)
    assert words in detail
    assert "setting flts:inference.limits." in detail


def test_steps_are_limited_by_rows_and_by_calls():
    client = client_for(make_model(ahead=5), steps=30, calls=4)
    assert client.post("/predict", json={"data": DATA, "inference_length": 20}).status_code == 200
    assert "ask for 20 rows or fewer" in rejected_with(client, {}, inference_length=21)
    for answer in (
        client.post("/predict", json={"data": DATA, "inference_length": 31}),
        client.post("/predict?inference_length=31", json={"data": DATA}),
    ):
        assert answer.status_code == 422
        assert "PREDICT_MAX_STEPS=30 (setting flts:inference.limits.steps)" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize("query", ["0", "-1", "x", "1.5", "", "1e3", "9" * 100])
def test_422_for_a_wrong_length_in_the_query(client, query):
    answer = client.post(f"/predict?inference_length={query}", json={"data": DATA})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "query"


def test_not_a_number_is_a_missing_value(client):
    body = json.dumps({"data": DATA | {"b": [float("nan"), 1, 2]}})
    assert "NaN" in body
    assert client.post("/predict", content=body).status_code == 200


def test_only_the_first_mistake_is_reported(client):
    answer = client.post("/predict", json={"data": {"a": [[], {}, []], "b": 1}, "inference_length": "x"})
    assert answer.status_code == 422
    (mistake,) = answer.json()["detail"]
    assert mistake["loc"][:2] == ["body", "data"]


def test_a_forecast_beyond_the_calendar_is_refused():
    model = make_model()
    object.__setattr__(model.spec.transform, "interval_seconds", 366 * 86_400.0)
    times = ["2024-01-01", "2025-01-01", "2026-01-02"]
    answer = client_for(model, calls=10_000, waiting_calls=10_000).post(
        "/predict", json={"data": DATA | {"time": times}, "inference_length": 10_000}
    )
    assert (answer.status_code, "year 9999" in answer.json()["detail"]) == (400, True)


def test_the_served_model_is_described_to_everybody(client):
    assert client.get("/model").json() == client.get("/ready").json()
    assert client_for(None).get("/model").status_code == 503


def several(**options):
    models = in_service_with(None, **options)
    for name, ahead in (("one", 1), ("two", 2)):
        models.serve(make_model(f"run-{name}", ahead=ahead), 0.0, name, promotion_of(name))
    predictor = Predictor(models, "default", lambda line: None)
    return TestClient(inference_app(models, predictor), raise_server_exceptions=False)


def promotion_of(name):
    return make_promotion(
        f"run-{name}",
        series=name,
        below_floor=name == "two",
        rmse=2.0,
        baseline_rmse=1.5,
        last_row_time="2024-01-01T00:04:00",
        last_row_value=120.5,
        timestamp=(datetime.now(UTC) - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
    )


def test_each_series_is_answered_by_its_own_model():
    client = several()
    for name in ("one", "two"):
        answer = client.post("/predict", json={"data": DATA, "series": name}).json()
        assert (answer["series"], answer["run_id"]) == (name, f"run-{name}")
        model = client.get("/model", params={"series": name}).json()
        assert (model["series"], model["run_id"]) == (name, f"run-{name}")


def test_series_are_listed_with_their_model_its_errors_and_age_and_the_last_actual_row():
    entry = several().get("/series").json()["series"][1]
    assert entry.pop("age_seconds") == pytest.approx(60, abs=30)
    assert entry.pop("promoted_at").endswith("Z")
    assert entry == {
        "series": "two",
        "in_memory": True,
        "run_id": "run-two",
        "model_type": "GRU",
        "config_hash": "hash",
        "generation": 1,
        "below_floor": True,
        "rmse": 2.0,
        "mae": 1.0,
        "baseline_rmse": 1.5,
        "last_row": {"ts": "2024-01-01T00:04:00", "value": 120.5},
    }


def test_series_are_listed_page_by_page_also_those_whose_model_nobody_asked_for():
    models = Models()
    names = [f"site-{number:03d}" for number in range(250)]
    models.know(names)
    models.learn(names[0], promotion_of("two"))
    client = TestClient(inference_app(models, Predictor(models, "default", lambda line: None)))
    first = client.get("/series").json()
    assert (first["series"][0]["rmse"], first["series"][0]["in_memory"]) == (2.0, False)
    assert first["series"][1] == {"series": "site-001", "in_memory": False}
    listed, after = [], ""
    while after is not None:
        page = client.get("/series", params={"after": after}).json()
        listed += [entry["series"] for entry in page["series"]]
        after = page.get("next")
    assert listed == names
    assert client.get("/series?limit=201").status_code == 422
    assert client.get("/series", params={"after": "zzz"}).json() == {"series": []}


def test_a_request_without_a_series_goes_to_the_default_one():
    assert several(default_series="two").post("/predict", json={"data": DATA}).json()["series"] == "two"
    answer = several().post("/predict", json={"data": DATA})
    assert (answer.status_code, answer.json()["detail"]) == (400, "name a series; there are one, two")


def test_an_unknown_series_is_404_with_those_that_there_are():
    client = several()
    answer = client.post("/predict", json={"data": DATA, "series": "three"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no series 'three'; there are one, two")
    assert client.get("/model?series=three").status_code == 404


def test_the_name_of_a_series_is_short():
    client = several()
    for answer in (
        client.post("/predict", json={"data": DATA, "series": "x" * 100_000}),
        client.get("/model", params={"series": "x" * 60_000}),
    ):
        assert answer.status_code == 422
        assert len(answer.content) < 1000


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
