#!/usr/bin/python3
"""Writes botocore_vectors.json: requests as botocore (Debian's python3-botocore, 1.29.27) signs them at a fixed moment.

    /usr/bin/python3 tests/unit/auth/make_vectors.py > tests/unit/auth/botocore_vectors.json

Run once; the file is what the tests read, so that they need no Python. Each vector holds the request before signing
(headers, decoded query), and what botocore made of it. `form` is "sign" (header; X-Amz-Content-SHA256 is given, as
auth::sign() adds it), "presign" (query), or "verify" (header without a body hash, as the vendor's SDKs send it).
"""
import datetime
import json
from hashlib import sha256
from unittest import mock
from urllib.parse import quote, unquote, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

MOMENT = datetime.datetime(2026, 11, 22, 10, 15, 0)
KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLE//token+with=odd/characters=="
POOL = "/identitypools/us-east-1%3A11111111-2222-3333-4444-555555555555"
IDENTITY = POOL + "/identities/us-east-1%3Aaaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

CASES = [
    dict(name="plain", path=IDENTITY + "/datasets"),
    dict(name="root", path="/"),
    dict(name="empty path", path=""),
    dict(name="escaped slash", path=IDENTITY + "/datasets/a%2Fb"),
    dict(name="escaped percent and space", path="/a%2520b/c%20d"),
    dict(name="escaped utf-8", path="/%C3%BC/%F0%9F%98%80"),
    dict(name="dot segments", path="/a/./b/../c"),
    dict(name="dots above the root", path="/../../a"),
    dict(name="only dots", path="/./.."),
    dict(name="escaped dots", path="/a/%2E%2E/b"),
    dict(name="double slashes", path="//a///b//"),
    dict(name="trailing slash", path="/a/b/"),
    dict(name="reserved in a path", path="/a;b=c,d@e!f$g'h(i)j*k:l+m&n"),
    dict(name="unreserved in a path", path="/-_.~"),
    dict(name="list records", path=IDENTITY + "/datasets/d/records",
         query=[["lastSyncCount", "12"], ["maxResults", "1024"], ["syncSessionToken", "abc/+=="]]),
    dict(name="query with equals and ampersand", query=[["nextToken", "a=b=c&d"]]),
    dict(name="query with plus and space", query=[["nextToken", "a+b c"]]),
    dict(name="query with empty value", query=[["a", ""], ["b", ""], ["A", ""]]),
    dict(name="query in utf-8", query=[["n\u00fcr", "\U0001f600\u20ac"]]),
    dict(name="query with reserved", query=[["a!*'()", "!*'();:@&=+$,/?%#[]~"]]),
    dict(name="query sorted by name", query=[["b", "1"], ["a", "2"], ["B", "3"], ["a-b", "4"], ["a.b", "5"], ["aa", "6"]]),
    dict(name="query sorted by encoded name", query=[["a~", "1"], ["a\u00fc", "2"], ["a:", "3"], ["az", "4"]]),
    dict(name="query sorted by value", forms=["sign", "verify"], query=[["a", "2"], ["a", "1"], ["a", "10"], ["a", ""]]),
    dict(name="session token", token=TOKEN, path=IDENTITY + "/datasets"),
    dict(name="port", host="127.0.0.1:8080"),
    dict(name="ipv6", host="[::1]:8080"),
    dict(name="headers in odd case", headers=[["x-AMZ-Client-Context", "Ab"], ["ACCEPT", "*/*"]]),
    dict(name="header white space", headers=[["X-Amz-Client-Context", "  a  \t b   c \t"], ["X-Empty", ""], ["X-Blank", "   "]]),
    dict(name="quoted header white space", headers=[["X-Quoted", '"a  b"']]),
    dict(name="header twice", headers=[["X-Twice", " b "], ["X-Other", "1"], ["x-twice", "a  a"]]),
    dict(name="header names sorted", headers=[["X-B", "1"], ["X-A1", "2"], ["X-A", "3"], ["X-A-B", "4"]]),
    dict(name="post body", method="POST", path=IDENTITY + "/datasets/d", forms=["sign", "verify"],
         headers=[["Content-Type", "application/json"], ["x-amz-Client-Context", "ctx"]],
         body='{"SyncSessionToken":"t","RecordPatches":[{"Key":"\u00fc\U0001f600"}]}'),
    dict(name="post body with token", method="POST", path=IDENTITY + "/datasets/d", token=TOKEN, forms=["sign", "verify"],
         headers=[["Content-Type", "application/json"]], body="\x00\x01 not json"),
    dict(name="post empty body", method="POST", path=IDENTITY + "/datasets/d"),
    dict(name="delete", method="DELETE", path=IDENTITY + "/datasets/d"),
    dict(name="other region and service", region="eu-central-1", service="cognito-identity"),
]


class FixedMoment(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return MOMENT


def sign(case, form):
    host = case.get("host", "cognito-sync.us-east-1.amazonaws.com")
    query = case.get("query", [])
    body = case.get("body", "")
    url = f"http://{host}{case.get('path', '/')}"
    if query:
        url += "?" + "&".join(quote(name, safe="-_.~") + "=" + quote(value, safe="-_.~") for name, value in query)
    request = AWSRequest(method=case.get("method", "GET"), url=url, data=None if form == "presign" else body.encode())
    for name, value in case.get("headers", []):
        request.headers[name] = value
    if form == "sign":
        request.headers["X-Amz-Content-SHA256"] = sha256(body.encode()).hexdigest()
    credentials = Credentials(KEY, SECRET, case.get("token"))
    signer = (botocore.auth.SigV4QueryAuth if form == "presign" else botocore.auth.SigV4Auth)(
        credentials, case.get("service", "cognito-sync"), case.get("region", "us-east-1"))
    canonical = []
    original = signer.canonical_request
    signer.canonical_request = lambda r: canonical.append(original(r)) or canonical[-1]
    with mock.patch.object(botocore.auth.datetime, "datetime", FixedMoment):
        signer.add_auth(request)

    signed_query = []
    for pair in filter(None, urlsplit(request.url).query.split("&")):
        name, _, value = pair.partition("=")
        signed_query.append([unquote(name), unquote(value)])
    return {
        "name": case["name"], "form": form, "method": request.method, "host": host, "path": case.get("path", "/"),
        "query": query, "headers": case.get("headers", []), "body": body,
        "token": case.get("token", ""), "region": case.get("region", "us-east-1"),
        "service": case.get("service", "cognito-sync"),
        "canonical": canonical[0],
        "signed_headers": [["Host", host]] + [[name, value] for name, value in request.headers.items()],
        "signed_query": signed_query,
    }


def main():
    vectors = [sign(case, form) for case in CASES for form in case.get("forms", ["sign", "presign", "verify"])]
    head = {"moment": "20261122T101500Z", "key": KEY, "secret": SECRET, "expires": 3600}
    print(json.dumps(head)[:-1] + ', "vectors": [')  # a line each, so that a difference shows
    print(",\n".join(json.dumps(vector) for vector in vectors))
    print("]}")


main()
