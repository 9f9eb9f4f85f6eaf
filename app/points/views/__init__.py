"""Pages about points."""

from app.points.views import mine, rewards, rules, seals, streaks
from app.points.views.door import bp

__all__ = ["bp", "mine", "rewards", "rules", "seals", "streaks"]
