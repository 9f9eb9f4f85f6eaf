"""Pages about points."""

from app.points.views import mine, rules, seals, streaks
from app.points.views.door import bp

__all__ = ["bp", "mine", "rules", "seals", "streaks"]
