"""The report as JSON: valid by its schema, in the contract's order, with bounded memory."""

from __future__ import annotations

import io
import json
from typing import Any

import jsonschema
import msgspec
import pytest

from inspector.engine import Options
from inspector.explain import Explanation, Selection, explain
from inspector.render import json as render_json
from inspector.report import Report, schema
from tests.conftest import ROOT, needs_real_captures, real_captures
from tests.render.hars import entry, har
from tests.render.samples import small

VALIDATOR = jsonschema.Draft202012Validator(schema())


def as_json(value: object) -> Any:
    return json.loads(msgspec.json.encode(value))


def written(*paths, options: Options | None = None, selection: Selection | None = None) -> tuple[dict, str]:
    out = io.BytesIO()
    explanation = Explanation([str(p) for p in paths], options or Options(), selection or Selection())
    summary = render_json.write(explanation, out)
    document = json.loads(out.getvalue())
    assert document["summary"] == as_json(summary)
    return document, out.getvalue().decode()


def test_the_published_schema_is_current():
    published = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    assert published == as_json(schema()), "run: inspector schema > docs/report.schema.json"


def test_the_schema_is_one_and_the_sample_obeys_it():
    jsonschema.Draft202012Validator.check_schema(schema())
    VALIDATOR.validate(as_json(small()))
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**as_json(small()), "schema": "inspector.report/2"})


def test_members_are_in_the_contracts_order(tmp_path):
    path = har(tmp_path, entry("https://a.test/"))
    document, text = written(path)
    assert list(document) == ["schema", "captures", "exchanges", "stories", "summary", "grades"]
    assert text.endswith("}\n")
    VALIDATOR.validate(document)


@pytest.mark.parametrize("spool", [render_json.SPOOL, 100])
def test_exchanges_are_in_file_order_whatever_order_they_were_judged_in(tmp_path, monkeypatch, spool):
    monkeypatch.setattr(render_json, "SPOOL", spool)
    later = har(tmp_path, *(entry(f"https://a.test/{i}", started=f"2026-03-01T12:00:{59 - i:02}Z") for i in range(30)))
    document, _ = written(later, later)
    assert [(e["capture"], e["index"]) for e in document["exchanges"]] == [(c, i) for c in (0, 1) for i in range(30)]
    assert [e["url"] for e in document["exchanges"][:2]] == ["https://a.test/0", "https://a.test/1"]


def test_nothing_reported_is_still_a_report(tmp_path):
    path = har(tmp_path, entry("https://a.test/"))
    document, _ = written(path, selection=Selection(entries=((None, 7),)))
    assert document["exchanges"] == []
    assert document["captures"][0]["entries"] == 1
    VALIDATOR.validate(document)


def one_of_each_kind(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of exchanges that have the same status, verdicts' outcomes and findings the first: checking a schema is slow."""
    kinds: dict[object, dict[str, Any]] = {}
    for each in exchanges:
        verdicts = {
            name: v["outcome"] for name, v in each["verdicts"].items() if isinstance(v, dict) and "outcome" in v
        }
        kind = each["status"], str(sorted(verdicts.items())), *sorted({a["rule"] for a in each["annotations"]})
        kinds.setdefault(kind, each)
    return list(kinds.values())


@needs_real_captures
@pytest.mark.parametrize("path", real_captures(), ids=lambda path: path.stem)
def test_real_captures_validate_and_lose_no_entry(path):
    document, _ = written(path, options=Options(fields=True))
    VALIDATOR.validate({**document, "exchanges": one_of_each_kind(document["exchanges"])})
    (capture,) = document["captures"]
    assert len(document["exchanges"]) + len(capture["skipped"]) == capture["entries"]
    collected = explain([str(path)], Options(fields=True))
    assert as_json(collected) == document
    assert msgspec.json.decode(msgspec.json.encode(collected), type=Report) == collected
