"""``course.toml``: what the instructor settles for a whole course.

Everything in it is optional; without the file, everything works as it does without a deadline,
weights or a class list.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    create_model,
    field_validator,
)  # fmt: skip

from grader.check.key import Key, Limits
from grader.check.text import Refusal, Text, did_you_mean, gettext, ngettext, same
from grader.intake.limits import IntakeLimits

FILE = "course.toml"


class SettingsError(Refusal):
    """``course.toml`` cannot be used."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class LatePolicy(_Strict):
    """What handing in late costs.

    Attributes:
        percent: of the lab's points, taken for each `every` begun.
        refuse_after_days: later than this, nothing is earned; None: never.
    """

    grace_minutes: Annotated[float, Field(ge=0)] = 0.0
    percent: Annotated[float, Field(ge=0, le=100)] = 0.0
    every: Literal["hour", "day", "week"] = "day"
    max_percent: Annotated[float, Field(ge=0, le=100)] = 100.0
    refuse_after_days: Annotated[float, Field(ge=0)] | None = None


if TYPE_CHECKING:
    LimitSettings = BaseModel
else:
    LimitSettings = create_model(
        "LimitSettings",
        __base__=_Strict,
        __doc__="Limits of a submission put in place of the lab's own; see `grader.check.key.Limits`.",
        **{
            f.name: ((PositiveInt if isinstance(f.default, int) else PositiveFloat) | None, None)
            for f in fields(Limits)
            if f.name != "submission_mb"  # which is the student's side's
        },
    )


class LabSettings(_Strict):
    """One lab.

    Attributes:
        due: when it is to be handed in; a date alone means the end of that day.
        extensions: student (identifier, e-mail address or name) → their own due date.
    """

    weight: Annotated[float, Field(ge=0)] = 1.0
    due: datetime | date | None = None
    extensions: dict[str, datetime | date] = {}
    late: LatePolicy | None = None
    limits: LimitSettings = LimitSettings()


class ColabSettings(_Strict):
    """Where Colab finds the students' notebooks and the kit.

    Attributes:
        repository: ``owner/name`` on GitHub, where students can read ``labs/``; "" for none.
        branch: of the repository.
        bundle: address of the zip of ``grader release``; if not given, the file ``labs.zip`` of the
            repository's latest release.
    """

    repository: str = ""
    branch: Annotated[str, Field(pattern=r"^[\w./-]+$")] = "main"
    bundle: str = ""

    @field_validator("repository")
    @classmethod
    def _owner_and_name(cls, given: str) -> str:
        name = given.removeprefix("https://github.com/").removesuffix(".git").strip("/")
        if name and not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
            raise Refusal("{g!r} is no repository; write 'owner/name'", g=given)
        return name

    @field_validator("bundle")
    @classmethod
    def _address(cls, given: str) -> str:
        if given and not re.fullmatch(r"https://[^\s\"'\\{}$]+", given):
            raise Refusal("{g!r} is no address; write one that starts with https://", g=given)
        return given


class Settings(_Strict):
    """The whole file.

    Attributes:
        lang: language of class page, tables and messages; None: what ``--lang`` says.
        timezone: of dates that name none.
        class_list: CSV of those who should hand in, relative to ``course.toml``.
        earlier: folders of earlier years' gradebooks, relative to ``course.toml``.
    """

    title: str = ""
    lang: Literal["fr", "en"] | None = None
    timezone: str = "Europe/Paris"
    class_list: str = ""
    contact: str = ""
    earlier: tuple[str, ...] = ()
    late: LatePolicy = LatePolicy()
    intake: IntakeLimits = IntakeLimits()
    colab: ColabSettings = ColabSettings()
    labs: dict[str, LabSettings] = {}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise Refusal("no time zone {n!r}; write one like 'Europe/Paris'", n=name) from None
        return name

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def lab(self, lab: str) -> LabSettings:
        """A lab's settings; those of a lab that the file does not name are empty."""
        return self.labs.get(lab, LabSettings())

    def late_policy(self, lab: str) -> LatePolicy:
        return self.lab(lab).late or self.late

    def moment(self, when: datetime | date) -> datetime:
        """A date as a moment: the end of that day, in the course's time zone."""
        if not isinstance(when, datetime):
            when = datetime.combine(when, time(23, 59, 59))
        return when if when.tzinfo else when.replace(tzinfo=self.zone)

    def key(self, key: Key) -> Key:
        """`key` with the limits set here."""
        own = self.lab(key.lab).limits.model_dump(exclude_none=True)
        return replace(key, limits=replace(key.limits, **own))


def load_settings(course: Path, known: Sequence[str]) -> Settings:
    """Read ``course.toml``; the default settings if there is none.

    Raises:
        SettingsError: it cannot be read, or says what it may not say: the line, and how to write it.
    """
    path = course / FILE
    try:
        text = path.read_text("utf-8-sig")
        data = tomllib.loads(text)
    except FileNotFoundError:
        return Settings()
    except UnicodeDecodeError:
        raise SettingsError("{p}: not UTF-8; save it as UTF-8", p=path) from None
    except OSError as error:
        raise SettingsError("{p}: cannot be read ({e})", p=path, e=error.strerror) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(_unreadable(path, text, str(error))) from None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError(_first(error, path, text)) from None
    for lab in settings.labs:
        if lab not in known:
            listed = gettext("there are: {n}", n=", ".join(known))
            hint = did_you_mean(lab, known, listed, cutoff=0.3)
            where = _line_of(text, ["labs", lab])
            raise SettingsError(
                "{p}, line {n}: [labs.{lab}]: no such lab; {h}", p=path, n=where, lab=lab, h=hint
            )
    return settings


def _unreadable(path: Path, text: str, error: str) -> Text:
    """Where a file stops being TOML, and how the line is probably meant."""
    at = re.search(r"at line (\d+)", error)
    lines = text.splitlines()
    number = int(at[1]) if at else len(lines)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    name, _, value = (part.strip() for part in line.partition("="))
    date = re.match(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", value)
    hint: Text = same(error)
    if date:
        hint = same(f"{name} = {date[3]}-{int(date[2]):02d}-{int(date[1]):02d}")
        hint = gettext("a date is written {h}", h=hint)
    elif re.fullmatch(r"\d+,\d+", value):
        hint = gettext("write {h}", h=f"{name} = {value.replace(',', '.')}")
    elif name and value and not value.startswith(("'", '"', "[", "{")):
        hint = gettext("a text stands in quotes: {h}", h=f'{name} = "{value}"')
    return gettext("{p}, line {n}: {line} cannot be read; {h}", p=path, n=number, line=line, h=hint)


def _line_of(text: str, where: Sequence[str]) -> int:
    """The line, from 1, on which a setting or a table stands; 1 if it cannot be told."""
    table: list[str] = []
    best = 1
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if heading:
            table = [p.strip("\"' ") for p in re.findall(r"\"[^\"]*\"|[^.]+", heading[1])]
            here = table
        else:
            name = line.partition("=")[0].strip().strip("\"'")
            here = [*table, *name.split(".")] if name and not name.startswith("#") else []
        if here == list(where):
            return number
        if here and list(where[: len(here)]) == here:
            best = number
    return best


def _first(error: ValidationError, path: Path, text: str) -> Text:
    """The first complaint, in one line, and how many more there are."""
    found = error.errors()
    one = found[0]
    where = [str(p) for p in one["loc"] if p not in ("datetime", "date")]
    name, given, limits = ".".join(where), one["input"], one.get("ctx", {})
    said: Text
    if one["type"] == "extra_forbidden":
        known = _names(where[:-1])
        listed = gettext("there are: {n}", n=", ".join(known))
        said = gettext("no such setting; {h}", h=did_you_mean(where[-1], known, listed))
    elif isinstance(limits.get("error"), Refusal):
        said = limits["error"].text
    else:
        wanted = next((t for k, t in _WANTED.items() if k in one["type"]), same(one["msg"]))
        said = gettext("{g!r}: {w}", g=given, w=wanted.fill(**limits))
    told = gettext("{p}, line {n}: {s}: {said}", p=path, n=_line_of(text, where), s=name, said=said)
    names = {tuple(p for p in e["loc"] if p not in ("datetime", "date")) for e in found}
    more = ngettext(" (and {n} more)", " (and {n} more)", len(names) - 1)
    return told if len(names) == 1 else told + more


_WANTED: dict[str, Text] = {
    "date": gettext("write a date, 2026-11-20 or 2026-11-20T18:00:00"),
    "greater_than_equal": gettext("must be {ge:g} or more"),
    "greater_than": gettext("must be more than {gt:g}"),
    "less_than_equal": gettext("must be {le:g} or less"),
    "literal": gettext("write one of {expected}"),
    "pattern": gettext("cannot be a branch's name"),
    "string": gettext('write a text in quotes, "…"'),
    "bool": gettext("write true or false"),
    "float": gettext("write a number, with a point"),
    "int": gettext("write a whole number"),
    "model": gettext("write a table, [name]"),
    "dict": gettext("write a table, [name]"),
    "tuple": gettext('write a list, ["…", "…"]'),
}
"""Part of pydantic's name of a complaint → how it is written, in words."""


def _names(where: Sequence[str]) -> list[str]:
    """The settings that there are at a place of the file."""
    tables: dict[str, type[BaseModel]] = {
        "": Settings, "late": LatePolicy, "limits": LimitSettings, "colab": ColabSettings,
        "intake": IntakeLimits,
    }  # fmt: skip
    return list(tables.get(where[-1] if where else "", LabSettings).model_fields)


def template(labs: Iterable[str], lang: str) -> str:
    """A ``course.toml`` that changes nothing: every setting, commented in `lang`."""
    return "\n".join([_COURSE.to(lang), *(_LAB.to(lang).replace("LAB", lab) for lab in labs)])


_COURSE = gettext(
    """\
# Settings of the course, read by `grader grade`, `review` and `export`.
# Everything is optional: take the # off what you need.

# title = "Deep learning, 2026"
# lang = "fr"                      # of pages, tables and messages: fr or en
# timezone = "Europe/Paris"        # of dates that name none
# class_list = "class.csv"         # who should hand in: Moodle's list of participants,
#                                  # its grading worksheet, or any CSV with a column of names
# contact = "me@school.example"    # to whom students write for another look
# earlier = ["../2025/out"]        # gradebooks of earlier years, for comparison

# What handing in late costs, for every lab that has no policy of its own.
# [late]
# grace_minutes = 15               # late by no more than this: nothing is taken
# percent = 10                     # of the lab's points, taken …
# every = "day"                    # … for each hour, day or week begun
# max_percent = 50                 # taken at most
# refuse_after_days = 14           # later: no points at all

# What is read of one submission.
# [intake]
# notebook_mb = 100                # outputs included; see docs/GRADING.md for the others

# "Open in Colab" on every student notebook; then `grader build --no-execute`.
# [colab]
# repository = "school/labs"       # on GitHub, where students can read labs/
# branch = "main"
# bundle = "https://…/labs.zip"    # what `grader release` wrote; by default the file
#                                  # labs.zip of the repository's latest release
"""
)
_LAB = gettext(
    """\
# [labs.LAB]
# weight = 1                       # share in the course's total
# due = 2026-11-20T23:59:00        # or a date alone: the end of that day
# [labs.LAB.extensions]            # a student's own due date
# "zoe@example.org" = 2026-11-27   # by identifier, e-mail address or name
# [labs.LAB.limits]                # in place of the lab's own
# seconds = 300                    # wall time of one submission
"""
)
