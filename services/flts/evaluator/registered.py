"""A promoted model as MLflow's registry holds it: its two files, and the code that reads them in a notebook."""

import io
import platform
import zipfile
from functools import cache
from pathlib import Path

import yaml

import flts
import flts.common
import flts.forecasting
from flts.common.artifactnames import MODEL_FILE, SERVING_FILE

_CODE_FILE = "flts.zip"
_PACKAGES = (flts.common, flts.forecasting)
_LOADER = "flts.forecasting.notebook"
_REQUIREMENTS = ("mlflow", "numpy", "onnxruntime", "pandas", "pydantic", "tzdata")
# MLflow passes on only the parameters that a signature names (https://mlflow.org/docs/latest/ml/model/signatures/).
_PARAMETERS = (
    '[{"name": "rows", "type": "long", "default": 1, "shape": null}, '
    '{"name": "interval", "type": "double", "default": 0.0, "shape": null}]'
)
# Archives of the same code are the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_model(folder: Path, model: bytes, spec: bytes) -> None:
    """Write a model that `mlflow.pyfunc.load_model` loads into `folder`, which exists."""
    (folder / MODEL_FILE).write_bytes(model)
    (folder / SERVING_FILE).write_bytes(spec)
    (folder / _CODE_FILE).write_bytes(_archive())
    (folder / "requirements.txt").write_text("".join(f"{name}\n" for name in _REQUIREMENTS), "utf-8")
    loader = {"loader_module": _LOADER, "code": _CODE_FILE, "python_version": platform.python_version()}
    content = {"flavors": {"python_function": loader}, "signature": {"params": _PARAMETERS}}
    (folder / "MLmodel").write_text(yaml.safe_dump(content), "utf-8")


@cache
def _archive() -> bytes:
    root = Path(flts.__file__).parent
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        folders = [Path(package.__file__).parent for package in _PACKAGES]
        for path in [root / "__init__.py", *(file for folder in folders for file in sorted(folder.glob("*.py")))]:
            entry = zipfile.ZipInfo(str(Path("flts") / path.relative_to(root)), _EPOCH)
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
