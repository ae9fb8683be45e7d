"""The grade people know: the scoring of Mozilla's HTTP Observatory, version 6 of its algorithm, from a recording.

Each test is a pure function from a `SiteEvidence` to a `Finding`; `grade` puts them together. What a recording does
not show is never guessed: a test then has several possible results, and the grade is a range between them.

This package says what the Observatory says, its mistakes included (`weak_spots` names them). What `inspector` itself
holds of a field is in `inspector.rules`.
"""

from __future__ import annotations

ALGORITHM = 6
"""The version of the Observatory's algorithm."""
