"""The net under masking, for stories: no secret of their exchanges in any text, wherever hostile traffic repeats one."""

from __future__ import annotations

import re

import msgspec
import pytest

from inspector import scrub
from inspector.engine import Engine, Options
from inspector.mask import Masker, secrets_of
from inspector.render.diagram import mermaid
from inspector.report import Arrow, Bar, Moment, Story
from inspector.rules.example import parse_example
from inspector.sought import FEW, Sought
from inspector.stories import telling

SID, CODE, TOKEN, PASSWORD = "8f14e45fceea167a", "SplxlOBeZQQYbYS6", "2YotnFZFEjr1zCsicMWpAA", "c0rrect-horse"
SECRETS = (SID, CODE, TOKEN, PASSWORD)


def hostile(where: str) -> str:
    """A login, a redirect, a page and an API that repeat secrets: `where` is a path, and a part of names and texts."""
    return f"""
# type: document
POST https://shop.test/{where} HTTP/2
Content-Type: application/x-www-form-urlencoded
Cookie: sid={SID}
Referer: https://shop.test/?access_token={TOKEN}

user=ada&password={PASSWORD}

HTTP/2 303
Set-Cookie: {where}={SID}; Secure; HttpOnly
Set-Cookie: {where}2={SID}; Domain=other.test
Location: https://{where}.test/{where}?code={CODE}
---
# type: document
GET https://{where}.test/{where}?code={CODE} HTTP/2
Cookie: sid={SID}
Authorization: Bearer {TOKEN}

HTTP/2 302
Location: https://id.example/authorize?response_type=code&client_id={where}&redirect_uri=https%3A%2F%2Fapp.test%2F{where}
Set-Cookie: other={PASSWORD}1; Secure
---
# type: document
GET https://id.example/authorize?response_type=code&client_id={where}&redirect_uri=https%3A%2F%2Fapp.test%2F{where} HTTP/2
Cookie: sid={SID}; other={PASSWORD}; a={CODE}; b={TOKEN}

HTTP/2 400
Content-Type: text/html
---
POST https://id.example/token HTTP/2
Authorization: Bearer {TOKEN}
Cookie: sid={SID}; other={PASSWORD}
Content-Type: application/x-www-form-urlencoded

grant_type=refresh_token&refresh_token={TOKEN}&code={CODE}

HTTP/2 400
Content-Type: application/json

{{"error": "{where}", "error_description": "{where} {where}"}}
---
POST https://api.test/{where} HTTP/2
Authorization: {where} {TOKEN}
Cookie: sid={SID}; other={PASSWORD}; code={CODE}
Origin: https://{where}.test

HTTP/2 401
WWW-Authenticate: Bearer realm="{where}", error="{where}"
"""


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_in_a_story(secret: str):
    engine = Engine()
    for exchange in parse_example("\n---\n".join([hostile(secret), hostile(f"x-{secret}-y")])):
        engine.observe(exchange)
    stories = engine.finish()
    assert len({story.kind for story in stories}) > 3
    for story in stories:
        shown = msgspec.json.encode(story).decode() + mermaid(story, 1)
        found = [value for value in SECRETS if value in shown]
        assert not found, (found, story.kind, shown)


def test_what_is_revealed_is_revealed():
    engine = Engine(Options(reveal=True))
    for exchange in parse_example(hostile(SID)):
        engine.observe(exchange)
    assert SID in repr(engine.finish())


STORY = Story(
    "page",
    f"A page with {SID}",
    (0,),
    (f"It has {SID}.",),
    participants=("browser", f"{SID}.test"),
    arrows=(Arrow(0, "browser", f"{SID}.test", f"GET /{SID}"),),
    timeline=(Bar(0, f"/{SID}", "image", 0, 1),),
    moments=(Moment(SID, 1.0),),
)


def test_every_text_of_a_story_is_looked_at():
    told = scrub.scrub_story(STORY, (SID,), Masker())
    assert SID not in repr(told)
    assert told.arrows[0].target == told.participants[1]  # and arrows still find their participants


@pytest.mark.parametrize("most", range(9, 40))
def test_a_secret_that_was_cut_is_found_by_its_parts(most: int):
    for text in (f"GET /{TOKEN}{TOKEN}/and/on", f"{TOKEN}.test", f"a/{TOKEN}/b"):
        cut = telling._short(text, most)
        shown = scrub.scrub_story(msgspec.structs.replace(STORY, title=cut), (TOKEN,), Masker()).title
        assert TOKEN[:8] not in shown
        assert TOKEN[-8:] not in shown
    kept = "a path of 2YotnFZFother…"
    assert scrub.scrub_story(msgspec.structs.replace(STORY, title=kept), (TOKEN,), Masker()).title == kept


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scrub, "MOST_REMEMBERED", 3)
    remembered = scrub.Remembered()
    for index in range(10):
        remembered.remember(index, Sought((f"secret{index}",)))
    assert [s.texts for s in remembered.carried(range(10))] == [(), ("secret7",), ("secret8",), ("secret9",)]


def many_and(secret: str) -> tuple[str, ...]:
    """A secret among many others, some of which begin and end as it does."""
    others = [f"{secret[:k]}{i}other{i}{secret[-k:]}" for i in range(50) for k in (3, 9, 12)]
    return (*others[:70], secret, *others[70:])


def _unnumbered(told: Story) -> tuple[str, ...]:
    return tuple([re.sub(r"(?<=\[masked) \d+", "", text) for text in (told.title, *told.steps)])


@pytest.mark.parametrize("most", [*range(9, 40), 400])
def test_among_many_a_secret_is_found_as_it_is_alone(most: int):
    remembered = scrub.Remembered()
    for index, secrets in enumerate(((TOKEN,), many_and(TOKEN), ("0therThing", *many_and(SID)))):
        remembered.remember(index, Sought(secrets))
    for text in (f"GET /{TOKEN}{TOKEN}/and/on", f"{TOKEN}.test", f"a/{TOKEN}/b"):
        told = [
            Story("page", telling._short(text, most), (index,), (f"All of {text}.", "And a 0therThing."))
            for index in range(3)
        ]
        alone, among, others = scrub.scrub_stories(told, remembered, Masker())
        assert _unnumbered(among) == _unnumbered(alone)  # what was cut may have been any that begins so
        assert _unnumbered(others) == (told[2].title, f"All of {text}.", "And a [masked].")


@pytest.mark.parametrize("count", [1, FEW, FEW + 1, 500])
def test_texts_are_found_in_the_order_they_are_given(count: int):
    texts = tuple([f"a{i}b" for i in range(count)][::-1])
    assert Sought(texts).within("\udc80 a0b, ä, 0ba0 a1b a0b") == [t for t in texts if t in ("a0b", "a1b")]


def test_what_an_exchange_carries_as_secrets():
    text = f"""
POST https://shop.test/login HTTP/2
Referer: https://shop.test/?token={TOKEN}
Content-Type: application/x-www-form-urlencoded

user=ada&password=c0rrect%2Dhorse&comment=4711abcdef

HTTP/2 303
Location: /back?code={CODE}"""
    (exchange,) = parse_example(text)
    assert set(secrets_of(exchange)) == {TOKEN, CODE, PASSWORD, "c0rrect%2Dhorse"}


def test_a_path_that_a_page_keeps_in_a_cookie_is_no_secret():
    (exchange,) = parse_example(
        f"GET https://shop.test/ HTTP/2\nCookie: css=/dist/icons.svg.css?v39; sid={SID}\n\nHTTP/2 200"
    )
    assert secrets_of(exchange) == (SID,)
