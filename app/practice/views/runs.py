"""Practice by oneself: what there is, one question at a time, and how it went."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import clock, settings
from app.core.access import access
from app.core.errors import status_of
from app.core.i18n import current_language
from app.core.limits import limited
from app.core.refusals import NotThere
from app.members.access import AUTHOR, SIGNED_IN, is_easy, reader
from app.points.queries import book_at
from app.points.rules.streaks import streak
from app.practice import queries, rules, service
from app.practice.rules import Mode
from app.practice.views.door import bp, sent
from app.questions.rules import NotAnAnswer


@bp.get("/practice")
@access(SIGNED_IN)
def index() -> str:
    return _index("")


def _index(problem: str) -> str:
    who, now = reader(), clock.now()
    pool = queries.pool_for(who)
    today = settings.today()
    daily, weekly = f"daily:{today.isoformat()}", f"weekly:{rules.week_of(today)}"
    once = queries.runs_of(who.id, [daily, weekly])
    book = book_at(now)
    return render_template(
        "practice/index.html",
        pool=pool,
        notebook=queries.notebook_of(who.id, now, among=pool.all),
        daily=once.get(daily),
        weekly=once.get(weekly),
        row=streak(queries.days_done(who.id), today, book.is_rest).length,
        known=queries.known_of(who.id),
        best={mode: queries.best_of(who.id, mode) for mode in ("challenge", "sprint")},
        is_empty=len(pool.all) < rules.FEWEST,
        has_games=len(pool.quick) >= rules.QUESTIONS,
        running=queries.running_duel_of(who.id, now),
        easy=is_easy(),
        problem=problem,
        rules=rules,
    )


@bp.get("/practice/notebook")
@access(SIGNED_IN)
def notebook() -> str:
    """One's mistakes to look up: what is right, where it was taught, when it comes again."""
    who, now = reader(), clock.now()
    among = queries.pool_for(who).all
    shown = among - queries.asked_in_duel(who.id, now)
    page = queries.mistakes_of(
        who.id, now, among=shown, number=request.args.get("page", 1, type=int)
    )
    return render_template(
        "practice/notebook.html",
        page=page,
        notebook=queries.notebook_of(who.id, now, among=among),
        found_at=queries.taught_for(who, [mistake.item for mistake in page.rows]),
        times=len(rules.SPACES),
    )


@bp.post("/practice/start")
@access(SIGNED_IN)
@limited("starts of practice", most=40, seconds=60)
def start() -> ResponseReturnValue:
    who = reader()
    try:
        mode = Mode(request.form.get("mode", ""))
    except ValueError:
        raise NotThere from None
    pool = queries.pool_for(who)
    title, chosen = _chosen(pool, mode)
    try:
        run_id = service.start(
            member_id=who.id,
            mode=mode,
            pool=chosen,
            everything=pool.all,
            title=title,
            language=current_language(),
        )
    except (rules.NothingToPractise, rules.NothingDue, rules.DoneAlready) as refusal:
        return _index(str(refusal)), status_of(refusal)
    return redirect(url_for("practice.run", run_id=run_id), 303)


def _chosen(pool: queries.Pool, mode: Mode) -> tuple[str, set[int]]:
    """The title and the questions of what was chosen. Raises NotThere for what is not open."""
    if mode in {Mode.THEME, Mode.CATEGORY}:
        groups = pool.themes if mode is Mode.THEME else pool.categories
        found = groups.get(request.form.get("subject", 0, type=int))
        if found is None:
            raise NotThere
        return found[0], set(found[1])
    return "", pool.quick if mode in {Mode.CHALLENGE, Mode.SPRINT} else pool.all


@bp.get("/practice/runs/<int:run_id>")
@access(SIGNED_IN)
def run(run_id: int) -> str:
    """The open question; with ?after=3 what was right in the third; at the end how it went."""
    return _run(run_id, "")


def _run(run_id: int, problem: str) -> str:
    found = queries.run_for(reader().id, run_id)
    now = clock.now()
    in_duel = queries.asked_in_duel(found.member_id, now)  # told nowhere else meanwhile
    after = queries.feedback(run_id, request.args.get("after", 0, type=int))
    if after is not None and after.question_id in in_duel:
        after = None
    quick = found.mode == Mode.SPRINT
    values = {"run": found, "names": rules.MODE_NAMES, "problem": problem}
    if after is not None and not quick:
        return render_template(
            "practice/feedback.html",
            item=after,
            found_at=queries.taught_for(reader(), [after]),
            entry=queries.entry_of(found.member_id, after.question_id),
            times=len(rules.SPACES),
            **values,
        )
    remaining = None
    if found.deadline_at is not None:
        remaining = max(0, int((found.deadline_at - now).total_seconds() * 1000))
    item = queries.open_item(run_id) if found.is_open else None
    if item is None or remaining == 0:
        items = [one for one in queries.wrong_items(run_id) if one.question_id not in in_duel]
        found_at = queries.taught_for(reader(), items)
        return render_template(
            "practice/end.html",
            items=items,
            found_at=found_at,
            again=_again(found),
            best=queries.best_of(found.member_id, found.mode),
            **values,
        )
    return render_template(
        "practice/question.html", item=item, last=after, remaining_ms=remaining, **values
    )


def _again(run: queries.RunView) -> dict[str, int] | None:
    """The fields with which the same can be practised once more now; None when it cannot."""
    if run.mode in {Mode.CHALLENGE, Mode.SPRINT}:
        return {}
    pool = queries.pool_for(reader())
    if run.mode == Mode.NOTEBOOK:
        due = queries.notebook_of(run.member_id, clock.now(), among=pool.all).due
        return {} if due else None
    groups = {Mode.THEME: pool.themes, Mode.CATEGORY: pool.categories}.get(Mode(run.mode), {})
    for subject, (_title, ids) in groups.items():
        if run.queue and set(run.queue) <= set(ids):
            return {"subject": subject}
    return None


@bp.post("/practice/runs/<int:run_id>/answer")
@access(SIGNED_IN)
@limited("answers of practice", most=120, seconds=60)
def answer(run_id: int) -> ResponseReturnValue:
    item_id = request.form.get("item", 0, type=int)
    try:
        position = service.answer(run_id, item_id, member_id=reader().id, raw=sent(item_id))
    except (NotAnAnswer, rules.AskedInExam) as refusal:
        return _run(run_id, str(refusal)), status_of(refusal)
    return redirect(url_for("practice.run", run_id=run_id, after=position or None), 303)


@bp.post("/practice/runs/<int:run_id>/end")
@access(SIGNED_IN)
def end(run_id: int) -> ResponseReturnValue:
    service.give_up(run_id, member_id=reader().id)
    return redirect(url_for("practice.run", run_id=run_id), 303)


@bp.get("/desk/practice")
@access(AUTHOR)
def desk() -> str:
    return _desk("")


def _desk(problem: str) -> str:
    return render_template(
        "practice/desk.html", categories=queries.categories_for(reader()), problem=problem
    )


@bp.post("/desk/practice")
@access(AUTHOR)
@limited("opened categories", most=60, seconds=60)
def choose_categories() -> ResponseReturnValue:
    """Open and close; those that the page did not show stay as they are."""
    chosen = set(request.form.getlist("category", type=int))
    shown = {*request.form.getlist("shown", type=int), *chosen}
    try:
        service.open_categories(chosen, shown=shown, reader=reader())
    except rules.NotYours as refusal:
        return _desk(str(refusal)), status_of(refusal)
    return redirect(url_for("practice.desk", saved=1), 303)
