"""Clouds and hosting: storage, gateways, functions, and their labels for a request."""

from __future__ import annotations

import re

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, Around, known, reads, row
from inspector.fieldguide.say import identity, misfit, number, odd, quote, sized
from inspector.fields.browser_date import read_date
from inspector.words import listed, moment

_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html"
_GCS = "https://cloud.google.com/storage/docs/xml-api/reference-headers"
_AZURE = "https://learn.microsoft.com/rest/api/storageservices/get-blob"
_SWIFT = "https://docs.openstack.org/api-ref/object-store/"
_GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html"


@reads(
    row(
        "X-Amz-Request-Id",
        RESPONSE,
        "Amazon S3's label for this request; AWS support asks for it.",
        _S3,
        "DFD32A0271400C56",
    ),
    row(
        "X-Amz-Id-2",
        RESPONSE,
        "A second label of Amazon S3 for this request; AWS support asks for both.",
        _S3,
        "e60CQRoUi3XdL64GDMId7k5oJLMI5JvvioCSqEB5ytWiP8NfNWdkGfnUT9i16KfiVeNRksDoHvk=",
    ),
    row(
        "X-Amzn-RequestId",
        RESPONSE,
        "An AWS service's label for this request; AWS support asks for it.",
        "https://docs.aws.amazon.com/general/latest/gr/aws-support.html",
        "7b92f3c2-5d5e-4a39-9d4f-0a1b2c3d4e5f",
    ),
    row(
        "X-Amzn-Request-Id",
        RESPONSE,
        "An AWS service's label for this request; AWS support asks for it.",
        "https://docs.aws.amazon.com/general/latest/gr/aws-support.html",
        "7b92f3c2-5d5e-4a39-9d4f-0a1b2c3d4e5f",
    ),
    row("X-Amz-Apigw-Id", RESPONSE, "Amazon API Gateway's label for this request.", _GATEWAY, "VbX3aGhLoAMFqRw="),
    row("Apigw-Requestid", RESPONSE, "Amazon API Gateway's label for this request.", _GATEWAY, "VbX3aGhLoAMFqRw="),
    row(
        "X-Amz-Version-Id",
        RESPONSE,
        "Which version of the object in Amazon S3 this is.",
        _S3,
        "dKDPL7yQhOgrHvmcYICFKXHcKVI7lT1x",
    ),
    row(
        "X-GUploader-UploadID",
        RESPONSE,
        "Google Cloud Storage's label for this transfer; its support asks for it.",
        _GCS,
        "AEnB2UqqNR4wk19g2tb73nuacsujibGNsep56eyKg2AAQHmN9zM",
    ),
    row(
        "X-Ms-Request-Id",
        RESPONSE,
        "Azure's label for this request; its support asks for it.",
        _AZURE,
        "e9a906c6-0001-0003-651e-396096000000",
    ),
    row(
        "X-Ms-Client-Request-Id",
        BOTH,
        "The client's own label for this request, which Azure files and repeats.",
        _AZURE,
        "7b92f3c2-5d5e-4a39-9d4f-0a1b2c3d4e5f",
    ),
    row(
        "X-GitHub-Request-Id",
        RESPONSE,
        "GitHub's label for this request; its support asks for it.",
        "https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api",
        "341C539A:448A:29E92431:567E9B8D",
    ),
    row(
        "X-Trans-Id",
        RESPONSE,
        "OpenStack Swift's label for this request.",
        _SWIFT,
        "txae890383d6ed4b13a0bf9-0055e1987f",
    ),
    row(
        "X-OpenStack-Request-Id",
        RESPONSE,
        "OpenStack's label for this request.",
        _SWIFT,
        "txae890383d6ed4b13a0bf9-0055e1987f",
    ),
    row(
        "Fly-Request-Id",
        RESPONSE,
        "Fly.io's label for this request.",
        "https://fly.io/docs/networking/request-headers/",
        "01HX2Y3Z4A5B6C7D8E9F0G1H2J-fra",
    ),
    row(
        "Rndr-Id",
        RESPONSE,
        "Render's label for this request.",
        "https://render.com/docs/web-services",
        "5d5e4a39-9d4f-4a1b",
    ),
    row(
        "X-Oss-Request-Id",
        RESPONSE,
        "Alibaba Cloud's object storage's label for this request.",
        "https://www.alibabacloud.com/help/en/oss/developer-reference/common-http-headers",
        "5C3D9778CC1C2AEDF85B587C",
    ),
    row(
        "X-Fb-Debug",
        RESPONSE,
        "Facebook's notes on this request, readable for Facebook alone.",
        "https://developers.facebook.com/docs/graph-api/guides/debugging",
        "5Ze0JV0+Pl/aJOIA2FrzxwuRO6k84WoKF6P1BbPyouG5GFnhrwDlbu3i79rYeYyiTjphKtHTdru==",
    ),
    row(
        "X-FB-Trace-ID",
        RESPONSE,
        "Facebook's label for this request; its support asks for it.",
        "https://developers.facebook.com/docs/graph-api/guides/debugging",
        "GqYw1xRZq2P",
    ),
    row(
        "X-Shopify-Request-Id",
        RESPONSE,
        "Shopify's label for this request.",
        "https://shopify.dev/docs/api/usage/response-codes",
        "7b92f3c2-5d5e-4a39-9d4f-0a1b2c3d4e5f",
    ),
)
def label(value: str) -> str:
    """An id; Swift's ends in the time, in hexadecimal digits."""
    swift = re.fullmatch(r"tx[0-9a-f]{21}-([0-9a-f]{10})(?:-.*)?", value.strip())
    return f"Made on {moment(int(swift[1], 16))}." if swift else identity(value)


WORDS = known(
    row(
        "X-Amz-Server-Side-Encryption",
        BOTH,
        "How Amazon S3 encrypts the object at rest.",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html",
        "AES256",
    ),
    row(
        "X-Amz-Storage-Class",
        RESPONSE,
        "In which class of storage Amazon S3 keeps the object; none named is the standard one.",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html",
        "STANDARD_IA",
    ),
    row(
        "X-Amz-Replication-Status",
        RESPONSE,
        "Whether Amazon S3 has copied the object to another bucket.",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-status.html",
        "COMPLETED",
    ),
    row(
        "X-Amz-Bucket-Region",
        RESPONSE,
        "In which AWS region the bucket is.",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html",
        "eu-central-1",
    ),
    row("X-Goog-Storage-Class", RESPONSE, "In which class of storage Google Cloud keeps the object.", _GCS, "STANDARD"),
    row(
        "X-Goog-Stored-Content-Encoding",
        RESPONSE,
        "How the object is compressed where Google Cloud keeps it, which need not be how it is sent.",
        _GCS,
        "gzip",
    ),
    row("X-Ms-Version", BOTH, "Which version (a date) of Azure's storage interface is spoken.", _AZURE, "2009-09-19"),
    row("X-Ms-Blob-Type", BOTH, "What kind of blob of Azure's storage this is.", _AZURE, "BlockBlob"),
    row("X-Ms-Lease-Status", RESPONSE, "Whether somebody holds a lock on the blob.", _AZURE, "unlocked"),
    row("X-Ms-Lease-State", RESPONSE, "In which state the lock on the blob is.", _AZURE, "available"),
    row("X-Ms-Server-Encrypted", RESPONSE, "Whether Azure encrypts the blob at rest.", _AZURE, "true"),
    row("X-Ms-Error-Code", RESPONSE, "Azure's name for what went wrong.", _AZURE, "BlobNotFound"),
    row(
        "X-Amzn-ErrorType",
        RESPONSE,
        "The AWS service's name for what went wrong.",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html",
        "ForbiddenException",
    ),
    row(
        "X-GitHub-Media-Type",
        RESPONSE,
        "Which version and format of GitHub's interface answered.",
        "https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api",
        "github.v3; format=json",
    ),
    row(
        "X-GitHub-Api-Version-Selected",
        RESPONSE,
        "Which version of GitHub's interface answered.",
        "https://docs.github.com/rest/about-the-rest-api/api-versions",
        "2022-11-28",
    ),
    row(
        "X-Render-Origin-Server",
        RESPONSE,
        "Which server program runs behind Render.",
        "https://render.com/docs/web-services",
        "uvicorn",
    ),
    row(
        "X-Goog-Encryption-Algorithm",
        RESPONSE,
        "By which algorithm a key of the customer's encrypts the object.",
        _GCS,
        "AES256",
    ),
    row(
        "X-Azure-RequestChain",
        REQUEST,
        "How many Azure Front Doors the request has passed, to break loops.",
        "https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol",
        "hops=1",
    ),
)


@reads(
    row(
        "X-Goog-Stored-Content-Length",
        RESPONSE,
        "How many bytes Google Cloud keeps of the object, before any compression for the way.",
        _GCS,
        "79839",
    ),
)
def stored_length(value: str) -> str:
    """Octets."""
    octets = number(value)
    return f"{sized(octets)}." if octets is not None else misfit("a number of bytes")


@reads(
    row(
        "X-Goog-Generation",
        RESPONSE,
        "Which version of the object this is: Google Cloud's moment of writing it.",
        _GCS,
        "1538679434316060",
    ),
    row(
        "X-Timestamp",
        RESPONSE,
        "When the object was last changed, in seconds since 1970; OpenStack Swift's.",
        _SWIFT,
        "1380842027.26380",
    ),
    row(
        "MediaWiki-Timestamp",
        RESPONSE,
        "When MediaWiki changed this, in seconds since 1970.",
        "https://www.mediawiki.org/wiki/ResourceLoader",
        "1440877214.834",
    ),
)
def timestamp(value: str, around: Around) -> str:
    """Seconds or microseconds since 1970."""
    match = re.fullmatch(r"([0-9]{1,18})(?:\.[0-9]{1,9})?", value.strip(), re.ASCII)
    if match is None:
        return misfit("a moment in numbers")
    when = int(match[1]) / (1e6 if around.name == "x-goog-generation" else 1)
    return f"{moment(when)}."


@reads(
    row(
        "X-Goog-Metageneration",
        RESPONSE,
        "How often the facts about the object (not its content) were changed.",
        _GCS,
        "2",
    )
)
def metageneration(value: str) -> str:
    """A number."""
    times = number(value)
    return misfit("a whole number") if times is None else f"It is version {times:,} of them."


@reads(
    row(
        "X-Goog-Hash",
        RESPONSE,
        "Digests of the object as Google Cloud keeps it.",
        _GCS,
        "crc32c=1WWWOQ==, md5=ZrMB6pkj844jAN89nmsRVg==",
    )
)
def goog_hash(value: str) -> str:
    """Algorithms."""
    names = [part.strip().partition("=")[0] for part in value.split(",") if "=" in part]
    return f"By {listed(quote(name, 20) for name in names)}." if names else misfit("a list of digests")


@reads(
    row(
        "X-Amz-Expiration",
        RESPONSE,
        "When Amazon S3 will delete the object, and by which rule.",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html",
        'expiry-date="Fri, 21 Dec 2029 00:00:00 GMT", rule-id="old logs"',
    ),
)
def expiration(value: str) -> str:
    """A date and a rule."""
    match = re.search(r'expiry-date="([^"]{1,60})"', value)
    when = read_date(match[1]) if match else None
    rule = re.search(r'rule-id="([^"]{1,255})"', value)
    if when is None:
        return misfit('a date (`expiry-date="…"`)')
    return f"On {moment(when)}{f', by the rule {quote(rule[1], 60)}' if rule else ''}."


@reads(
    row(
        "X-Amz-Delete-Marker",
        RESPONSE,
        "Whether what was asked for is a mark that the object was deleted.",
        _S3,
        "true",
    )
)
def delete_marker(value: str) -> str:
    """``true`` or ``false``."""
    return (
        "It is: the object was deleted, and older versions may remain."
        if value.strip().lower() == "true"
        else "It is not."
    )


OWN_NOTES = known(
    row(
        "X-Amz-Meta-*",
        BOTH,
        "A note of its owner's on an object in Amazon S3.",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html",
        "1591",
    ),
    row("X-Goog-Meta-*", BOTH, "A note of its owner's on an object in Google Cloud Storage.", _GCS, "1538677181"),
    row("X-Ms-Meta-*", BOTH, "A note of its owner's on a blob in Azure's storage.", _AZURE, "photo"),
    row(
        "X-Object-Meta-*",
        BOTH,
        "A note of its owner's on an object in OpenStack Swift.",
        _SWIFT,
        "sjhlxyw7u7bohu5vse92oct67c2l2ad",
    ),
    row(
        "X-Amzn-Remapped-*",
        RESPONSE,
        "A field of the server's that Amazon API Gateway renamed, because it sets one of that name itself.",
        _GATEWAY,
        "keep-alive",
    ),
)


@reads(
    row(
        "X-Amzn-Waf-Action",
        RESPONSE,
        "That AWS's firewall answered instead of the server.",
        "https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge.html",
        "challenge",
    )
)
def waf(value: str) -> str:
    """What it did."""
    words = {
        "challenge": "It tests in the background whether the client is a browser.",
        "captcha": "It shows a puzzle.",
    }
    return words.get(value.strip().lower()) or odd(value)
