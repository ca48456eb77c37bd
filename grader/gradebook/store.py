"""The gradebook on disk: SQLite, keyed by content.

A *unit* is the grading of one content (submission, lab, key): a pure function, so a unit found is a
unit done. *Entries* say which student's submission is which unit; a run brings entries and takes none
away. *Outcomes* are what the student zone brought back: a check mended in what it expects is judged
again from them, without running anything. What people decide (`grader.gradebook.decisions`) is laid
over the units when they are read. Every change of a mark is logged; the log and the decisions can only
grow. All is written in transactions: a killed run leaves whole units, and the next goes on from them.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from grader.check.text import Refusal, Text, gettext, ngettext, same
from grader.check.tree import Tree, TreeError, pack, unpack
from grader.gradebook.decisions import Decision, Item, Review, decided, reviewed
from grader.gradebook.records import STANDING, Change, Curve, Graded, Request

FILE = "gradebook.sqlite"
SCHEMA = 3
_TABLES = """
CREATE TABLE IF NOT EXISTS about (schema INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS units (
  id TEXT PRIMARY KEY, lab TEXT NOT NULL, "key" TEXT NOT NULL, graded TEXT NOT NULL,
  evidence BLOB NOT NULL, seconds REAL NOT NULL, created TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
  lab TEXT NOT NULL, student_id TEXT NOT NULL, unit TEXT NOT NULL, person TEXT NOT NULL,
  PRIMARY KEY (lab, student_id));
CREATE TABLE IF NOT EXISTS measures (id TEXT PRIMARY KEY, observation BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outcomes (id TEXT PRIMARY KEY, outcome BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sources (digest TEXT PRIMARY KEY, cells BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS places (digest TEXT PRIMARY KEY, path TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, lab TEXT NOT NULL,
  student_id TEXT NOT NULL, before REAL, after REAL, why TEXT NOT NULL,
  student TEXT NOT NULL DEFAULT '', "by" TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS decisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, "by" TEXT NOT NULL, lab TEXT NOT NULL,
  student_id TEXT NOT NULL, check_id TEXT NOT NULL, points REAL, reason TEXT NOT NULL,
  kind TEXT NOT NULL DEFAULT 'mark');
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, lab TEXT NOT NULL,
  student_id TEXT NOT NULL, check_id TEXT NOT NULL, text TEXT NOT NULL,
  answer TEXT NOT NULL DEFAULT '', "by" TEXT NOT NULL DEFAULT '',
  UNIQUE (lab, student_id, check_id, text));
CREATE TABLE IF NOT EXISTS reviews (
  lab TEXT NOT NULL, student_id TEXT NOT NULL, check_id TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (lab, student_id, check_id));
CREATE TABLE IF NOT EXISTS second_reviews (
  lab TEXT NOT NULL, student_id TEXT NOT NULL, check_id TEXT NOT NULL, state TEXT NOT NULL,
  PRIMARY KEY (lab, student_id, check_id));
CREATE TABLE IF NOT EXISTS review_steps (
  id INTEGER PRIMARY KEY AUTOINCREMENT, lab TEXT NOT NULL, check_id TEXT NOT NULL,
  before TEXT NOT NULL, typing INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rubric (
  id INTEGER PRIMARY KEY AUTOINCREMENT, lab TEXT NOT NULL, check_id TEXT NOT NULL,
  text TEXT NOT NULL, points REAL NOT NULL);
CREATE TABLE IF NOT EXISTS snippets (
  id INTEGER PRIMARY KEY AUTOINCREMENT, lab TEXT NOT NULL, text TEXT NOT NULL);
"""
_GROW_ONLY = "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{change.lower()} BEFORE {change} ON {table}"
    f" BEGIN SELECT RAISE(ABORT, '{table} can only grow'); END;"
    for table in ("log", "decisions")
    for change in ("UPDATE", "DELETE")
)
_UPGRADE = """
ALTER TABLE decisions ADD COLUMN kind TEXT NOT NULL DEFAULT 'mark';
ALTER TABLE units RENAME COLUMN pictures TO evidence;
UPDATE units SET evidence = x'';
ALTER TABLE entries DROP COLUMN place;
UPDATE entries SET person = json_set(person, '$.lab', lab, '$.digest',
  (SELECT json_extract(graded, '$.digest') FROM units WHERE units.id = entries.unit));
UPDATE about SET schema = 3;
"""


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
            "{f}: cannot be written ({e}); choose another --out", f=folder, e=error.strerror
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                "{f}: another grader is at work there; wait for it or choose another --out",
                f=folder,
            ) from None
        yield


class Store:
    """The gradebook of one output folder; several threads may use it.

    Raises:
        StoreError: the file is no gradebook, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, timeout=30, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            found = self._version()
            if found not in (None, 2, SCHEMA):
                raise StoreError(
                    "{p}: gradebook of version {v}, this kit writes {s}; choose another --out",
                    p=path,
                    v=found,
                    s=SCHEMA,
                )
            self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
            self._db.executescript(
                "BEGIN;" + (_UPGRADE if found == 2 else "") + _TABLES + "COMMIT;"
            )
            self._db.executescript(_GROW_ONLY)
            if found is None:
                with self._db:
                    self._db.execute("INSERT INTO about VALUES (?)", (SCHEMA,))
        except sqlite3.OperationalError as error:
            raise StoreError("{p}: cannot be opened ({e})", p=path, e=error) from None
        except sqlite3.DatabaseError as error:
            raise StoreError(
                "{p}: not a gradebook ({e}); move it away or choose another --out", p=path, e=error
            ) from None

    def _version(self) -> int | None:
        """The file's; None for one that is new."""
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone():
            return None
        row = self._db.execute("SELECT schema FROM about").fetchone()
        return None if row is None else int(row[0])

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """One transaction; what the database says goes wrong becomes one line."""
        try:
            with self._lock, self._db:
                yield self._db
        except sqlite3.OperationalError as error:
            raise StoreError(
                "{p}: {e}; what was graded is kept, mend this and run again", p=self.path, e=error
            ) from None
        except (sqlite3.DatabaseError, msgspec.MsgspecError, TreeError, zlib.error) as error:
            raise StoreError(
                "{p}: damaged ({e}); move it away and grade again", p=self.path, e=error
            ) from None

    def _one(self, statement: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        with self._using() as db:
            row = db.execute(statement, values).fetchone()
        return None if row is None else row[0]

    # -------------------------------------------------------------- units and what they are made of

    def unit(self, unit: str) -> Graded | None:
        """The grading of a content, without a student; None if it has not been done."""
        with self._using():
            row = self._one("SELECT graded FROM units WHERE id = ?", unit)
            return None if row is None else msgspec.json.decode(row, type=Graded)

    def add_unit(self, unit: str, key: str, graded: Graded, evidence: Tree) -> None:
        """Keep a grading; one that is there already stays, unless it is a failure.

        Args:
            evidence: check → what came, for those that did not come out right.
        """
        nobody = Graded("", "", "", graded.lab, graded.digest)
        plain = replace(graded, **{name: getattr(nobody, name) for name in _PERSON})
        with self._using() as db:
            db.execute(
                "INSERT INTO units VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " graded = excluded.graded, evidence = excluded.evidence"
                " WHERE json_extract(units.graded, '$.problem') IS NOT NULL",
                (
                    unit,
                    graded.lab,
                    key,
                    plain.to_json(),
                    zlib.compress(pack(evidence), 3),
                    graded.seconds,
                    _now(),
                ),
            )

    def evidence(self, lab: str, student_id: str) -> dict[str, Tree]:
        """Check → what came of one student's, where it did not come out right."""
        with self._using():
            packed = self._one(
                "SELECT evidence FROM units JOIN entries ON unit = id"
                " WHERE entries.lab = ? AND student_id = ?", lab, student_id,
            )  # fmt: skip
            return unpack(zlib.decompress(packed)) if packed else {}

    def measure(self, id: str) -> Tree | None:
        """A clean-room observation, by recording, check and key."""
        with self._using():
            row = self._one("SELECT observation FROM measures WHERE id = ?", id)
            return None if row is None else unpack(row)

    def add_measure(self, id: str, observation: Tree) -> None:
        self._keep("measures", id, pack(observation))

    def outcome(self, id: str) -> Tree | None:
        """What the student zone brought back on a content and its questions, if it is kept."""
        with self._using():
            row = self._one("SELECT outcome FROM outcomes WHERE id = ?", id)
            return None if row is None else unpack(zlib.decompress(row))

    def add_outcome(self, id: str, outcome: Tree) -> None:
        self._keep("outcomes", id, zlib.compress(pack(outcome), 3))

    def sources(self, lab: str, student_id: str | None = None) -> dict[str, list[str]]:
        """Student id → the code cells handed in, where they are kept; of one student if named."""
        with self._using() as db:
            rows = db.execute(
                "SELECT student_id, cells FROM entries"
                " JOIN sources ON digest = json_extract(person, '$.digest')"
                " WHERE lab = ?1 AND student_id = ifnull(?2, student_id)", (lab, student_id),
            )  # fmt: skip
            return {who: msgspec.json.decode(zlib.decompress(cells)) for who, cells in rows}

    def add_sources(self, digest: str, cells: Sequence[str]) -> None:
        plain = [c.encode("utf-8", "replace").decode() for c in cells]
        self._keep("sources", digest, zlib.compress(msgspec.json.encode(plain)))

    def place(self, digest: str) -> str:
        """What was given to ``grader grade`` when this content came; "" if it is not known."""
        return str(self._one("SELECT path FROM places WHERE digest = ?", digest) or "")

    def _keep(self, table: str, id: str, value: bytes) -> None:
        with self._using() as db:
            db.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", (id, value))

    # -------------------------------------------------------------- the class

    def enter(
        self, lab: str, entries: Sequence[tuple[str, Graded]], by: str = "", place: str = ""
    ) -> list[Change]:
        """Say who handed in what in this run; log every mark that changed.

        Whoever is not among `entries` keeps what they had.

        Args:
            entries: ``(unit, person)``; of `person`, what belongs to the student counts. A unit ""
                is nothing handed in.
            place: what was given to ``grader grade``.

        Returns:
            The marks that moved, new ones included.
        """
        who = [p.student_id for _, p in entries]
        with self._using() as db, _logged(db, lab, by, who) as changes:
            for unit, person in entries:
                row = (lab, person.student_id, unit, person.to_json())
                db.execute("REPLACE INTO entries VALUES (?, ?, ?, ?)", row)
                if place and person.digest:
                    db.execute("REPLACE INTO places VALUES (?, ?)", (person.digest, place))
        return changes

    def rename(self, lab: str, old: str, new: str) -> None:
        """A student known by name alone gets the platform's identifier, decisions included."""
        with self._using() as db:
            both = (new, lab, old)
            for table in ("entries", "reviews", "second_reviews", "requests"):
                db.execute(f"UPDATE {table} SET student_id=? WHERE lab=? AND student_id=?", both)
            db.execute(
                'INSERT INTO decisions (at, "by", lab, student_id, check_id, points, reason, kind)'
                ' SELECT at, "by", lab, ?, check_id, points, reason, kind FROM decisions'
                " WHERE lab = ? AND student_id = ? ORDER BY id", both,
            )  # fmt: skip

    def labs(self) -> list[str]:
        with self._using() as db:
            return [r[0] for r in db.execute("SELECT DISTINCT lab FROM entries ORDER BY lab")]

    def graded(self, lab: str) -> list[Graded]:
        """The class, in no promised order; namesakes get their identifiers behind the name."""
        with self._using() as db:
            found = list(_rows(db, lab))
        names = Counter(g.student.casefold() for g in found)
        return [
            g
            if names[g.student.casefold()] == 1
            else replace(g, student=f"{g.student} ({g.student_id})")
            for g in found
        ]

    def log(self) -> list[dict[str, Any]]:
        """Every change of a mark, oldest first; ``why`` is a `Text`."""
        with self._using() as db:
            rows = [dict(r) for r in db.execute("SELECT * FROM log ORDER BY id")]
        return [{**r, "why": _text(r["why"])} for r in rows]

    # -------------------------------------------------------------- what people decide

    def decide(
        self, lab: str, student_id: str, kind: Literal["mark", "standing", "comment", "curve"],
        check: str, points: float | None, reason: str, by: str, told: Text | None = None,
    ) -> list[Change]:  # fmt: skip
        """Set a mark, a standing, a comment (of one student) or the curve (of the class).

        The last word on each holds. It is logged whether or not a mark moves.

        Args:
            student_id: "" for the curve.
            check: the check, "" for the total; the standing; the curve as JSON.
            points: None takes an earlier mark back.
            told: what the log says of it, if not the reason.

        Returns:
            The marks that moved.
        """
        only = [student_id] if student_id else None
        why = told or same(reason)
        with self._using() as db, _logged(db, lab, by, only, why, always=bool(only)) as changes:
            db.execute(
                'INSERT INTO decisions (at, "by", lab, student_id, check_id, points, reason, kind)'
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (_now(), by, lab, student_id, check, points, reason, kind),
            )
        return [c for c in changes if c.before != c.after]

    def ask(self, lab: str, student_id: str, check: str, text: str, at: str = "") -> bool:
        """Keep a request for another look; False if it is there already."""
        with self._using() as db:
            done = db.execute(
                "INSERT OR IGNORE INTO requests (at, lab, student_id, check_id, text)"
                " VALUES (?, ?, ?, ?, ?)", (at or _now(), lab, student_id, check, text),
            )  # fmt: skip
            return done.rowcount > 0

    def answer(self, lab: str, id: int, answer: str, by: str) -> str:
        """Answer a request; whose it is, "" if there is none of that number."""
        with self._using() as db:
            row = db.execute(
                'UPDATE requests SET answer = ?, "by" = ? WHERE id = ? AND lab = ?'
                " RETURNING student_id", (answer, by, id, lab),
            ).fetchone()  # fmt: skip
        return "" if row is None else str(row[0])

    # -------------------------------------------------------------- answers read by a person

    def rubric(self, lab: str, check: str) -> list[Item]:
        """The items of a question, in the order in which they were made."""
        with self._using() as db:
            return list(_rubrics(db, lab).get(check, {}).values())

    def add_item(self, lab: str, check: str, said: Text, points: float) -> int:
        return int(
            self._one(
                "INSERT INTO rubric (lab, check_id, text, points) VALUES (?, ?, ?, ?) RETURNING id",
                lab, check, _json(said), points,
            )
        )  # fmt: skip

    def change_item(self, lab: str, id: int, said: Text, points: float, by: str) -> list[Change]:
        """Change an item; every mark that it gave moves with it.

        Raises:
            KeyError: the lab has no such item.
        """
        why = gettext("rubric changed")
        with self._using() as db, _logged(db, lab, by, why=why) as changes:
            done = db.execute(
                "UPDATE rubric SET text = ?, points = ? WHERE id = ? AND lab = ?",
                (_json(said), points, id, lab),
            )
        if not done.rowcount:
            raise KeyError(id)
        return changes

    def snippets(self, lab: str) -> list[str]:
        """Comments kept for use again, oldest first."""
        with self._using() as db:
            rows = db.execute("SELECT text FROM snippets WHERE lab = ? ORDER BY id", (lab,))
            return [r[0] for r in rows]

    def add_snippet(self, lab: str, said: str) -> None:
        with self._using() as db:
            db.execute("DELETE FROM snippets WHERE lab = ? AND text = ?", (lab, said))
            db.execute("INSERT INTO snippets (lab, text) VALUES (?, ?)", (lab, said))

    def reviews(self, lab: str, check: str, second: bool = False) -> dict[str, Review]:
        """Student id → how their answer was read, by the first reader or the second."""
        with self._using() as db:
            found = _reviews(db, lab, "second_reviews" if second else "reviews")
        return {who: by[check] for who, by in found.items() if check in by}

    def review(
        self, lab: str, check: str, states: Mapping[str, Review], by: str, typing: bool = False
    ) -> None:
        """Keep how answers were read; one step, that `undo` takes back.

        Args:
            states: student id → review.
            typing: a further letter of a comment: no step of its own behind another such.
        """
        why = gettext("{c} read", c=check)
        with self._using() as db, _logged(db, lab, by, list(states), why):
            known = _reviews(db, lab)
            before = {who: known.get(who, {}).get(check) for who in states}
            last = _newest_step(db, lab, check)
            same_step = typing and last is not None and last["typing"]
            if not (same_step and set(msgspec.json.decode(last["before"])) == set(states)):
                db.execute(
                    "INSERT INTO review_steps (lab, check_id, before, typing) VALUES (?, ?, ?, ?)",
                    (lab, check, _json(before), typing),
                )
            _put_reviews(db, lab, check, states)

    def review_again(self, lab: str, check: str, states: Mapping[str, Review]) -> None:
        """Keep how a second reader read answers; no mark comes of it."""
        with self._using() as db:
            _put_reviews(db, lab, check, states, "second_reviews")

    def undo(self, lab: str, check: str, by: str) -> list[str]:
        """Take back the last step of a question; whose answers it was about, [] if there is none."""
        with self._using() as db:
            step = _newest_step(db, lab, check)
            if step is None:
                return []
            before = msgspec.json.decode(step["before"], type=dict[str, Review | None])
            with _logged(db, lab, by, list(before), gettext("{c}: undone", c=check)):
                _put_reviews(db, lab, check, before)
                db.execute("DELETE FROM review_steps WHERE id = ?", (step["id"],))
            return list(before)


# What belongs to the student rather than to the content that was graded.
_PERSON = (
    "student", "student_id", "origin", "lang", "receipt", "submitted_at", "attempts", "late",
    "members", "notices", "group",
)  # fmt: skip


def _rows(
    db: sqlite3.Connection, lab: str, only: Collection[str] | None = None
) -> Iterator[Graded]:
    """The class with what people decided."""
    rubrics, reviews, requests = _rubrics(db, lab), _reviews(db, lab), _requests(db, lab)
    decisions, curve = _decisions(db, lab)
    statement = (
        "SELECT entries.student_id AS who, graded, person FROM entries"
        " LEFT JOIN units ON units.id = unit WHERE entries.lab = ? ORDER BY entries.student_id"
    )
    for who, unit, entry in db.execute(statement, (lab,)):
        if only is not None and who not in only:
            continue
        person = msgspec.json.decode(entry, type=Graded)
        found = person
        if unit is not None:
            found = msgspec.json.decode(unit, type=Graded)
            # A submission that cannot be graded carries its notices in both.
            notices = tuple(dict.fromkeys((*person.notices, *found.notices)))
            own = {name: getattr(person, name) for name in _PERSON} | {"notices": notices}
            found = replace(found, **own)
        found = replace(found, curve=curve, requests=tuple(requests.get(who, ())))
        found = reviewed(found, reviews.get(who, {}), rubrics)
        found = decided(found, decisions.get(who, ()))
        if found.settled != "removed":
            yield found


def _rubrics(db: sqlite3.Connection, lab: str) -> dict[str, dict[int, Item]]:
    found: dict[str, dict[int, Item]] = {}
    for row in db.execute("SELECT * FROM rubric WHERE lab = ? ORDER BY id", (lab,)):
        item = Item(row["id"], _text(row["text"]), row["points"])
        found.setdefault(row["check_id"], {})[row["id"]] = item
    return found


def _reviews(
    db: sqlite3.Connection, lab: str, table: str = "reviews"
) -> dict[str, dict[str, Review]]:
    """Student id → check → review."""
    found: dict[str, dict[str, Review]] = {}
    for row in db.execute(f"SELECT * FROM {table} WHERE lab = ?", (lab,)):
        review = msgspec.json.decode(row["state"], type=Review)
        found.setdefault(row["student_id"], {})[row["check_id"]] = review
    return found


def _newest_step(db: sqlite3.Connection, lab: str, check: str) -> Any:
    statement = "SELECT * FROM review_steps WHERE lab=? AND check_id=? ORDER BY id DESC LIMIT 1"
    return db.execute(statement, (lab, check)).fetchone()


def _put_reviews(
    db: sqlite3.Connection,
    lab: str,
    check: str,
    states: Mapping[str, Review | None],
    table: str = "reviews",
) -> None:
    for who, state in states.items():
        if state is None:
            statement = f"DELETE FROM {table} WHERE lab = ? AND student_id = ? AND check_id = ?"
            db.execute(statement, (lab, who, check))
        else:
            row = (lab, who, check, _json(state))
            db.execute(f"REPLACE INTO {table} VALUES (?, ?, ?, ?)", row)


def _requests(db: sqlite3.Connection, lab: str) -> dict[str, list[Request]]:
    """Student id → the other looks asked for, oldest first."""
    found: dict[str, list[Request]] = {}
    for r in db.execute("SELECT * FROM requests WHERE lab = ? ORDER BY id", (lab,)):
        request = Request(r["id"], r["check_id"], r["text"], r["at"], r["answer"], r["by"])
        found.setdefault(r["student_id"], []).append(request)
    return found


def _decisions(db: sqlite3.Connection, lab: str) -> tuple[dict[str, list[Decision]], Curve | None]:
    """Student id → the decisions that hold, the last word on each; and the class's curve."""
    last: dict[tuple[str, str, str], Decision] = {}
    curve = None
    for r in db.execute("SELECT * FROM decisions WHERE lab = ? ORDER BY id", (lab,)):
        if r["kind"] == "curve":
            curve = msgspec.json.decode(r["check_id"], type=Curve | None)
            continue
        made = Decision(r["kind"], r["check_id"], r["points"], r["reason"], r["at"], r["by"])
        last[r["student_id"], r["kind"], r["check_id"] if r["kind"] == "mark" else ""] = made
    found: dict[str, list[Decision]] = {}
    for (who, _, _), made in last.items():
        found.setdefault(who, []).append(made)
    return found, curve


@contextmanager
def _logged(
    db: sqlite3.Connection, lab: str, by: str, only: Collection[str] | None = None,
    why: Text | None = None, always: bool = False,
) -> Iterator[list[Change]]:  # fmt: skip
    """Log the marks that what is done inside moves; they are in the list afterwards.

    Args:
        only: students that it may be about; None: all.
        why: what is said beside what moved.
        always: log it for all of `only`, whether or not a mark moves.
    """
    before = {g.student_id: g for g in _rows(db, lab, only)}
    changes: list[Change] = []
    yield changes
    for now in _rows(db, lab, only):
        old = before.get(now.student_id)
        marks = _mark(old), _mark(now)
        if old is not None and marks[0] == marks[1] and not always:
            continue
        said = gettext("graded") if old is None else _moved(old, now)
        if why is not None and old is not None:
            said = Text(f"{why.en} ({said.en})", f"{why.fr} ({said.fr})") if said.en else why
        changes.append(Change(now.student, now.student_id, *marks, said))
    at = _now()
    for c in changes:
        db.execute(
            'INSERT INTO log (at, lab, student_id, before, after, why, student, "by")'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (at, lab, c.student_id, c.before, c.after, _json(c.why), c.student, by),
        )


def _mark(graded: Graded | None) -> float | None:
    return graded.total if graded is not None and graded.counts else None


def _moved(old: Graded, new: Graded) -> Text:
    """What moved a mark: checks, lateness, a total set by hand, another submission."""
    before = {v.check: v.points for v in old.verdicts}
    moved = [
        same(f"{v.check} {before.get(v.check, 0):g}→{v.points:g}")
        for v in new.verdicts
        if before.get(v.check) != v.points
    ]
    if len(moved) > 8:
        moved = [*moved[:8], ngettext("+{n} more", "+{n} more", len(moved) - 8)]
    if old.penalty != new.penalty:
        moved.append(gettext("late −{a:g}→−{b:g}", a=old.penalty, b=new.penalty))
    if old.total_by_hand != new.total_by_hand:
        by_hand = new.total_by_hand is not None
        moved.append(gettext("total by hand") if by_hand else gettext("total no longer by hand"))
    if old.standing != new.standing:
        moved.append(gettext("{a}→{b}", a=STANDING[old.standing], b=STANDING[new.standing]))
    said = Text(", ".join(m.en for m in moved), ", ".join(m.fr for m in moved))
    return said if old.digest == new.digest else gettext("another submission: {s}", s=said)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _text(stored: str) -> Text:
    """A text as it is stored; of an earlier version, one language."""
    return msgspec.json.decode(stored, type=Text) if stored.startswith('{"en"') else same(stored)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
