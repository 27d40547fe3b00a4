"""Which stack the topics of a Kafka belong to that several stacks may use.

Two stacks whose topics and consumer groups have the same names take each other's messages. So the first one leaves a
mark, and the second one is refused before it changes anything.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flts.topics.declaration import DeclarationError, Topic


class Owner(BaseModel):
    """A stack, with what distinguishes it from others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stack: str = Field(min_length=1)
    """`organization/project/stack`."""
    namespace: str = Field(min_length=1)
    cluster: str
    """UID of the cluster's namespace kube-system; empty where who deployed may not read it."""

    def __str__(self) -> str:
        return f"{self.stack}@{self.cluster}/{self.namespace}"

    def is_called_like(self, other: Self) -> bool:
        """Whether both have the same names, in whichever clusters they are."""
        return (self.stack, self.namespace) == (other.stack, other.namespace)

    def is_same(self, other: Self) -> bool:
        """Whether both are one stack, as far as is known."""
        clusters = {self.cluster, other.cluster} - {""}
        return self.is_called_like(other) and len(clusters) < 2


class OwnershipDeclaration(BaseModel):
    """Who declares the topics, and where that is written down."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    topic: Topic
    """Holds the mark; compacted, so that it never expires."""
    identifier: str
    """Setting that sets the names of one stack's topics apart from another's."""
    owner: Owner
    former_owner: str = Field(alias="formerOwner")
    """Owner, as text, whose topics the stack is to take over; empty for none."""
    groups: list[str] = Field(min_length=1)
    """Consumer groups in which the services of the topics' owner are."""


class OwnershipError(Exception):
    """The topics are another stack's, or that cannot be found out; the text names setting, topic, owner and fix."""


class Marks(Protocol):
    """Where marks are kept."""

    def read(self) -> list[Owner]:
        """All that are there, the oldest first."""

    def write(self, owner: Owner) -> None:
        """Add one behind the others."""

    def remove(self, owner: Owner) -> None:
        """Take one away."""


class Ownership:
    """The oldest mark says whose the topics are; topics without a mark are anyone's."""

    def __init__(
        self,
        declaration: OwnershipDeclaration,
        topics: list[Topic],
        marks: Marks,
        connected: Callable[[list[str]], list[str]],
    ) -> None:
        """`connected` returns those of the groups in which someone is."""
        self._declaration = declaration
        self._topics = topics
        self._marks = marks
        self._connected = connected

    @property
    def topic(self) -> Topic:
        """Topic of the marks, which must exist before they are asked for."""
        return self._declaration.topic

    def check(self) -> None:
        """Raise OwnershipError where the topics are another stack's."""
        marks = self._marks.read()
        if not marks:
            return
        own, holder = self._declaration.owner, marks[0]
        if holder.is_same(own) or str(holder) == self._declaration.former_owner:
            return
        groups = self._connected(self._declaration.groups) if holder.is_called_like(own) else None
        if groups == []:
            # The stack itself, which was lost with its cluster.
            return
        if own in marks:
            # Both left one at the same time.
            self._marks.remove(own)
        raise OwnershipError(self._refusal(holder, groups))

    def claim(self) -> None:
        """Make the topics the stack's; raises OwnershipError where another one was faster."""
        own, former = self._declaration.owner, self._marks.read()[:1]
        if not any(holder.is_same(own) for holder in former):
            # In this order, so that they are someone's at any time.
            self._marks.write(own)
            for holder in former:
                self._marks.remove(holder)
        self.check()

    def _refusal(self, holder: Owner, groups: list[str] | None) -> str:
        declaration, others = self._declaration, len(self._topics) - 1
        cluster = holder.cluster or "unknown"
        living = f", whose services are in the consumer groups {', '.join(groups)}" if groups else ""
        return (
            f'flts:identifier = "{declaration.identifier}": the topic {self._topics[0].name!r} and {others} more '
            f"belong to the stack {holder.stack} (namespace {holder.namespace}, cluster {cluster}){living}, as the "
            f"topic {declaration.topic.name!r} says; both stacks would take each other's messages. Set flts:identifier "
            "to a name that no other stack there has. If that stack is gone and this one is to have its topics: "
            f"`pulumi config set --path flts:kafka.external.formerOwner {holder}`. Nothing was changed in Kafka."
        )


def read_ownership(path: Path) -> OwnershipDeclaration:
    """Ownership from a JSON file; raises DeclarationError."""
    try:
        return OwnershipDeclaration.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DeclarationError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        mistakes = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise DeclarationError(f"{path}: " + "; ".join(mistakes)) from error
