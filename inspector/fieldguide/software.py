"""What client and server call themselves: claims, each of them."""

from __future__ import annotations

from inspector.fieldguide.base import REQUEST, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.client_hints import brands_of
from inspector.fieldguide.say import odd, quote, sentence, sentences
from inspector.fields.user_agent import read_user_agent
from inspector.words import listed


@reads(
    row(
        "User-Agent",
        REQUEST,
        "What the client calls itself; a claim that anybody can make, and that browsers keep vague on purpose.",
        f"{RFC}9110#section-10.1.5",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
        "Safari/537.36",
    )
)
def user_agent(value: str, around: Around) -> str:
    """The claim, and what the structured hints say beside it."""
    claim = read_user_agent(value)
    if claim.robot:
        said = f"calls itself a robot, {quote(claim.name or '', 60)}"
    elif claim.name is None:
        said = "names no product known here" if value.strip() else "is empty"
        said += f", on {claim.platform}" if claim.platform else ""
    elif claim.browser:
        platform = f" on {claim.platform}" if claim.platform else ""
        said = f"reads as {claim.name} {claim.version or ''}".rstrip() + platform
    else:
        version = f", version {claim.version[:20]}" if claim.version else ""
        said = f"calls itself {quote(claim.name, 60)}{version}"
    hints = around.fields.get("sec-ch-ua")
    if hints:
        found, fault = brands_of(hints)
        if found and not fault:
            return sentences(said, f"`Sec-CH-UA` says {listed(found)}")
    reduced = claim.browser and ".0.0.0 " in value and claim.name in ("Chrome", "Microsoft Edge", "Opera")
    return sentences(said, "Its version and system are the reduced ones that every copy sends" if reduced else "")


@reads(
    row(
        "Server",
        RESPONSE,
        "What the server, or whoever stands in front of it, calls itself.",
        f"{RFC}9110#section-10.2.4",
        "nginx/1.25.3",
    )
)
def server(value: str) -> str:
    """Products, some of which are known."""
    first = value.partition(" ")[0].partition("/")
    name = first[0].strip().lower()
    known = _SERVERS.get(name) or next((said for start, said in _SERVERS.items() if name.startswith(start + "-")), None)
    version = f" {first[2][:30]}" if first[2] and first[2][0].isdigit() else ""
    if known:
        return sentence(f"{known}{f', version{version}' if version else ''}")
    return odd(value)


_SERVERS = {
    "nginx": "The web server nginx",
    "apache": "The web server Apache",
    "apache-coyote": "Apache Tomcat",
    "openresty": "OpenResty: nginx with Lua in it",
    "tengine": "Tengine: Alibaba's kind of nginx",
    "microsoft-iis": "Microsoft's web server IIS",
    "microsoft-httpapi": "Windows' own HTTP service",
    "kestrel": "Kestrel, the web server of ASP.NET Core",
    "litespeed": "The web server LiteSpeed",
    "caddy": "The web server Caddy",
    "cloudflare": "Cloudflare, in front of the server",
    "cloudflare-nginx": "Cloudflare, in front of the server",
    "cloudfront": "Amazon CloudFront, in front of the server",
    "amazons3": "Amazon S3",
    "awselb": "An AWS load balancer",
    "akamaighost": "Akamai, in front of the server",
    "akamainetstorage": "Akamai's storage",
    "ecs": "Edgecast (Edgio), in front of the server",
    "ecacc": "Edgecast (Edgio), in front of the server",
    "ecd": "Edgecast (Edgio), in front of the server",
    "varnish": "The cache Varnish",
    "squid": "The proxy Squid",
    "ats": "The proxy Apache Traffic Server",
    "envoy": "The proxy Envoy",
    "istio-envoy": "The proxy Envoy, of an Istio mesh",
    "gws": "Google's web server",
    "gse": "Google's servlet engine",
    "esf": "A Google front end",
    "sffe": "Google's server of static files",
    "cafe": "Google's advertising server",
    "google frontend": "A Google front end",
    "uploadserver": "Google Cloud Storage",
    "vercel": "Vercel",
    "netlify": "Netlify",
    "github.com": "GitHub",
    "windows-azure-blob": "Azure's blob storage",
    "gunicorn": "Gunicorn, a server of Python applications",
    "uvicorn": "Uvicorn, a server of Python applications",
    "werkzeug": "Werkzeug, Flask's server for development",
    "hypercorn-h11": "Hypercorn, a server of Python applications",
    "hypercorn-h2": "Hypercorn, a server of Python applications",
    "cowboy": "Cowboy, a server of Erlang and Elixir applications",
    "puma": "Puma, a server of Ruby applications",
    "jetty": "Jetty, a server of Java applications",
    "lighttpd": "The web server lighttpd",
    "h2o": "The web server H2O",
    "tsa": "Twitter's servers",
    "tsa_b": "Twitter's servers",
    "cachefly": "The CDN CacheFly",
    "bunnycdn": "The CDN bunny.net",
    "keycdn-engine": "The CDN KeyCDN",
    "adobe": "Adobe's servers",
}


SOFTWARE = known(
    row(
        "X-Powered-By",
        RESPONSE,
        "Which software made the response; nobody needs it but those who look for known weaknesses.",
        "https://owasp.org/www-project-secure-headers/#x-powered-by",
        "PHP/8.2.1",
    ),
    row(
        "X-Generator",
        RESPONSE,
        "Which program made the page; nobody needs it but those who count or attack such programs.",
        "https://owasp.org/www-project-secure-headers/",
        "Drupal 10 (https://www.drupal.org)",
    ),
    row(
        "X-AspNet-Version",
        RESPONSE,
        "The version of ASP.NET; nobody needs it but those who look for known weaknesses.",
        "https://learn.microsoft.com/dotnet/api/system.web.configuration.httpruntimesection.enableversionheader",
        "4.0.30319",
    ),
    row(
        "X-AspNetMvc-Version",
        RESPONSE,
        "The version of ASP.NET MVC; nobody needs it but those who look for known weaknesses.",
        "https://learn.microsoft.com/dotnet/api/system.web.mvc.mvchandler.disablemvcresponseheader",
        "5.2",
    ),
)


SENDER = known(
    row(
        "From",
        REQUEST,
        "The e-mail address of the person behind the client; robots alone send it.",
        f"{RFC}9110#section-10.1.2",
        "robot@search.test",
    )
)
