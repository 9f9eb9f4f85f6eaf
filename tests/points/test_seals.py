"""Daily seals: what is taken out of the ledger shows, even with the ends of the chains."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from flask import Flask

from app.core import jobs
from app.core.db import db, unit_of_work
from app.points import queries, service
from app.points.rules import merkle_root
from app.points.rules.seals import EMPTY
from tests.factories import People
from tests.points.ledger import Ledger, at, shanghai
from tests.points.test_verify import ENTRY, Copy


@pytest.fixture
def sealed(app: Flask, people: People, ledger: Ledger) -> Flask:
    """Three members on three days; two days are sealed."""
    members = [people.member() for _ in range(3)]
    for day in (2, 3, 5):
        for member in members:
            ledger.earn(member, when=shanghai(2026, 3, day))
    seal(app, shanghai(2026, 3, 5, 23))
    return app


def seal(app: Flask, when) -> list:
    with at(when), app.app_context(), unit_of_work():
        return service.seal_days()


@pytest.fixture
def copy(sealed: Flask, tmp_path: Path) -> Copy:
    return Copy(sealed, tmp_path / "copy")


def test_days_are_sealed_once_when_they_are_over(
    app: Flask, people: People, ledger: Ledger
) -> None:
    member = people.member()
    ledger.earn(member, when=shanghai(2026, 3, 2))
    ledger.earn(member, when=shanghai(2026, 3, 4, 23, 59, 59))
    assert seal(app, shanghai(2026, 3, 2, 23, 59)) == []
    assert [str(day) for day in seal(app, shanghai(2026, 3, 3))] == ["2026-03-02"]
    assert seal(app, shanghai(2026, 3, 4, 23, 59)) == []
    assert [str(day) for day in seal(app, shanghai(2026, 3, 5, 0, 1))] == ["2026-03-04"]
    with app.app_context():
        first, second = queries.seals()
        db.session.remove()
    assert second.previous == first.seal
    assert (first.entries, second.entries) == (1, 1)


def test_the_worker_seals(app: Flask, people: People, ledger: Ledger) -> None:
    ledger.earn(people.member(), when=shanghai(2026, 3, 2))
    with app.app_context(), unit_of_work():
        jobs.enqueue("points.seal", key="points.seal")
    jobs.run_pending(app)
    with app.app_context():
        assert len(queries.seals()) == 1
        db.session.remove()


def test_a_sealed_ledger_is_whole(copy: Copy) -> None:
    code, told = copy.verify()
    assert code == 0
    assert "Sealed days: 2." in told


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        # A member taken out with everything that belongs to it.
        (
            [
                f"DELETE FROM {ENTRY} WHERE member_id = 2",
                "DELETE FROM ledger_head WHERE member_id = 2",
                "DELETE FROM standing WHERE member_id = 2",
                "DELETE FROM branch_share WHERE member_id = 2",
            ],
            "truncated: 1 of 3 entries sealed on 2026-03-02 are gone",
        ),
        (["UPDATE ledger_seal SET root = 'x' WHERE day = '2026-03-02'"], "forged: the seal of"),
        (["UPDATE ledger_seal SET entries = 2"], "forged: the seal of 2026-03-02 is false"),
        (
            ["DELETE FROM ledger_seal WHERE day = '2026-03-02'"],
            "deleted: a seal before that of 2026-03-03 is gone",
        ),
        (
            [f"UPDATE {ENTRY} SET hash = '{'0' * 64}' WHERE member_id = 2 AND seq = 1"],
            "edited: the entries of 2026-03-02 are not those that were sealed",
        ),
        (
            [
                (
                    f"UPDATE {ENTRY} SET recorded_at = '2026-03-02 01:00:00.000000' "
                    "WHERE member_id = 2 AND seq = 3"
                )
            ],
            "inserted: 1 entries were added to 2026-03-02 after it was sealed",
        ),
    ],
)
def test_verify_tells_what_happened_to_a_sealed_day(
    copy: Copy, statements: list[str], says: str
) -> None:
    copy.tamper(*statements)
    code, told = copy.verify()
    assert code == 1
    assert says in told


def test_seals_that_were_given_out_prove_what_was_cut_off(copy: Copy, tmp_path: Path) -> None:
    paper = tmp_path / "seals.csv"
    paper.write_text(copy.run("points", "seals")[1])
    assert copy.run("points", "verify", "--against", str(paper))[0] == 0
    # Somebody goes back to the evening of the first day, seals and all.
    copy.tamper(
        f"DELETE FROM {ENTRY} WHERE seq > 1",
        "DELETE FROM ledger_seal WHERE day > '2026-03-02'",
    )
    code, told = copy.run("points", "verify", "--against", str(paper))
    assert code == 1
    assert "truncated: the seal of 2026-03-03 was given out and is not here any more" in told
    paper.write_text("something else")
    assert "no list of seals" in copy.run("points", "verify", "--against", str(paper))[1]


def test_the_page_of_seals_is_for_organizers_and_the_file_is_what_verify_reads(
    sealed: Flask, people: People, tmp_path: Path
) -> None:
    client = people.client(people.member(organizes=people.root))
    page = client.get("/points/seals").get_data(as_text=True)
    with sealed.app_context():
        newest = queries.seals()[-1].seal
        db.session.remove()
    assert newest in page
    paper = tmp_path / "seals.csv"
    paper.write_bytes(client.get("/points/seals/export").data)
    copy = Copy(sealed, tmp_path / "other")
    assert copy.run("points", "verify", "--against", str(paper))[0] == 0
    assert people.client(people.member()).get("/points/seals").status_code == 404


def test_the_root_is_that_of_rfc_6962() -> None:
    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\1" + left + right).digest()

    leaves = [bytes([n]) * 32 for n in range(5)]
    hashed = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    three = node(node(hashed[0], hashed[1]), hashed[2])
    four = node(node(hashed[0], hashed[1]), node(hashed[2], hashed[3]))
    assert merkle_root([]) == EMPTY
    assert merkle_root(leaves[:1]) == hashed[0].hex()
    assert merkle_root(leaves[:3]) == three.hex()
    assert merkle_root(leaves) == node(four, hashed[4]).hex()


def test_entries_recorded_late_belong_to_the_day_of_their_recording(
    app: Flask, people: People, ledger: Ledger
) -> None:
    member = people.member()
    ledger.earn(member, when=shanghai(2026, 3, 2))
    seal(app, shanghai(2026, 3, 3))
    with at(shanghai(2026, 3, 3, 9)), app.app_context(), unit_of_work():
        service.credit(
            member_id=member,
            reason="lesson",
            source="late",
            occurred_at=shanghai(2026, 3, 2, 20),
        )
    seal(app, shanghai(2026, 3, 4))
    assert app.test_cli_runner().invoke(args=["points", "verify"]).exit_code == 0
