"""``cron(...)`` of EventBridge: its six fields told to croniter in the words that croniter knows.

AWS's dialect is Quartz's, less the seconds: days of the week are 1 (Sunday) to 7, one of the two
days is ``?``, ``L``, ``W`` and ``#`` name last days, nearest weekdays and n-th days of a month.
croniter reads and steps through them; here they are only renamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_FIELDS = ("minutes", "hours", "day-of-month", "month", "day-of-week", "year")
_ALLOWED = (
    r"[\d*,/-]+",
    r"[\d*,/-]+",
    r"\?|L|LW|\d{1,2}W|[\d*,/L-]+",
    r"[\dA-Z*,/-]+",
    r"[\dA-Z*,/?#-]+",
    r"[\d*,/-]+",
)
_DAYS = {name: number for number, name in enumerate("SUN MON TUE WED THU FRI SAT".split())}
_NAME = re.compile("|".join(_DAYS))
_LAST = re.compile(r"([1-7])L")
#: 8-8, which croniter takes for all that there are.
_ITSELF = re.compile(r"\b(\w+)-\1(?:/\d+)?\b", re.ASCII)
#: Days of the week as numbers: what is behind a ``/`` or a ``#`` counts something else.
_DAY = re.compile(r"(?<![\d/#])\d+")


class Cron:
    """When the wall clock of a time zone shows what six fields say.

    As EventBridge does: a time that the clock skips in spring is left out, one that it shows twice
    in autumn counts once, the first time.

    Raises
    ------
    ValueError
        If the fields are none of EventBridge's; the text names the field.
    """

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        fields = text.upper().split()
        if len(fields) != len(_FIELDS):
            raise ValueError(f"cron has six fields ({' '.join(_FIELDS)}), not {len(fields)}")
        for name, allowed, field in zip(_FIELDS, _ALLOWED, fields, strict=True):
            if not re.fullmatch(allowed, field, re.ASCII):
                raise ValueError(f"{name} {field!r} is not in EventBridge's form")
        if [fields[2], fields[4]].count("?") != 1:
            raise ValueError("exactly one of day-of-month and day-of-week must be ?")
        self._expression, self._years = _told(tuple(fields))
        self._zone = zone

    def times(self, after: float) -> Iterator[float]:
        """The times later than ``after``, all in epoch seconds."""
        start = datetime.fromtimestamp(after, UTC).astimezone(self._zone).replace(tzinfo=None)
        for local in self._local(start):
            moment = local.replace(tzinfo=self._zone).astimezone(UTC)
            skipped = moment.astimezone(self._zone).replace(tzinfo=None) != local
            if not skipped and moment.timestamp() > after:
                yield moment.timestamp()

    def _local(self, start: datetime) -> Iterator[datetime]:
        """What the wall clock shows, later than ``start``."""
        year = start.year
        while True:
            if self._years is not None and year not in self._years:
                later = [one for one in self._years if one > year]
                if not later:
                    return
                year = min(later)
                start = datetime(year, 1, 1) - timedelta(seconds=1)
            found = _next(self._expression, start)
            if found is None:
                return
            start, year = found, found.year
            if self._years is None or year in self._years:
                yield found


def _next(expression: str, start: datetime) -> datetime | None:
    from croniter import croniter

    steps = croniter(expression, start)
    try:
        found: datetime = steps.get_next(datetime)
    except ValueError:  # of all times there is none, such as the 30th of February
        return None
    return found


@lru_cache(maxsize=1024)
def _told(fields: tuple[str, ...]) -> tuple[str, frozenset[int] | None]:
    """croniter's five fields, and the years (None: all)."""
    from croniter import croniter  # only who has such schedules loads it

    minutes, hours, day, month, weekday, year = (_ITSELF.sub(r"\1", field) for field in fields)
    day = {"?": "*", "LW": "31W"}.get(day, day)  # beyond a month's end croniter takes its last day
    expression = f"{minutes} {hours} {day} {month} {_weekdays(weekday)}"
    try:
        croniter(expression)
    except ValueError as error:
        raise ValueError(str(error).replace(expression, " ".join(fields))) from None
    try:
        years = croniter.expand(f"0 0 1 1 * 0 {year}")[0][6]
    except ValueError:
        raise ValueError(f"year {year!r} is not within 1970-2099") from None
    return expression, None if years == ["*"] else frozenset(int(one) for one in years)


def _weekdays(field: str) -> str:
    if field in ("?", "*"):
        return "*"
    if field == "L":
        return "6"  # as in Quartz: the last of the week, Saturday
    field = _NAME.sub(lambda found: str(_DAYS[found[0]] + 1), field)
    last = _LAST.fullmatch(field)
    if last:
        return f"L{int(last[1]) - 1}"
    return _DAY.sub(lambda found: str(_weekday(int(found[0]))), field)


def _weekday(number: int) -> int:
    if not 1 <= number <= 7:
        raise ValueError(f"day-of-week {number} is not from 1 (Sunday) to 7 (Saturday)")
    return number - 1
