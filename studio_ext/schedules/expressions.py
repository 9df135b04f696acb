"""Schedule expressions: ``rate(5 minutes)``, ``cron(0 9 ? * MON-FRI *)``, ``at(...)``.

Their forms and meanings are those of the EventBridge Scheduler user guide, "Schedule types".
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import takewhile
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from .cron import Cron

_FORM = re.compile(r"(at|rate|cron)\((.*)\)")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_RATE = re.compile(r"(\d{1,6}) +(minute|hour|day)s?", re.ASCII)
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
#: Spans before now in which the latest of many times is looked for, the shortest first.
_SPANS = (3600.0, 86400.0, 32 * 86400.0, 400 * 86400.0)


class Times(Protocol):
    """An endless or ended row of times."""

    def times(self, after: float) -> Iterator[float]:
        """Those later than ``after``, in epoch seconds, in order."""
        ...


class At:
    """One time."""

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        if not _AT.fullmatch(text):
            raise ValueError("at has the form at(yyyy-mm-ddThh:mm:ss)")
        moment = datetime.fromisoformat(text).replace(tzinfo=zone)
        self.time = moment.astimezone(UTC).timestamp()

    def times(self, after: float) -> Iterator[float]:
        """The time, if it is later than ``after``."""
        if self.time > after:
            yield self.time


class Rate:
    """Every so many minutes, hours or days of 24 hours, from ``anchor`` (epoch seconds) on."""

    def __init__(self, text: str, anchor: float) -> None:
        found = _RATE.fullmatch(text.strip())
        if found is None or not int(found[1]):
            raise ValueError(
                "rate has the form rate(value unit): a whole number above 0, and minutes, hours "
                "or days"
            )
        self.period = int(found[1]) * _SECONDS[found[2]]
        self._anchor = anchor

    def times(self, after: float) -> Iterator[float]:
        """Multiples of the period behind the anchor, the first of which is the anchor itself."""
        number = max(0, int((after - self._anchor) // self.period))
        while True:
            time = self._anchor + number * self.period
            if time > after:
                yield time
            number += 1


def parse(expression: str, zone: str, anchor: float) -> Times:
    """An expression in a time zone; rates count from ``anchor``. ValueError, with the reason."""
    found = _FORM.fullmatch(expression.strip())
    if found is None:
        raise ValueError("an expression is at(...), rate(...) or cron(...)")
    if zone not in _zones():
        raise ValueError(f"{zone!r} is no time zone of the IANA database, such as Europe/Berlin")
    kind, text = found[1], found[2]
    if kind == "rate":
        return Rate(text, anchor)
    return At(text, ZoneInfo(zone)) if kind == "at" else Cron(text, ZoneInfo(zone))


def is_once(expression: str) -> bool:
    """Whether an expression names a single time."""
    return expression.strip().startswith("at(")


def latest(times: Times, first: float, now: float) -> float:
    """The latest of the times from ``first`` (one of them, and past) up to ``now``.

    After a long rest there may be millions: the last hour is looked at first, then the last day.
    """
    for span in _SPANS:
        if now - span <= first:
            break
        if (found := _last(times, now - span, now)) is not None:
            return found
    return _last(times, first, now) or first


def _last(times: Times, after: float, until: float) -> float | None:
    found = deque(takewhile(lambda time: time <= until, times.times(after)), maxlen=1)
    return found[0] if found else None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
