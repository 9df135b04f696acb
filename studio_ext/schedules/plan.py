"""When a schedule is due: its expression within its dates and its flexible window."""

from __future__ import annotations

import hashlib
from typing import Any

from ..wire.errors import ValidationException
from .expressions import Rate, is_once, latest, parse

#: How long ago a time may be that a new schedule names, for clocks that differ.
LATE_S = 300.0
UTC = "UTC"
_MOMENT = 1e-3


class Plan:
    """The times of a schedule. ``spec`` is its Create request, times in epoch seconds.

    Rates without a StartDate count from ``anchor``, which is one of their times itself.
    """

    def __init__(self, spec: dict[str, Any], anchor: float) -> None:
        self._spec = spec
        expression = spec["ScheduleExpression"]
        self.once = is_once(expression)
        # EventBridge does not look at the dates of one-time schedules.
        self._start = None if self.once else spec.get("StartDate")
        self._end = None if self.once else spec.get("EndDate")
        zone = spec.get("ScheduleExpressionTimezone", UTC)
        try:
            self._times = parse(expression, zone, anchor if self._start is None else self._start)
        except (ValueError, OverflowError) as error:
            raise ValidationException(
                f"Invalid Schedule Expression {expression}: {error}."
            ) from None

    def check(self, now: float) -> None:
        """ValidationException when a new schedule names what is over, or what never comes."""
        if self.first(now) is not None:
            return
        if self.once:
            raise ValidationException(
                f"ScheduleExpression: {self._spec['ScheduleExpression']} is in the past."
            )
        raise ValidationException(
            f"ScheduleExpression: {self._spec['ScheduleExpression']} names no time to come "
            "between StartDate and EndDate."
        )

    def first(self, now: float) -> float | None:
        """The first time of a new schedule; of a rate ``now`` is one, and that of a one-time
        schedule may be a little before."""
        if self.once:
            return self.after(now - LATE_S)
        return self.after(now - _MOMENT if isinstance(self._times, Rate) else now)

    def after(self, time: float) -> float | None:
        """The next time later than ``time``; None when it was the last."""
        time = max(time, (self._start or time) - _MOMENT)
        try:
            found = next(self._times.times(time), None)
        except OverflowError:  # at the calendar's end
            return None
        return None if found is None or found > (self._end or float("inf")) else found

    def latest(self, first: float, now: float) -> float:
        """The latest time that is past, of those from ``first`` on."""
        return latest(self._times, first, min(now, self._end or now))

    def delay(self, execution: str) -> float:
        """Seconds into its flexible window at which an execution is to begin: always the same."""
        window = self._spec["FlexibleTimeWindow"]
        if window["Mode"] == "OFF":
            return 0.0
        digest = hashlib.sha256(execution.encode()).digest()
        return int.from_bytes(digest[:4], "big") / 2**32 * window["MaximumWindowInMinutes"] * 60


def check_window(window: dict[str, Any]) -> None:
    """ValidationException unless a flexible window has a length exactly when it is one."""
    flexible = window["Mode"] == "FLEXIBLE"
    if flexible != ("MaximumWindowInMinutes" in window):
        wanted = "is required" if flexible else "must be left out"
        raise ValidationException(
            f"FlexibleTimeWindow.MaximumWindowInMinutes {wanted} when Mode is {window['Mode']}."
        )


def check_dates(spec: dict[str, Any], now: float) -> None:
    """ValidationException when a schedule would begin in the past, or end before it begins."""
    start, end = spec.get("StartDate"), spec.get("EndDate")
    if start is not None and start < now - LATE_S:
        raise ValidationException("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end <= max(now, start or now):
        raise ValidationException("EndDate: it must be in the future, and after StartDate.")
