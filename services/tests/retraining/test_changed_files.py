"""With `preprocess.retrain: drift`, a changed file is trained on where forecasts of its rows were far off."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from conftest import MemoryStore
from structlog.testing import capture_logs

from flts.common.clock import utc_text
from flts.common.recent import ROWS_SHOWN
from flts.preprocess.job import Action
from retraining.stack import DRIFT, FIRST_ROWS, NO_DRIFT, PREFIX, deferred, ratio


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
    assert (shown["last_time"], shown["last_value"]) == (serving.time_of(350), pytest.approx(serving.value_of(350)))
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
