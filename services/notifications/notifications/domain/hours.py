"""Quiet hours: a daily span in Europe/Berlin in which no mail is sent."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until just before `end`, every day; `start` after `end` goes over midnight."""

    start: time
    end: time

    def hold(self, moment: time) -> bool:
        """Whether a time of day in Berlin lies in the span. Equal ends mean: never."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end

    def next_open(self, now: datetime) -> datetime:
        """When a mail may leave: now, or the next end of the span (UTC).

        The clock changes are respected: the end is a time on the wall, not a number of hours. An
        end in the hour that spring skips is the moment right after the change.
        """
        local = now.astimezone(BERLIN)
        if not self.hold(local.time().replace(tzinfo=None)):
            return now
        end = datetime.combine(local.date(), self.end, BERLIN)
        if end <= local:
            end = datetime.combine(local.date() + timedelta(days=1), self.end, BERLIN)
        return max(end.astimezone(UTC), now)
