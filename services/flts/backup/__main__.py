"""`python -m flts.backup <step>`: one step of a backup, a restore or a restore drill.

Steps share a folder (`SCRATCH`); between them PostgreSQL's own programs write or read the dump there.
"""

import sys
from collections.abc import Callable

import structlog
from pydantic import SecretStr, ValidationError

from flts.backup.creating import begin, create
from flts.backup.restoring import fetch, restore, restore_promotions
from flts.backup.settings import BackupSettings
from flts.backup.snapshots import ContentDamaged, NoSnapshot, Snapshots
from flts.backup.vault import Bucket, Folder, Vault
from flts.backup.verifying import verify
from flts.common.objectstreams import S3Source
from flts.common.service import start_service
from flts.common.storage import s3_client

# Exit status of a step that says why it cannot do its work.
_REFUSED = 1


def vault_of(settings: BackupSettings) -> Vault:
    """Where the snapshots are."""
    if settings.backup_directory is not None:
        return Folder(settings.backup_directory)
    return Bucket(
        s3_client(
            endpoint_url=settings.target_endpoint,
            region_name=settings.target_region,
            aws_access_key_id=_revealed(settings.target_access_key),
            aws_secret_access_key=_revealed(settings.target_secret_key),
        ),
        settings.target_bucket or "",
    )


def main(arguments: list[str]) -> int:
    """Do one step; returns the exit status."""
    settings = start_service("backup", BackupSettings, arguments, known=tuple(_STEPS))
    if not arguments:
        print(f"name a step: {', '.join(_STEPS)}", file=sys.stderr)
        return _REFUSED
    try:
        return _STEPS[arguments[0]](settings, Snapshots(vault_of(settings), settings.scratch))
    except (NoSnapshot, ContentDamaged, ValidationError) as error:
        structlog.get_logger().error("step_refused", step=arguments[0], error=str(error))
        return _REFUSED


def _done(_: object) -> int:
    return 0


_STEPS: dict[str, Callable[[BackupSettings, Snapshots], int]] = {
    "begin": lambda settings, snapshots: _done(begin(settings, S3Source(), snapshots)),
    "create": lambda settings, snapshots: _done(create(settings, S3Source(), snapshots)),
    "fetch": lambda settings, snapshots: _done(fetch(settings, snapshots)),
    "verify": lambda settings, snapshots: _REFUSED if verify(settings, snapshots) else 0,
    "restore": lambda settings, snapshots: _done(restore(settings, S3Source(), snapshots)),
    "restore-promotions": lambda settings, snapshots: _done(restore_promotions(settings, S3Source(), snapshots)),
}


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
