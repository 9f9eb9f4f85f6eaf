"""Who may use the pages about points."""

MATRIX = {
    "points.mine": "signed in",
    "points.leaderboard": "signed in",
    "points.check_in": "signed in",
    "points.streak": "signed in",
    "points.how": "signed in",
    # Of these, only who organizes the whole organisation gets an answer: see test_rules.
    "points.rules": "organizer",
    "points.save_rules": "organizer",
    "points.take_preset": "organizer",
    "points.drop_draft": "organizer",
    "points.publish_rules": "organizer",
    "points.choose_ranking": "organizer",
    "points.simulation": "organizer",
    "points.seals": "organizer",
    "points.export_seals": "organizer",
}
