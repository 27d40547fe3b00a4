"""Times as messages and objects state them."""

from datetime import UTC, datetime


def utc_text(moment: datetime | None = None) -> str:
    """A time in UTC as ISO 8601 with `Z`, to the second; now when absent."""
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
