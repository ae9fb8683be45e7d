"""The test of what plain HTTP does: where ``http://host/`` leads."""

from __future__ import annotations

from inspector.grade.chart import REDIRECTION, results_of
from inspector.grade.evidence import Finding, SiteEvidence


def redirection(site: SiteEvidence) -> Finding:
    """Which of the Observatory's results the chain from ``http://host/`` has; any of them where it is not recorded."""
    route = site.route
    if route is None:
        because = f"What `http://{site.host}/` answers is not recorded; a visit that begins there would tell."
        return Finding(results_of(REDIRECTION), because)
    if not route:
        return Finding(("redirection-not-needed-no-http",), f"Nothing listens at `http://{site.host}/`.")
    shown = f"{' → '.join(f'{scheme}://{host}' for scheme, host in route)}"
    if site.certificate_faulty:
        return Finding(("redirection-invalid-cert",), "", "", shown)
    if len(route) == 1:
        return Finding(("redirection-missing",), "", "", shown)
    if route[-1][0] != "https":
        return Finding(("redirection-not-to-https",), "", "", shown)
    if route[1][0] == "http":
        return Finding(("redirection-not-to-https-on-initial-redirection",), "", "", shown)
    if route[0][1] != route[1][1]:
        because = "The answer over HTTPS on the first host is the one that could set HSTS for it."
        return Finding(("redirection-off-host-from-http",), because, "", shown)
    return Finding(("redirection-to-https",), "", "", shown)
