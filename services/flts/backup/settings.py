"""Settings of a backup, a restore and a restore drill: where snapshots are, and what they are of."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from flts.common.settings import ServiceSettings

LATEST = "latest"


class BackupSettings(ServiceSettings):
    """Every option; each field is the environment variable of the same name in capitals."""

    backup_directory: Path | None = None
    """Folder of the snapshots; None where they are in a bucket."""
    target_endpoint: str | None = None
    """S3 endpoint, elsewhere, of the snapshots; None where they are in a folder. So are the next four."""
    target_bucket: str | None = None
    target_region: str = "us-east-1"
    target_access_key: SecretStr | None = None
    target_secret_key: SecretStr | None = None

    buckets: str = Field(default="", pattern=r"^[a-z0-9.-]*(,[a-z0-9.-]+)*$")
    """Buckets that are copied, with commas, besides the next one."""
    promotion_bucket: str = "model-promotion"
    """Bucket of the promotion pointers."""
    artifact_bucket: str = "mlflow"
    """Bucket behind MLflow's artifact proxy."""
    database: bool = True
    """Whether a dump of MLflow's database belongs to a snapshot; not where MLflow is external."""
    keep: int = Field(default=7, ge=2)
    """Snapshots that are kept. Two at least: one may be read while the next is made."""
    snapshot: str = Field(default=LATEST, pattern=r"^(latest|\d{8}T\d{6}Z)$")
    """Snapshot that is restored: its name, or `latest`."""
    scratch: Path = Path("/scratch")
    """Folder that the steps of one pod share."""

    @model_validator(mode="after")
    def _names_one_place(self) -> Self:
        target = (self.target_endpoint, self.target_bucket, self.target_access_key, self.target_secret_key)
        given = [value for value in target if value is not None]
        if given and len(given) < len(target):
            raise ValueError("TARGET_ENDPOINT, TARGET_BUCKET, TARGET_ACCESS_KEY and TARGET_SECRET_KEY go together")
        if bool(given) == (self.backup_directory is not None):
            raise ValueError("set either BACKUP_DIRECTORY or TARGET_ENDPOINT: where the snapshots are")
        return self

    @property
    def bucket_names(self) -> list[str]:
        """Buckets that are copied besides that of the promotion pointers."""
        return [name for name in self.buckets.split(",") if name]

    @property
    def listing(self) -> Path:
        """Where the steps of a backup write down the objects that they copied."""
        return self.scratch / "objects.jsonl"

    @property
    def dump(self) -> Path:
        """Where one step leaves MLflow's database for the next, in pg_dump's custom format."""
        return self.scratch / "database.dump"

    @property
    def runs(self) -> Path:
        """Where the drill's database leaves the runs that it knows; see flts.backup.verifying."""
        return self.scratch / "runs.tsv"
