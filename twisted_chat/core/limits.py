"""How much anybody may do in a time. Pure: every `now` is monotonic and passed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from math import ceil
from typing import Generic, TypeVar
from weakref import WeakSet

from msgspec import Struct

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

LONGEST_BLOCK = 3600.0  # seconds, where blocks do not begin longer


class Bucket:
    """A token bucket: `burst` things at once, and `rate` a second in the long run.

    Everything is charged, and a bucket can be in debt: whoever holds one does
    what was asked and then rests for the time `take` said, or refuses it and
    says when to try again. What `take` adds to a debt never makes it more than `burst`,
    so that refused askers who keep asking do not lock themselves out.
    """

    __slots__ = ("_burst", "_debt_since", "_level", "_rate", "_then")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._then = now
        self._debt_since: float | None = None

    def take(self, now: float, cost: float = 1.0) -> float:
        """Charge `cost`; the seconds to wait until it is paid, 0.0 for no wait."""
        before = self._at(now)
        level = max(before - cost, min(before, -self._burst))
        self._level = level
        self._then = max(now, self._then)
        if level >= 0.0:
            self._debt_since = None
            return 0.0
        if self._debt_since is None:
            self._debt_since = now
        return -level / self._rate

    def charge(self, now: float, cost: float) -> None:
        """Charge for what is done already, all of it; the next `take` waits until it is paid.

        Who rests until then is not asking too much meanwhile, so `debt` begins after it.
        """
        self._level = self._at(now) - cost
        self._then = max(now, self._then)
        if self._level < 0.0 and self._debt_since is None:
            self._debt_since = now - self._level / self._rate

    def change(self, now: float, rate: float) -> None:
        """Allow `rate` a second from now on, and twice that at once."""
        if rate != self._rate:
            self._level = min(self._at(now), 2 * rate)
            self._then = max(now, self._then)
            self._rate, self._burst = rate, 2 * rate

    def debt(self, now: float) -> float:
        """For how long more has been asked than allowed; 0.0 once one more is free again.

        Resting until a debt is just paid does not end it: somebody who is stopped
        at every step is in debt all the time.
        """
        if self._debt_since is None or self._at(now) >= 1.0:
            return 0.0
        return now - self._debt_since

    def _at(self, now: float) -> float:
        return min(self._burst, self._level + max(0.0, now - self._then) * self._rate)


class Common:
    """What several may do together; it lasts as long as one of their shares."""

    __slots__ = ("__weakref__", "bucket", "rate", "shares")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self.bucket = Bucket(rate, 2 * rate, now)
        self.shares: WeakSet[Share] = WeakSet()


class Share:
    """One asker's part of what several may do together.

    Each has an equal part that is theirs whatever the others do: only who asks for more than
    that rests until all together have paid.
    """

    __slots__ = ("__weakref__", "_common", "_own")

    def __init__(self, common: Common, now: float) -> None:
        self._common = common
        self._own = Bucket(common.rate, 2 * common.rate, now)
        common.shares.add(self)

    def take(self, now: float, cost: float = 1.0) -> float:
        """Charge `cost`; the seconds to wait until it is paid, 0.0 for no wait."""
        common = self._common
        self._own.change(now, common.rate / len(common.shares))
        return min(self._own.take(now, cost), common.bucket.take(now, cost))

    def charge(self, now: float, cost: float) -> None:
        """Charge for what is done already; the next `take` waits until it is paid."""
        self._own.charge(now, cost)
        self._common.bucket.charge(now, cost)


class _Failures(Struct):
    count: float  # at that time:
    since: float  # the last failure or the end of the block
    until: float = 0.0  # the end of the block
    blocks: int = 0  # one soon after another


class Tries(Generic[K]):
    """Failures of each key, and blocks that grow.

    After `limit` failures a key is blocked for `block_time` seconds. Then it has `again` tries
    until the next block, which is twice as long, up to `LONGEST_BLOCK`. Failures are forgiven one
    after another, `limit` of them in `span` seconds; a key that was quiet for that long after its
    block is as good as new. Beyond `most` keys those that have failed least lately are forgotten.
    """

    def __init__(
        self,
        limit: int,
        block_time: float,
        *,
        span: float,
        again: int | None = None,
        at_once: int = 0,
        most: int = 20_000,
    ) -> None:
        """`at_once` may be under way at least for a key that has not been blocked lately."""
        self._limit = limit
        self._block_time = block_time
        self._span = span
        self._again = limit if again is None else again
        self._at_once = at_once
        self._most = most
        self._failures: dict[K, _Failures] = {}  # the latest failure last
        self._under_way: dict[K, int] = {}

    def __len__(self) -> int:
        return len(self._failures)

    def blocked(self, key: K, now: float) -> float:
        """The seconds until `key` may try again; 0.0 if it may now."""
        failures = self._failures.get(key)
        # Rounded, so that a block of a minute is not told as one of a minute and a second.
        return 0.0 if failures is None else round(max(0.0, failures.until - now), 3)

    def begin(self, key: K, now: float) -> bool:
        """Take one of the tries that are left; False while each of them is under way."""
        failures = self._lately(key, now)
        left = self._left(failures, now)
        if failures is None or not failures.blocks:
            left = max(left, self._at_once)
        under_way = self._under_way.get(key, 0)
        if under_way >= left:
            return False
        self._under_way[key] = under_way + 1
        return True

    def give_back(self, key: K) -> None:
        """A try is over; whether it counts is said by `failed` and `succeeded`."""
        self._under_way[key] -= 1
        if not self._under_way[key]:
            del self._under_way[key]

    def failed(self, key: K, now: float) -> int:
        """Note a failure; how many tries are left, 0 when the key is blocked."""
        failures = self._lately(key, now) or _Failures(0.0, now)
        self._failures.pop(key, None)
        self._failures[key] = failures
        if failures.until > now:
            return 0
        failures.count = self._count(failures, now) + 1
        failures.since = now
        left = self._left(failures, now)
        if not left:
            longest = max(self._block_time, LONGEST_BLOCK)
            failures.until = now + min(self._block_time * 2.0**failures.blocks, longest)
            failures.blocks += 1
            failures.count = float(self._limit - self._again)
            failures.since = failures.until
        if len(self._failures) > self._most:
            del self._failures[next(iter(self._failures))]
        return left

    def succeeded(self, key: K) -> None:
        """Forget the failures of a key that has proved itself."""
        self._failures.pop(key, None)

    def _left(self, failures: _Failures | None, now: float) -> int:
        count = 0.0 if failures is None else self._count(failures, now)
        return max(0, self._limit - ceil(count))

    def _count(self, failures: _Failures, now: float) -> float:
        """The failures of a key, less those that are forgiven by now."""
        forgiven = max(0.0, now - failures.since) * self._limit / self._span
        return max(0.0, failures.count - forgiven)

    def _lately(self, key: K, now: float) -> _Failures | None:
        """What is remembered of a key."""
        while self._failures:
            oldest = next(iter(self._failures))
            if self._failures[oldest].since + self._span > now:
                break
            del self._failures[oldest]
        failures = self._failures.get(key)
        if failures is not None and failures.since + self._span <= now:
            return None
        return failures


class SlidingWindow:
    """At most `limit` for each key and `total` for all together in any `span` seconds.

    A window that `forgets` keeps no one out because of others: beyond `total` the oldest go.
    """

    def __init__(self, limit: int, total: int, span: float, forgets: bool = False) -> None:
        self._limit = limit
        self._forgets = forgets
        self._total = total
        self._span = span
        self._all: deque[tuple[float, Hashable]] = deque()  # never more than `total`
        self._by_key: dict[Hashable, deque[float]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def take(self, key: Hashable, now: float) -> float:
        """Count one for `key` and return 0.0; or count nothing: the seconds to wait."""
        wait = self.wait(key, now)
        if wait == 0.0:
            if len(self._all) >= self._total:
                self._forget_oldest()
            self._all.append((now, key))
            self._by_key.setdefault(key, deque()).append(now)
        return wait

    def wait(self, key: Hashable, now: float) -> float:
        """The seconds until `take` would be allowed; counts nothing."""
        self._forget_old(now)
        times = self._by_key.get(key)
        wait = 0.0
        if times is not None and len(times) >= self._limit:
            wait = times[0] + self._span - now
        if len(self._all) >= self._total and not self._forgets:
            wait = max(wait, self._all[0][0] + self._span - now)
        return wait

    def _forget_old(self, now: float) -> None:
        while self._all and self._all[0][0] + self._span <= now:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, key = self._all.popleft()
        times = self._by_key[key]
        times.popleft()
        if not times:
            del self._by_key[key]


class FairLine(Generic[T]):
    """A bounded line, out of which the keys that have something in it are served by turns.

    Where it is full, the key with the most in it makes room for one with less. So one key has the
    whole line as long as nobody else needs it, and nobody can keep others out by filling it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._lines: dict[Hashable, deque[T]] = {}  # the one whose turn it is first

    def __len__(self) -> int:
        return self._size

    def takes(self, key: Hashable) -> bool:
        """Whether there is room for one more of this key, by making some if need be."""
        return self._size < self._most or len(self._lines.get(key, ())) + 1 < self._longest()

    def put(self, key: Hashable, item: T) -> T | None:
        """Put something in line that `takes` has found room for; what had to go for it, if any."""
        removed = None
        if self._size >= self._most:
            removed = self._remove_from_longest()
        self._lines.setdefault(key, deque()).append(item)
        self._size += 1
        return removed

    def take(self) -> T:
        """Take out the first thing of the key whose turn it is."""
        key = next(iter(self._lines))
        line = self._lines.pop(key)
        item = line.popleft()
        if line:
            self._lines[key] = line
        self._size -= 1
        return item

    def _longest(self) -> int:
        return max((len(line) for line in self._lines.values()), default=0)

    def _remove_from_longest(self) -> T:
        line = max(self._lines.values(), key=len)  # which has two at least
        self._size -= 1
        return line.pop()
