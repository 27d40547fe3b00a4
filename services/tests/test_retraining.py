"""With `preprocess.retrain: drift`, a changed file is trained on where forecasts of its rows were far off."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from conftest import MemoryStore
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from flts.common.clock import utc_text
from flts.common.health import Heartbeat
from flts.common.recent import ROWS_SHOWN
from flts.preprocess import metrics, onepass, watching
from flts.preprocess.cli import run_pass
from flts.preprocess.confighash import config_hash
from flts.preprocess.job import Action
from flts.preprocess.passing import Selection
from flts.preprocess.processing import SeriesProcessor
from flts.preprocess.settings import PreprocessSettings
from flts.preprocess.watching import Watcher

SETTINGS = PreprocessSettings(retrain="drift", retrain_period_hours=24)
FIRST_ROWS = 300
HELD_OUT_RMSE = 10.0
NO_DRIFT, DRIFT = 10.0, 35.0
PREFIX = f"default/{config_hash(SETTINGS.of_series('site.csv', ''))}"
RUN = "0a" * 16


@pytest.fixture(autouse=True)
def _own_state(monkeypatch, tmp_path):
    monkeypatch.setattr(onepass.tempfile, "gettempdir", lambda: str(tmp_path))
    yield
    metrics.DRIFT.forget("site")


class Stack:
    """The series `site`, whose file has the first rows of the sample, and preprocess."""

    def __init__(self, store, publisher, stop, sample):
        self.store = store
        self.publisher = publisher
        self._stop = stop
        self._logs = 0
        self._lines = sample.splitlines()
        self._rows = [
            (row["time"].replace(" ", "T"), float(row["down"])) for row in csv.DictReader(sample.decode().splitlines())
        ]
        self.watcher = self.started()

    def started(self, settings=SETTINGS):
        """The watcher of a new pod."""
        processor = SeriesProcessor(settings, self.store, self.publisher)
        self.watcher = Watcher(settings, self.store, processor, self._stop, Heartbeat())
        return self.watcher

    def upload(self, rows):
        self.store.put("dataset", "site.csv", b"\n".join(self._lines[: rows + 1]))

    def look(self):
        with ThreadPoolExecutor(max_workers=1) as executor:
            assert self.watcher.look(executor)

    def run_pass(self, settings=SETTINGS, **selection):
        assert run_pass(settings, self.store, self.publisher, Selection(**selection)) == 0

    def promote(self, rows=FIRST_ROWS, run=RUN, generation=1, options=None):
        """A model that has seen so many rows serves."""
        pointer = {
            "config_hash": options or PREFIX.removeprefix("default/"),
            "generation": generation,
            "series": "site",
            "run_id": run,
            "model_type": "GRU",
            "experiment": "flts",
            "model_uri": f"runs:/{run}/GRU",
            "rmse": HELD_OUT_RMSE,
            "mae": 1.0,
            "mse": 100.0,
            "score": 1.0,
            "timestamp": "2026-01-01T00:00:00Z",
            "weights": {},
            "last_row_time": self._rows[rows - 1][0],
        }
        self.store.put("model-promotion", "global/series/site/current.json", json.dumps(pointer).encode())

    def log(self, off, rows=range(FIRST_ROWS, 400), run=RUN):
        """People were forecast these rows, off by so much."""
        lines = [
            {
                "series": "site",
                "run_id": run,
                "status": "SUCCESS",
                "predictions": [{"ts": time, "down": value + off}],
            }
            for time, value in (self._rows[row] for row in rows)
        ]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        self.store.put("inference-logs", f"default/{datetime.now(UTC):%Y%m%d}/{self._logs:06}-pod-1.jsonl", body)
        self._logs += 1

    def trained(self, hours_ago):
        """Claims were published so long ago."""
        key = f"{PREFIX}/published.json"
        marker = json.loads(self.store.get("processed-data", key).body)
        marker["published_at"] = utc_text(datetime.now(UTC) - timedelta(hours=hours_ago))
        self.store.put("processed-data", key, json.dumps(marker).encode())

    def time_of(self, row):
        return self._rows[row - 1][0]

    def value_of(self, row):
        return self._rows[row - 1][1]

    @property
    def generations(self):
        return [claim["generation"] for claim in self.publisher.on("training-data")]

    def processed(self, name):
        return json.loads(self.store.get("processed-data", name).body)


@pytest.fixture
def stack(store, publisher, stop, sample_csv):
    found = Stack(store, publisher, stop, sample_csv)
    found.upload(FIRST_ROWS)
    found.look()
    return found


@pytest.fixture
def serving(stack):
    """The series has a model, which was trained two days ago."""
    stack.promote()
    stack.trained(hours_ago=48)
    return stack


def deferred(reason):
    return REGISTRY.get_sample_value("preprocess_series_deferred", {"reason": reason})


def ratio():
    return REGISTRY.get_sample_value("preprocess_drift_ratio", {"series": "site"})


def test_each_file_of_a_series_without_a_model_is_trained_on(stack):
    assert stack.generations == [1]
    stack.upload(310)
    stack.look()
    assert stack.generations == [1, 2]


# Promise: changed-file-drifted-trained
def test_a_changed_file_is_trained_on_only_where_forecasts_were_far_off(serving):
    serving.log(NO_DRIFT)
    serving.upload(350)
    with capture_logs() as logs:
        serving.look()
    assert serving.generations == [1]
    (line,) = [line for line in logs if line["event"] == "training_deferred"]
    assert (line["reason"], line["ratio"], line["generation"]) == ("not_drifted", pytest.approx(1), 1)
    assert (deferred("not_drifted"), deferred("not_measured"), ratio()) == (1, 0, pytest.approx(1))
    serving.log(DRIFT)
    serving.upload(360)
    serving.look()
    assert serving.generations == [1, 2]
    assert (deferred("not_drifted"), ratio()) == (0, pytest.approx(3.5))


def test_what_trainers_may_still_be_reading_stays_while_new_rows_are_not_trained_on(serving):
    before = {key: body for (bucket, key), body in serving.store.objects.items() if bucket == "processed-data"}
    serving.log(NO_DRIFT)
    serving.upload(350)
    serving.look()
    after = {key: body for (bucket, key), body in serving.store.objects.items() if bucket == "processed-data"}
    assert {key for key in after if after[key] != before.get(key)} == {
        f"{PREFIX}/deferred.json",
        "default/drift/site.json",
        "default/rows/site.json",
    }
    # What people see, and may forecast from, is of the new rows.
    shown = serving.processed("default/rows/site.json")
    assert (shown["target"], shown["rows"]["times"][-1]) == ("down", serving.time_of(350))
    assert len(shown["rows"]["times"]) == ROWS_SHOWN
    assert shown["rows"]["columns"]["down"][-1] == pytest.approx(serving.value_of(350))
    assert before.keys() <= after.keys()
    (claim,) = serving.publisher.on("training-data")
    assert serving.store.get("processed-data", claim["object"], claim["etag"])
    assert serving.store.get("processed-data", claim["test_object"], claim["test_etag"])


def test_without_enough_forecasts_to_compare_nothing_is_trained_and_the_reason_is_shown(serving):
    serving.log(DRIFT, range(FIRST_ROWS, FIRST_ROWS + 9))
    serving.upload(350)
    serving.look()
    assert serving.generations == [1]
    assert deferred("not_measured") == 1
    assert serving.processed(f"{PREFIX}/deferred.json")["reason"] == "not_measured"


def test_a_series_is_trained_at_most_once_in_a_period_and_without_another_file_when_that_is_over(serving):
    serving.log(DRIFT)
    serving.trained(hours_ago=23)
    serving.upload(350)
    serving.look()
    serving.upload(351)
    serving.look()
    assert serving.generations == [1]
    assert deferred("trained_recently") == 1
    due = datetime.fromisoformat(serving.processed(f"{PREFIX}/deferred.json")["due"])
    assert timedelta(minutes=59) < due - datetime.now(UTC) < timedelta(minutes=61)
    serving.trained(hours_ago=25)
    # The watcher itself comes back to the series when the time is over.
    handled = serving.watcher._handled["site"]
    over = handled.deferral.model_copy(update={"due": utc_text(datetime.now(UTC) - timedelta(seconds=1))})
    serving.watcher._handled["site"] = handled._replace(deferral=over)
    serving.look()
    assert serving.generations == [1, 2]
    assert deferred("trained_recently") == 0
    assert f"{PREFIX}/deferred.json" not in serving.store.keys("processed-data", "")
    serving.upload(360)
    serving.look()
    assert serving.generations == [1, 2]


def test_the_time_of_the_last_training_is_that_of_its_claims_and_not_of_their_repetition(serving):
    serving.run_pass(action=Action(resend=True))
    assert serving.generations == [1, 1]
    serving.log(DRIFT)
    serving.upload(350)
    serving.look()
    assert serving.generations == [1, 1, 2]


def test_a_restart_neither_processes_nor_forgets_what_was_deferred(serving):
    serving.log(NO_DRIFT)
    serving.upload(350)
    serving.look()
    serving.store.writes.clear()
    read = []
    get = serving.store.get
    serving.store.get = lambda bucket, key, *more, **options: (read.append(bucket), get(bucket, key, *more, **options))[
        1
    ]
    serving.started()
    serving.look()
    assert (serving.generations, serving.store.writes) == ([1], [])
    assert "dataset" not in read
    assert deferred("not_drifted") == 1


@pytest.mark.parametrize("change", [{"retrain": "always"}, {"drift_factor": 1.0}])
def test_what_was_deferred_is_trained_on_when_the_settings_say_so(change, serving):
    serving.log(1.5 * HELD_OUT_RMSE)
    serving.upload(350)
    serving.look()
    assert serving.generations == [1]
    serving.started(SETTINGS.model_copy(update=change))
    serving.look()
    assert serving.generations == [1, 2]


def test_reprocessing_trains_whatever_drift_and_period_say(serving):
    serving.log(NO_DRIFT)
    serving.upload(350)
    serving.look()
    serving.run_pass(action=Action(reprocess=True))
    assert serving.generations == [1, 2]
    serving.upload(351)
    serving.log(DRIFT)
    serving.look()
    # The period begins with it.
    assert serving.generations == [1, 2]
    assert deferred("trained_recently") == 1


def test_resending_repeats_the_claims_of_what_was_trained_on_last(serving):
    serving.log(NO_DRIFT)
    serving.upload(350)
    serving.look()
    serving.run_pass(action=Action(resend=True))
    first, again = serving.publisher.on("training-data")
    assert first == again


def test_other_options_are_trained_on_as_the_model_is_not_of_them(serving):
    serving.log(NO_DRIFT)
    other = SETTINGS.model_copy(update={"scaler": "StandardScaler"})
    serving.started(other)
    serving.upload(350)
    serving.look()
    first, second = serving.publisher.on("training-data")
    assert first["config_hash"] != second["config_hash"]
    # And back, while the model of the other options serves.
    serving.promote(350, "0b" * 16, options=second["config_hash"])
    serving.started()
    serving.upload(360)
    serving.look()
    assert [claim["config_hash"] for claim in serving.publisher.on("training-data")][2:] == [first["config_hash"]]


# Promise: drift-measured-every-pass
def test_a_scheduled_pass_measures_drift_of_unchanged_files_and_the_watcher_shows_it(serving, monkeypatch):
    always = SETTINGS.model_copy(update={"retrain": "always"})
    serving.upload(350)
    serving.started(always)
    serving.look()
    assert (serving.generations, ratio()) == ([1, 2], None)
    # Logs of forecasts are uploaded after the rows that they are of.
    serving.log(DRIFT)
    serving.look()
    assert ratio() is None
    serving.run_pass(always)
    metrics.DRIFT.forget("site")
    monkeypatch.setattr(watching.time, "monotonic", lambda now=watching.time.monotonic: now() + 61)
    serving.look()
    assert ratio() == pytest.approx(3.5)
    assert serving.generations == [1, 2]


def test_a_scheduled_pass_trains_on_what_was_deferred_where_forecasts_were_far_off(serving, monkeypatch):
    serving.upload(350)
    serving.look()
    assert deferred("not_measured") == 1
    serving.log(DRIFT)
    serving.run_pass()
    assert serving.generations == [1, 2]
    serving.run_pass()
    assert serving.generations == [1, 2]
    monkeypatch.setattr(watching.time, "monotonic", lambda now=watching.time.monotonic: now() + 61)
    serving.look()
    assert deferred("not_measured") == 0


def test_a_measurement_of_the_model_before_does_not_lead_to_a_training(serving):
    serving.trained(hours_ago=1)
    serving.log(DRIFT)
    serving.upload(350)
    serving.look()
    # The model of the last training is promoted after that.
    serving.promote(FIRST_ROWS, "0b" * 16)
    serving.trained(hours_ago=25)
    serving.started()
    serving.look()
    assert serving.generations == [1]
    assert deferred("not_measured") == 1


def test_processed_data_that_were_deleted_are_made_again(serving):
    serving.store.delete("processed-data", f"{PREFIX}/train.parquet")
    serving.started()
    serving.look()
    assert serving.generations == [1, 2]


@pytest.mark.parametrize("fail_on", ["train.parquet", "meta.json", "published.json"])
def test_a_training_that_was_interrupted_is_announced_by_the_next_look(fail_on, serving):
    serving.log(DRIFT)
    serving.upload(350)
    serving.store.fail_on = fail_on
    with ThreadPoolExecutor(max_workers=1) as executor:
        assert not serving.watcher.look(executor)
    serving.store.fail_on = None
    serving.started()
    serving.look()
    assert set(serving.generations) == {1, 2}
    assert serving.processed(f"{PREFIX}/published.json")["generation"] == 2


def test_files_are_rejected_as_ever_while_nothing_is_trained(serving):
    serving.store.put("dataset", "site.csv", b"time,down\n2024-01-01 00:00:00,x\n")
    serving.look()
    assert MemoryStore.get(serving.store, "dataset", "site.rejected.json")
    assert serving.generations == [1]


def test_a_model_without_any_error_on_held_out_rows_drifts_too(serving):
    pointer = json.loads(serving.store.get("model-promotion", "global/series/site/current.json").body)
    serving.store.put(
        "model-promotion", "global/series/site/current.json", json.dumps({**pointer, "rmse": 0.0}).encode()
    )
    serving.log(DRIFT)
    serving.upload(350)
    serving.look()
    assert serving.generations == [1, 2]
    assert 2 < ratio() <= 1e6


def test_forecasts_of_many_series_are_read_once(serving):
    serving.log(NO_DRIFT)
    serving.upload(350)
    read = []
    get = serving.store.get
    serving.store.get = lambda bucket, key, *more, **options: (read.append(bucket), get(bucket, key, *more, **options))[
        1
    ]
    serving.look()
    serving.upload(351)
    serving.look()
    assert read.count("inference-logs") == 1
