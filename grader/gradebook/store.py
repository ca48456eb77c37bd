"""The gradebook on disk: SQLite, keyed by content.

A *unit* is the grading of one content (submission, lab, key): a pure function, so a unit found is a
unit done. *Entries* say which student's submission is which unit in the latest run. Everything is
written in transactions: a killed run leaves whole units, and the next run goes on from them.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError, OperationalError

from grader.core.tree import Tree, TreeError, pack, unpack
from grader.gradebook.records import Graded

SCHEMA = 1
_META = MetaData()
_ABOUT = Table("about", _META, Column("schema", Integer, primary_key=True))
_UNITS = Table(
    "units",
    _META,
    Column("id", String, primary_key=True),
    Column("lab", String, nullable=False),
    Column("key", String, nullable=False),
    Column("graded", JSON, nullable=False),
    Column("pictures", LargeBinary, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("created", String, nullable=False),
)
_ENTRIES = Table(
    "entries",
    _META,
    Column("lab", String, primary_key=True),
    Column("student_id", String, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("unit", String, nullable=False),
    Column("person", JSON, nullable=False),
)
_MEASURES = Table(
    "measures",
    _META,
    Column("id", String, primary_key=True),
    Column("observation", LargeBinary, nullable=False),
)
_LOG = Table(
    "log",
    _META,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("lab", String, nullable=False),
    Column("student_id", String, nullable=False),
    Column("before", Float),
    Column("after", Float),
    Column("why", String, nullable=False),
)

# What belongs to the student rather than to the content that was graded.
_PERSON = ("student", "student_id", "origin", "lang", "receipt", "submitted_at")


class StoreError(RuntimeError):
    """The gradebook cannot be used; the message is one line that says what to do."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` for one grader.

    Raises:
        StoreError: another grader holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / ".lock", "w")  # noqa: SIM115
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be written ({error.strerror}); choose another --out"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"{folder}: another grader is at work there; wait for it or choose another --out"
            ) from None
        yield


class Store:
    """The gradebook of one output folder.

    Raises:
        StoreError: the file is no gradebook, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine: Engine = create_engine(
            f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": 30}
        )
        event.listen(self._engine, "connect", _pragmas)
        try:
            _META.create_all(self._engine)
            with self._engine.begin() as db:
                found = db.execute(select(_ABOUT.c.schema)).scalar()
                if found is None:
                    db.execute(insert(_ABOUT).values(schema=SCHEMA))
                elif found != SCHEMA:
                    raise StoreError(
                        f"{path}: gradebook of version {found}, this kit writes {SCHEMA};"
                        " choose another --out"
                    )
        except OperationalError as error:
            raise StoreError(f"{path}: cannot be opened ({error.orig})") from None
        except DatabaseError as error:
            raise StoreError(
                f"{path}: not a gradebook ({error.orig}); move it away or choose another --out"
            ) from None

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._told(), self._engine.connect() as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._told(), self._engine.begin() as db:
            yield db

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the database says goes wrong, in one line."""
        try:
            yield
        except OperationalError as error:
            raise StoreError(
                f"{self.path}: {error.orig}; what was graded is kept, mend this and run again"
            ) from None
        except (DatabaseError, TreeError, ValueError, KeyError, TypeError) as error:
            reason = getattr(error, "orig", error)
            raise StoreError(
                f"{self.path}: damaged ({reason}); move it away and grade again"
            ) from None

    def unit(self, unit: str) -> Graded | None:
        """The grading of a content, without a student; None if it has not been done."""
        with self._reading() as db:
            row = db.execute(select(_UNITS.c.graded).where(_UNITS.c.id == unit)).scalar()
            return None if row is None else Graded.from_dict(row)

    def add_unit(self, unit: str, key: str, graded: Graded, pictures: Tree) -> None:
        """Keep a grading; one that is there already stays."""
        anonymous = {**graded.to_dict(), **dict.fromkeys(_PERSON, "")}
        statement = (
            upsert(_UNITS)
            .values(
                id=unit,
                lab=graded.lab,
                key=key,
                graded=anonymous,
                pictures=pack(pictures),
                seconds=graded.seconds,
                created=_now(),
            )
            .on_conflict_do_nothing()
        )
        with self._writing() as db:
            db.execute(statement)

    def measure(self, id: str) -> Tree | None:
        """A clean-room observation, by recording, check and key."""
        with self._reading() as db:
            row = db.execute(select(_MEASURES.c.observation).where(_MEASURES.c.id == id)).scalar()
            return None if row is None else unpack(row)

    def add_measure(self, id: str, observation: Tree) -> None:
        statement = upsert(_MEASURES).values(id=id, observation=pack(observation))
        with self._writing() as db:
            db.execute(statement.on_conflict_do_nothing())

    def set_entries(self, lab: str, entries: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Say who handed in what in this run; log every mark that changed.

        Args:
            lab: id of the lab.
            entries: ``(unit, person)`` in the class's order; `person` holds the fields of
                `Graded` that belong to the student.
        """
        with self._writing() as db:
            before = {g.student_id: g for g, _ in _rows(db, lab)}
            db.execute(delete(_ENTRIES).where(_ENTRIES.c.lab == lab))
            for place, (unit, person) in enumerate(entries):
                db.execute(
                    insert(_ENTRIES).values(
                        lab=lab, student_id=person["student_id"], place=place, unit=unit,
                        person=dict(person),
                    )
                )  # fmt: skip
            for now, _ in list(_rows(db, lab)):
                old = before.get(now.student_id)
                if old is None or old.total != now.total:
                    row = {
                        "at": _now(), "lab": lab, "student_id": now.student_id,
                        "before": old.total if old else None, "after": now.total,
                        "why": "graded" if old is None else _moved(old, now),
                    }  # fmt: skip
                    db.execute(insert(_LOG).values(**row))

    def log(self) -> list[dict[str, Any]]:
        """Every change of a mark, oldest first."""
        with self._reading() as db:
            return [dict(r._mapping) for r in db.execute(select(_LOG).order_by(_LOG.c.id))]

    def labs(self) -> list[str]:
        with self._reading() as db:
            return list(db.execute(select(_ENTRIES.c.lab).distinct().order_by("lab")).scalars())

    def graded(self, lab: str) -> list[Graded]:
        """The class, in its order."""
        with self._reading() as db:
            return [g for g, _ in _rows(db, lab)]

    def pictures(self, lab: str) -> dict[str, Tree]:
        """Student id → ``{check: {"came", "expected"}}`` for the checks that have a picture."""
        with self._reading() as db:
            return {g.student_id: p for g, p in _rows(db, lab) if p}


def _rows(db: Connection, lab: str) -> Iterator[tuple[Graded, Tree]]:
    statement = (
        select(_UNITS.c.graded, _UNITS.c.pictures, _ENTRIES.c.person)
        .join(_UNITS, _UNITS.c.id == _ENTRIES.c.unit)
        .where(_ENTRIES.c.lab == lab)
        .order_by(_ENTRIES.c.place)
    )
    for graded, pictures, person in db.execute(statement):
        notices = [*person.get("notices", []), *graded["notices"]]
        merged = {**graded, **person, "notices": notices}
        yield Graded.from_dict(merged), unpack(pictures)


def _moved(old: Graded, new: Graded) -> str:
    """Which checks moved a mark."""
    before = {v.check: v.points for v in old.verdicts}
    moved = [
        f"{v.check} {before.get(v.check, 0):g}→{v.points:g}"
        for v in new.verdicts
        if before.get(v.check) != v.points
    ]
    return "regraded: " + ", ".join(moved[:8]) if moved else "another submission"


def _pragmas(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def person_of(graded: Graded) -> dict[str, Any]:
    """The fields of a `Graded` that belong to the student."""
    data = graded.to_dict()
    return {name: data[name] for name in _PERSON}
