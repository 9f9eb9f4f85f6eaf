"""Pages about people: signing in, the own profile, branches and members."""

from app.members.views import branches, importing, people, profile, signing
from app.members.views.door import bp

__all__ = ["bp", "branches", "importing", "people", "profile", "signing"]
