"""A member who takes a quiz through its pages, and reads the paper from their HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from werkzeug.test import TestResponse

from tests.factories import People, csrf
from tests.learning.lessons import Made

_FIELDSET = re.compile(r'<fieldset class="question".*?</fieldset>', re.DOTALL)
_OPTION = re.compile(
    r'<input class="form-check-input" type="(radio|checkbox)" name="q(\d+)" value="([^"]+)"([^>]*)>'
    r"\s*<span[^>]*>(.*?)</span>",
    re.DOTALL,
)


@dataclass(frozen=True)
class Item:
    """One question as the page shows it: its id, {text: name} of its options, what is ticked."""

    id: int
    options: dict[str, str]
    ticked: list[str]
    saved: int

    def named(self, *texts: str) -> list[str]:
        """The names of the options whose text ends so."""
        found = [n for t, n in self.options.items() if any(t.endswith(x) for x in texts)]
        assert len(found) == len(texts), (texts, self.options)
        return found


class Taker:
    """Signed in as a member; a new one unless an id is given."""

    def __init__(self, people: People, course: Made, member: int | None = None) -> None:
        self.course = course
        self.member = member or people.member()
        self.client = people.client(self.member)
        self.headers = csrf(self.client)

    @property
    def url(self) -> str:
        return f"/courses/{self.course.slug}/quiz"

    def start(self) -> TestResponse:
        return self.client.post(f"{self.url}/start", headers=self.headers)

    def page(self) -> str:
        return self.client.get(self.url).get_data(as_text=True)

    def paper(self) -> list[Item]:
        return read_paper(self.page())

    @property
    def attempt(self) -> int:
        return int(re.search(r"/attempts/(\d+)/submit", self.page()).group(1))

    def save(self, answers: dict[int, list[str]], *, attempt: int | None = None, **more: str):
        return self.client.post(
            f"/attempts/{attempt or self.attempt}/answers",
            data={**form_of(answers), **more},
            headers={**self.headers, "Accept": "application/json"},
        )

    def submit(self, answers: dict[int, list[str]], *, attempt: int | None = None, **more: str):
        return self.client.post(
            f"/attempts/{attempt or self.attempt}/submit",
            data={**form_of(answers), **more},
            headers=self.headers,
        )

    def right_answers(self) -> dict[int, list[str]]:
        first, second, third = self.paper()
        return {
            first.id: first.named("call for help"),
            second.id: second.named("stay low", "cover your mouth"),
            third.id: third.named("False"),
        }


def form_of(answers: dict[int, list[str]]) -> dict[str, list[str]]:
    """As the form sends it: an empty value first, so that nothing ticked is said too."""
    return {f"q{item}": ["", *names] for item, names in answers.items()}


def read_paper(page: str) -> list[Item]:
    items = []
    for block in _FIELDSET.findall(page):
        options, ticked = {}, []
        for _, _item, name, rest, text in _OPTION.findall(block):
            options[unescape(text)] = name
            if " checked" in rest:
                ticked.append(name)
        item = int(re.search(r'data-item="(\d+)"', block).group(1))
        saved = int(re.search(r'name="v\d+" value="(\d+)"', block).group(1))
        items.append(Item(item, options, ticked, saved))
    return items
