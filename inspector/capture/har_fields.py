"""The field lines of a HAR message → `Fields` and pseudo-fields."""

from __future__ import annotations

from inspector.exchange import NO_FIELDS, Field, Fields
from inspector.patterns import compile_late

_FOLD = compile_late(r"\r\n[ \t]+")


def fields_of(lines: tuple[Field, ...]) -> tuple[Fields, tuple[Field, ...]]:
    """Field lines as an exporter wrote them → ``(fields, pseudo-fields)``.

    Pseudo-fields (RFC 9113, section 8.3) are kept apart, white space around values goes (RFC 9110, section 5.5),
    and lines that an exporter joined with a line feed (Firefox, chrome-har, WebPageTest) become lines again. Commas
    are left alone: which fields may be split at them is not this module's business. UTF-8 that was written down octet
    by octet (Chrome) becomes text again.
    """
    if not lines:
        return NO_FIELDS, ()
    # All lines are looked over at once: nearly always there is nothing to do, and a look at each costs more than that.
    fields = Fields.of_lines(lines)
    shape = fields.shape
    values = "\n".join([line.value for line in lines]) if shape.repeated else fields.text
    if (
        not shape.pseudo
        and values.isascii()
        and values.count("\n") == len(lines) - 1
        and not ("\t" in values or "\r" in values or "\n " in values or " \n" in values)
        and " " not in (values[:1], values[-1:])
    ):
        return fields, ()
    return _taken_apart(lines)


def _taken_apart(lines: tuple[Field, ...]) -> tuple[Fields, tuple[Field, ...]]:
    fields: list[Field] = []
    pseudo: list[Field] = []
    for line in lines:
        value = line.value if line.value.isascii() else utf8(line.value)
        if line.name[:1] == ":" and len(line.name) > 1:
            pseudo.append(Field(line.name, value.strip(" \t\r\n")))
        elif "\n" in value:
            # A line feed before white space is one folded line (RFC 9112, section 5.2), else it is a join.
            parts = [part.strip(" \t\r") for part in _FOLD.sub(" ", value).split("\n")]
            kept = [part for part in parts if part] or [""]
            fields.extend(Field(line.name, part) for part in kept)
        else:
            stripped = value.strip(" \t\r")
            fields.append(line if stripped is line.value else Field(line.name, stripped))
    return Fields.of_lines(tuple(fields)), tuple(pseudo)


def utf8(text: str) -> str:
    """Text whose characters are the octets of UTF-8, as that; other text as it is."""
    for one_octet_each in ("latin-1", "cp1252"):
        try:
            return text.encode(one_octet_each).decode("utf-8")
        except UnicodeError:
            pass
    return text
