"""The locks: exact pins, and the tests run against the versions that the images carry."""

import re

import pytest
from conftest import SERVICES

_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([0-9][^ ]*)$")


def pins(name):
    lines = (SERVICES / "requirements" / f"{name}.txt").read_text().split("\n")
    found = [_PIN.match(line) for line in lines if line]
    assert all(found), [line for line, match in zip(lines, found, strict=False) if match is None]
    return {match.group(1): match.group(2) for match in found}


@pytest.mark.parametrize("image", ["preprocess", "trainer", "evaluator", "inference", "locust"])
def test_images_and_tests_agree(image):
    tested = pins("test")
    assert {name: tested.get(name) for name in pins(image)} == pins(image)


def test_client_and_server_of_mlflow_agree():
    assert pins("mlflow")["mlflow"] == pins("trainer")["mlflow-skinny"] == pins("evaluator")["mlflow-skinny"]


@pytest.mark.parametrize("image", ["preprocess", "trainer", "inference"])
def test_services_that_follow_a_clock_bring_its_time_zones(image):
    assert "tzdata" in pins(image)


def test_serving_image_is_small():
    heavy = {"keras", "jax", "jaxlib", "mlflow", "mlflow-skinny", "pandas", "scikit-learn", "prophet"}
    assert not heavy & set(pins("inference"))
