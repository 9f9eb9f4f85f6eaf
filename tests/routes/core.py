"""Who may use the routes of core."""

MATRIX = {"core.design": "debug"}
