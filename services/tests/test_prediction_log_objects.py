"""Lines about forecasts become objects."""

import json

from flts.inference.predictionlog import PredictionLog


def test_log_lines_become_new_objects(store):
    log = PredictionLog(store, "inference-logs", "default", "pod-1", flush_seconds=60, queue_size=3)
    log.start()
    for number in range(5):
        log.add({"number": number})
    log.flush()
    log.add({"number": 9})
    log.stop()
    keys = store.keys("inference-logs", "default/")
    assert len(keys) == len(set(store.writes)) == 2
    lines = [json.loads(line) for key in store.writes for line in store.get("inference-logs", key).body.splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 2, 9]


def test_a_log_that_cannot_be_written_is_dropped(store):
    store.fail_on = "default"
    log = PredictionLog(store, "inference-logs", "default", "pod-1", flush_seconds=60, queue_size=3)
    log.add({"number": 1})
    log.flush()
    assert store.objects == {}
