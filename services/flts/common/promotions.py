"""Where promotions lie in the bucket `model-promotion`: the evaluator writes there, inference reads."""

from typing import NamedTuple

from flts.common.artifactnames import MODEL_FILE as MODEL_FILE
from flts.common.artifactnames import SERVING_FILE as SERVING_FILE
from flts.common.messages import Promotion, StoredArtifact
from flts.common.settings import UNNAMED_PROMOTIONS

LARGEST_POINTER_BYTES = 1024 * 1024
"""A pointer has about 2 kB."""

_CURRENT = "current.json"

UPSTREAM_POINTER = _CURRENT
"""Upstream's pointer of a pipeline without an identifier."""


def is_artifact_key(key: str) -> bool:
    """Whether a key of the promotion bucket is a model's or a spec's, and no pointer's."""
    return key.split("/")[1:2] == ["models"]


class PromotionKeys(NamedTuple):
    """Keys of one pipeline. `scope` is the identifier or `global`.

    <scope>/series/<name>/current.json    what is promoted for a series
    <scope>/series/<name>/previous.json   what was promoted before
    <scope>/current.json                  upstream's pointer: of the only series, or of the default one
    <scope>/models/<sha256>/<file>        model.onnx and serving.json by their content
    <scope>/runs/<run>.json               a run that was compared, for a canary
    <scope>/<config hash>/promotion-…     history; `kept-…` where the decision was to keep what is served
    """

    scope: str

    @property
    def upstream(self) -> str:
        """Upstream's pointer of a named pipeline."""
        return f"{self.scope}/{_CURRENT}"

    @property
    def all_series(self) -> str:
        """What the pointers of all series begin with."""
        return f"{self.scope}/series/"

    def current(self, series: str) -> str:
        """Pointer of a series; of the one without a name, which pipelines from before 0.2.0 have: upstream's."""
        return f"{self.all_series}{series}/{_CURRENT}" if series else self.upstream

    def previous(self, series: str) -> str:
        """What the pointer of a series named before."""
        return f"{self.all_series}{series}/previous.json" if series else f"{self.scope}/previous.json"

    def series_of(self, key: str) -> str | None:
        """The series whose pointer has this key; None of other keys."""
        name, slash, file = key.removeprefix(self.all_series).partition("/")
        return name if key.startswith(self.all_series) and slash and file == _CURRENT else None

    def artifact(self, sha256: str, file: str) -> str:
        """Key of an artifact by the digest of its content."""
        return f"{self.scope}/models/{sha256}/{file}"

    def is_artifact(self, stored: StoredArtifact, file: str) -> bool:
        """Whether the artifact's key is the one for its digest."""
        return stored.key == self.artifact(stored.sha256, file)

    def run(self, run_id: str) -> str:
        """Key of a run that may be served without a promotion."""
        return f"{self.scope}/runs/{run_id}.json"

    def history(self, config_hash: str) -> str:
        """What the keys of a configuration's promotions begin with."""
        return f"{self.scope}/{config_hash}/promotion-"

    def kept(self, config_hash: str) -> str:
        """What the keys of a configuration's rejected winners begin with."""
        return f"{self.scope}/{config_hash}/kept-"

    def checked(self, promotion: Promotion, series: str) -> Promotion:
        """The promotion, if it is one of this pipeline and series; raises ValueError.

        Of the one without a name: upstream's pointer, which may be about any series.
        """
        if (promotion.identifier or UNNAMED_PROMOTIONS) != self.scope:
            raise ValueError(f"it is of the pipeline {promotion.identifier!r}, not of {self.scope!r}")
        if series and promotion.series != series:
            raise ValueError(f"it is of the series {promotion.series!r}, not of {series!r}")
        return promotion
