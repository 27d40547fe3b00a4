"""The images: each holds every package that its code imports, and no other."""

import ast
import json

import pytest
from conftest import SERVICES

_CATALOGUE = json.loads((SERVICES.parent / "images" / "images.json").read_text())["images"]
_PACKAGE = "services/flts/"

# Packages that an image carries for pods with a command of their own (`python -m flts.<package>`).
_STARTED_BY_NAME = {
    "preprocess": {"backup", "lag", "topics"},
    "inference": {"predictionlogs"},
    "mlflow": {"mlflowauth"},
}


def carried(image):
    inputs = _CATALOGUE[image]["inputs"]
    return {path.removeprefix(_PACKAGE) for path in inputs if path.startswith(_PACKAGE)} - {"__init__.py"}


def own_images():
    return [name for name, image in _CATALOGUE.items() if any(path.startswith(_PACKAGE) for path in image["inputs"])]


def imported(source):
    """Packages of flts that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("flts."))


def packages_imported_by(path):
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return {package for file in files for package in imported(file.read_text())}


def needed(image):
    """Packages that the entry point, if there is one, and those started by name import; and what these import."""
    found = set()
    main = SERVICES / "main" / f"{image}.py"
    new = (packages_imported_by(main) if main.exists() else set()) | _STARTED_BY_NAME.get(image, set())
    while new:
        found |= new
        new = {name for each in new for name in packages_imported_by(SERVICES / "flts" / each)} - found
    return found


def test_every_service_is_looked_at():
    assert own_images() == ["preprocess", "trainer", "evaluator", "inference", "locust", "mlflow"]


@pytest.mark.parametrize("image", own_images())
def test_an_image_carries_exactly_the_packages_that_its_code_imports(image):
    assert carried(image) == needed(image)


def test_every_package_is_in_an_image():
    packages = {path.parent.name for path in (SERVICES / "flts").glob("*/__init__.py")}
    assert set().union(*(carried(image) for image in own_images())) == packages


def test_inference_imports_nothing_from_training_or_the_evaluator_even_through_other_packages():
    assert needed("inference").isdisjoint({"training", "evaluator"})
