"""Scheduled and manual passes, where series are trained only when forecasts drifted."""

import json

import pytest

from flts.preprocess import metrics, watching
from flts.preprocess.job import Action
from retraining.stack import DRIFT, FIRST_ROWS, HELD_OUT_RMSE, NO_DRIFT, SETTINGS, deferred, ratio


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
