"""When expressions are due, against EventBridge's rules and the calendar itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from studio_ext.schedules.expressions import latest, parse
from studio_ext.schedules.plan import Plan, check_dates, check_window
from studio_ext.wire.errors import ValidationException

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday
OFF = {"Mode": "OFF"}


def due(
    expression: str, zone: str = "UTC", after: datetime = NOON, most: int = 3, shown: str = ""
) -> list[str]:
    """The next times, as the wall clock of a zone (by default their own) shows them."""
    times = parse(expression, zone, after.timestamp()).times(after.timestamp())
    moments = (datetime.fromtimestamp(time, ZoneInfo(shown or zone)) for time in times)
    return [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in islice(moments, most)]


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("at(2026-11-21T12:00:01)", ["2026-11-21 12:00:01"]),
        ("at(2026-11-21T12:00:00)", []),
        ("rate(1 minute)", ["2026-11-21 12:01:00", "2026-11-21 12:02:00", "2026-11-21 12:03:00"]),
        ("rate(36 hours)", ["2026-11-23 00:00:00", "2026-11-24 12:00:00", "2026-11-26 00:00:00"]),
        (
            "cron(0/15 * * * ? *)",
            ["2026-11-21 12:15:00", "2026-11-21 12:30:00", "2026-11-21 12:45:00"],
        ),
        (
            "cron(0 9 ? * MON-FRI *)",
            ["2026-11-23 09:00:00", "2026-11-24 09:00:00", "2026-11-25 09:00:00"],
        ),
        (
            "cron(0 9 ? * 2-6 *)",
            ["2026-11-23 09:00:00", "2026-11-24 09:00:00", "2026-11-25 09:00:00"],
        ),
        (
            "cron(0-1/1 8-8 ? * 2,7 *)",
            ["2026-11-23 08:00:00", "2026-11-23 08:01:00", "2026-11-28 08:00:00"],
        ),
        ("cron(0 0 1 1 ? 2028-2030)", [f"{year}-01-01 00:00:00" for year in (2028, 2029, 2030)]),
        ("cron(0 0 1 JAN ? 2027,2031)", ["2027-01-01 00:00:00", "2031-01-01 00:00:00"]),
        ("cron(0 0 1 1 ? 2095/2)", [f"{year}-01-01 00:00:00" for year in (2095, 2097, 2099)]),
        ("cron(0 0 1 1 ? 2020)", []),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 0 29 2 ? 2027)", []),
        ("cron(0 0 29 2 ? *)", [f"{year}-02-29 00:00:00" for year in (2028, 2032, 2036)]),
    ],
)
def test_next_times(expression: str, times: list[str]) -> None:
    assert due(expression) == times


def last_weekday(day: date) -> bool:
    rest = (day + timedelta(n) for n in range(1, 8))
    later = [one for one in rest if one.month == day.month and one.weekday() < 5]
    return day.weekday() < 5 and not later


def nearest_weekday(number: int) -> Callable[[date], bool]:
    def check(day: date) -> bool:
        wanted = day.replace(day=number)
        shift = {5: -1, 6: 1}.get(wanted.weekday(), 0)
        if number == 1 and shift == -1:
            shift = 2  # not into the month before
        return day == wanted + timedelta(shift)

    return check


#: Expression -> what its days are, told by the calendar. AWS counts days from Sunday, 1.
DAYS: dict[str, Callable[[date], bool]] = {
    "cron(0 0 L * ? *)": lambda day: (day + timedelta(1)).day == 1,
    "cron(0 0 LW * ? *)": last_weekday,
    "cron(0 0 15W * ? *)": nearest_weekday(15),
    "cron(0 0 1W * ? *)": nearest_weekday(1),
    "cron(0 0 ? * 6L *)": lambda day: day.weekday() == 4 and (day + timedelta(7)).day < 8,
    "cron(0 0 ? * FRIL *)": lambda day: day.weekday() == 4 and (day + timedelta(7)).day < 8,
    "cron(0 0 ? * 3#2 *)": lambda day: day.weekday() == 1 and 8 <= day.day <= 14,
    "cron(0 0 ? * TUE#2 *)": lambda day: day.weekday() == 1 and 8 <= day.day <= 14,
    "cron(0 0 ? * L *)": lambda day: day.weekday() == 5,
    "cron(0 0 ? * 1 *)": lambda day: day.weekday() == 6,
    "cron(0 0 ? * SUN,7 *)": lambda day: day.weekday() in (5, 6),
    "cron(0 0 ? * 2/2 *)": lambda day: day.weekday() in (0, 2, 4),
    "cron(0 0 ? 1-6/2 MON *)": lambda day: day.weekday() == 0 and day.month in (1, 3, 5),
    "cron(0 0 10-20/5 FEB,DEC ? *)": lambda day: day.day in (10, 15, 20) and day.month in (2, 12),
}


@pytest.mark.parametrize("expression", DAYS)
def test_days_are_the_calendars(expression: str) -> None:
    start = date(2026, 1, 1)
    expected = [
        f"{day} 00:00:00"
        for day in (start + timedelta(n) for n in range(1, 900))
        if DAYS[expression](day)
    ]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    assert due(expression, after=begin, most=len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("every day", "at(...), rate(...) or cron(...)"),
        ("rate(0 minutes)", "above 0"),
        ("rate(5 seconds)", "minutes, hours or days"),
        ("at(2026-11-21 12:00:00)", "yyyy-mm-ddThh:mm:ss"),
        ("at(2026-13-21T12:00:00)", "month"),
        ("cron(0 9 * * 1)", "six fields"),
        ("cron(0 9 * * * *)", "must be ?"),
        ("cron(0 9 ? * ? *)", "must be ?"),
        ("cron(0 9 ? * 8 *)", "day-of-week 8"),
        ("cron(0 9 ? * 0 *)", "day-of-week 0"),
        ("cron(61 9 ? * 1 *)", "61 9 ? * 1 *"),
        ("cron(H 9 ? * 1 *)", "minutes 'H'"),
        ("cron(0 9 15W,20 * ? *)", "day-of-month '15W,20'"),
        ("cron(0 9 ? * 2#1,3 *)", "2#1,3"),
        ("cron(0 9 1 1 ? 2150)", "1970-2099"),
        ("cron(٣ 9 1 1 ? *)", "minutes"),
    ],
)
def test_what_is_no_expression_is_told_why(expression: str, word: str) -> None:
    spec = {"ScheduleExpression": expression, "FlexibleTimeWindow": OFF}
    with pytest.raises(ValidationException, match="Invalid Schedule Expression") as caught:
        Plan(spec, 0.0)
    assert word in caught.value.message


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../../etc/passwd", "", "europe/berlin "])
def test_zones_are_those_of_the_database(zone: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        parse("rate(1 day)", zone, 0.0)


def test_a_time_that_spring_skips_is_left_out() -> None:
    begin = datetime(2026, 3, 7, 12, tzinfo=UTC)
    assert due("cron(30 2 * * ? *)", "America/New_York", begin) == [
        "2026-03-09 02:30:00",
        "2026-03-10 02:30:00",
        "2026-03-11 02:30:00",
    ]


def test_a_time_that_autumn_repeats_comes_once() -> None:
    begin = datetime(2026, 10, 31, 12, tzinfo=UTC)
    found = due("cron(30 1 * * ? *)", "America/New_York", begin, shown="UTC")
    assert found == ["2026-11-01 05:30:00", "2026-11-02 06:30:00", "2026-11-03 06:30:00"]
    within = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)  # when the clock shows 1:10 again
    found = due("cron(30 1 * * ? *)", "America/New_York", within, shown="UTC")
    assert found[0] == "2026-11-02 06:30:00"


def test_days_of_a_rate_have_24_hours() -> None:
    begin = datetime(2026, 10, 31, 16, tzinfo=UTC)  # noon, before clocks go back
    found = due("rate(1 day)", "America/New_York", begin)
    assert found[0] == "2026-11-01 11:00:00"


def test_at_is_in_its_zone() -> None:
    assert due("at(2026-11-22T09:00:00)", "Europe/Berlin", shown="UTC") == ["2026-11-22 08:00:00"]


@pytest.mark.parametrize(
    ("expression", "spans"),
    [
        ("rate(7 minutes)", (0.0, 400.0, 9e4, 7e7)),
        ("cron(0/5 * * * ? *)", (0.0, 30.0, 4e3, 2e5)),
        ("cron(0 9 ? * MON *)", (0.0, 30.0, 9e4, 4e7)),
        ("cron(0 0 L 2 ? *)", (0.0, 9e4, 4e7, 2e8)),
    ],
)
def test_the_latest_is_found_however_long_ago_the_first_was(
    expression: str, spans: tuple[float, ...]
) -> None:
    source = random.Random(7)
    begin = NOON.timestamp()
    times = parse(expression, "Europe/Berlin", begin)
    first = next(times.times(begin))
    known = list(takewhile(lambda time: time <= first + spans[-1], times.times(begin)))
    for _ in range(20):
        now = first + source.choice(spans) * source.random()
        assert latest(times, first, now) == max(time for time in known if time <= now)


def test_years_of_minutes_are_not_counted_one_by_one() -> None:
    begin = NOON.timestamp()
    times = parse("cron(* * * * ? *)", "UTC", begin)
    steps = 0

    class Counting:
        def times(self, after: float) -> Any:
            nonlocal steps
            for time in times.times(after):
                steps += 1
                yield time

    assert latest(Counting(), begin + 60, begin + 5e8 + 1) == begin + 5e8 - 5e8 % 60
    assert steps < 100


def plan(expression: str, **spec: Any) -> Plan:
    asked = {"ScheduleExpression": expression, "FlexibleTimeWindow": OFF, **spec}
    return Plan(asked, NOON.timestamp())


def test_a_rate_begins_at_once_and_from_a_start_date_with_it() -> None:
    now = NOON.timestamp()
    assert plan("rate(1 hour)").first(now) == now
    later = plan("rate(1 hour)", StartDate=now + 90)
    assert later.first(now) == now + 90
    assert later.after(now + 90) == now + 3690
    before = plan("rate(1 hour)", StartDate=now - 90)
    assert before.first(now) == now + 3510


def test_nothing_comes_before_the_start_or_after_the_end() -> None:
    now = NOON.timestamp()
    daily = plan("cron(0 13 * * ? *)", StartDate=now + 7200, EndDate=now + 3 * 86400)
    first = daily.first(now)
    assert first == now + 86400 + 3600
    assert daily.after(first) == first + 86400
    assert daily.after(first + 86400) is None
    assert daily.latest(first, now + 9e6) == first + 86400


def test_one_time_schedules_have_no_dates() -> None:
    now = NOON.timestamp()
    once = plan("at(2026-11-21T13:00:00)", StartDate=now + 9e6, EndDate=now - 9e6)
    assert once.first(now) == now + 3600
    assert once.after(now + 3600) is None


def test_a_new_schedule_must_have_a_time_to_come() -> None:
    now = NOON.timestamp()
    plan("at(2026-11-21T11:59:00)").check(now)  # who asked a minute late
    with pytest.raises(ValidationException, match="is in the past"):
        plan("at(2026-11-21T11:00:00)").check(now)
    for expression in ("cron(0 0 30 2 ? *)", "cron(0 0 1 1 ? 2020)"):
        with pytest.raises(ValidationException, match="no time to come"):
            plan(expression).check(now)
    with pytest.raises(ValidationException, match="no time to come"):
        plan("cron(0 0 1 1 ? *)", EndDate=now + 60).check(now)
    with pytest.raises(ValidationException, match="earlier than 5 minutes ago"):
        check_dates({"StartDate": now - 400}, now)
    with pytest.raises(ValidationException, match="EndDate"):
        check_dates({"StartDate": now + 60, "EndDate": now + 50}, now)
    check_dates({"StartDate": now - 200, "EndDate": now + 50}, now)


def test_a_flexible_window_spreads_runs_and_is_the_same_each_time() -> None:
    flexible = plan(
        "rate(1 day)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}
    )
    delays = [flexible.delay(f"execution-{number}") for number in range(200)]
    assert delays == [flexible.delay(f"execution-{number}") for number in range(200)]
    assert min(delays) < 60 and 540 < max(delays) < 600
    assert plan("rate(1 day)").delay("any") == 0
    for window in ({"Mode": "FLEXIBLE"}, {"Mode": "OFF", "MaximumWindowInMinutes": 5}):
        with pytest.raises(ValidationException, match="MaximumWindowInMinutes"):
            check_window(window)
