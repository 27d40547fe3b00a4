"""How much a request may ask for. Every refusal names the limit, its value and where it is set."""

from dataclasses import dataclass

LARGEST_STEPS = 10_000
"""Rows of the longest forecast that any setting allows (upstream contract, §7.2)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request, and of all requests together; see InferenceSettings for what each means."""

    body_bytes: int = 1_048_576
    body_seconds: float = 10.0
    large_bodies: int = 64
    columns: int = 256
    cells: int = 100_000
    steps: int = LARGEST_STEPS
    calls: int = 1_000
    waiting: int = 256
    waiting_calls: int = 4_000


def named(variable: str, value: float, setting: str) -> str:
    """A limit as error messages name it: environment variable, value, and the stack's setting."""
    return f"{variable}={value:g} (setting flts:inference.limits.{setting})"
