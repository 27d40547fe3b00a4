"""Tags that tie an MLflow run to the claim it was trained from: the trainer writes them, the evaluator reads them."""

from typing import Literal, NamedTuple

ModelType = Literal["GRU", "LSTM", "PROPHET"]
"""A model family; the value of TYPE_TAG."""

IDENTIFIER_TAG = "flts.identifier"
SERIES_TAG = "flts.series"
HASH_TAG = "flts.config_hash"
GENERATION_TAG = "flts.generation"
TYPE_TAG = "flts.model_type"
MODEL_SHA256_TAG = "flts.model_sha256"
SPEC_SHA256_TAG = "flts.spec_sha256"
"""What the trainer wrote as model.onnx and serving.json: the evaluator promotes nothing else."""

HELD_OUT_PARAM = "held_out_sha256"
LAST_TIME_PARAM = "last_row_time"
LAST_VALUE_PARAM = "last_row_value"

# MLflow drops tags with an empty value; identifiers cannot hold these brackets.
_UNNAMED = "(none)"


class ClaimKey(NamedTuple):
    """What runs of one claim have in common."""

    identifier: str
    config_hash: str
    generation: int
    series: str = ""
    """The config hash covers it already; empty in runs from before 0.2.0."""


def run_tags(claim: ClaimKey, model_type: str) -> dict[str, str]:
    """Tags of a run: those that it is found by, and the series that people look for."""
    tags = _search_tags(claim.identifier, claim.config_hash, claim.generation, model_type)
    return tags | ({SERIES_TAG: claim.series} if claim.series else {})


def _search_tags(identifier: str, config_hash: str, generation: int, model_type: str) -> dict[str, str]:
    return {
        IDENTIFIER_TAG: identifier or _UNNAMED,
        HASH_TAG: config_hash,
        GENERATION_TAG: str(generation),
        TYPE_TAG: model_type,
    }


def claim_filter(identifier: str, config_hash: str, generation: int, model_type: str | None = None) -> str:
    """Search condition for the runs of a claim, of one model type or of all."""
    tags = _search_tags(identifier, config_hash, generation, model_type or "")
    if model_type is None:
        del tags[TYPE_TAG]
    return _condition(tags)


def pipeline_filter(identifier: str) -> str:
    """Search condition for the runs of all claims of a pipeline."""
    return _condition({IDENTIFIER_TAG: identifier or _UNNAMED})


def claim_of(tags: dict[str, str]) -> ClaimKey:
    """The claim of a run that has these tags; the reverse of run_tags."""
    identifier = tags[IDENTIFIER_TAG]
    return ClaimKey(
        identifier="" if identifier == _UNNAMED else identifier,
        config_hash=tags[HASH_TAG],
        generation=int(tags[GENERATION_TAG]),
        series=tags.get(SERIES_TAG, ""),
    )


def _condition(tags: dict[str, str]) -> str:
    for value in tags.values():
        if "'" in value:
            raise ValueError(f"a quote in {value!r} cannot be searched for")
    return " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
