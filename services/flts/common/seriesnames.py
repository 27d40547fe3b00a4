"""Names of series, by the standard library alone: the check before an upload reads this too."""

SERIES_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
"""They become parts of object keys, registry names and URLs."""
SERIES_PATTERN = f"^{SERIES_NAME}$"
SERIES_OR_NONE = f"^({SERIES_NAME})?$"
"""A setting that may name a series; empty: none."""
