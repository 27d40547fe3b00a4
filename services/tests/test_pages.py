"""Pages for people: what `/`, `/rows` and `/docs` serve, and that nothing on them comes from elsewhere."""

import re

import numpy as np
import pytest
from fastapi.testclient import TestClient
from serving_models import in_service_with, last_plus, make_model, make_spec

from flts.common.frames import FeatureFrame
from flts.common.recent import ROWS_SHOWN, NewestRows, RecentRows, newest_rows, newest_rows_key, recent_rows
from flts.forecasting.model import ServingModel
from flts.inference.api import inference_app
from flts.inference.newestrows import StoredRows
from flts.inference.predictor import Predictor

PAGE_FILES = ["chart.js", "page.css", "page.js", "rows.js"]
TRANSFORM = make_spec(b"").transform
START = np.datetime64("2024-01-01T00:00", "us")


def frame_of(rows, *, start=START, imputed=None):
    """Frame of consecutive rows in raw units, two minutes apart."""
    times = start + np.arange(len(rows)) * np.timedelta64(120, "s")
    features = TRANSFORM.apply(np.asarray(rows, float), times)
    return FeatureFrame(times, features, TRANSFORM, "hash", "{}", imputed)


def with_recent(recent):
    model = make_model()
    spec = model.spec.model_copy(update={"recent": recent})
    return ServingModel(model.version, spec, last_plus(0.1, 1, len(spec.features)))


def client_for(model, **options):
    models = in_service_with(model)
    return TestClient(inference_app(models, Predictor(models, "default", lambda line: None), **options))


RECENT = recent_rows([frame_of([[110, 1], [120, 2], [130.5, 3]])], 3)


def test_the_answer_of_rows_is_a_body_for_predict():
    client = client_for(with_recent(RECENT))
    rows = client.get("/rows")
    assert rows.status_code == 200
    assert rows.json()["target"] == "a"
    assert rows.json()["data"] == {
        "time": ["2024-01-01T00:00:00", "2024-01-01T00:02:00", "2024-01-01T00:04:00"],
        "a": [110, 120, 130.5],
        "b": [1, 2, 3],
    }
    forecast = client.post("/predict", content=rows.content)
    assert forecast.json()["predictions"][0]["a"] == pytest.approx(131.5, abs=1e-4)


def test_rows_names_its_time_column_differently_where_a_column_is_called_time():
    recent = RecentRows(times=RECENT.times, columns=RECENT.columns | {"time": [1, 2, 3]})
    answer = client_for(with_recent(recent)).get("/rows").json()
    assert answer["index_col"] == "ts"
    assert answer["data"]["time"] == [1, 2, 3]


def stored_rows(store, recent, target="a"):
    """What preprocess wrote about the series of the model."""
    newest = NewestRows(series="", target=target, rows=recent, last_time="2024-01-01T01:04:00", last_value=160)
    store.put("processed-data", newest_rows_key("default", ""), newest.model_dump_json().encode())
    return StoredRows(store, "processed-data", "default")


LATER = recent_rows([frame_of([[140, 4], [150, 5], [160, 6]], start=START + np.timedelta64(1, "h"))], 3)


# Promise: newest-rows-forecast-from
def test_rows_are_those_of_the_newest_file_also_where_no_model_was_trained_on_it(store):
    more = LATER.model_copy(update={"columns": LATER.columns | {"new": [0, 0, 0]}})
    client = client_for(with_recent(RECENT), rows=stored_rows(store, more))
    rows = client.get("/rows")
    assert rows.json()["data"] == {"time": LATER.times, "a": [140, 150, 160], "b": [4, 5, 6]}
    assert client.post("/predict", content=rows.content).status_code == 200


@pytest.mark.parametrize("broken", ["older", "target", "columns", "few", "none", "absent", "unreadable", "outage"])
def test_rows_are_those_of_the_model_where_it_cannot_forecast_from_newer_ones(broken, store):
    few = RecentRows(times=LATER.times[1:], columns={name: values[1:] for name, values in LATER.columns.items()})
    other = RecentRows(times=LATER.times, columns={"a": LATER.columns["a"]})
    recent = {"older": RECENT, "few": few, "columns": other, "none": None}.get(broken, LATER)
    rows = stored_rows(store, recent, "b" if broken == "target" else "a")
    if broken == "absent":
        store.objects.clear()
    elif broken == "unreadable":
        store.put("processed-data", newest_rows_key("default", ""), b"{")
    elif broken == "outage":
        store.get = lambda *_, **__: (_ for _ in ()).throw(ConnectionError("refused"))
    assert client_for(with_recent(RECENT), rows=rows).get("/rows").json()["data"]["a"] == [110, 120, 130.5]


def test_rows_explains_why_a_model_has_none():
    answer = client_for(make_model()).get("/rows")
    assert answer.status_code == 404
    assert "fewer rows without a gap than the 3" in answer.json()["detail"]


@pytest.mark.parametrize(("query", "status"), [("?series=other", 404), (f"?series={'x' * 64}", 422)])
def test_rows_refuses_unknown_series(query, status):
    assert client_for(with_recent(RECENT)).get(f"/rows{query}").status_code == status


def test_rows_answers_503_without_a_model():
    assert client_for(None).get("/rows").status_code == 503


# Promise: page-shows-series-forecasts
def test_the_page_and_its_files_come_from_the_api_alone():
    client = client_for(make_model())
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
    assert named
    for path in [*named, *(f"assets/{file}" for file in PAGE_FILES)]:
        answer = client.get(f"/{path}")
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-cache"
        assert not re.search(r"https?://(?!www\.w3\.org/)", answer.text), path


@pytest.mark.parametrize("path", ["/assets/../api.py", "/assets/%2e%2e/api.py", "/assets/", "/assets/pages.py"])
def test_the_page_serves_no_other_file(path):
    assert client_for(make_model()).get(path).status_code == 404


def test_the_api_is_described_without_a_content_delivery_network():
    client = client_for(make_model())
    docs = client.get("/docs")
    named = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', docs.text)
    assert len(named) == 2
    for path in named:
        assert path.startswith("/docs/assets/")
        assert client.get(path).status_code == 200
    assert {"/predict", "/rows", "/series", "/model"} <= client.get("/openapi.json").json()["paths"].keys()


def test_without_the_page_neither_it_nor_rows_are_served():
    client = client_for(with_recent(RECENT), page=False)
    for path in ("/", "/rows", "/assets/page.js"):
        assert client.get(path).status_code == 404
    assert client.get("/docs").status_code == 200


def test_recent_rows_are_as_many_as_the_model_needs_and_at_least_a_day():
    rows = [[100 + row, row] for row in range(300)]
    assert len(recent_rows([frame_of(rows)], 3).times) == ROWS_SHOWN
    assert len(recent_rows([frame_of(rows)], 200).times) == 200
    assert recent_rows([frame_of(rows)], 301) is None


def test_recent_rows_go_on_from_training_rows_to_held_out_rows():
    later = START + np.timedelta64(240, "s")
    recent = recent_rows([frame_of([[1, 1], [2, 2]]), frame_of([[3, 3]], start=later)], 3)
    assert recent.columns == {"a": [1, 2, 3], "b": [1, 2, 3]}


def test_recent_rows_begin_after_the_last_gap():
    later = START + np.timedelta64(1, "D")
    frames = [frame_of([[1, 1], [2, 2]]), frame_of([[3, 3], [4, 4]], start=later)]
    assert recent_rows(frames, 2).columns["a"] == [3, 4]
    assert recent_rows(frames, 3) is None


def test_the_last_row_of_a_file_is_known_also_where_too_few_follow_each_other():
    later = START + np.timedelta64(1, "D")
    newest = newest_rows("a-site", [frame_of([[1, 1], [2, 2]]), frame_of([[3, 3]], start=later)], 3)
    assert (newest.rows, newest.last_time, newest.last_value) == (None, "2024-01-02T00:00:00", 3)
    lost = newest_rows("a-site", [frame_of([[1, 1], [2, 2]], imputed=np.array([False, True]))], 1)
    assert (lost.last_time, lost.last_value) == ("2024-01-01T00:02:00", None)


def test_recent_rows_say_which_targets_were_not_measured():
    frame = frame_of([[1, 1], [2, 2], [3, 3]], imputed=np.array([False, True, False]))
    assert recent_rows([frame], 3).columns == {"a": [1, None, 3], "b": [1, 2, 3]}


def test_recent_rows_keep_parts_of_a_second():
    start = START + np.timedelta64(250, "ms")
    assert recent_rows([frame_of([[1, 1]], start=start)], 1).times == ["2024-01-01T00:00:00.250000"]


def test_recent_rows_of_no_data_are_none():
    assert recent_rows([], 1) is None
    assert recent_rows([frame_of(np.empty((0, 2)))], 1) is None
