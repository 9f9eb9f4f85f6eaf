"""The address book: where things stand, so that a room can link to a page on a floor above it.

A test proves that every address leads to a route. Views of the same or lower rooms use `url_for`.
"""

from __future__ import annotations

from urllib.parse import quote

ADDRESSES = {
    "home": "/",
    "search": "/search",
    "alike": "/search/like/{kind}/{ref}",
    "found_in_notices": "/search/notices",
    "courses": "/courses",
    "theme": "/themes/{slug}",
    "course": "/courses/{slug}",
    "lesson": "/courses/{slug}/lessons/{lesson}",
    "quiz": "/courses/{slug}/quiz",
    "post": "/discussions/{post}",
    "discussion": "/discussions/lessons/{lesson}",
    "newest_questions": "/discussions/lessons/{lesson}/newest",
    "new_discussion": "/discussions/new",
    "desk_discussions": "/desk/discussions",
    "library": "/library",
    "document": "/library/{document}",
    "points": "/points",
    "desk_rewards": "/organizer/rewards",
    "me": "/me",
    "practice": "/practice",
    "notices": "/notices",
    "notice_choices": "/me/notices",
    "device": "/device",
    "certificates": "/certificates",
    "organizer_certificates": "/organizer/certificates",
    "admin_certificates": "/admin/certificates",
    "welcome": "/welcome",
    "organizer": "/organizer",
    "organizer_completion": "/organizer/completion",
    "organizer_assignments": "/organizer/assignments",
    "organizer_members": "/organizer/members",
    "organizer_reports": "/organizer/reports",
    "audit": "/admin/log",
    "organisation_settings": "/admin/organisation",
    "desk": "/desk",
    "from_video": "/desk/courses/from-video",
    "desk_themes": "/desk/themes",
    "desk_recordings": "/desk/recordings",
    "failed_recordings": "/desk/recordings/failed",
    "desk_paths": "/desk/paths",
    "paths": "/paths",
    "path": "/paths/{path}",
    "desk_watching": "/desk/courses/{course}/watching",
    "exams": "/exams",
    "desk_appeal": "/desk/exams/{exam}/appeals/{appeal}",
    "exam": "/exams/{exam}",
    "attempt": "/attempts/{attempt}",
    "desk_exams": "/desk/exams",
    "desk_question": "/desk/questions/{question}",
    "desk_quiz": "/desk/courses/{course}/quiz",
    "quiz_answers": "/desk/courses/{course}/quiz/answers",
    "quiz_answer": "/desk/courses/{course}/quiz/answers/{question}",
    "desk_quiz_pick": "/desk/courses/{course}/quiz/pick",
    "question_figures": "/desk/question-figures",
    "question_uses": "/desk/question-uses",
    "question_page": "/library/questions/{question}",
    "pages_to_read": "/library/pages-to-read",
}


def address(thing: str, **parts: object) -> str:
    """The path of a thing's page: address("course", slug="fire-safety") → /courses/fire-safety."""
    return ADDRESSES[thing].format(**{k: quote(str(v), safe="") for k, v in parts.items()})
