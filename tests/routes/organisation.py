"""Who may use the organizer's desk."""

MATRIX = {
    "organisation.desk": "organizer",
    "organisation.completion": "organizer",
    "organisation.export": "organizer",
    "organisation.members": "organizer",
    "organisation.member": "organizer",
    "organisation.correction": "organizer",
    "organisation.correct": "organizer",
}
