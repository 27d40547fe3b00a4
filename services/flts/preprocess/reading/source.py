"""Lines of a CSV's text, whatever it is compressed by and encoded in."""

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from flts.preprocess.csverror import CsvError
from flts.preprocess.reading.rules import RULES, rejected

_LONGEST: int = RULES["longestLine"]
_BLOCK = 1 << 20
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile)
# Byte order marks; UTF-32's begins with UTF-16's, so it comes first.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Letters and signs that Latin-1 and Windows-1252 have in common. Three of them in a row are not western text.
_NOT_LATIN = re.compile(rb"[\x80-\x9f]|[\xa0-\xff]{3}")


class Source:
    """A CSV file. `open_binary` gives its bytes again from the beginning, as often as it is called."""

    def __init__(self, name: str, open_binary: Callable[[], BinaryIO], encoding: str = "") -> None:
        self.name = name
        self._open_binary = open_binary
        self._given = encoding
        self.purpose = "encoding"
        """What the file is read for at the moment, for a report of progress."""
        self.encoding = encoding or self._detected()

    def lines(self) -> Iterator[str]:
        """Lines with their ends, which are all `\\n`; raises CsvError where bytes are not text."""
        number = 0
        try:
            with io.TextIOWrapper(self._bytes(), encoding=self.encoding, newline=None) as text:
                while line := text.readline(_LONGEST + 1):
                    number += 1
                    if len(line) > _LONGEST:
                        raise rejected(self.name, "line_long", line=number, limit=_LONGEST)
                    yield line
        except UnicodeError as error:
            raise rejected(
                self.name,
                "encoding_wrong" if self._given else "encoding",
                line=number + 1,
                encoding=self.encoding,
            ) from error
        except _DAMAGED as error:
            raise rejected(self.name, "archive", problem=f"the archive is damaged: {error}", line=number + 1) from error

    def _bytes(self) -> BinaryIO:
        raw = self._open_binary()
        start = raw.read(4)
        raw.seek(0)
        if start[:2] == b"\x1f\x8b":
            return io.BufferedReader(gzip.GzipFile(fileobj=raw))
        if start == b"PK\x03\x04":
            return self._only_member(raw)
        return raw

    def _only_member(self, raw: BinaryIO) -> BinaryIO:
        try:
            archive = zipfile.ZipFile(raw)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise rejected(self.name, "archive", problem=f"the archive is damaged: {error}", line=1) from error
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise rejected(self.name, "archive", problem=f"the archive has {len(members)} members", line=1)
        if members[0].flag_bits & 1:
            raise rejected(self.name, "archive", problem="the archive is encrypted", line=1)
        try:
            return archive.open(members[0])
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise rejected(self.name, "archive", problem=f"the archive cannot be read: {error}", line=1) from error

    def _detected(self) -> str:
        try:
            return self._by_bytes()
        except _DAMAGED as error:
            raise rejected(self.name, "archive", problem=f"the archive is damaged: {error}", line=1) from error

    def _by_bytes(self) -> str:
        with self._bytes() as content:
            start = content.read(_BLOCK)
        for mark, encoding in _MARKS:
            if start.startswith(mark):
                return encoding
        line = self._first_line_that_is_not_utf8()
        if line is None:
            return "utf-8-sig"
        with self._bytes() as content:
            while block := content.read(_BLOCK) + content.read(2):
                if _NOT_LATIN.search(block):
                    raise line
        return "latin-1"

    def _first_line_that_is_not_utf8(self) -> CsvError | None:
        number = 0
        with self._bytes() as content:
            # Lines by bytes: a line break is never part of another character of UTF-8.
            while line := content.readline(_LONGEST):
                number += 1
                try:
                    line.decode()
                except UnicodeDecodeError as error:
                    # A long line may have been cut inside a character; its length is refused later.
                    if len(line) == _LONGEST:
                        return None
                    return self._not_utf8(number, line, error.start)
        return None

    def _not_utf8(self, number: int, line: bytes, at: int) -> CsvError:
        separator = max((mark.encode() for mark in RULES["separators"]), key=line.count)
        cell = line.count(separator, 0, at)
        return rejected(
            self.name,
            "encoding",
            line=number,
            column=str(cell + 1),
            value=line.split(separator)[cell].decode("ascii", "backslashreplace").strip(),
        )
