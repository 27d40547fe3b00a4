"""Locustfile: what a user of the forecast API does. Run with `locust --locustfile flts/load_test/users.py`."""

import random
from typing import Any

from locust import FastHttpUser, between, task
from locust.exception import StopUser

from flts.load_test.payload import broken_requests, forecast_request

_REFUSALS = (400, 422)


class ForecastUser(FastHttpUser):
    """Mostly asks for forecasts, sometimes for the service's health, sometimes with a mistake."""

    wait_time = between(1, 2)

    def on_start(self) -> None:
        """Choose a series, and ask what its model wants; without a model there is nothing to load."""
        self.chance = random.Random()
        with self.client.get("/series", name="series", catch_response=True) as answer:
            listed = answer.json()["series"] if answer.status_code == 200 else []
        # Of one series the service needs no name; of several it asks for one.
        chosen = {"series": self.chance.choice(listed)["series"]} if listed else {}
        with self.client.get("/model", params=chosen, name="model", catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"no model is served: {answer.status_code}")
                raise StopUser
            self.wanted = answer.json()["input"]
        self.chosen = chosen

    @task(8)
    def predict(self) -> None:
        """A forecast from rows that the model takes."""
        body = self._request()
        with self.client.post("/predict", json=body, name="predict", catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code}: {(answer.text or '')[:200]}")
            elif answer.json()["status"] != "SUCCESS":
                answer.failure(f"answered without success: {answer.text[:200]}")

    @task(1)
    def health(self) -> None:
        """The question that load balancers and the kubelet ask."""
        self.client.get("/healthz", name="health")

    @task(1)
    def bad_input(self) -> None:
        """A mistake, which is answered right when it is refused."""
        body = self.chance.choice(broken_requests(self._request()))
        with self.client.post("/predict", json=body, name="bad input", catch_response=True) as answer:
            if answer.status_code in _REFUSALS:
                answer.success()
            else:
                answer.failure(f"bad input was answered with {answer.status_code}")

    def _request(self) -> dict[str, Any]:
        return forecast_request(self.wanted, self.chance) | self.chosen
