"""Who may use the pages about points."""

MATRIX = {
    "points.mine": "signed in",
    "points.leaderboard": "signed in",
    "points.check_in": "signed in",
}
