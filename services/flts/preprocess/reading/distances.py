"""The distances between rows: the usual one and the middle one, in bounded memory for files of any length."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby, islice, pairwise

# More different distances than these are sorted instead of counted in a dictionary.
_MOST_COUNTED = 50_000
_CHUNK = 65_536


class Distances:
    """Distances between neighbours among numbers that increase; there is at least one."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers
        self._counts: Counter[int] | None = Counter()
        for distance in self:
            self._counts[distance] += 1
            if len(self._counts) > _MOST_COUNTED:
                self._counts = None
                break
        self._chunks = [] if self._counts is not None else list(self._sorted_chunks())

    def __iter__(self) -> Iterator[int]:
        return (after - before for before, after in pairwise(self._numbers))

    def __len__(self) -> int:
        return len(self._numbers) - 1

    def usual(self) -> int:
        """The distance that most rows have; of several, the one that comes first."""
        if self._counts is not None:
            return self._counts.most_common(1)[0][0]
        most = max(count for _, count in self._sorted())
        usual = (distance for distance, count in self._sorted() if count == most)
        some = set(islice(usual, _MOST_COUNTED))
        if len(some) < _MOST_COUNTED:
            return next(distance for distance in self if distance in some)
        # So many are usual that one comes soon.
        return next(distance for distance in self if self._count(distance) == most)

    def middle(self) -> int:
        """The lower median."""
        before = 0
        for distance, count in self._sorted():
            before += count
            if before > (len(self) - 1) // 2:
                return distance
        raise AssertionError("the counts are of all distances")

    def _sorted(self) -> Iterator[tuple[int, int]]:
        """Each distance with its count, the shortest first."""
        if self._counts is not None:
            return iter(sorted(self._counts.items()))
        return ((distance, sum(1 for _ in same)) for distance, same in groupby(merge(*self._chunks)))

    def _count(self, distance: int) -> int:
        return sum(chunk.count(distance) for chunk in self._chunks)

    def _sorted_chunks(self) -> Iterator["array[int]"]:
        distances = iter(self)
        while chunk := sorted(islice(distances, _CHUNK)):
            yield array("q", chunk)
