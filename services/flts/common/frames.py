"""Features as Parquet: one `time` column, one column a feature, and what they mean in the file's metadata."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flts.common.transform import FeatureTransform

_TIME = "time"
# No series has a column of this name: names hold no control characters.
_IMPUTED = "target\x1fimputed"


class FeatureFrame(NamedTuple):
    """Scaled features of consecutive rows with the transform that made them."""

    times: np.ndarray
    features: np.ndarray
    transform: FeatureTransform
    config_hash: str
    preprocess_config: str
    """Canonical JSON (upstream contract: metadata keys `preprocess_config` and `config_hash`)."""
    imputed: np.ndarray | None = None
    """One flag a row: its target was interpolated, so no forecast of it is learnt from or scored. None: no row's."""


def joined(first: FeatureFrame, second: FeatureFrame) -> FeatureFrame:
    """The rows of two frames of one transform."""
    flags = [np.zeros(len(frame.times), bool) if frame.imputed is None else frame.imputed for frame in (first, second)]
    return first._replace(
        times=np.concatenate([first.times, second.times]),
        features=np.concatenate([first.features, second.features]),
        imputed=np.concatenate(flags),
    )


def write_frame(frame: FeatureFrame) -> bytes:
    """Parquet bytes; the same frame always gives the same bytes, and so the same ETag."""
    buffer = io.BytesIO()
    write_frames([frame], buffer, frame.imputed is not None and bool(frame.imputed.any()))
    return buffer.getvalue()


def write_frames(parts: Iterable[FeatureFrame], stream: BinaryIO, with_imputed: bool) -> None:
    """Write parts of a frame, at least one, as Parquet's row groups.

    `with_imputed`: whether any part has a flag that is set.
    """
    with ExitStack() as closing:
        writer: pq.ParquetWriter | None = None
        for frame in parts:
            columns: dict[str, Any] = {_TIME: pa.array(frame.times.astype("datetime64[us]"))}
            for at, name in enumerate(frame.transform.features):
                columns[name] = pa.array(np.ascontiguousarray(frame.features[:, at]))
            if with_imputed:
                columns[_IMPUTED] = pa.array(frame.imputed)
            metadata = {
                "preprocess_config": frame.preprocess_config,
                "config_hash": frame.config_hash,
                "transform": frame.transform.model_dump_json(),
            }
            rows = pa.table(columns).replace_schema_metadata(metadata)
            if writer is None:
                writer = closing.enter_context(pq.ParquetWriter(stream, rows.schema, compression="zstd"))
            writer.write_table(rows)


def read_frame(content: bytes) -> FeatureFrame:
    """Frame from Parquet bytes; raises ValueError where it is not one of ours."""
    return _frame(pq.read_table(io.BytesIO(content)))


def read_parts(stream: BinaryIO) -> Iterator[FeatureFrame]:
    """The parts of a frame in a file that can seek, one after the other; raises ValueError as read_frame does."""
    file = pq.ParquetFile(stream)
    for number in range(file.num_row_groups):
        yield _frame(file.read_row_group(number))


def _frame(table: pa.Table) -> FeatureFrame:
    metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    try:
        transform = FeatureTransform.model_validate(json.loads(metadata["transform"]))
        features = np.column_stack([table[name].to_numpy() for name in transform.features])
        times = table[_TIME].to_numpy().astype("datetime64[ns]")
        imputed = table[_IMPUTED].to_numpy() if _IMPUTED in table.column_names else None
        return FeatureFrame(times, features, transform, metadata["config_hash"], metadata["preprocess_config"], imputed)
    except KeyError as error:
        raise ValueError(f"Parquet without {error}: not written by preprocess") from error


def rows_digest(frame: FeatureFrame) -> str:
    """SHA-256 of the times and of the target in raw units: the same for the same rows, however they are scaled."""
    target = frame.transform.target_to_raw(frame.features[:, frame.transform.target_index])
    times = frame.times.astype("datetime64[ns]").astype(np.int64)
    # Nine digits: scaling and its reverse change the last of a double's sixteen.
    lines = "".join(f"{time} {value:.9g}\n" for time, value in zip(times.tolist(), target.tolist(), strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()
