"""Who is who: branches, members, roles, signing in."""
