"""What can be done about learning: watch, be asked for courses, say how strictly they count."""

from app.learning.service.answering import Judged, answer
from app.learning.service.assigning import ask_again, assign, change, relieve, restore, withdraw
from app.learning.service.certifying import (
    certify_due,
    give_certificate,
    reissue_certificate,
    renew_certificate,
    revoke_certificate,
    take_certificate,
)
from app.learning.service.facts import quiz_passed, quiz_taken_back, title_and_theme
from app.learning.service.paths import (
    add_step,
    edit_path,
    make_path,
    move_step,
    publish_path,
    refresh_paths,
    remove_step,
    withdraw_path,
)
from app.learning.service.reminding import Told, tell, words_of_today
from app.learning.service.reporting import report_spans
from app.learning.service.strictness import set_needs, set_watching
from app.learning.service.visiting import VisitState, open_visit, present

__all__ = [
    "Judged",
    "Told",
    "VisitState",
    "add_step",
    "answer",
    "ask_again",
    "assign",
    "certify_due",
    "change",
    "edit_path",
    "give_certificate",
    "make_path",
    "move_step",
    "open_visit",
    "present",
    "publish_path",
    "quiz_passed",
    "quiz_taken_back",
    "refresh_paths",
    "reissue_certificate",
    "relieve",
    "remove_step",
    "renew_certificate",
    "report_spans",
    "restore",
    "revoke_certificate",
    "set_needs",
    "set_watching",
    "take_certificate",
    "tell",
    "title_and_theme",
    "withdraw",
    "withdraw_path",
    "words_of_today",
]
