import codecs
import gzip
import io
import json
import mmap
import os
import subprocess
import sys
import zipfile
import zlib

import pytest

from inspector.capture import CaptureError, open_capture, recognise
from tests.capture.hars import entry, har, opened, write

PLAIN = json.dumps(har(entry(request__url="https://shop.test/é"), entry())).encode()


def urls(capture):
    return [exchange.request.url for exchange in capture.exchanges()]


EXPECTED = ["https://shop.test/é", "https://shop.test/"]


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(codecs.BOM_UTF8 + PLAIN, id="byte order mark"),
        pytest.param(b"\r\n\t " + PLAIN + b"\n\n", id="white space"),
        pytest.param(PLAIN.decode().encode("utf-16"), id="utf-16"),
        pytest.param(codecs.BOM_UTF16_BE + PLAIN.decode().encode("utf-16-be"), id="utf-16-be"),
        pytest.param(PLAIN.decode().encode("utf-16-le"), id="utf-16 unmarked"),
        pytest.param(gzip.compress(PLAIN), id="gzip"),
        pytest.param(gzip.compress(PLAIN[:100]) + gzip.compress(PLAIN[100:]), id="gzip members"),
        pytest.param(gzip.compress(PLAIN) + b"\0" * 20, id="gzip padded"),
        pytest.param(zlib.compress(PLAIN), id="zhar"),
        pytest.param(zlib.compress(PLAIN, 9), id="zhar best"),
        pytest.param(zipped(small__har=b"{}", large__har=PLAIN, note__txt=b"x" * 9000), id="zip"),
        pytest.param(zipped(x__har=gzip.compress(PLAIN)), id="gzip in zip"),
        pytest.param(zipped(data__json=PLAIN), id="zip json"),
        pytest.param(b"onInputData(" + PLAIN + b");", id="jsonp"),
        pytest.param(b"/**/ onInputData ( " + PLAIN + b" ) ;\n", id="jsonp spaced"),
        pytest.param(b"var har = " + PLAIN + b";", id="script"),
        pytest.param(b")]}'\n" + PLAIN, id="json prefix"),
        pytest.param(codecs.BOM_UTF8 + b"onInputData(" + PLAIN + b");", id="harp with mark"),
    ],
)
def test_a_recording_is_recognised_by_its_content(tmp_path, content):
    capture = opened(tmp_path, content, "recording.bin")
    assert urls(capture) == EXPECTED
    assert capture.format == "har"
    assert (capture.info().entries, capture.info().skipped) == (2, ())


def test_several_recordings_in_an_archive_are_said(tmp_path):
    capture = opened(tmp_path, zipped(a__har=b"{}", b__har=PLAIN))
    assert urls(capture) == EXPECTED
    assert any("2 HAR files" in note and "`b.har`" in note for note in capture.info().notes)


def test_trailing_garbage_is_ignored_and_said(tmp_path):
    capture = opened(tmp_path, PLAIN + b"\n<!-- saved -->")
    assert urls(capture) == EXPECTED
    (note,) = capture.info().notes
    assert note.startswith("Something follows the recording in its file (14 bytes)")


def test_two_documents_in_one_file_give_the_first(tmp_path):
    capture = opened(tmp_path, PLAIN + PLAIN)
    assert urls(capture) == EXPECTED
    assert "ignored" in capture.info().notes[0]


def test_a_gzip_file_cut_short_gives_what_is_there(tmp_path):
    many = json.dumps(har(*[entry(comment=os.urandom(40).hex()) for _ in range(300)])).encode()
    packed = gzip.compress(many)
    capture = opened(tmp_path, packed[: len(packed) // 2])
    read = list(capture.exchanges())
    info = capture.info()
    assert 50 < len(read) < 300
    assert info.entries == len(read) + len(info.skipped)
    assert "gzip file is damaged or cut short" in info.notes[0]
    assert "cut short" in info.notes[1]


def test_large_files_are_mapped_and_bodies_stay_in_them(tmp_path):
    text = "x" * 2000
    path = write(tmp_path, har(*[entry(response__content__text=text) for _ in range(1000)]))
    assert path.stat().st_size > recognise.MAPPED_FROM
    assert isinstance(recognise.open_recording(str(path)).data.obj, mmap.mmap)
    kept = list(open_capture(path).exchanges())
    assert {exchange.response.body.text for exchange in kept} == {text}


def test_what_unpacks_large_goes_through_a_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr(recognise, "IN_MEMORY", 1000)
    assert urls(opened(tmp_path, gzip.compress(PLAIN * 1))) == EXPECTED
    assert urls(opened(tmp_path, zipped(a__har=PLAIN))) == EXPECTED


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(recognise, "LARGEST", 1 << 20)
    for content in (gzip.compress(b" " * (4 << 20)), zipped(a__har=b" " * (4 << 20))):
        with pytest.raises(CaptureError, match="unpacks to more than"):
            opened(tmp_path, content)


def test_standard_input(tmp_path, monkeypatch):
    class Stdin:
        buffer = io.BytesIO(gzip.compress(PLAIN))

    monkeypatch.setattr(sys, "stdin", Stdin)
    capture = open_capture("-")
    assert capture.path == "standard input"
    assert urls(capture) == EXPECTED


def test_standard_input_of_a_process():
    program = "from inspector.capture import open_capture\nfor e in open_capture('-').exchanges(): print(ascii(e.request.url))"
    done = subprocess.run([sys.executable, "-c", program], input=PLAIN, capture_output=True, check=True)
    assert done.stdout.decode().split() == [ascii(url) for url in EXPECTED]


def test_a_named_pipe_is_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = "import sys,pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    writer = subprocess.Popen([sys.executable, "-c", program, str(pipe)], stdin=subprocess.PIPE)
    writer.stdin.write(PLAIN)
    writer.stdin.close()
    assert urls(open_capture(pipe)) == EXPECTED
    assert writer.wait() == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n ", "nothing but white space"),
        (b"{}", "neither `log` nor `entries`"),
        (b'{"name": "x"}', "neither `log` nor `entries`"),
        (b"[]", "not of entries"),
        (b"[1, 2]", "not of entries"),
        (b"hello", "not a recording"),
        (b"\xff\xfe", "nothing but white space|is empty"),
        (b"<!DOCTYPE html>", "HTML or XML"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0", "packet capture"),
        (b'{"constants": {}, "events": []}', "NetLog"),
        (b'{"log": ', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON|not of entries"),
        (b'{"log":' * 100_000, "not valid JSON"),
        (gzip.compress(PLAIN, mtime=0)[:12], "damaged gzip"),
        (b"\x78\x9c\xff\xff", "damaged zlib"),
        (b"PK\x03\x04rubbish", "damaged zip"),
        (zipped(readme__txt=b"x"), "no .har file"),
        (zipped(**{"raw/1_c__txt": b"x"}), "Export Sessions"),
    ],
)
def test_what_is_no_recording_gives_one_clear_line(tmp_path, content, reason):
    with pytest.raises(CaptureError, match=reason) as raised:
        list(opened(tmp_path, content).exchanges())
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / "x.har"))


def test_paths_that_cannot_be_read(tmp_path):
    with pytest.raises(CaptureError, match="no such file"):
        open_capture(tmp_path / "none.har")
    with pytest.raises(CaptureError, match="is a directory"):
        open_capture(tmp_path)
    with pytest.raises(CaptureError, match="cannot be read"):
        open_capture("nul\0byte")
    with pytest.raises(CaptureError, match="cannot be read"):
        open_capture("x" * 5000)


def test_an_encrypted_archive_is_said(tmp_path):
    content = bytearray(zipped(a__har=PLAIN))
    content[6] |= 1  # the flag in the local header, and in the central directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(CaptureError, match="encrypted"):
        opened(tmp_path, bytes(content))


SHA = "0" * 40


def test_side_files_of_an_archive_are_read(tmp_path):
    document = har(
        entry(response__content={"size": 3, "mimeType": "image/png", "_file": f"{SHA}.png"}),
        entry(response__content={"size": 3, "mimeType": "image/png", "_file": "gone.png"}),
        entry(request__method="POST", request__postData={"mimeType": "text/plain", "_file": "body.txt"}),
    )
    capture = opened(
        tmp_path, zipped(**{"har__har": json.dumps(document).encode(), f"{SHA}__png": b"png", "body__txt": b"sent"})
    )
    first, second, third = capture.exchanges()
    assert (first.response.body.state, first.response.body.data) == ("full", b"png")
    assert (second.response.body.state, second.response.body.data) == ("omitted", None)
    assert third.request.body.data == b"sent"


def test_side_files_beside_a_recording_are_read_and_nothing_else_is(tmp_path):
    (tmp_path / f"{SHA}.txt").write_bytes(b"kept")
    (tmp_path / "secret.txt").write_bytes(b"private")
    (tmp_path / "linked").write_bytes(b"private")
    (tmp_path / ("1" * 40)).symlink_to(tmp_path / "linked")
    names = [
        f"{SHA}.txt",
        "secret.txt",
        f"../{tmp_path.name}/{SHA}.txt",
        str(tmp_path / "secret.txt"),
        "1" * 40,
        "nul\0",
    ]
    entries = [entry(response__content={"size": 4, "mimeType": "a/b", "_file": name}) for name in names]
    bodies = [exchange.response.body for exchange in opened(tmp_path, har(*entries)).exchanges()]
    assert [body.data for body in bodies] == [b"kept", None, None, None, None, None]


def test_two_files_are_open_at_once(tmp_path):
    first = opened(tmp_path, har(entry(request__url="https://a.test/")), "a.har").exchanges()
    second = opened(tmp_path, har(entry(request__url="https://b.test/")), "b.har").exchanges()
    assert [next(second).request.url, next(first).request.url] == ["https://b.test/", "https://a.test/"]


def test_a_recording_can_be_read_twice(tmp_path):
    capture = opened(tmp_path, har(entry(), None))
    assert list(capture.exchanges()) == list(capture.exchanges())
    assert len(capture.info().skipped) == 1
