"""What handing in late costs: a pure function of times, policy and points."""

from __future__ import annotations

import math
from datetime import datetime, tzinfo

from grader.check.text import Text, gettext, ngettext, same
from grader.gradebook.records import Late
from grader.gradebook.settings import LatePolicy

_LENGTH = {"hour": 3600, "day": 86_400, "week": 604_800}


def _percent(value: float) -> Text:
    return Text(en=f"{value:g}%", fr=f"{value:g}\u00a0%")


def _begun(every: str, n: int) -> Text:
    if every == "hour":
        return ngettext("{n} hour", "{n} hours", n)
    if every == "week":
        return ngettext("{n} week", "{n} weeks", n)
    return ngettext("{n} day", "{n} days", n)


def moment(iso: str, zone: tzinfo) -> datetime | None:
    """An ISO 8601 moment, in `zone` if it names none; None if it is no such moment."""
    try:
        when = datetime.fromisoformat(iso)
    except (ValueError, TypeError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=zone)


def lateness(due: datetime, handed_in: datetime, policy: LatePolicy, points: float) -> Late | None:
    """What is taken; None for what was in time.

    Args:
        due: with its zone.
        handed_in: with its zone.
    """
    # Two moments of one zone are subtracted by the clock on the wall, also where it was changed.
    seconds = handed_in.timestamp() - due.timestamp()
    if seconds <= policy.grace_minutes * 60:
        return None
    by = span(seconds)
    refuse = policy.refuse_after_days
    if refuse is not None and seconds > refuse * 86_400:
        said = gettext(
            "handed in {by} late, more than {n:g} days: nothing is earned", by=by, n=refuse
        )
        return Late(due.isoformat(), seconds, points, said)
    begun = math.ceil(seconds / _LENGTH[policy.every])
    percent = min(begun * policy.percent, policy.max_percent)
    said = gettext(
        "handed in {by} late: {each} of {max:g} points for each of {n} begun",
        by=by,
        n=_begun(policy.every, begun),
        each=_percent(policy.percent),
        max=points,
    )
    if begun * policy.percent > policy.max_percent:
        said = said + gettext(", {m} at most", m=_percent(policy.max_percent))
    return Late(due.isoformat(), seconds, round(points * percent / 100, 4), said)


def span(seconds: float) -> Text:
    """``2 days 3 h``, ``5 h 10 min``, ``12 min``."""
    minutes = max(1, round(seconds / 60))
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        one = ngettext("{n} day", "{n} days", days)
        return one + same(f" {hours} h") if hours else one
    return same(f"{hours} h {rest:02d} min" if hours else f"{rest} min")
