"""Pages about points."""

from app.points.views import boards, mine, rewards, rules, seals, streaks
from app.points.views.door import bp

__all__ = ["boards", "bp", "mine", "rewards", "rules", "seals", "streaks"]
