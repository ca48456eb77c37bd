"""``course.toml``: what the instructor settles for a whole course.

Everything in it is optional; without the file, everything works as it does without a deadline,
weights or a class list.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from grader.check.key import Key, Limits
from grader.check.text import Refusal
from grader.gradebook.suggest import did_you_mean

FILE = "course.toml"


class SettingsError(Refusal):
    """``course.toml`` cannot be used."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class LatePolicy(_Strict):
    """What handing in late costs.

    Attributes:
        grace_minutes: lateness that costs nothing.
        percent: of the lab's points, taken for each `every` begun.
        max_percent: taken at most.
        refuse_after_days: later than this, nothing is earned; None: never.
    """

    grace_minutes: Annotated[float, Field(ge=0)] = 0.0
    percent: Annotated[float, Field(ge=0, le=100)] = 0.0
    every: Literal["hour", "day", "week"] = "day"
    max_percent: Annotated[float, Field(ge=0, le=100)] = 100.0
    refuse_after_days: Annotated[float, Field(ge=0)] | None = None


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class LimitSettings(_Strict):
    """Limits of a submission put in place of the lab's own; see `grader.check.key.Limits`."""

    seconds: Positive | None = None
    cpu_seconds: Positive | None = None
    cell_seconds: Positive | None = None
    training_seconds: Positive | None = None
    memory_mb: Count | None = None
    processes: Count | None = None
    file_mb: Count | None = None
    disk_mb: Count | None = None
    open_files: Count | None = None
    output_kb: Count | None = None

    def over(self, limits: Limits) -> Limits:
        """`limits` with what is set here."""
        own = {k: v for k, v in self.model_dump().items() if v is not None}
        known = {f.name: getattr(limits, f.name) for f in fields(Limits)}
        return Limits(**{**known, **own})


class LabSettings(_Strict):
    """One lab.

    Attributes:
        weight: share in the course's total.
        due: when it is to be handed in; a date alone means the end of that day.
        extensions: student (identifier, e-mail address or name) → their own due date.
        late: the lab's own policy.
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
            raise ValueError(f"{given!r} is no repository; write 'owner/name'")
        return name

    @field_validator("bundle")
    @classmethod
    def _address(cls, given: str) -> str:
        if given and not re.fullmatch(r"https://[^\s\"'\\{}$]+", given):
            raise ValueError(f"{given!r} is no address; write one that starts with https://")
        return given


class Settings(_Strict):
    """The whole file.

    Attributes:
        title: name of the course, on the course's table.
        lang: language of class page, tables and messages; None: what ``--lang`` says.
        timezone: of dates that name none.
        class_list: CSV of those who should hand in, relative to ``course.toml``.
    """

    title: str = ""
    lang: Literal["fr", "en"] | None = None
    timezone: str = "Europe/Paris"
    class_list: str = ""
    late: LatePolicy = LatePolicy()
    colab: ColabSettings = ColabSettings()
    labs: dict[str, LabSettings] = {}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"no time zone {name!r}; write one like 'Europe/Paris'") from None
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
        return replace(key, limits=self.lab(key.lab).limits.over(key.limits))


def load_settings(course: Path, known: Sequence[str]) -> Settings:
    """Read ``course.toml``; the default settings if there is none.

    Args:
        course: the course's folder.
        known: ids of its labs.

    Raises:
        SettingsError: it cannot be read, or says what it may not say.
    """
    path = course / FILE
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_first(error)}") from None
    for lab in settings.labs:
        if lab not in known:
            hint = did_you_mean(lab, known, f"there are: {', '.join(known)}", cutoff=0.3)
            raise SettingsError(f"{path}: [labs.{lab}]: no such lab; {hint}")
    return settings


def _first(error: ValidationError) -> str:
    """The first complaint, in one line, and how many more there are."""
    found = error.errors()
    one = found[0]
    where = [str(p) for p in one["loc"] if p not in ("datetime", "date")]
    name = ".".join(where)
    if one["type"] == "extra_forbidden":
        known = _names(where[:-1])
        hint = did_you_mean(where[-1], known, f"there are: {', '.join(known)}" if known else "")
        said = f"{name}: no such setting{'; ' if hint else ''}{hint}"
    elif "date" in one["type"]:
        said = f"{name}: {one['input']!r} is no date; write 2026-11-20 or 2026-11-20T18:00:00"
    elif one["type"] == "value_error":
        said = f"{name}: {one['ctx']['error']!s}"
    else:
        said = f"{name} = {one['input']!r}: {one['msg'][0].lower()}{one['msg'][1:]}"
    names = {tuple(p for p in e["loc"] if p not in ("datetime", "date")) for e in found}
    return said if len(names) == 1 else f"{said} (and {len(names) - 1} more)"


def _names(where: Sequence[str]) -> list[str]:
    """The settings that there are at a place of the file."""
    model: type[BaseModel] = Settings
    for part in where:
        if part == "late":
            model = LatePolicy
        elif part == "limits":
            model = LimitSettings
        elif part == "colab":
            model = ColabSettings
        elif model is Settings and part == "labs":
            continue
        else:
            model = LabSettings
    return list(model.model_fields)


def template(labs: Mapping[str, str], lang: str) -> str:
    """A ``course.toml`` that changes nothing: every setting, commented.

    Args:
        labs: id → title.
        lang: language of the comments.
    """
    fr = lang == "fr"

    def say(english: str, french: str) -> str:
        return french if fr else english

    lines = [
        say("# Settings of the course, read by `grader grade`, `review` and `export`.",
            "# Réglages du cours, lus par `grader grade`, `review` et `export`."),
        say("# Everything is optional: take the # off what you need.",
            "# Tout est facultatif : retirez le # devant ce qu'il vous faut."),
        "",
        say('# title = "Deep learning, 2026"', '# title = "Apprentissage profond, 2026"'),
        say('# lang = "fr"                      # of class page, tables and messages: fr or en',
            '# lang = "fr"                      # page de classe, tableaux, messages : fr ou en'),
        say('# timezone = "Europe/Paris"        # of dates that name none',
            '# timezone = "Europe/Paris"        # des dates qui n\'en disent rien'),
        say("# class_list = \"class.csv\"         # who should hand in: Moodle's list of participants,",
            '# class_list = "classe.csv"        # qui doit rendre : liste des participants de Moodle,'),
        say("#                                  # its grading worksheet, or any CSV with a column of names",
            "#                                  # feuille d'évaluation, ou tout CSV avec une colonne de noms"),
        "",
        say("# What handing in late costs, for every lab that has no policy of its own.",
            "# Ce que coûte un retard, pour tout TP sans règle à lui."),
        "# [late]",
        say("# grace_minutes = 15               # late by no more than this: nothing is taken",
            "# grace_minutes = 15               # en deçà, rien n'est retiré"),
        say("# percent = 10                     # of the lab's points, taken …",
            "# percent = 10                     # part des points du TP, retirée …"),
        say('# every = "day"                    # … for each hour, day or week begun',
            '# every = "day"                    # … par heure (hour), jour (day) ou semaine (week) entamés'),
        say("# max_percent = 50                 # taken at most",
            "# max_percent = 50                 # retrait maximal"),
        say("# refuse_after_days = 14           # later: no points at all",
            "# refuse_after_days = 14           # au-delà : aucun point"),
        "",
        say("# \"Open in Colab\" on every student notebook; then `grader build --no-execute`.",
            "# « Ouvrir dans Colab » sur chaque notebook ; puis `grader build --no-execute`."),
        "# [colab]",
        say('# repository = "school/labs"       # on GitHub, where students can read labs/',
            '# repository = "ecole/tp"          # sur GitHub, où les étudiants peuvent lire labs/'),
        '# branch = "main"',
        say('# bundle = "https://…/labs.zip"    # what `grader release` wrote; by default the file',
            '# bundle = "https://…/labs.zip"    # le zip de `grader release` ; par défaut le fichier'),
        say("#                                  # labs.zip of the repository's latest release",
            "#                                  # labs.zip de la dernière « release » du dépôt"),
    ]  # fmt: skip
    for lab, title in labs.items():
        lines += [
            "",
            f"# {title}",
            f"# [labs.{lab}]",
            say("# weight = 1                       # share in the course's total",
                "# weight = 1                       # coefficient dans le total du cours"),
            say("# due = 2026-11-20T23:59:00        # or a date alone: the end of that day",
                "# due = 2026-11-20T23:59:00        # ou une date seule : la fin de ce jour"),
            say("# [labs.{lab}.extensions]          # a student's own due date",
                "# [labs.{lab}.extensions]          # échéance propre à un étudiant").replace("{lab}", lab),
            '# "zoe@example.org" = 2026-11-27   '
            + say("# by identifier, e-mail address or name", "# par identifiant, courriel ou nom"),
            say("# [labs.{lab}.limits]              # in place of the lab's own",
                "# [labs.{lab}.limits]              # à la place de celles du TP").replace("{lab}", lab),
            say("# seconds = 300                    # wall time of one submission",
                "# seconds = 300                    # durée d'un rendu"),
        ]  # fmt: skip
    return "\n".join(lines) + "\n"
