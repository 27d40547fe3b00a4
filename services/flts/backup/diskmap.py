"""A mapping in a file: what a bucket or a vault holds may be more than memory does."""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path


class DiskMap:
    """Texts by text, in an SQLite file that ends with the object. A lookup takes some ten microseconds.

    Memory: SQLite's page cache of 2 MB (https://www.sqlite.org/pragma.html#pragma_cache_size), however many there are.
    """

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.NamedTemporaryFile(dir=folder, suffix=".sqlite")  # noqa: SIM115, it lives as long as this
        self._database = sqlite3.connect(self._file.name, isolation_level=None)
        # Nobody reads the file after a crash.
        self._database.execute("pragma journal_mode = off")
        self._database.execute("pragma synchronous = off")
        self._database.execute("create table map (key text primary key, value text not null) without rowid")

    def __setitem__(self, key: str, value: str) -> None:
        self._database.execute("insert or replace into map values (?, ?)", (key, value))

    def update(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add many, the last value of each key."""
        self._database.execute("begin")
        self._database.executemany("insert or replace into map values (?, ?)", pairs)
        self._database.execute("commit")

    def get(self, key: str) -> str | None:
        """The value of a key, or None."""
        row = self._database.execute("select value from map where key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def items(self) -> Iterator[tuple[str, str]]:
        """All pairs by key; the mapping must not change meanwhile."""
        yield from self._database.execute("select key, value from map order by key")

    def close(self) -> None:
        """Remove the file."""
        self._database.close()
        self._file.close()
