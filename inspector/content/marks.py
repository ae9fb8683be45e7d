"""All marks there are. A new one is a line in one of the modules gathered here."""

from __future__ import annotations

from inspector.content import marks_errors, marks_leaks, marks_personal, marks_secrets
from inspector.content.marks_base import Mark

MARKS: tuple[Mark, ...] = (
    *marks_errors.MARKS,
    *marks_leaks.MARKS,
    *marks_personal.MARKS,
    *marks_secrets.MARKS,
)
