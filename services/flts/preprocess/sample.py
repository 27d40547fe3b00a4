"""The packaged sample, so that a stack without data of its own leads to a forecast."""

from pathlib import Path

import structlog

from flts.common.storage import ObjectChanged, ObjectStore
from flts.preprocess.series import Listing
from flts.preprocess.settings import PreprocessSettings

# /app/sample in the image, services/sample in the project.
_SAMPLE = Path(__file__).parents[2] / "sample" / "sample.csv"
_NAME = "sample.csv"


def upload_sample(settings: PreprocessSettings, store: ObjectStore, listing: Listing) -> bool:
    """Upload the sample if no CSV was ever uploaded; returns whether it was uploaded.

    A user who deletes all CSVs keeps the served model: the sample must not take its place, so nothing may have been
    processed before. The write is conditional: an upload that comes first is never overwritten.
    """
    if listing.series or store.keys(settings.output_bucket, f"{settings.data_scope}/"):
        return False
    key = f"{settings.input_prefix}{_NAME}"
    try:
        store.replace(settings.input_bucket, key, _SAMPLE.read_bytes(), "text/csv", None)
    except ObjectChanged:
        return False
    structlog.get_logger().info("sample_uploaded", bucket=settings.input_bucket, key=key)
    return True
