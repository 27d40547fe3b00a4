"""Settings of a trainer. The defaults train PobleSec (15,927 rows) in well under a minute on two cores."""

from pydantic import Field

from flts.common.runs import ModelType
from flts.common.settings import ServiceSettings

_OF_ALL = ("model_type", "input_seq_len", "output_seq_len")
_OF_NETWORKS = (
    "hidden_size",
    "num_layers",
    "batch_size",
    "epochs",
    "learning_rate",
    "patience",
    "validation_fraction",
    "seed",
)


class TrainingSettings(ServiceSettings):
    """Every option of a trainer; each field is the environment variable of the same name in capitals."""

    model_type: ModelType = "GRU"
    topic_training_data: str = "training-data"
    topic_model_training: str = "model-training"
    topic_dlq_model_training: str = "DLQ-model-training"
    consumer_group_id: str = "train-gru"
    mlflow_tracking_uri: str = "http://mlflow:5000"
    experiment_name: str = "Default"
    failure_max_retries: int = Field(default=3, ge=0)
    """Further tries after a failed one, before the claim becomes a dead letter."""

    training_deadline_seconds: float = Field(default=21_600.0, ge=1)
    """Time after which a training counts as stuck, so that the pod is started again; that counts as a failed try."""

    process_growth_mebibytes: float = Field(default=800, gt=0)
    """Growth after which the trainer restarts itself, which takes five seconds: below 1.6 GiB, with some 750 MiB at
    the start. Trainings of one shape take nothing (docs/scale.md), each other shape about 20 MiB."""

    require_gpu: bool = False
    """End at the start where JAX has no GPU; else it computes on what there is. Prophet uses none."""

    input_seq_len: int = Field(default=16, ge=2, le=10_000)
    """Rows that the model looks at."""
    output_seq_len: int = Field(default=24, ge=1, le=1000)
    """Rows that the model forecasts at once, at most: see flts.training.horizon."""

    # What follows is for the networks; Prophet keeps its own defaults.
    hidden_size: int = Field(default=32, ge=1, le=2048)
    num_layers: int = Field(default=1, ge=1, le=8)
    batch_size: int = Field(default=128, ge=1)
    epochs: int = Field(default=15, ge=1)
    """Most epochs; early stopping usually ends before."""
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    patience: int = Field(default=5, ge=1)
    """Epochs without a better validation loss after which training ends."""
    validation_fraction: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the training windows, the latest ones, that early stopping looks at."""
    seed: int = 42

    @property
    def log_fields(self) -> dict[str, str]:
        """See ServiceSettings.log_fields: trainers differ in their model type only."""
        return {"model_type": self.model_type}

    @property
    def hyperparameters(self) -> dict[str, str]:
        """The options that this model type depends on."""
        names = _OF_ALL if self.model_type == "PROPHET" else _OF_ALL + _OF_NETWORKS
        return {name: str(getattr(self, name)) for name in names}
