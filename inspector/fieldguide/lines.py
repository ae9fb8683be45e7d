"""The field lines of an exchange as a report carries them: masked, and explained where that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from inspector.exchange import Field
from inspector.fieldguide.base import Around, Message
from inspector.report import FieldLine, MessageFields
from inspector.subject import Subject

_Line = Callable[[Field], FieldLine]


def message_fields(x: Subject, *, explain: bool) -> MessageFields:
    """Pseudo-fields, fields and trailers of both messages, secrets masked. Never raises for what they hold."""
    request, response = x.request, x.response
    asked, answered = (_explaining(x, "request"), _explaining(x, "response")) if explain else (_plain(x), _plain(x))
    return MessageFields(
        _lines(asked, request.fields),
        _lines(answered, response.fields if response is not None else ()),
        _lines(asked, request.pseudo),
        _lines(answered, response.pseudo if response is not None else ()),
        _lines(asked, request.trailers or ()),
        _lines(answered, (response.trailers or ()) if response is not None else ()),
    )


def _lines(line: _Line, fields: Iterable[Field]) -> tuple[FieldLine, ...]:
    return tuple([line(field) for field in fields])


def _plain(x: Subject) -> _Line:
    hide = x.masker
    # WebPageTest records the request line as a field's name, query and all.
    return lambda field: FieldLine(hide.url(field.name), hide.field(field.name, field.value))


def _explaining(x: Subject, message: Message) -> _Line:
    from inspector.fieldguide.guide import explain

    hide = x.masker
    secrets = x.secrets
    fields, other = (x.req, x.res) if message == "request" else (x.res, x.req)

    def line(field: Field) -> FieldLine:
        around = Around(
            field.name.lower(), message, x.started, x.method, x.status, x.exchange.request.url, fields, other
        )
        told = explain(field.value, around)
        says = hide.scrub(told.says, secrets) if told.says and secrets.texts else told.says
        name, value = hide.url(field.name), hide.field(field.name, field.value)
        return FieldLine(name, value, told.meaning, says, told.reference, told.known)

    return line
