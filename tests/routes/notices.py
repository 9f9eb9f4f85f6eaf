"""Who may use the pages about notices."""

MATRIX = {
    "notices.index": "signed in",
    "notices.read": "signed in",
    "notices.read_all": "signed in",
    "notices.choices": "signed in",
    "notices.choose": "signed in",
    "notices.wake_here": "signed in",
    "notices.let_sleep": "signed in",
}
