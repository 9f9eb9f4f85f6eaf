"""What is written on documents: shown, searched, and obeyed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import clock
from app.core.db import db, unit_of_work
from app.core.jobs import run_pending
from app.library import rules, service
from app.library.jobs import follow_the_calendar
from tests.factories import People
from tests.library import files
from tests.library.conftest import Librarian
from tests.library.test_documents import text_of
from tests.statements import counted


def test_a_label_is_shown_and_searched(librarian: Librarian, member: FlaskClient) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Draft.pdf")
    answer = librarian.post(
        f"{address}/edit",
        title="Fire journal",
        collection=0,
        audience="all",
        authors="Zhang San",
        publisher="Fire Press",
        dated="2019-06",
        issue="No. 6",
        tags="safety， drills",
        summary="All about <hydrants>.",
        language="en",
    )
    assert answer.status_code == 302
    run_pending(librarian.app)
    page = text_of(member, address)
    for shown in ("Zhang San", "Fire Press", "2019-06 · No. 6", "drills", "&lt;hydrants&gt;"):
        assert shown in page
    assert "Zhang San · 2019-06 · No. 6" in text_of(member, "/library")
    for query in ("author:zhang", "year:2019", "drills", "Fire Press"):
        assert address in text_of(member, "/search", q=query), query
    assert address not in text_of(member, "/search", q="year:2020")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"dated": "soon"}, "Write the date as"),
        ({"dated": "2019-13"}, "Write the date as"),
        ({"valid_from": "2024-05-02", "valid_until": "2024-05-01"}, "must not be before"),
    ],
)
def test_a_label_with_a_mistake_comes_back(
    librarian: Librarian, fields: dict[str, str], sentence: str
) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Draft.pdf")
    fields = {"title": "T", "collection": "0", "audience": "all", **fields}
    answer = librarian.post(f"{address}/edit", **fields)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)


def test_dates_are_read_as_they_are_said() -> None:
    for said in ("2024", "2024-06", "2024-06-30", ""):
        assert rules.date_said(rules.date_of(said)) == said
    assert rules.date_of("2024年6月3日") == date(2024, 6, 3)
    assert rules.date_of("2024年") == date(2024, 1, 1)


def test_a_document_is_seen_on_its_days_only(
    app: Flask, librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Plan.pdf")
    librarian.post(
        f"{address}/edit",
        title="Plan",
        collection=0,
        audience="all",
        valid_from="2031-05-02",
        valid_until="2031-05-03",
    )
    for day, sees in ((1, False), (2, True), (3, True), (4, False)):
        moment = datetime(2031, 5, day, 6, tzinfo=UTC)
        with clock.use(lambda moment=moment: moment):
            with app.app_context():
                follow_the_calendar()
            run_pending(app)
            client = People(app).client(People(app).member())
            assert client.get(address).status_code == (200 if sees else 404), day
            assert (address in text_of(client, "/search", q="hydrants")) == sees, day
            assert (address in text_of(client, "/library")) == sees, day
            owner = People(app).client(librarian.id)
            assert "Readers do not see" in text_of(owner, address) or sees


def test_after_its_last_day_search_knows_nothing_of_it_also_without_a_worker(
    librarian: Librarian,
) -> None:
    people = People(librarian.app)
    addresses = [librarian.upload(files.pdf("Hydrants"), "Plan.pdf")]
    addresses.append(librarian.upload(files.pdf("Hydrants and hoses"), "Planning.pdf"))
    fields = {"title": "Plan", "collection": 0, "audience": "all"}
    librarian.post(f"{addresses[0]}/edit", **fields, valid_until="2031-05-03")
    run_pending(librarian.app)
    for day, seen in ((3, 2), (4, 1)):
        with clock.use(lambda day=day: datetime(2031, 5, day, 6, tzinfo=UTC)):
            client = people.client(people.member())
            page = text_of(client, "/search", q="hydrants")
            assert [address in page for address in addresses] == [seen == 2, True], day
            assert f'<span class="chip chip-neutral">{seen}</span>' in page, day
            suggested = text_of(client, "/search/suggest", q="plan")
            assert [address in suggested for address in addresses] == [seen == 2, True], day


def test_a_document_without_a_download_is_only_read(
    librarian: Librarian, member: FlaskClient
) -> None:
    address = librarian.upload(files.pdf("Hydrants"), "Plan.pdf")
    assert member.get(f"{address}/download", buffered=True).status_code == 200
    librarian.post(f"{address}/edit", title="Plan", collection=0, audience="all", read_only="y")
    assert member.get(f"{address}/download").status_code == 404
    assert "/download" not in text_of(member, address)
    assert librarian.client.get(f"{address}/download", buffered=True).status_code == 200


def test_pinned_documents_come_first_and_years_can_be_browsed(
    librarian: Librarian, member: FlaskClient
) -> None:
    with librarian.app.app_context(), unit_of_work():
        journal = service.add_collection("Journal")
    for number, year in ((1, "2019"), (9, "2020"), (10, "2020")):
        address = librarian.upload(files.pdf(f"Issue {number}"), f"I{number}.pdf")
        librarian.post(
            f"{address}/edit",
            title=f"Issue {number}",
            collection=journal,
            audience="all",
            dated=year,
            issue=f"No. {number}",
            **({"is_pinned": "y"} if number == 1 else {}),
        )
    page = text_of(member, "/library")
    assert page.index("Issue 1<") < page.index("Issue 10<") < page.index("Issue 9<")
    one = text_of(member, "/library", collection=journal, year=2020)
    assert "Issue 9" in one
    assert "Issue 1<" not in one
    assert ">2019</a>" in one
    assert one.count('class="issue-cover"') == 2  # the first page of each, by its issue
    assert one.index("No. 10") < one.index("No. 9")


def test_moving_a_collection_moves_what_its_name_finds(
    librarian: Librarian, member: FlaskClient
) -> None:
    with librarian.app.app_context(), unit_of_work():
        theory = service.add_collection("Theory")
        classics = service.add_collection("Classics", parent_id=theory)
    address = librarian.upload(files.pdf("Hydrants"), "Plan.pdf", collection=classics)
    assert address in text_of(member, "/search", q="collection:theory")
    librarian.post(f"/library/collections/{classics}", name="Classics", parent=0)
    run_pending(librarian.app)
    assert address not in text_of(member, "/search", q="collection:theory")
    assert address in text_of(member, "/search", q="collection:classics")
    with librarian.app.app_context():
        db.session.remove()


def test_a_longer_shelf_is_not_more_questions_to_the_database(
    app: Flask, librarian: Librarian, member: FlaskClient
) -> None:
    def asked(path: str) -> int:
        with counted(app) as statements:
            assert member.get(path).status_code == 200
        return len(statements)

    address = librarian.upload(files.pdf("Hydrants"), "a.pdf")
    paths = ("/library", address, f"{address}/read?q=hydrants")
    before = [asked(path) for path in paths]
    for number in range(3):
        librarian.upload(files.pdf(f"Hydrants {number}"), f"b{number}.pdf")
    assert [asked(path) for path in paths] == before
    assert max(before) <= 14
