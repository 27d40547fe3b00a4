"""Concurrent predictions: shared model calls, each with its own answer, whatever happens to the model meanwhile."""

import asyncio
import json

import numpy as np
import pytest
from prometheus_client import REGISTRY
from serving_models import in_service_with, make_model

from flts.forecasting.refusals import BadInput, TooManyWaiting
from flts.inference.batching import Batcher
from flts.inference.limits import Limits
from flts.inference.predictor import Predictor
from flts.inference.schema import PredictRequest

TIMES = ["2024-01-01 00:00:00", "2024-01-01 00:02:00", "2024-01-01 00:04:00"]


class FakeModel:
    """Answers a window with its first value; fails where that is negative, as a whole batch would."""

    def __init__(self, added=0.0):
        self.calls = []
        self.added = added

    def forecast(self, raw, times):
        self.calls.append(len(raw))
        if (raw < 0).any():
            raise RuntimeError("negative")
        return raw[:, 0, :1] + self.added


def window(value):
    return np.full((3, 2), value, np.float64), np.zeros(3, "datetime64[us]")


def forecast(predictor, last, rows):
    """Awaitable of an answer, from where a request was decoded."""

    async def answer():
        return json.loads(await predictor.answer(await predictor.task(request(last), rows)))

    return answer()


def request(last):
    return PredictRequest(data={"time": TIMES, "a": [1, 2, last], "b": [1, 2, 3]})


async def gathered(*coroutines):
    return await asyncio.gather(*coroutines, return_exceptions=True)


def test_calls_are_shared_up_to_the_bound():
    model, batcher = FakeModel(), Batcher(4)
    answers = asyncio.run(gathered(*(batcher.run(model, *window(value)) for value in range(10))))
    assert [answer[0] for answer in answers] == list(range(10))
    assert model.calls == [4, 4, 2]


def test_a_lone_request_is_called_at_once():
    model, batcher = FakeModel(), Batcher(32)

    async def turns():
        task = asyncio.create_task(batcher.run(model, *window(1)))
        count = 0
        while not task.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert asyncio.run(turns()) <= 4
    assert model.calls == [1]


def test_a_window_that_fails_does_not_fail_the_others():
    model, batcher = FakeModel(), Batcher(4)
    good, bad, last = asyncio.run(gathered(*(batcher.run(model, *window(value)) for value in (1, -1, 2))))
    assert (good[0], last[0]) == (1, 2)
    assert isinstance(bad, RuntimeError)


def test_a_cancelled_request_does_not_disturb_its_batch():
    model, batcher = FakeModel(), Batcher(4)

    async def cancelled():
        tasks = [asyncio.create_task(batcher.run(model, *window(value))) for value in (1, 2)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await tasks[1]

    assert asyncio.run(cancelled())[0] == 2


def test_around_a_promotion_each_window_goes_to_the_model_it_was_made_for():
    old, new, batcher = FakeModel(), FakeModel(added=100), Batcher(8)
    calls = [batcher.run(model, *window(1)) for model in (old, old, new)]
    assert [answer[0] for answer in asyncio.run(gathered(*calls))] == [1, 1, 101]
    assert (old.calls, new.calls) == ([2], [1])


def test_a_forecast_ends_with_the_model_that_it_began_with():
    in_service = in_service_with(make_model("old"))
    predictor = Predictor(in_service, "default", lambda line: None, largest_batch=4)

    async def swap_in_the_middle():
        task = asyncio.create_task(forecast(predictor, 130, 50))
        for _ in range(10):
            await asyncio.sleep(0)
        in_service.serve(make_model("new"), 0.0)
        return await task, await forecast(predictor, 130, 1)

    long, following = asyncio.run(swap_in_the_middle())
    assert (long["run_id"], following["run_id"]) == ("old", "new")
    assert [round(row["a"], 2) for row in long["predictions"]] == [131.0 + step for step in range(50)]


def test_as_many_wait_as_may_and_the_others_get_an_answer():
    predictor = Predictor(
        in_service_with(make_model()), "default", lambda line: None, limits=Limits(waiting=3), largest_batch=2
    )
    answers = asyncio.run(gathered(*(forecast(predictor, value, 1) for value in range(5))))
    assert [type(answer) for answer in answers] == [dict, dict, dict, TooManyWaiting, TooManyWaiting]
    assert predictor.active == 0
    assert REGISTRY.get_sample_value("inference_active_workers") == 0


@pytest.mark.filterwarnings("error")
def test_an_answer_that_is_no_number_is_refused_alone():
    predictor = Predictor(in_service_with(make_model()), "default", lambda line: None, largest_batch=4)
    good, bad = asyncio.run(gathered(forecast(predictor, 1, 1), forecast(predictor, 1e300, 1)))
    assert good["predictions"][0]["a"] == pytest.approx(2, abs=1e-3)
    assert isinstance(bad, BadInput)
