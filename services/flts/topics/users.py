"""The file that declares users and their permissions, and what makes Kafka have them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from flts.topics.declaration import DeclarationError

_SECONDS = 30.0
# Kafka's own least number, and its default: passwords are random and long, so that more would only cost CPU.
_ITERATIONS = 4096

_RESOURCES = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
_OPERATIONS = {"read": AclOperation.READ, "write": AclOperation.WRITE, "describe": AclOperation.DESCRIBE}


class Grant(BaseModel):
    """One operation on one topic or consumer group, by its full name; reading and writing include describing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resource: Literal["topic", "group"]
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")
    operation: Literal["read", "write", "describe"]


class User(BaseModel):
    """A user who signs in with SCRAM-SHA-512, and all that the user may do."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(min_length=1)
    password_file: Path = Field(alias="passwordFile")
    grants: list[Grant]

    @property
    def principal(self) -> str:
        """The user as Kafka's permissions name it."""
        return f"User:{self.name}"

    @property
    def password(self) -> bytes:
        """Raises DeclarationError where the file cannot be read or is empty."""
        try:
            text = self.password_file.read_bytes()
        except OSError as error:
            raise DeclarationError(f"password of user {self.name!r}: {self.password_file}: {error.strerror}") from error
        if not text:
            raise DeclarationError(f"password of user {self.name!r}: {self.password_file} is empty")
        return text

    @property
    def bindings(self) -> set[AclBinding]:
        """The grants as Kafka keeps them."""
        return {
            AclBinding(
                _RESOURCES[grant.resource],
                grant.name,
                ResourcePatternType.LITERAL,
                self.principal,
                "*",
                _OPERATIONS[grant.operation],
                AclPermissionType.ALLOW,
            )
            for grant in self.grants
        }


def read_users(path: Path) -> list[User]:
    """Users from a JSON file (a list); raises DeclarationError."""
    try:
        return TypeAdapter(list[User]).validate_json(path.read_bytes())
    except OSError as error:
        raise DeclarationError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        mistakes = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise DeclarationError(f"{path}: " + "; ".join(mistakes)) from error


def set_users(admin: AdminClient, users: list[User]) -> None:
    """Give each user the password of its file and exactly the declared permissions; other users are left alone.

    Raises KafkaException and DeclarationError.
    """
    if not users:
        # The client takes no empty list.
        return
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    passwords = [UserScramCredentialUpsertion(user.name, credential, user.password) for user in users]
    _wait(admin.alter_user_scram_credentials(passwords, request_timeout=_SECONDS).values())
    for user in users:
        now = set(admin.describe_acls(_everything_of(user.principal), request_timeout=_SECONDS).result())
        if missing := user.bindings - now:
            _wait(admin.create_acls(list(missing), request_timeout=_SECONDS).values())
        if former := now - user.bindings:
            _wait(admin.delete_acls([_exactly(each) for each in former], request_timeout=_SECONDS).values())


def _everything_of(principal: str) -> AclBindingFilter:
    return AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        principal,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def _exactly(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _wait(futures: Iterable) -> None:
    for future in futures:
        future.result()
