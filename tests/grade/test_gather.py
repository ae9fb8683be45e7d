"""Which page of a recording is graded, and what is kept of how HTTP led to it."""

from __future__ import annotations

from inspector.content.html import parse_html
from inspector.exchange import Body, Context, Exchange, Failure, Fields, Page, Recorder, Request, Response
from inspector.grade import gather
from inspector.grade.gather import Sites, page_facts
from inspector.grade.site import grade
from inspector.mask import Masker
from inspector.session import Session
from inspector.subject import Subject
from tests.conftest import needs_real_captures, real_captures

HTML = ("Content-Type", "text/html")


class Recording:
    """Feeds exchanges, one call each."""

    def __init__(self, **recorder) -> None:
        self.sites = Sites()
        self._session, self._masker, self._count = Session(), Masker(), 0
        self._recorder = Recorder("har", **recorder)

    def get(
        self, url, status=200, *fields, asked=(), body="<p>x", page=None, kind="document", failure=None, method="GET"
    ):
        response = Response(status, None, Fields.of([HTML, *fields]), body=Body("full", source=body))
        if body is None:
            response = Response(status, None, Fields.of([HTML, *fields]), body=Body("omitted"))
        exchange = Exchange(
            self._count,
            Request(method, url, Fields.of(asked)),
            Context(self._recorder, resource_type=kind, page=Page(page) if page else None),
            None if failure else response,
            failure=failure,
        )
        self._count += 1
        self.sites.observe(Subject(exchange, self._session, self._masker))
        return self

    @property
    def found(self):
        return self.sites.sites()

    @property
    def one(self):
        (site,) = self.found
        return site


def test_the_page_is_graded_and_what_it_loads_is_not():
    seen = Recording().get("https://shop.test/", page="1")
    seen.get("https://ads.test/frame", page="1")
    seen.get("https://cdn.test/a.js", kind="script", page="1")
    assert seen.one.url == "https://shop.test/"
    seen = Recording().get("https://shop.test/", asked=[("Sec-Fetch-Dest", "document")])
    seen.get("https://ads.test/", asked=[("Sec-Fetch-Dest", "iframe")])
    seen.get("https://mail.test/", asked=[("Referer", "https://shop.test/")])  # a link or a frame: not known
    assert seen.one.host == "shop.test"


def test_each_site_that_a_person_went_to_is_graded():
    seen = Recording().get("https://shop.test/a", page="1").get("https://bank.test/", page="2")
    seen.get("https://shop.test:8443/", page="3")
    assert [grade(site, Masker()).site for site in seen.found] == [
        "https://shop.test",
        "https://bank.test",
        "https://shop.test:8443",
    ]


def test_the_front_page_is_preferred_and_https():
    seen = (
        Recording()
        .get("http://shop.test/a")
        .get("https://shop.test/b")
        .get("https://shop.test/")
        .get("https://shop.test/c")
    )
    assert (seen.one.url, seen.one.exchange) == ("https://shop.test/", 2)
    assert seen.one.route == (("http", "shop.test"),)  # and HTTP answered with a page


def test_redirects_are_followed_to_the_page():
    seen = Recording().get("http://shop.test/", 301, ("Location", "https://shop.test/"), ("Set-Cookie", "a=1"))
    seen.get("https://shop.test/", 302, ("Location", "https://www.shop.test/home#top"), ("Set-Cookie", "b=2; Secure"))
    seen.get("https://www.shop.test/home", 200, ("Set-Cookie", "c=3"))
    site = seen.one
    assert site.host == "shop.test"
    assert site.route == (("http", "shop.test"), ("https", "shop.test"), ("https", "www.shop.test"))
    assert [(c.line[0], c.host, c.with_page) for c in site.cookies] == [
        ("a", "shop.test", False),
        ("b", "shop.test", False),
        ("c", "www.shop.test", True),
    ]


def test_a_visit_that_came_from_elsewhere_says_nothing_of_this_sites_http():
    seen = Recording().get("http://short.test/x", 301, ("Location", "https://shop.test/")).get("https://shop.test/")
    assert (seen.one.host, seen.one.route) == ("shop.test", None)


def test_a_redirect_of_the_browsers_own_says_nothing_of_the_server():
    internal = ("Non-Authoritative-Reason", "HSTS")
    seen = Recording().get("http://shop.test/", 307, ("Location", "https://shop.test/"), internal)
    assert seen.get("https://shop.test/").one.route is None


def test_nothing_listens_over_http():
    refused = Failure("net::ERR_CONNECTION_REFUSED")
    assert Recording().get("http://shop.test/", failure=refused).get("https://shop.test/").one.route == ()
    slow = Failure("net::ERR_TIMED_OUT")
    assert Recording().get("http://shop.test/", failure=slow).get("https://shop.test/").one.route is None
    blocked = Failure("net::ERR_BLOCKED_BY_CLIENT")
    assert Recording().get("http://shop.test/", failure=blocked).get("https://shop.test/").one.route is None


def test_pages_that_get_no_grade():
    seen = Recording().get("https://shop.test/", 404).get("https://bank.test/", 304).get("https://good.test/", 403)
    assert seen.one.host == "good.test"
    assert [(each.site, each.reason.split()[-1]) for each in seen.sites.ungraded()] == [
        ("https://shop.test", "404"),
        ("https://bank.test", "graded"),
    ]
    seen.get("https://shop.test/b")
    assert [each.site for each in seen.sites.ungraded()] == ["https://bank.test"]


def test_cookies_that_came_from_before():
    seen = Recording(cookies_recorded=True).get(
        "https://shop.test/", 200, ("Set-Cookie", "a=1"), asked=[("Cookie", "a=0; sid=3; _ga=x")]
    )
    assert seen.one.cookies_before == ("sid", "_ga")
    assert any("`sid` and `_ga`" in assumed for assumed in grade(seen.one, Masker()).assumed)
    assert Recording(cookies_recorded=False).get("https://shop.test/").one.cookies_recorded is False


def test_markup_that_is_not_recorded_is_unknown_and_other_content_has_none():
    assert Recording().get("https://shop.test/", body=None).one.page is None
    assert Recording().get("https://shop.test/", body="<script src=a.js></script>").one.page.scripts[0].src == "a.js"


def test_content_that_was_taken_out_by_hand_is_not_recorded():
    seen = Recording()
    removed = Response(200, None, Fields.of([HTML]), body=Body("full", 63_930, source="MANUALLY REMOVED"))
    exchange = Exchange(0, Request("GET", "https://shop.test/"), Context(Recorder("har"), "document"), removed)
    seen.sites.observe(Subject(exchange, Session(), Masker()))
    assert seen.one.page is None


def test_who_was_allowed_to_read_the_page():
    seen = (
        Recording()
        .get("https://shop.test/")
        .get(
            "https://shop.test/",
            204,
            ("Access-Control-Allow-Origin", "https://a.test"),
            asked=[("Origin", "https://a.test"), ("Access-Control-Request-Method", "GET")],
            method="OPTIONS",
            kind="preflight",
        )
    )
    assert [(s.origin, s.allow_origin, s.preflight) for s in seen.one.shared] == [
        ("https://a.test", "https://a.test", True)
    ]


def test_markup_is_read_as_the_observatory_reads_it():
    facts = page_facts(
        parse_html(
            "<base href='https://base.test/x/'><meta http-equiv=' Content-Security-Policy' content='a'>"
            "<meta http-equiv=refresh name=referrer content=origin><meta name=referrer content=no-referrer>"
            "<script src='a.js' integrity></script><script src='HTTPS:\\\\CDN.test/b.js' integrity=x></script><script>1</script>"
        )
    )
    assert [(s.src, s.integrity) for s in facts.scripts] == [
        ("https://base.test/x/a.js", False),
        ("https://CDN.test/b.js", True),
    ]
    assert (facts.inline_scripts, facts.policies, facts.referrer) == (1, ("a",), "no-referrer")


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(gather, "MOST_SITES", 3)
    monkeypatch.setattr(gather, "MOST_REMEMBERED", 3)
    seen = Recording()
    for n in range(20):
        seen.get(f"http://s{n}.test/", 301, ("Location", f"https://s{n}.test/nowhere"), page=f"a{n}")
        seen.get(f"https://s{n}.test/", page=f"b{n}", asked=[("Origin", "https://a.test")])
        seen.get(f"https://e{n}.test/", 500, page=f"c{n}")
    assert [site.host for site in seen.found] == ["s17.test", "s18.test", "s19.test"]
    kept = vars(seen.sites)
    assert max(len(memory) for memory in kept.values()) == 3


@needs_real_captures
def test_real_captures_have_the_sites_that_were_visited():
    from inspector.grade.captures import grade_captures

    report, failures = grade_captures([str(path) for path in real_captures()])
    assert not failures
    assert len(report.grades) >= 40
    for graded in report.grades:
        path = report.captures[graded.capture].path
        assert graded.low.score <= graded.high.score, path
        assert graded.site.partition("//")[2].split(":")[0] in graded.url, path
    graded_hosts = {graded.site.partition("//")[2] for graded in report.grades}
    assert {"github.com", "www.nghttp2.org", "en.wikipedia.org", "www.bbc.co.uk"} <= graded_hosts
    assert not any(name in host for host in graded_hosts for name in ("doubleclick", "facebook", "google-analytics"))
