"""The application starts and guards its pages."""

from tests.factories import People


def test_a_visitor_is_sent_to_sign_in(people: People) -> None:
    answer = people.client().get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in")


def test_a_member_sees_home(people: People) -> None:
    answer = people.client(people.member()).get("/")
    assert answer.status_code == 200
    assert "Courses" in answer.get_data(as_text=True)
