"""The tree of branches grows, moves and shrinks without ever coming apart."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.core.db import unit_of_work
from app.core.refusals import Refusal
from app.members import service
from app.members.models import Branch
from app.members.rules import DEEPEST
from tests.factories import People, csrf


def post(client: FlaskClient, path: str, **form: object) -> TestResponse:
    return client.post(path, data=form, headers=csrf(client))


def tree(people: People) -> dict[int, tuple[int | None, str, str]]:
    with people.app.app_context(), unit_of_work() as session:
        return {b.id: (b.parent_id, b.name, b.path) for b in session.query(Branch)}


def is_sound(rows: dict[int, tuple[int | None, str, str]]) -> bool:
    """Whether every path is its parent's path and its own id."""
    return all(
        path == (f"{rows[parent][2]}{i}/" if parent else f"/{i}/")
        for i, (parent, _, path) in rows.items()
    )


@pytest.fixture
def admin(people: People) -> FlaskClient:
    return people.client(people.member("Admin", role="administrator"))


def test_a_branch_is_added_renamed_and_removed(people: People, admin: FlaskClient) -> None:
    answer = post(admin, "/admin/branches", name=" 一支部 ", parent_id=people.root)
    assert answer.status_code == 303
    added = max(tree(people))
    assert tree(people)[added] == (people.root, "一支部", f"/{people.root}/{added}/")
    assert "一支部" in admin.get("/admin/branches").get_data(as_text=True)
    answer = post(admin, f"/admin/branches/{added}/rename", name="二支部")
    assert answer.status_code == 303
    assert tree(people)[added][1] == "二支部"
    assert post(admin, f"/admin/branches/{added}/remove").status_code == 303
    assert added not in tree(people)


def test_a_move_takes_everything_below_along(people: People, admin: FlaskClient) -> None:
    a, b = people.branch("A"), people.branch("B")
    a1 = people.branch("A1", parent=a)
    a11 = people.branch("A11", parent=a1)
    anna = people.member(branch=a11)
    assert post(admin, f"/admin/branches/{a1}/move", parent_id=b).status_code == 303
    assert is_sound(tree(people))
    assert people.reader(anna).branch_path == (people.root, b, a1, a11)
    organizer = people.reader(people.member(organizes=a))
    assert not organizer.may_organize(people.reader(anna).branch_path)


def test_a_branch_is_not_moved_below_itself(people: People, admin: FlaskClient) -> None:
    a = people.branch("A")
    below = people.branch("A1", parent=a)
    before = tree(people)
    for parent in (a, below):
        assert post(admin, f"/admin/branches/{a}/move", parent_id=parent).status_code == 422
    assert post(admin, f"/admin/branches/{people.root}/move", parent_id=a).status_code == 422
    assert tree(people) == before


def test_only_an_empty_branch_is_removed(people: People, admin: FlaskClient) -> None:
    with_child, with_member, with_organizer = (people.branch() for _ in range(3))
    people.branch(parent=with_child)
    people.member(branch=with_member, active=False)
    people.member(organizes=with_organizer)
    for branch in (with_child, with_member, with_organizer, people.root):
        assert post(admin, f"/admin/branches/{branch}/remove").status_code == 422
        assert branch in tree(people)
    empty = people.branch()
    assert post(admin, f"/admin/branches/{empty}/remove").status_code == 303
    assert post(admin, f"/admin/branches/{empty}/remove").status_code == 404


def test_siblings_have_different_names(people: People, admin: FlaskClient) -> None:
    a, b = people.branch("Sales"), people.branch("Service")
    for same in ("sales", "ＳＡＬＥＳ", " Sales "):
        form = {"name": same, "parent_id": people.root}
        assert post(admin, "/admin/branches", **form).status_code == 422
        assert post(admin, f"/admin/branches/{b}/rename", name=same).status_code == 422
    assert post(admin, "/admin/branches", name="Sales", parent_id=a).status_code == 303
    assert post(admin, f"/admin/branches/{a}/rename", name="SALES").status_code == 303


def test_a_branch_that_a_course_is_for_is_not_removed(people: People) -> None:
    """Rooms above point at branches with foreign keys; the refusal is ours all the same."""
    from sqlalchemy import text

    branch = people.branch("A")
    with people.app.app_context(), unit_of_work() as session:
        session.execute(text("create table pointer (b integer references branch (id))"))
        session.execute(text("insert into pointer values (:b)"), {"b": branch})
    with people.app.app_context(), pytest.raises(Refusal) as refused, unit_of_work():
        service.remove_branch(branch)
    assert type(refused.value).__name__ == "BranchNotEmpty"
    assert branch in tree(people)


def test_the_tree_has_a_greatest_depth(people: People) -> None:
    at = people.root
    for number in range(DEEPEST - 1):
        with people.app.app_context(), unit_of_work():
            at = service.add_branch(f"L{number}", parent_id=at)
    side = people.branch("side")
    people.branch("below", parent=side)
    with people.app.app_context(), pytest.raises(Refusal), unit_of_work():
        service.add_branch("too deep", parent_id=at)
    with people.app.app_context(), pytest.raises(Refusal), unit_of_work():
        service.move_branch(side, parent_id=at)
    assert is_sound(tree(people))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=8))
def test_no_row_of_moves_takes_the_tree_apart(people: People, moves: list[tuple[int, int]]) -> None:
    while len(tree(people)) < 10:
        ids = sorted(tree(people)) or [people.root]
        people.branch(parent=ids[len(ids) // 2])
    ids = sorted(tree(people))
    for what, where in moves:
        try:
            with people.app.app_context(), unit_of_work():
                service.move_branch(ids[what], parent_id=ids[where])
        except Refusal:
            pass
        assert is_sound(tree(people))
