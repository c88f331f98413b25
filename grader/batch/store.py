"""Where verdicts live, from the moment they are known: SQLite by default, any database of SQLAlchemy's by its URL.

A verdict is found by what determines it (see `keys`), so that nothing is graded twice and nothing stale is used. A
verdict that is our fault is never kept.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from grader.errors import UsageError
from grader.verdict import Verdict

FORMAT = 2
"""Of the tables; part of their name, so that another version of the grader makes its own beside them."""
AT_ONCE = 400
"""Values in one condition of a query, well below what databases allow."""
Item = TypeVar("Item")
METADATA = sa.MetaData()
VERDICTS = sa.Table(
    f"verdicts_{FORMAT}",
    METADATA,
    sa.Column("source", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("check_id", sa.String(200), nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("kind", sa.String(80), nullable=False),
    sa.Column("duration_s", sa.Float, nullable=False),
    sa.Column("isolation", sa.String(16), nullable=False),
    sa.Column("misconception", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one check on one file, and how the file was confined."""

    verdict: Verdict
    message: str
    kind: str
    duration_s: float
    isolation: str
    misconception: str = ""


class Store:
    """Verdicts by the digest of a submission's file and the key of a check."""

    def __init__(self, url: str) -> None:
        """Open or make it; raises UsageError if there is no such database."""
        self._shown = _without_password(url)
        try:
            self._engine = sa.create_engine(url)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _settle_sqlite)
            METADATA.create_all(self._engine)
            self._connection = self._engine.connect()
        except (ArgumentError, NoSuchModuleError):
            raise UsageError(
                f"--store {self._shown}: is no database address; `sqlite:///FILE` and "
                "`postgresql+psycopg://USER@HOST/NAME` are"
            ) from None
        except ModuleNotFoundError as error:
            raise UsageError(f"--store {self._shown}: needs the package `{error.name}`; install it") from None
        except SQLAlchemyError as error:
            raise self._unusable(error) from None

    @classmethod
    def at(cls, path: Path) -> Self:
        """The one in a file of SQLite's."""
        return cls(f"sqlite:///{path}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()
        self._engine.dispose()

    def is_empty(self) -> bool:
        """Whether no verdict was ever kept."""
        return not self._execute(sa.select(VERDICTS.c.key).limit(1))

    def find(self, sources: Collection[str], keys: Mapping[str, str]) -> dict[str, dict[str, Kept]]:
        """What is known of files, by the digest of each and by check; `keys` are the wanted checks' by their ids."""
        ids = {key: check_id for check_id, key in keys.items()}
        found: dict[str, dict[str, Kept]] = {source: {} for source in sources}
        columns = VERDICTS.c
        wanted = (columns.source, columns.key, columns.verdict, columns.message, columns.kind)
        for some_sources in slices(list(found), AT_ONCE):
            for some_keys in slices(list(ids), AT_ONCE):
                query = sa.select(*wanted, columns.duration_s, columns.isolation, columns.misconception).where(
                    columns.source.in_(some_sources), columns.key.in_(some_keys)
                )
                for source, key, verdict, *rest in self._execute(query):
                    found[source][ids[key]] = Kept(Verdict(verdict), *rest)
        return found

    def keep(self, source: str, keys: Mapping[str, str], verdicts: Mapping[str, Kept]) -> None:
        """Write down the verdicts on a file, all or none; what is known stays as it is."""
        rows = [
            {
                "source": source,
                "key": keys[check_id],
                "check_id": check_id,
                "verdict": kept.verdict.value,
                "message": kept.message.replace("\0", "?"),  # PostgreSQL has no place for it
                "kind": kept.kind,
                "duration_s": kept.duration_s,
                "isolation": kept.isolation,
                "misconception": kept.misconception,
            }
            for check_id, kept in verdicts.items()
            if kept.verdict is not Verdict.BROKEN
        ]
        if rows:
            self._execute(self._insert(), rows)

    def _insert(self) -> sa.Insert:
        from sqlalchemy.dialects import postgresql, sqlite

        dialect = self._engine.dialect.name
        if dialect == "postgresql":
            return postgresql.insert(VERDICTS).on_conflict_do_nothing()
        if dialect == "sqlite":
            return sqlite.insert(VERDICTS).on_conflict_do_nothing()
        return sa.insert(VERDICTS)

    def _execute(
        self, statement: sa.Executable, rows: Sequence[Mapping[str, object]] | None = None
    ) -> list[sa.Row[*tuple[Any, ...]]]:
        try:
            with self._connection.begin():
                done = self._connection.execute(statement, rows) if rows else self._connection.execute(statement)
                return list(done) if done.returns_rows else []
        except SQLAlchemyError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: SQLAlchemyError) -> UsageError:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return UsageError(f"--store {self._shown}: cannot be used ({reason})")


def _settle_sqlite(connection: "sa.engine.interfaces.DBAPIConnection", _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")  # what is committed survives a killed process
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _without_password(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url


def slices(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in their order, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))
