"""The file that declares topics."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError


class Topic(BaseModel):
    """One declared topic. `config` holds topic settings such as `retention.ms`; only those named are managed."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")
    partitions: int = Field(ge=1)
    replication_factor: int = Field(ge=1, alias="replicationFactor")
    config: dict[str, str] = Field(default_factory=dict)


class DeclarationError(ValueError):
    """The file cannot be used; the text says what is wrong where."""


def read_declaration(path: Path) -> list[Topic]:
    """Topics from a JSON file (a list); raises DeclarationError."""
    try:
        topics = TypeAdapter(list[Topic]).validate_json(path.read_bytes())
    except OSError as error:
        raise DeclarationError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        mistakes = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise DeclarationError(f"{path}: " + "; ".join(mistakes)) from error
    names = [topic.name for topic in topics]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DeclarationError(f"{path}: declared twice: {', '.join(repeated)}")
    return topics
