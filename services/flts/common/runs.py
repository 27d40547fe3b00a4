"""Tags that tie an MLflow run to the claim it was trained from: the trainer writes them, the evaluator reads them."""

from typing import NamedTuple

IDENTIFIER_TAG = "flts.identifier"
HASH_TAG = "flts.config_hash"
GENERATION_TAG = "flts.generation"
TYPE_TAG = "flts.model_type"

# MLflow drops tags with an empty value; identifiers cannot hold these brackets.
_UNNAMED = "(none)"


class ClaimKey(NamedTuple):
    """What runs of one claim have in common."""

    identifier: str
    config_hash: str
    generation: int


def claim_tags(identifier: str, config_hash: str, generation: int, model_type: str) -> dict[str, str]:
    """Tags of a run."""
    return {
        IDENTIFIER_TAG: identifier or _UNNAMED,
        HASH_TAG: config_hash,
        GENERATION_TAG: str(generation),
        TYPE_TAG: model_type,
    }


def claim_filter(identifier: str, config_hash: str, generation: int, model_type: str | None = None) -> str:
    """Search condition for the runs of a claim, of one model type or of all."""
    tags = claim_tags(identifier, config_hash, generation, model_type or "")
    if model_type is None:
        del tags[TYPE_TAG]
    return _condition(tags)


def pipeline_filter(identifier: str) -> str:
    """Search condition for the runs of all claims of a pipeline."""
    return _condition({IDENTIFIER_TAG: identifier or _UNNAMED})


def claim_of(tags: dict[str, str]) -> ClaimKey:
    """The claim of a run that has these tags; the reverse of claim_tags."""
    identifier = tags[IDENTIFIER_TAG]
    return ClaimKey("" if identifier == _UNNAMED else identifier, tags[HASH_TAG], int(tags[GENERATION_TAG]))


def _condition(tags: dict[str, str]) -> str:
    for value in tags.values():
        if "'" in value:
            raise ValueError(f"a quote in {value!r} cannot be searched for")
    return " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
