"""A course as plain files in a folder: read, check, write. Knows no database.

The folder's name is the short name of the course. `course.toml` holds the facts and the lessons,
`questions.toml` the quiz; texts, recordings, captions and pictures lie beside them.
"""

from app.courses.package.checking import check, digest
from app.courses.package.facts import (
    COURSE_FILE,
    QUESTIONS_FILE,
    Asked,
    BadPackage,
    Caption,
    Package,
    PackageLesson,
    PackageTheme,
    Problem,
    Question,
)
from app.courses.package.reading import folders, read
from app.courses.package.writing import write

__all__ = [
    "COURSE_FILE",
    "QUESTIONS_FILE",
    "Asked",
    "BadPackage",
    "Caption",
    "Package",
    "PackageLesson",
    "PackageTheme",
    "Problem",
    "Question",
    "check",
    "digest",
    "folders",
    "read",
    "write",
]
