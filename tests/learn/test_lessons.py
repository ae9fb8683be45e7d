"""The lessons, as a person takes them: by themselves, through a terminal, through a pipe; left in every way there is."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspector.learn import shelf
from inspector.learn.bench import Bench
from inspector.learn.lesson import Choice, Lesson, Question, Step, ask, right, wrong
from inspector.learn.page import Page
from inspector.learn.teach import Teacher
from inspector.render.console import make_console
from inspector.render.layout import Canvas
from tests.conftest import ROOT

NAMES = shelf.names()
COMMAND = (sys.executable, "-m", "inspector", "learn")
TALLEST = 34
"""Lines of a step at 80 columns, its question and answer with it."""


def environment(place: Path, columns: int = 80) -> dict[str, str]:
    return {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1", "TMPDIR": str(place), "PYTHONUNBUFFERED": "1"}


def learn(place: Path, *arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=typed,
        stdin=subprocess.DEVNULL if typed is None else None,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(place),
        check=False,
    )


# -- all of it, by itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_runs_to_its_end_by_itself(name: str, tmp_path: Path):
    begun = time.monotonic()
    ended = learn(tmp_path, name, "--auto")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert time.monotonic() - begun < 60, "20 seconds on a machine that does nothing else"
    lesson = shelf.find(name)
    screens = re.split(r"^── (\d+ of \d+ · .*?)(?: ─+)?$", ended.stdout, flags=re.MULTILINE)[1:]
    titles = [f"{number} of {len(lesson.steps)} · {step.title}" for number, step in enumerate(lesson.steps, 1)]
    assert screens[::2] == titles
    for title, screen in zip(screens[::2], screens[1::2], strict=True):
        assert len(screen.strip("\n").splitlines()) + 2 <= TALLEST, title
        assert max(map(len, screen.splitlines())) <= 80, title
    assert ended.stdout.count("The answer is ") >= len(titles) - 1
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_the_lessons_are_listed(tmp_path: Path):
    listed = learn(tmp_path)
    assert (listed.returncode, listed.stderr) == (0, "")
    for lesson in shelf.every():
        assert lesson.about in listed.stdout
        assert f"{len(lesson.steps)} steps, about {lesson.minutes} minutes" in listed.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "there is no lesson 'nonsense'; the lessons are mitm"),
        (["mitm", "--step", "99"], "no step 99"),
        (["/no/such/lesson.py"], "is no file"),
        (["BROKEN"], "cannot be run: ZeroDivisionError"),
        (["EMPTY"], "holds no lesson"),
    ],
)
def test_what_cannot_be_taught_is_one_line(tmp_path: Path, arguments: list[str], said: str):
    for name, text in (("BROKEN", "1 / 0\n"), ("EMPTY", "LESSON = 'none'\n")):
        if name in arguments:
            (tmp_path / "own.py").write_text(text)
            arguments = [str(tmp_path / "own.py")]
    ended = learn(tmp_path, *arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_listing_imports_nothing_heavy():
    code = (
        "import sys\nfrom inspector.learn import shelf\nshelf.every()\n"
        "print(*{'mitmproxy', 'cryptography', 'hypercorn', 'httpx'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_the_example_of_the_guide_is_a_lesson(tmp_path: Path):
    guide = (ROOT / "docs/lessons.md").read_text("utf-8")
    example = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert example is not None
    file = tmp_path / "answers.py"
    file.write_text(example[1])
    alone = learn(tmp_path, str(file), "--auto")
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "HTTP/1.1 200 OK" in alone.stdout
    assert "That was all." in alone.stdout
    person = learn(tmp_path, str(file), typed="Grace\nserver\n\n\n")
    assert (person.returncode, person.stderr) == (0, "")
    assert "GET /?name=5 " in person.stdout
    assert "✓ Right." in person.stdout


# -- a person typing -------------------------------------------------------------------------------------------------


class Terminal:
    """A lesson on a pseudo-terminal."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self._own, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment(place), "TERM": "dumb"},
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)
        self.said = ""

    def expect(self, *texts: str) -> str:
        """Read until one of the texts appears, and forget what came before it. Returns which."""
        limit = time.monotonic() + 60
        while True:
            found = [(self.said.index(text), text) for text in texts if text in self.said]
            if found:
                at, text = min(found)
                self.said = self.said[at + len(text) :]
                return text
            ready = select.select([self._own], [], [], max(limit - time.monotonic(), 0))[0]
            assert ready, (texts, self.said)
            try:
                data = os.read(self._own, 65_536)
            except OSError:  # Linux: the other side was closed
                data = b""
            assert data, f"ended without {texts}: {self.said}"
            self.said += data.decode()

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def end(self) -> int:
        """What it exited with, and everything that it still said in `said`."""
        while True:
            try:
                data = os.read(self._own, 65_536)
            except OSError:
                break
            if not data:
                break
            self.said += data.decode()
        return self.process.wait(timeout=30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._own)


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C and Ctrl-D mean something
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which a shell ignores for what it runs in the background


@contextmanager
def terminal(place: Path, *arguments: str) -> Iterator[Terminal]:
    opened = Terminal(place, *arguments)
    try:
        yield opened
    finally:
        opened.close()


def test_a_person_answers(tmp_path: Path):
    with terminal(tmp_path, "mitm") as person:
        person.expect("1 of 20", "Who could have read this")
        person.expect("Your answer > ")
        person.type("criminal\n")
        person.expect("✗ No. Nothing had to be broken")
        person.expect("Your answer > ")
        person.type("b\n")
        person.expect("✓ Right. A postcard is read by whoever carries it")
        person.expect("?: help > ")
        person.type("\n")
        person.expect("A sentence of yours to lock: (Enter: ")
        person.expect("> ")
        person.type("Żółw 🐢\n")
        person.expect("c5 bb c3 b3 c5 82 77 20 f0 9f 90 a2  12 bytes")
        person.expect("Your answer > ")
        person.type("q\n")
        person.expect("Left at step 2 of 20")
        assert person.end() == 0
        assert "inspector learn mitm --step 2" in person.said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "status", "said"), [("\x03", 130, "Left at step 13"), ("\x04", 0, "The input ended at step 13")]
)
def test_a_person_leaves_while_the_proxy_runs(tmp_path: Path, key: str, status: int, said: str):
    with terminal(tmp_path, "mitm", "--step", "13") as person:
        person.expect("Your answer > ")
        assert any(tmp_path.iterdir()), "keys and authorities are here while it runs"
        person.type(key)
        person.expect(said)
        assert person.end() == status
        assert "Traceback" not in person.said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "step", "number"), [("mitm", 13, signal.SIGTERM), ("trust", 5, signal.SIGHUP)])
def test_it_is_ended_from_outside(tmp_path: Path, name: str, step: int, number: signal.Signals):
    with terminal(tmp_path, name, "--step", str(step)) as person:
        person.expect("Your answer > ")
        person.process.send_signal(number)
        assert person.end() == 128 + number
        assert "Traceback" not in person.said
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_during_an_experiment(tmp_path: Path):
    file = tmp_path / "own.py"
    file.write_text(
        "from inspector.learn.lesson import Lesson, Step\n"
        "import threading\n"
        "def play(page, bench):\n"
        "    page.lines(f'{bench.directory.exists()}, and waiting')\n"
        "    threading.Event().wait()\n"
        "LESSON = Lesson('own', 'Waits.', 1, (Step('Waiting', play),))\n"
    )
    with terminal(tmp_path, str(file)) as person:
        person.expect("True, and waiting")
        person.type("\x03")
        person.expect("Left at step 1")
        assert person.end() == 130
    assert list(tmp_path.iterdir()) == [file]


# -- moves, questions and answers ------------------------------------------------------------------------------------


class Script:
    """Types what it was given, then ends."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    def read(self, prompt: str) -> str:
        assert prompt.isascii()
        try:
            return next(self._lines)
        except StopIteration:
            raise EOFError from None


def _step(number: int) -> Step:
    def play(page: Page, bench: Bench) -> Question | None:
        page.say(f"This is step {number}.")
        if number == 3:
            raise OSError(98, "no port to be had")
        return QUESTION if number == 2 else None

    return Step(f"Title {number}", play)


QUESTION = ask(
    "Who is it?",
    wrong("a bird in a tree", "Birds have feathers."),
    right("a tortoise", "It has a shell."),
    wrong("a bird in a nest", "There is no nest."),
)
LESSON = Lesson("small", "A small one.", 1, tuple(map(_step, range(1, 5))))


def taught(*lines: str, start: int = 1) -> tuple[str, int | None, tuple[str, ...]]:
    from io import StringIO

    out = StringIO()
    script = Script(lines)
    page = Page(Canvas(make_console("never", sys.stdout, out, width=80)), script)
    result = Teacher(LESSON, page, script).run(start)
    return out.getvalue(), result.left_at, result.failed


def seen(said: str) -> list[int]:
    return [int(number) for number in re.findall(r"This is step (\d)", said)]


def test_straight_through():
    said, left, failed = taught("", "tortoise", "", "", "")
    assert seen(said) == [1, 2, 3, 4]
    assert left is None
    assert failed == ("step 3 (Title 3): [Errno 98] no port to be had",)
    assert "did not work on this machine" in said
    assert said.count("It has a shell.") == 1


def test_moves():
    assert seen(taught("b", "", "b", "", "b", "b")[0]) == [1, 1, 2, 3, 2], "at a question, `b` is an answer"
    assert seen(taught("", "back", "r", "4", "b", "q")[0]) == [1, 2, 1, 1, 4, 3]
    assert seen(taught("3", "again", "quit")[0]) == [1, 3, 3]
    assert seen(taught("99", "0", "-1", "x" * 500, "\x1b[A", "1", "q")[0]) == [1, 1]
    assert seen(taught("q", start=4)[0]) == [4]
    said = taught("?", "q")[0]
    assert "this step again" in said


def test_wrong_twice_and_the_answer_is_told():
    said, left, _ = taught("", "a", "c", "q")
    assert said.count("✗ No.") == 2
    assert "The answer is b: a tortoise. It has a shell." in said
    assert left == 2


def test_neither_right_nor_wrong_is_no_try():
    said, _, _ = taught("", "bird", "?", "🐢", "d", "b", "q")
    assert "✗" not in said
    assert said.count("none of the answers") == 3, "`bird` is in two answers"
    assert "no answer: the right one is told" in said
    assert "✓ Right. It has a shell." in said


def test_enter_tells_the_answer():
    said, _, _ = taught("", "", "q")
    assert "The answer is b" in said
    assert "✗" not in said


@pytest.mark.parametrize("lines", [(), ("",), ("", "a")])
def test_the_input_ends_anywhere(lines: tuple[str, ...]):
    said, left, _ = taught(*lines)
    assert left == len(lines[:1]) + 1
    assert "The input ended at step" in said


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("b", 1),
        ("B)", 1),
        ("b.", 1),
        ("tortoise", 1),
        ("A Tortoise", 1),
        ("nest", 2),
        ("a bird in a tree", 0),
        ("a", 0),
    ],
)
def test_an_answer_is_a_letter_or_words(typed: str, meant: int):
    assert QUESTION.hear(typed) == QUESTION.choices[meant]


@pytest.mark.parametrize("typed", ["", "bird", "d", "ab", "tortoises", "tree nest", "?"])
def test_what_is_no_answer(typed: str):
    assert QUESTION.hear(typed) is None


@pytest.mark.parametrize("choices", [(), (right("a", ""),), (wrong("a", ""), wrong("b", "")), (right("a", ""),) * 2])
def test_a_question_has_one_right_answer(choices: tuple[Choice, ...]):
    with pytest.raises(ValueError, match="one of them right"):
        ask("What?", *choices)


@pytest.mark.parametrize("name", NAMES)
def test_every_right_answer_is_heard_in_its_own_words(name: str):
    from io import StringIO

    lesson, put = shelf.find(name), []

    def remembered(step: Step) -> Step:
        def play(page: Page, bench: Bench) -> Question | None:
            question = step.play(page, bench)
            put.append(question)
            return question

        return Step(step.title, play)

    class Knows:
        def read(self, prompt: str) -> str:
            return put[-1].answer[1].text if prompt.startswith("Your answer") else ""

    out = StringIO()
    page = Page(Canvas(make_console("never", sys.stdout, out, width=100)), Knows())
    wrapped = Lesson(lesson.name, lesson.about, lesson.minutes, tuple(map(remembered, lesson.steps)))
    result = Teacher(wrapped, page, Knows()).run()
    assert result.failed == ()
    assert result.left_at is None
    assert out.getvalue().count("✓ Right.") == len(put) == len(lesson.steps)
    for question in put:
        for letter, choice in question.lettered:
            assert question.hear(choice.text) == question.hear(letter) == choice


@pytest.mark.parametrize(("typed", "left"), [("q", 1), ("QUIT", 1), ("queen", None), ("", None)])
def test_a_free_line_can_be_left_too(typed: str, left: int | None):
    from io import StringIO

    heard = []

    def play(page: Page, bench: Bench) -> None:
        heard.append(page.typed("Say something:", "nothing"))

    script = Script([typed, ""])
    page = Page(Canvas(make_console("never", sys.stdout, StringIO(), width=80)), script)
    result = Teacher(Lesson("own", "Own.", 1, (Step("One", play),)), page, script).run()
    assert result.left_at == left
    assert heard == ([] if left else [typed or "nothing"])


def test_a_lesson_never_says_refused_of_what_was_accepted():
    from inspector.learn.lesson import Unexpected
    from inspector.learn.lessons import trust

    page = Page(Canvas(make_console("never", sys.stdout)))
    with Bench() as bench:
        with pytest.raises(Unexpected, match="good: the client accepted it"):
            trust.animals(page, bench, "good")
        with pytest.raises(Unexpected, match="expired: certificate has expired"):
            trust.animals(page, bench, "expired", accepted=("expired",))


def test_a_pipe_of_enters_reaches_the_end(tmp_path: Path):
    ended = learn(tmp_path, "trust", "--step", "11", typed="\n" * 100)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "13 of 13" in ended.stdout
    assert "input ended" not in ended.stdout


def test_no_input_at_all_ends_it_kindly(tmp_path: Path):
    ended = learn(tmp_path, "mitm")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "The input ended at step 1 of 20" in ended.stdout
    assert "`--auto`" in ended.stdout


def test_octets_that_are_no_text_are_no_answer(tmp_path: Path):
    ended = subprocess.run(
        [*COMMAND, "mitm"],
        input=b"\xff\xfe\n\x1b]0;x\x07\nq\n",
        capture_output=True,
        env=environment(tmp_path),
        check=False,
    )
    assert ended.returncode == 0
    assert b"\x1b" not in ended.stdout
    assert ended.stdout.count(b"none of the answers") == 2
