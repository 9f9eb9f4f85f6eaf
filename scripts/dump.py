"""A PostgreSQL database into one file and back, by PostgreSQL's own programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

FILE = "weike.dump"  # in the instance folder of a backup
LONGEST = 12 * 3600  # seconds that one of the programs may take
INDEX = "weike_search*"  # the schemas of the search index, which is made again


class NotDone(Exception):
    """Why a database was not written or read, in one sentence."""


def _environment(url: str) -> dict[str, str]:
    """How its programs find a database; a password in a command line could be read by all."""
    parts = make_url(url)
    said = {
        "PGHOST": parts.host or str(parts.query.get("host", "")),
        "PGPORT": str(parts.port or parts.query.get("port", "")),
        "PGUSER": parts.username or "",
        "PGPASSWORD": str(parts.password or ""),
        "PGDATABASE": parts.database or "",
        "PGSSLMODE": str(parts.query.get("sslmode", "")),
    }
    return os.environ | {name: value for name, value in said.items() if value}


def _run(url: str, *command: str) -> None:
    try:
        subprocess.run(
            command,
            env=_environment(url),
            check=True,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
    except FileNotFoundError:
        raise NotDone(
            f"{command[0]} is missing. Install PostgreSQL's programs: "
            "apt-get install postgresql-client"
        ) from None
    except subprocess.TimeoutExpired as error:
        raise NotDone(f"{command[0]} did not end within {LONGEST // 3600} hours") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"it ended with {error.returncode}"]
        raise NotDone(f"{command[0]}: {lines[0]}") from error


def _asked(url: str, question: str) -> list[str]:
    engine = create_engine(url)
    try:
        with engine.connect() as link:
            return [str(row[0]) for row in link.execute(text(question))]
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise NotDone(f"the database does not answer ({reason})") from error
    finally:
        engine.dispose()


def write(url: str, target: Path) -> str:
    """Everything but the search index, as it is at this moment; the migration that it is of."""
    (migration,) = _asked(url, "SELECT version_num FROM alembic_version") or [""]
    options = ("--format=custom", f"--exclude-schema={INDEX}", f"--file={target}")
    _run(url, "pg_dump", *options, "--no-owner", "--no-privileges")
    return migration


def refuse_unless_empty(url: str) -> None:
    """Raises NotDone when there is a table already."""
    others = "'pg_catalog', 'information_schema'"
    found = _asked(url, f"SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ({others})")
    if found != ["0"]:
        raise NotDone(
            f"the database {make_url(url).database} is not empty. Make a new one (createdb), name "
            "it in WEIKE_DATABASE_URL and restore into that: what you have stays where it is"
        )


def read(url: str, source: Path) -> None:
    """All of it, or nothing."""
    options = ("--single-transaction", "--exit-on-error", "--no-comments")
    target = f"--dbname={make_url(url).database}"
    _run(url, "pg_restore", *options, "--no-owner", "--no-privileges", target, str(source))
