"""The gradebook on disk: SQLite, keyed by content.

A *unit* is the grading of one content (submission, lab, key): a pure function, so a unit found is a
unit done. *Entries* say which student's submission is which unit in the latest run. *Outcomes* are what
the student zone brought back: a check mended in what it expects is judged again from them, without
running anything. What people decide (`grader.gradebook.decisions`) is laid over the units when they
are read. Every change of a mark is logged; the log and the marks set by hand can only grow. All is
written in transactions: a killed run leaves whole units, and the next run goes on from them.
"""

from __future__ import annotations

import fcntl
import json
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    Select,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError, OperationalError

from grader.check.text import Refusal, Text
from grader.check.tree import Tree, TreeError, pack, unpack
from grader.gradebook.decisions import Item, Review, overridden, reviewed
from grader.gradebook.records import ByHand, Change, Graded

SCHEMA = 2
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
    Column("student", String, nullable=False, server_default=""),
    Column("by", String, nullable=False, server_default=""),
)
_OUTCOMES = Table(
    "outcomes",
    _META,
    Column("id", String, primary_key=True),
    Column("outcome", LargeBinary, nullable=False),
)
_SOURCES = Table(
    "sources",
    _META,
    Column("digest", String, primary_key=True),
    Column("cells", LargeBinary, nullable=False),
)
_DECISIONS = Table(
    "decisions",
    _META,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("by", String, nullable=False),
    Column("lab", String, nullable=False),
    Column("student_id", String, nullable=False),
    Column("check_id", String, nullable=False),
    Column("points", Float),
    Column("reason", String, nullable=False),
)
_REVIEWS = Table(
    "reviews",
    _META,
    Column("lab", String, primary_key=True),
    Column("student_id", String, primary_key=True),
    Column("check_id", String, primary_key=True),
    Column("state", JSON, nullable=False),
)
_STEPS = Table(
    "review_steps",
    _META,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("lab", String, nullable=False),
    Column("check_id", String, nullable=False),
    Column("before", JSON, nullable=False),
    Column("typing", Integer, nullable=False),
)
_RUBRIC = Table(
    "rubric",
    _META,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("lab", String, nullable=False),
    Column("check_id", String, nullable=False),
    Column("text", JSON, nullable=False),
    Column("points", Float, nullable=False),
)
_SNIPPETS = Table(
    "snippets",
    _META,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("lab", String, nullable=False),
    Column("text", String, nullable=False),
)
_UPGRADES = {1: ('ALTER TABLE log ADD COLUMN student VARCHAR NOT NULL DEFAULT ""',
                 'ALTER TABLE log ADD COLUMN "by" VARCHAR NOT NULL DEFAULT ""')}  # fmt: skip
_APPEND_ONLY = ("log", "decisions")

# What belongs to the student rather than to the content that was graded.
_PERSON = (
    "student", "student_id", "origin", "lang", "receipt", "submitted_at", "attempts", "late",
    "members",
)  # fmt: skip
_NOBODY: dict[str, Any] = {name: "" for name in _PERSON} | {
    "attempts": 1,
    "late": None,
    "members": [],
}


class StoreError(Refusal):
    """The gradebook cannot be used."""


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
                elif found in _UPGRADES:
                    for statement in _UPGRADES[found]:
                        db.execute(text(statement))
                    db.execute(update(_ABOUT).values(schema=SCHEMA))
                elif found != SCHEMA:
                    raise StoreError(
                        f"{path}: gradebook of version {found}, this kit writes {SCHEMA};"
                        " choose another --out"
                    )
                for table in _APPEND_ONLY:
                    for change in ("UPDATE", "DELETE"):
                        db.execute(
                            text(
                                f"CREATE TRIGGER IF NOT EXISTS {table}_{change.lower()} BEFORE"
                                f" {change} ON {table} BEGIN SELECT RAISE(ABORT,"
                                f" '{table} can only grow'); END"
                            )
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
        """Keep a grading; one that is there already stays, unless it is a failure."""
        row = {
            "lab": graded.lab,
            "key": key,
            "graded": {**graded.to_dict(), **_NOBODY},
            "pictures": pack(pictures),
            "seconds": graded.seconds,
            "created": _now(),
        }
        failed = _UNITS.c.graded["problem"].as_string().is_not(None)
        statement = (
            upsert(_UNITS)
            .values(id=unit, **row)
            .on_conflict_do_update(index_elements=[_UNITS.c.id], set_=row, where=failed)
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

    def outcome(self, id: str) -> Tree | None:
        """What the student zone brought back on a content and its questions, if it is kept."""
        with self._reading() as db:
            row = db.execute(select(_OUTCOMES.c.outcome).where(_OUTCOMES.c.id == id)).scalar()
            return None if row is None else unpack(zlib.decompress(row))

    def add_outcome(self, id: str, outcome: Tree) -> None:
        data = zlib.compress(pack(outcome), 3)
        with self._writing() as db:
            db.execute(upsert(_OUTCOMES).values(id=id, outcome=data).on_conflict_do_nothing())

    def sources(self, lab: str) -> dict[str, list[str]]:
        """Student id → the code cells handed in, where they are kept."""
        digest = func.json_extract(_UNITS.c.graded, "$.digest")
        statement = _entered(lab, _ENTRIES.c.student_id, _SOURCES.c.cells).join(
            _SOURCES, _SOURCES.c.digest == digest
        )
        with self._reading() as db:
            rows = db.execute(statement).all()
            return {who: json.loads(zlib.decompress(cells)) for who, cells in rows}

    def add_sources(self, digest: str, cells: Sequence[str]) -> None:
        data = zlib.compress(json.dumps(list(cells)).encode())
        statement = upsert(_SOURCES).values(digest=digest, cells=data)
        with self._writing() as db:
            db.execute(statement.on_conflict_do_nothing())

    def set_entries(
        self, lab: str, entries: Sequence[tuple[str, Mapping[str, Any]]], by: str = ""
    ) -> list[Change]:
        """Say who handed in what in this run; log every mark that changed.

        Args:
            lab: id of the lab.
            entries: ``(unit, person)`` in the class's order; `person` holds the fields of
                `Graded` that belong to the student.
            by: who ran it.

        Returns:
            The marks that moved, new ones included, in the class's order.
        """
        with self._writing() as db, _logged(db, lab, by) as changes:
            db.execute(delete(_ENTRIES).where(_ENTRIES.c.lab == lab))
            for place, (unit, person) in enumerate(entries):
                db.execute(
                    insert(_ENTRIES).values(
                        lab=lab, student_id=person["student_id"], place=place, unit=unit,
                        person=dict(person),
                    )
                )  # fmt: skip
        return changes

    def log(self) -> list[dict[str, Any]]:
        """Every change of a mark, oldest first."""
        with self._reading() as db:
            return [dict(r._mapping) for r in db.execute(select(_LOG).order_by(_LOG.c.id))]

    # -------------------------------------------------------------- marks set by hand

    def override(
        self, lab: str, student_id: str, check: str, points: float | None, reason: str, by: str
    ) -> list[Change]:
        """Set the mark of a check (of the total, if `check` is "") by hand; None withdraws it."""
        row = {
            "at": _now(), "by": by, "lab": lab, "student_id": student_id, "check_id": check,
            "points": points, "reason": reason,
        }  # fmt: skip
        with self._writing() as db, _logged(db, lab, by, [student_id], reason) as changes:
            db.execute(insert(_DECISIONS).values(**row))
        return changes

    # -------------------------------------------------------------- answers read by a person

    def rubric(self, lab: str, check: str) -> list[Item]:
        """The items of a question, in the order in which they were made."""
        with self._reading() as db:
            return list(_rubrics(db, lab).get(check, {}).values())

    def add_item(self, lab: str, check: str, said: Text, points: float) -> int:
        row = {"lab": lab, "check_id": check, "text": said.to_dict(), "points": points}
        with self._writing() as db:
            made = db.execute(insert(_RUBRIC).values(**row).returning(_RUBRIC.c.id))
            return int(made.scalar_one())

    def change_item(self, lab: str, id: int, said: Text, points: float, by: str) -> list[Change]:
        """Change an item; every mark that it gave moves with it.

        Raises:
            KeyError: the lab has no such item.
        """
        statement = update(_RUBRIC).where(_RUBRIC.c.id == id, _RUBRIC.c.lab == lab)
        with self._writing() as db:
            with _logged(db, lab, by, why="rubric changed") as changes:
                done = db.execute(statement.values(text=said.to_dict(), points=points))
            found = done.rowcount
        if not found:
            raise KeyError(id)
        return changes

    def snippets(self, lab: str) -> list[str]:
        """Comments kept for use again, oldest first."""
        statement = select(_SNIPPETS.c.text).where(_SNIPPETS.c.lab == lab).order_by(_SNIPPETS.c.id)
        with self._reading() as db:
            return list(db.execute(statement).scalars())

    def add_snippet(self, lab: str, said: str) -> None:
        with self._writing() as db:
            same = (_SNIPPETS.c.lab == lab) & (_SNIPPETS.c.text == said)
            db.execute(delete(_SNIPPETS).where(same))
            db.execute(insert(_SNIPPETS).values(lab=lab, text=said))

    def reviews(self, lab: str, check: str) -> dict[str, Review]:
        """Student id → how their answer was read."""
        with self._reading() as db:
            found = _reviews(db, lab)
        return {who: by[check] for who, by in found.items() if check in by}

    def review(
        self, lab: str, check: str, states: Mapping[str, Review], by: str, typing: bool = False
    ) -> None:
        """Keep how answers were read; one step, that `undo` takes back.

        Args:
            states: student id → review.
            typing: a further letter of a comment: no step of its own behind another such.
        """
        with self._writing() as db, _logged(db, lab, by, list(states), f"{check} read"):
            known = _reviews(db, lab, list(states))
            before = {
                who: known[who][check].to_dict() if check in known.get(who, {}) else None
                for who in states
            }
            last = db.execute(_newest_step(lab, check)).first()
            if not (typing and last and last.typing and set(last.before) == set(states)):
                db.execute(
                    insert(_STEPS).values(lab=lab, check_id=check, before=before, typing=typing)
                )
            _put_reviews(db, lab, check, {w: s.to_dict() for w, s in states.items()})

    def undo(self, lab: str, check: str, by: str) -> list[str]:
        """Take back the last step of a question; whose answers it was about, [] if there is none."""
        with self._writing() as db:
            step = db.execute(_newest_step(lab, check)).first()
            if step is None:
                return []
            with _logged(db, lab, by, list(step.before), f"{check}: undone"):
                _put_reviews(db, lab, check, step.before)
                db.execute(delete(_STEPS).where(_STEPS.c.id == step.id))
            return list(step.before)

    # -------------------------------------------------------------- reading

    def labs(self) -> list[str]:
        with self._reading() as db:
            return list(db.execute(select(_ENTRIES.c.lab).distinct().order_by("lab")).scalars())

    def graded(self, lab: str) -> list[Graded]:
        """The class, in its order."""
        with self._reading() as db:
            return list(_rows(db, lab))

    def pictures(self, lab: str) -> Mapping[str, Tree]:
        """Student id → ``{check: {"came", "expected"}}`` for the checks that have a picture.

        Each is read when it is asked for, while the gradebook is open: a class' pictures are large.
        """
        return _Pictures(self, lab)

    def pictures_of(self, lab: str, student_id: str) -> Tree:
        """One student's; empty if there are none."""
        statement = _entered(lab, _UNITS.c.pictures).where(_ENTRIES.c.student_id == student_id)
        with self._reading() as db:
            packed = db.execute(statement).scalar()
            return {} if packed is None else unpack(packed)

    def student_ids(self, lab: str) -> list[str]:
        """The class, in its order."""
        with self._reading() as db:
            return list(db.execute(_entered(lab, _ENTRIES.c.student_id)).scalars())


class _Pictures(Mapping[str, Tree]):
    """See `Store.pictures`."""

    def __init__(self, store: Store, lab: str) -> None:
        self._store, self._lab = store, lab

    def __getitem__(self, student_id: str) -> Tree:
        found = self._store.pictures_of(self._lab, student_id)
        if not found:
            raise KeyError(student_id)
        return found

    def __iter__(self) -> Iterator[str]:
        return (who for who in self._store.student_ids(self._lab) if who in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _entered(lab: str, *columns: Column[Any]) -> Select[Any]:
    """Columns of the class's entries and their units, in its order."""
    return (
        select(*columns)
        .join(_UNITS, _UNITS.c.id == _ENTRIES.c.unit)
        .where(_ENTRIES.c.lab == lab)
        .order_by(_ENTRIES.c.place)
    )


def _rows(db: Connection, lab: str, only: Collection[str] | None = None) -> Iterator[Graded]:
    """The class with what people decided, in its order."""
    statement = _entered(lab, _UNITS.c.graded, _ENTRIES.c.person)
    if only is not None:
        statement = statement.where(_ENTRIES.c.student_id.in_(only))
    rubrics, reviews = _rubrics(db, lab), _reviews(db, lab, only)
    marks = _marks(db, lab)
    for graded, person in db.execute(statement):
        notices = [*person.get("notices", []), *graded["notices"]]
        found = Graded.from_dict({**graded, **person, "notices": notices})
        found = reviewed(found, reviews.get(found.student_id, {}), rubrics)
        yield overridden(found, marks.get(found.student_id, ()))


def _rubrics(db: Connection, lab: str) -> dict[str, dict[int, Item]]:
    found: dict[str, dict[int, Item]] = {}
    for row in db.execute(select(_RUBRIC).where(_RUBRIC.c.lab == lab).order_by(_RUBRIC.c.id)):
        item = Item(row.id, Text.from_dict(row.text), row.points)
        found.setdefault(row.check_id, {})[row.id] = item
    return found


def _reviews(
    db: Connection, lab: str, only: Collection[str] | None = None
) -> dict[str, dict[str, Review]]:
    """Student id → check → review."""
    statement = select(_REVIEWS).where(_REVIEWS.c.lab == lab)
    if only is not None:
        statement = statement.where(_REVIEWS.c.student_id.in_(only))
    found: dict[str, dict[str, Review]] = {}
    for row in db.execute(statement):
        found.setdefault(row.student_id, {})[row.check_id] = Review.from_dict(row.state)
    return found


def _newest_step(lab: str, check: str) -> Select[Any]:
    steps = select(_STEPS).where(_STEPS.c.lab == lab, _STEPS.c.check_id == check)
    return steps.order_by(_STEPS.c.id.desc()).limit(1)


def _put_reviews(
    db: Connection, lab: str, check: str, states: Mapping[str, Mapping[str, Any] | None]
) -> None:
    for who, state in states.items():
        row = {"lab": lab, "student_id": who, "check_id": check}
        if state is None:
            db.execute(delete(_REVIEWS).filter_by(**row))
        else:
            kept = upsert(_REVIEWS).values(**row, state=dict(state))
            db.execute(
                kept.on_conflict_do_update(
                    index_elements=list(row), set_={"state": kept.excluded.state}
                )
            )


def _marks(db: Connection, lab: str) -> dict[str, list[ByHand]]:
    """Student id → the marks set by hand that hold: the last word on each check."""
    last: dict[tuple[str, str], ByHand | None] = {}
    statement = select(_DECISIONS).where(_DECISIONS.c.lab == lab).order_by(_DECISIONS.c.id)
    for row in db.execute(statement):
        last[row.student_id, row.check_id] = (
            None
            if row.points is None
            else ByHand(row.check_id, 0.0, row.points, row.reason, row.at, row.by)
        )
    found: dict[str, list[ByHand]] = {}
    for (who, _), mark in last.items():
        if mark is not None:
            found.setdefault(who, []).append(mark)
    return found


@contextmanager
def _logged(
    db: Connection, lab: str, by: str, only: Collection[str] | None = None, why: str = ""
) -> Iterator[list[Change]]:
    """Log the marks that what is done inside moves; they are in the list afterwards."""
    before = {g.student_id: g for g in _rows(db, lab, only)}
    changes: list[Change] = []
    yield changes
    for now in _rows(db, lab, only):
        old = before.get(now.student_id)
        if old is not None and old.total == now.total:
            continue
        said = "graded" if old is None else _moved(old, now)
        if why and old is not None:
            said = f"{why} ({said})"
        changes.append(
            Change(now.student, now.student_id, old.total if old else None, now.total, said)
        )
    for change in changes:
        db.execute(insert(_LOG).values(at=_now(), lab=lab, by=by, **vars(change)))


def _moved(old: Graded, new: Graded) -> str:
    """What moved a mark: checks, lateness, a total set by hand, another submission."""
    before = {v.check: v.points for v in old.verdicts}
    moved = [
        f"{v.check} {before.get(v.check, 0):g}→{v.points:g}"
        for v in new.verdicts
        if before.get(v.check) != v.points
    ]
    moved = [*moved[:8], *([f"+{len(moved) - 8} more"] if len(moved) > 8 else [])]
    if old.penalty != new.penalty:
        moved.append(f"late −{old.penalty:g}→−{new.penalty:g}")
    if old.total_by_hand != new.total_by_hand:
        moved.append("total by hand" if new.total_by_hand else "total no longer by hand")
    if (old.problem is None) != (new.problem is None):
        moved.append("can be graded now" if new.problem is None else "can no longer be graded")
    said = ", ".join(moved) or "other points"
    return said if old.digest == new.digest else f"another submission: {said}"


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
