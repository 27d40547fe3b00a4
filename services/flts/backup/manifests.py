"""What a snapshot holds, and how that is written: one object a line, so that nobody needs all lines in memory."""

import codecs
import json
from collections.abc import Generator, Iterable, Iterator
from typing import IO, Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_MEBIBYTE = 2**20


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Content(_Model):
    """Bytes in the vault."""

    sha256: str
    size: int
    """Bytes."""


class SavedObject(Content):
    """An object of the object store as it was."""

    bucket: str
    key: str
    content_type: str
    etag: str
    """The store's own word for the content, by which the next backup sees that it has not changed."""

    @property
    def path(self) -> str:
        """Bucket and key, with a slash; buckets have none in their names."""
        return f"{self.bucket}/{self.key}"


class Manifest(_Model):
    """What a snapshot is; the objects that it holds are listed beside it."""

    version: Literal[1, 2]
    """1: of FLTS 0.1, with the objects in the manifest."""
    created: str
    """When the backup began; UTC, ISO 8601."""
    identifier: str
    """Pipeline of the stack that made it; the buckets may hold other pipelines' objects too."""
    listing: Content | None = None
    """The list of its objects; None in version 1."""
    database: Content | None
    """Dump of MLflow's database in pg_dump's custom format; None where MLflow is external."""


def written_lines(objects: Iterable[SavedObject]) -> Iterator[bytes]:
    """A list of objects, one line each."""
    for one in objects:
        yield one.model_dump_json(by_alias=True).encode() + b"\n"


def read_lines(stream: IO[bytes]) -> Iterator[SavedObject]:
    """The objects of such a list; ValueError where a line is none."""
    rest = b""
    while chunk := stream.read(_MEBIBYTE):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield SavedObject.model_validate_json(line)
    if rest:
        raise ValueError("the list of objects ends within a line")


def read_former(stream: IO[bytes]) -> Generator[SavedObject, None, Manifest]:
    """The objects of a manifest of version 1, one after the other, and then what else it says.

    ValueError where it is damaged. Its fields are in the order in which 0.1 wrote them: the objects, which may be
    hundreds of thousands, and after them the database.
    """
    text = _Text(stream)
    head = text.until('"objects":[')
    first = True
    while not text.accepts("]"):
        if not first and not text.accepts(","):
            raise ValueError("no comma between two objects of the manifest")
        yield SavedObject.model_validate(text.value())
        first = False
    # What is around the objects makes a document of its own.
    return Manifest.model_validate_json(f'{head}"listing":null{text.rest()}')


class _Text:
    """A JSON document that is read in parts."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._reader = codecs.getreader("utf-8")(stream)
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0

    def until(self, mark: str) -> str:
        """Everything before the mark, which is passed."""
        while (found := self._text.find(mark, self._at)) < 0:
            self._more()
        before = self._text[self._at : found]
        self._at = found + len(mark)
        return before

    def accepts(self, character: str) -> bool:
        """Whether this character is next; it is passed then."""
        while self._at >= len(self._text):
            self._more()
        accepted = self._text[self._at] == character
        self._at += accepted
        return accepted

    def value(self) -> Any:
        """The next object."""
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if len(self._text) - self._at > _MEBIBYTE:
                    # No object's entry is that long: it is no matter of reading on.
                    raise
                self._more()
            else:
                return value

    def rest(self) -> str:
        """All that is left."""
        return self._text[self._at :] + self._reader.read()

    def _more(self) -> None:
        read = self._reader.read(_MEBIBYTE)
        if not read:
            raise ValueError("the manifest ends too early")
        self._text = self._text[self._at :] + read
        self._at = 0
