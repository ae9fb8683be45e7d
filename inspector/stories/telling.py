"""A story in the making: a teller says sentences and draws what went between the participants, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.report import Annotation, Arrow, Story

if TYPE_CHECKING:
    from inspector.subject import Subject
    from inspector.url import Url

MOST_STEPS = 400
MOST_ARROWS = 400
MOST_EXCHANGES = 1_000
LONGEST_LABEL = 60
LONGEST_NAME = 80
_USUAL_PORTS = frozenset({None, 80, 443})


class Telling:
    """Builds one `Story`.

    What is quoted from traffic must have been through the subject's masker before it gets here. Texts are plain, with
    `code` in backticks; names of participants and labels are without backticks. What is more than a person would read
    is left out: at most `MOST_STEPS` sentences and `MOST_ARROWS` arrows are kept, and as many exchanges as
    `MOST_EXCHANGES`.

        telling = Telling("preflight", "client", "api.shop.test")
        telling.say("The browser asks first whether it may send a PUT.")
        telling.arrow("client", "api.shop.test", "OPTIONS /items/7", exchange=3)
        telling.say("The server does not answer with permission.")
        telling.arrow("api.shop.test", "client", "403", exchange=3, failed=True)
        return telling.story("Refused: PUT to `https://api.shop.test/items/7`")
    """

    def __init__(self, kind: str, *participants: str) -> None:
        self.kind = kind
        self.failed = False
        """Set by `fail`: what the story is about did not come off."""
        self._participants: dict[str, None] = dict.fromkeys(_short(name, LONGEST_NAME) for name in participants)
        self._steps: list[str] = []
        self._left_out = 0
        self._arrows: list[Arrow] = []
        self._exchanges: dict[int, None] = {}
        self._annotations: list[Annotation] = []

    def say(self, sentence: str) -> None:
        """Add a step. Arrows that follow belong to it."""
        if len(self._steps) < MOST_STEPS:
            self._steps.append(sentence)
        else:
            self._left_out += 1

    def arrow(self, source: str, target: str, label: str, exchange: int | None = None, *, failed: bool = False) -> None:
        """Draw what the last sentence tells: `label` went from `source` to `target`, in the exchange of this index.

        Participants that were not named before join on the right, in the order they appear. Equal names are something
        a participant does by itself. Raises `ValueError` before anything was said.
        """
        if not self._steps:
            raise ValueError("an arrow belongs to a sentence: say one first")
        if exchange is not None and len(self._exchanges) < MOST_EXCHANGES:
            self._exchanges[exchange] = None
        if self._left_out or len(self._arrows) >= MOST_ARROWS:
            return
        source, target = _short(source, LONGEST_NAME), _short(target, LONGEST_NAME)
        self._participants[source] = self._participants[target] = None
        self._arrows.append(Arrow(len(self._steps) - 1, source, target, _short(label, LONGEST_LABEL), exchange, failed))

    def about(self, *exchanges: int) -> None:
        """The story is about these exchanges, too, though no arrow names them."""
        told = self._exchanges
        room = MOST_EXCHANGES - len(told)
        if len(exchanges) > room:
            exchanges = tuple([index for index in dict.fromkeys(exchanges) if index not in told][:room])
        told.update(dict.fromkeys(exchanges))

    @property
    def exchanges(self) -> tuple[int, ...]:
        """The exchanges it is about so far, in the order they were named."""
        return tuple(self._exchanges)

    def fail(self) -> None:
        """What the story is about did not come off."""
        self.failed = True

    def found(self, *annotations: Annotation) -> None:
        """Findings of the story: see `inspector.rules.base.story_rule`."""
        self._annotations += annotations

    def story(self, title: str) -> Story:
        """The story; its exchanges in the order they were named."""
        steps = self._steps
        if self._left_out:
            steps = [*steps, f"{self._left_out:,} more steps are left out here."]
        annotations = sorted(self._annotations, key=lambda a: a.severity.rank)
        return Story(
            self.kind,
            title,
            tuple(self._exchanges),
            tuple(steps),
            tuple(annotations),
            participants=tuple(self._participants),
            arrows=tuple(self._arrows),
            failed=self.failed,
        )


def client_name(x: Subject) -> str:
    """What whoever sent the request is called in a story: ``browser`` where it is known to be one."""
    recorder = x.exchange.context.recorder
    return "browser" if recorder.browser or recorder.vantage == "browser" or x.mode is not None else "client"


def agent_name(x: Subject) -> str:
    """The same in stories where "client" is the application that a person logs in to: ``browser`` or ``user agent``."""
    return "browser" if client_name(x) == "browser" else "user agent"


def host_name(url: Url) -> str:
    """What the server of a URL is called in a story: its host, with the port where it is an unusual one."""
    return url.host if url.port in _USUAL_PORTS else f"{url.host}:{url.port}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - most // 3 - 1]}…{text[-(most // 3) :]}"
