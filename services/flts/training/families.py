"""Which family a model type belongs to."""

from flts.common.runs import ModelType
from flts.training.family import Fit


def load(model_type: ModelType) -> Fit:
    """How a model of this type is trained.

    Loads the framework, one only: each takes seconds and a few hundred MB.
    """
    if model_type == "PROPHET":
        from flts.training import prophet

        return prophet.fit
    from flts.training import recurrent

    return recurrent.fit
