"""CloudWatch Logs over the logs of jobs and endpoints, read-only and paged by byte offset."""

from __future__ import annotations

from functools import partial

from ...wire.dispatch import Registry
from .events import get_log_events
from .filtering import filter_log_events
from .listing import describe_log_groups, describe_log_streams
from .source import LogSource, LogStream, Reader

__all__ = ["LogSource", "LogStream", "Reader", "register"]


def register(registry: Registry, source: LogSource) -> None:
    """Adds DescribeLogGroups, DescribeLogStreams, GetLogEvents and FilterLogEvents."""
    registry.add("logs", "DescribeLogGroups", partial(describe_log_groups, source))
    registry.add("logs", "DescribeLogStreams", partial(describe_log_streams, source))
    registry.add("logs", "GetLogEvents", partial(get_log_events, source))
    registry.add("logs", "FilterLogEvents", partial(filter_log_events, source))
