"""The locks: exact pins with hashes, and the tests run against the versions that the images carry."""

import re
import tomllib

import pytest
from conftest import SERVICES

_LOCKS = sorted(path.stem for path in (SERVICES / "requirements").glob("*.txt"))
_PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)==([0-9][^ ]*)((?: --hash=sha256:[0-9a-f]{64})+)")


def pins(name):
    text = (SERVICES / "requirements" / f"{name}.txt").read_text()
    requirements = re.sub(r" *\\\n *", " ", text).splitlines()
    found = [_PIN.fullmatch(requirement) for requirement in requirements]
    assert all(found), [line for line, match in zip(requirements, found, strict=True) if match is None]
    return {match.group(1): match.group(2) for match in found}


@pytest.mark.parametrize("lock", _LOCKS)
def test_each_requirement_is_one_version_with_hashes(lock):
    assert pins(lock)


@pytest.mark.parametrize("lock", _LOCKS)
def test_an_extra_names_what_is_locked(lock):
    extras = tomllib.loads((SERVICES / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    direct = {re.match(r"[a-z0-9-]+", dependency).group() for dependency in extras[lock]} - {"flts"}
    assert direct <= set(pins(lock))


def test_packages_are_installed_by_hash_alone():
    sources = [
        path for folder in ("images", "services", "toolchain", ".ci") for path in (SERVICES.parent / folder).rglob("*")
    ]
    scripts = [path for path in sources if path.suffix in {".sh", ".ts", ""} and path.is_file()]
    installs = [
        line for path in scripts for line in re.findall(r"pip3?\"? install (.*)", path.read_text(errors="ignore"))
    ]
    assert len(installs) == 2, "the images' and the tests'"
    for options in installs:
        assert {"--no-deps", "--require-hashes", "--only-binary"} <= set(options.split())


@pytest.mark.parametrize("image", ["preprocess", "trainer", "evaluator", "inference", "locust"])
def test_images_and_tests_agree(image):
    tested = pins("test")
    assert {name: tested.get(name) for name in pins(image)} == pins(image)


def test_the_variant_for_gpus_adds_nothing_but_cuda_to_the_trainer():
    trainer, variant = pins("trainer"), pins("trainer-cuda")
    assert {name: variant.get(name) for name in trainer} == trainer
    added = set(variant) - set(trainer)
    assert all(name.startswith(("jax-cuda12-", "nvidia-")) for name in added)
    assert variant["jax-cuda12-plugin"] == trainer["jax"]


def test_client_and_server_of_mlflow_agree():
    assert pins("mlflow")["mlflow"] == pins("trainer")["mlflow-skinny"] == pins("evaluator")["mlflow-skinny"]


@pytest.mark.parametrize("image", ["preprocess", "trainer", "inference"])
def test_services_that_follow_a_clock_bring_its_time_zones(image):
    assert "tzdata" in pins(image)


def test_serving_image_is_small():
    heavy = {"keras", "jax", "jaxlib", "mlflow", "mlflow-skinny", "pandas", "scikit-learn", "prophet"}
    assert not heavy & set(pins("inference"))
