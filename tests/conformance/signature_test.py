"""Signed right and signed wrong, in the header and in the query: protocol.md, section 4. S4."""

import hashlib
import json
import unittest
import uuid

import botocore.auth
import botocore.exceptions

from conformance import ConformanceCase, QueryAuth, changed, clock_off_by, replace

NOT_AUTHORIZED = "NotAuthorizedException"


def signature_of(headers):
    authorization = headers["Authorization"]
    return authorization.decode() if isinstance(authorization, bytes) else authorization


class SignatureCase(ConformanceCase):
    def setUp(self):
        super().setUp()
        self.update(replace("k", "v"))
        self.body = json.dumps({"SyncSessionToken": self.session(), "RecordPatches": [replace("new", "v")]}).encode()

    def operations(self, dataset="game"):
        """Method, path, query and body of all five; the reading ones first."""
        yield "ListDatasets", "GET", self.path(None), {}, b""
        yield "DescribeDataset", "GET", self.path(dataset), {}, b""
        yield "ListRecords", "GET", self.path(dataset, "/records"), {"lastSyncCount": "0"}, b""
        yield "UpdateRecords", "POST", self.path(dataset), {}, self.body
        yield "DeleteDataset", "DELETE", self.path(dataset), {}, b""

    def assert_unchanged(self):
        self.assertEqual(self.values(), {"k": "v"})


class SignedRight(SignatureCase):
    def check_all(self, **options):
        for name, method, path, query, body in self.operations():
            with self.subTest(operation=name):
                answer = self.send(self.signed(method, path, query, body, **options))
                self.assertEqual(answer.status, 200, answer)
        self.assertFalse(self.list()["DatasetExists"])

    def test_in_the_header(self):
        self.check_all()

    def test_in_the_query(self):
        self.check_all(auth=QueryAuth)

    def test_with_a_content_hash(self):
        """S3SigV4Auth's header, as some clients send it for every service."""
        for name, method, path, query, body in self.operations():
            with self.subTest(operation=name):
                headers = {"X-Amz-Content-Sha256": hashlib.sha256(body).hexdigest()}
                answer = self.send(self.signed(method, path, query, body, headers=headers))
                self.assertEqual(answer.status, 200, answer)

    def test_with_more_signed_headers(self):
        headers = {"X-Amz-Client-Context": "e30=", "X-Custom": "  two   spaces  ", "Content-Type": "application/json"}
        self.check_all(headers=headers)

    def test_odd_characters_in_the_query(self):
        """The canonical query is built from what was sent: a token that needs escaping reaches the parser."""
        for token in ("a+b", "a b", "a/b=c&d", "ä", "%41", "*~'()"):
            for auth in (botocore.auth.SigV4Auth, QueryAuth):
                with self.subTest(token=token, auth=auth.__name__):
                    answer = self.send(self.signed("GET", self.path("game", "/records"), {"nextToken": token}, auth=auth))
                    self.assert_typed(answer, "InvalidParameterException")

    def test_a_path_with_an_unescaped_colon(self):
        """A colon may stand in a path as it is (RFC 3986, section 3.3); some clients leave it."""
        path = self.path("game", "/records").replace("%3A", ":")
        self.assertEqual(self.send(self.signed("GET", path)).status, 200)

    def test_clocks_within_five_minutes(self):
        for minutes in (-4, 4):
            with self.subTest(minutes=minutes), clock_off_by(minutes):
                self.list()

    def test_a_presigned_request_lives_as_long_as_it_says(self):
        with clock_off_by(-50):
            request = self.signed("GET", self.path("game", "/records"), auth=QueryAuth, expires=3600)
        self.assertEqual(self.send(request).status, 200)


class SignedWrong(SignatureCase):
    def check_all(self, message=r"(?s).+", **options):
        for name, method, path, query, body in self.operations():
            with self.subTest(operation=name):
                answer = self.send(self.signed(method, path, query, body, **options))
                self.assert_typed(answer, NOT_AUTHORIZED)
                self.assertRegex(answer.json()["message"], message)
                self.assertNotIn(self.service.secret_key, answer.body.decode())
        self.assert_unchanged()

    def test_wrong_key(self):
        self.check_all(access_key="AKIAUNKNOWNKEY00000")
        self.check_all(access_key="AKIAUNKNOWNKEY00000", auth=QueryAuth)

    def test_wrong_secret(self):
        self.check_all(secret_key="wrong")
        self.check_all(secret_key="wrong", auth=QueryAuth)

    def test_key_and_secret_are_refused_alike(self):
        """No oracle: which of the two was wrong is not told."""
        by_key = self.send(self.signed("GET", self.path(), access_key="AKIAUNKNOWNKEY00000"))
        by_secret = self.send(self.signed("GET", self.path(), secret_key="wrong"))
        self.assertEqual(by_key.json(), by_secret.json())

    def test_wrong_region(self):
        self.check_all(region="eu-central-9")
        self.check_all(region="eu-central-9", auth=QueryAuth)

    def test_wrong_service_name(self):
        self.check_all(name="s3")

    def test_a_token_that_the_key_does_not_have(self):
        self.check_all(headers={"X-Amz-Security-Token": "forged"})

    def test_through_the_client(self):
        """botocore raises its typed exception."""
        for wrong in ({"access_key": "AKIAUNKNOWNKEY00000"}, {"secret_key": "wrong"}, {"region": "eu-central-9"}):
            with self.subTest(wrong=wrong):
                client = self.make_client(**wrong)
                with self.assertRaises(client.exceptions.NotAuthorizedException):
                    self.list(client=client)

    def test_wrong_pool(self):
        pool = f"{self.service.region}:{uuid.uuid4()}"
        for call in (self.client.list_datasets, ):
            self.assert_refused(NOT_AUTHORIZED, ".+", call, **self.target(pool=pool))
        for call in (self.client.describe_dataset, self.client.delete_dataset, self.client.list_records):
            self.assert_refused(NOT_AUTHORIZED, ".+", call, **self.target("game", pool=pool))
        self.assert_refused(NOT_AUTHORIZED, ".+", self.client.update_records, **self.target("game", pool=pool),
                            SyncSessionToken=self.session(), RecordPatches=[replace("new", "v")])
        self.assert_unchanged()

    def test_old_and_early_clocks(self):
        for minutes, message in ((-6, r"\ASignature expired: .+"), (6, r"\ASignature not yet current: .+"),
                                 (-60 * 24 * 365, r"\ASignature expired: .+")):
            with self.subTest(minutes=minutes), clock_off_by(minutes):
                answer = self.send(self.signed("GET", self.path("game", "/records")))
                self.assert_typed(answer, NOT_AUTHORIZED)
                self.assertRegex(answer.json()["message"], message)
                self.assertIn("GMT", answer.headers["Date"], "so that a client can correct its clock")
                self.assert_refused(NOT_AUTHORIZED, message.removeprefix(r"\A"), self.list)

    def test_an_expired_presigned_request(self):
        with clock_off_by(-2):
            request = self.signed("GET", self.path("game", "/records"), auth=QueryAuth, expires=60)
        answer = self.send(request)
        self.assert_typed(answer, NOT_AUTHORIZED)
        self.assertRegex(answer.json()["message"], r"\ASignature expired: ")

    def test_tampered_body(self):
        for auth in (botocore.auth.SigV4Auth, QueryAuth):
            with self.subTest(auth=auth.__name__):
                request = self.signed("POST", self.path(), body=self.body, auth=auth)
                request.body = self.body.replace(b'"new"', b'"bad"')
                self.assert_typed(self.send(request), NOT_AUTHORIZED)
        self.assert_unchanged()

    def test_tampered_body_with_a_content_hash(self):
        headers = {"X-Amz-Content-Sha256": hashlib.sha256(self.body).hexdigest()}
        request = self.signed("POST", self.path(), body=self.body, headers=headers)
        request.body = self.body.replace(b'"new"', b'"bad"')
        self.assert_typed(self.send(request), NOT_AUTHORIZED)
        request.headers["X-Amz-Content-Sha256"] = hashlib.sha256(request.body).hexdigest()
        self.assert_typed(self.send(request), NOT_AUTHORIZED)
        self.assert_unchanged()

    def test_tampered_query(self):
        for auth in (botocore.auth.SigV4Auth, QueryAuth):
            for old, new in (("lastSyncCount=0", "lastSyncCount=1"), ("lastSyncCount=0", "lastSyncCount=0&maxResults=1"),
                             ("lastSyncCount=0", "LastSyncCount=0")):
                with self.subTest(auth=auth.__name__, new=new):
                    request = self.signed("GET", self.path("game", "/records"), {"lastSyncCount": "0"}, auth=auth)
                    self.assertIn(old, request.url)
                    request.url = request.url.replace(old, new)
                    self.assert_typed(self.send(request), NOT_AUTHORIZED)

    def test_tampered_path_and_method(self):
        request = self.signed("GET", self.path())
        request.method = "DELETE"
        self.assert_typed(self.send(request), NOT_AUTHORIZED)
        request = self.signed("DELETE", self.path("other"))
        request.url = request.url.replace("other", "game")
        self.assert_typed(self.send(request), NOT_AUTHORIZED)
        self.assert_unchanged()

    def test_tampered_headers(self):
        for header, value in (("X-Amz-Date", "20200101T000000Z"), ("X-Custom", "other"), ("Host", "example.com")):
            with self.subTest(header=header):
                request = self.signed("GET", self.path(), headers={"X-Custom": "signed"})
                if header in request.headers:
                    del request.headers[header]
                request.headers[header] = value
                self.assert_typed(self.send(request), NOT_AUTHORIZED)

    def test_tampered_lifetime(self):
        with clock_off_by(-2):
            request = self.signed("GET", self.path(), auth=QueryAuth, expires=60)
        request.url = request.url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")
        self.assert_typed(self.send(request), NOT_AUTHORIZED)

    def test_no_signature(self):
        for name, method, path, _, body in self.operations():
            with self.subTest(operation=name):
                request = self.signed(method, path, body=body)
                for header in ("Authorization", "X-Amz-Date"):
                    del request.headers[header]
                self.assert_typed(self.send(request), NOT_AUTHORIZED)
        self.assert_unchanged()

    def test_malformed_signatures(self):
        good = signature_of(self.signed("GET", self.path()).headers)
        credential = good.split("Credential=")[1].split(",")[0]
        for text in ("", "x", "Basic dXNlcjpwYXNz", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=",
                     "AWS4-HMAC-SHA256 =,=,=", "AWS4-HMAC-SHA256 " + "x=y," * 500, good.replace("SHA256", "SHA512"),
                     good.split(", Signature")[0], good.replace("host;", ""), good.replace("SignedHeaders=", "SignedHeaders=;"),
                     good.replace(credential, "/////"), good.replace(credential, credential.replace("/", "")),
                     good.replace(credential, "A" * 10000), good[:-1], good[:-2] + "ZZ", changed(good, len(good) - 5),
                     good + good):
            with self.subTest(text=text[:60]):
                request = self.signed("GET", self.path())
                del request.headers["Authorization"]
                request.headers["Authorization"] = text
                self.assert_typed(self.send(request), NOT_AUTHORIZED)
        for date in ("", "x", "20200101", "20201399T999999Z", "9" * 16, "20200101T000000Z "):
            with self.subTest(date=date):
                request = self.signed("GET", self.path())
                del request.headers["X-Amz-Date"]
                request.headers["X-Amz-Date"] = date
                self.assert_typed(self.send(request), NOT_AUTHORIZED)

    def test_malformed_query_signatures(self):
        request = self.signed("GET", self.path(), auth=QueryAuth)
        path, query = request.url.split("?")
        parts = query.split("&")
        for at, part in enumerate(parts):
            name = part.split("=")[0]
            for changed_part in ([], [name + "="], [name + "=x"], [part, part]):
                with self.subTest(name=name, changed_part=changed_part):
                    request.url = path + "?" + "&".join(parts[:at] + changed_part + parts[at + 1:])
                    self.assert_typed(self.send(request), NOT_AUTHORIZED)

    def test_a_stranger_does_not_learn_what_exists(self):
        """S4."""
        def answers(dataset):
            for _, method, path, query, body in self.operations(dataset):
                answer = self.send(self.signed(method, path, query, body, secret_key="wrong"))
                yield answer.status, answer.type, answer.body

        self.assertEqual(list(answers("game")), list(answers("none")))


if __name__ == "__main__":
    unittest.main()
