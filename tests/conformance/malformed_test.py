"""Whatever the bytes: a typed 4xx, never a 5xx, no hang, and the service goes on. S6."""

import json
import random
import re
import socket
import unittest

from conformance import ConformanceCase, replace
import serve

STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


class MalformedCase(ConformanceCase):
    def exchange(self, data, end=False, seconds=20):
        """What came back until the service closed or went quiet; `end` closes our side first."""
        with socket.create_connection(self.service.address, timeout=seconds) as connection:
            received = b""
            try:
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
                while not self.complete(received):
                    piece = connection.recv(65536)
                    if not piece:
                        break
                    received += piece
            except (ConnectionResetError, BrokenPipeError):
                pass  # it answered and closed before it had read all of a request that it refuses
            return received

    @staticmethod
    def length_of(head):
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        return int(length[1]) if length else None

    def complete(self, received):
        head, end, body = received.partition(b"\r\n\r\n")
        length = self.length_of(head)
        return bool(end) and length is not None and len(body) >= length

    def assert_typed_bytes(self, received):
        status = STATUS_LINE.match(received)
        self.assertTrue(status, received[:200])
        self.assertEqual(status[1][:1], b"4", received[:300])
        head, _, body = received.partition(b"\r\n\r\n")
        self.assertRegex(head, rb"(?i)\r\nx-amzn-errortype: [A-Z][A-Za-z]+")
        self.assertRegex(head, rb"(?i)\r\nx-amzn-requestid: [0-9a-f-]{36}")
        self.assertTrue(json.loads(body[:self.length_of(head)])["message"])

    def tearDown(self):
        self.assert_serves()


class MalformedHttp(MalformedCase):
    def test_requests_that_are_none(self):
        for data in (b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                     b"G\0T / HTTP/1.1\r\n\r\n", b"GET /\x7f\xff HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\n: empty\r\n\r\n",
                     b"GET / HTTP/1.1\r\na\0b: c\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"):
            with self.subTest(data=data):
                self.assert_typed_bytes(self.exchange(data))

    def test_lengths_that_are_none(self):
        for headers in (b"Content-Length: -1", b"Content-Length: abc", b"Content-Length: 1e3",
                        b"Content-Length: 99999999999999999999999", b"Content-Length: 5\r\nContent-Length: 6",
                        b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: gibberish"):
            with self.subTest(headers=headers):
                request = b"POST / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\nabcde"
                self.assert_typed_bytes(self.exchange(request, end=True))

    def test_bad_chunks(self):
        for chunks in (b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\nabc", b"3\r\nabcd\r\n0\r\n\r\n"):
            with self.subTest(chunks=chunks):
                request = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
                self.assert_typed_bytes(self.exchange(request, end=True))

    def test_too_large_heads(self):
        for request in (b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n",
                        b"GET / HTTP/1.1\r\nA: " + b"b" * 300_000 + b"\r\n\r\n",
                        b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % i for i in range(50_000)) + b"\r\n",
                        b"a" * 1_000_000):
            with self.subTest(request=request[:20]):
                received = self.exchange(request, end=True)
                if received:  # it may as well have closed before our last byte was out
                    self.assert_typed_bytes(received)

    def test_too_large_bodies_are_refused_unread(self):
        for length in (b"100000000", b"9223372036854775807"):
            with self.subTest(length=length):
                self.assert_typed_bytes(self.exchange(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length +
                                                      b"\r\n\r\n"))

    def test_a_chunked_body_without_end(self):
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        received = self.exchange(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 400)
        if received:
            self.assert_typed_bytes(received)

    def test_requests_that_are_cut_off(self):
        """There may be nobody left to answer; what is answered is typed, and never a success."""
        whole = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabcdefghij"
        for length in range(0, len(whole) - 1, 5):
            received = self.exchange(whole[:length], end=True)
            if received:
                self.assert_typed_bytes(received)

    def test_connections_that_say_nothing_block_nobody(self):
        silent = [socket.create_connection(self.service.address) for _ in range(100)]
        try:
            for connection in silent[::2]:
                connection.sendall(b"POST / HTTP/1.1\r\nContent-Le")
            self.assert_serves()
        finally:
            for connection in silent:
                connection.close()

    def test_random_bytes(self):
        """Seeded, so that a failure can be repeated."""
        source = random.Random(20140630)
        start = b"GET " + self.path("game", "/records").encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        for round_ in range(300):
            data = bytearray(start)
            for _ in range(source.randint(1, 8)):
                data[source.randrange(len(data))] = source.randrange(256)
            with self.subTest(round=round_, data=bytes(data)):
                received = self.exchange(bytes(data), end=True)
                if received:
                    self.assert_typed_bytes(received)


class MalformedPaths(MalformedCase):
    def test_paths_that_lead_nowhere(self):
        pool = self.service.pool
        for path in ("/", "//", "/x", "/identitypools/", f"/identitypools/{pool}/identities", "/identitypools//identities//",
                     self.path(None) + "/", self.path("game") + "/records/", self.path("game", "/nonsense"),
                     "/../../etc/passwd", "/%2e%2e/", "/identitypools/%zz", "/identitypools/%", "/identitypools/%f",
                     "/identitypools/%00", "/identitypools/%ff/identities/x/datasets", self.path("game").upper(),
                     "/identitypools" * 100, "/?" + "a=b&" * 1000, "/?%zz", "/?%ff=%fe"):
            with self.subTest(path=path[:80]):
                self.assert_typed(self.send(self.signed("GET", path)))

    def test_methods_that_are_none_of_ours(self):
        for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "BREW", "get"):
            with self.subTest(method=method):
                self.assert_typed(self.send(self.signed(method, self.path())))
        self.assertEqual(self.send(self.signed("HEAD", self.path())).status // 100, 4)

    def test_methods_that_the_path_has_not(self):
        """Every path of the model has its methods (protocol.md, section 1), and no others."""
        pool = f"/identitypools/{self.service.pool}"
        for method, path in (("POST", "/identitypools"), ("DELETE", pool), ("GET", pool + "/bulkpublish"),
                             ("GET", pool + "/getBulkPublishDetails"), ("DELETE", pool + "/configuration"),
                             ("DELETE", pool + "/events"), ("POST", self.path(None).removesuffix("/datasets")),
                             ("GET", f"{pool}/identity/{self.identity}/device"),
                             ("POST", f"{pool}/identities/{self.identity}/device"),
                             ("GET", self.path("game", "/subscriptions/device"))):
            with self.subTest(path=path):
                self.assert_typed(self.send(self.signed(method, path, body=b"{}" if method == "POST" else b"")))

    def test_query_parameters_of_a_wrong_type(self):
        self.update(replace("a", "1"))
        for name in ("lastSyncCount", "maxResults"):
            for value in ("x", "", "1.5", "1e3", "0x1", " 1", "99999999999999999999", "-99999999999999999999", "ä", "\0", "1\n"):
                with self.subTest(name=name, value=value):
                    answer = self.send(self.signed("GET", self.path("game", "/records"), {name: value}))
                    self.assert_typed(answer, "InvalidParameterException")


class MalformedBodies(MalformedCase):
    def refuse(self, body, *arguments):
        self.assert_typed(self.post(body), "InvalidParameterException")
        self.assertFalse(self.list()["DatasetExists"])

    def test_what_is_no_json_object(self):
        for body in (b"", b" ", b"{", b"}", b"[]", b"null", b"1", b'"x"', b"\0", b"\xff\xfe", b"{\"a\":}", b"{'a': 1}",
                     b"{}{}", b"NaN", b'{"SyncSessionToken": "\xff"}', b'{"a": "\\ud800"}', b'{"a": "\x01"}',
                     b"<xml/>", b"a=b&c=d"):
            with self.subTest(body=body):
                self.refuse(body)

    def test_deep_nesting(self):
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000,
                     b'{"RecordPatches":' + b"[" * 50_000 + b"]" * 50_000 + b"}"):
            with self.subTest(body=body[:20]):
                self.refuse(body)

    def test_fields_of_a_wrong_type(self):
        token = self.session()
        good = replace("k", "v")
        wrong = [{"SyncSessionToken": token, "RecordPatches": patches}
                 for patches in ("x", 1, {}, True, [1], ["x"], [[]], [None])]
        wrong += [{"SyncSessionToken": bad, "RecordPatches": [good]} for bad in (1, [], {}, True)]
        wrong += [{"SyncSessionToken": token, "RecordPatches": [good], "DeviceId": bad} for bad in (1, [], {}, True)]
        for field, values in (("Op", (1, [], {}, True)), ("Key", (1, [], {}, True, None)), ("Value", (1, [], {}, True)),
                              ("SyncCount", ("x", "1", 1.5, [], {}, True, None, -1, 2**63, -(2**63) - 1, 1e400)),
                              ("DeviceLastModifiedDate", ("x", "2020-01-01", [], {}, True, 1e300, -1e300))):
            for value in values:
                wrong.append({"SyncSessionToken": token, "RecordPatches": [{**good, field: value}]})
        for body in wrong:
            with self.subTest(body={**body, "SyncSessionToken": "..."}):
                self.refuse(json.dumps(body).encode())

    def test_numbers_beyond_reason(self):
        token = self.session()
        for number in ("1" * 10_000, "1e99999", "-1e99999", "0." + "1" * 10_000):
            with self.subTest(number=number[:10]):
                self.refuse(b'{"SyncSessionToken": "%s", "RecordPatches": [{"Op": "replace", "Key": "k", "Value": "v", '
                            b'"SyncCount": %s}]}' % (token.encode(), number.encode()))

    def test_more_patches_than_any_dataset_holds(self):
        body = {"SyncSessionToken": self.session(), "RecordPatches": [replace(f"k{i}", "") for i in range(30_000)]}
        self.assert_typed(self.post(body))
        self.assertFalse(self.list()["DatasetExists"])

    def test_unknown_fields_are_ignored(self):
        """As a service of a later model would have them."""
        body = {"SyncSessionToken": self.session(), "Surprise": {"a": [1]}, "RecordPatches": [replace("k", "v", New=1)]}
        self.assertEqual(self.post(body).status, 200)

    def test_a_get_with_a_body(self):
        answer = self.send(self.signed("GET", self.path("game", "/records"), body=b"surprise"))
        self.assertIn(answer.status, (200, 400), answer)

    def test_random_changes_of_a_good_body(self):
        """Seeded; signed, so that it gets past the signature."""
        source = random.Random(20140630)
        good = json.dumps({"SyncSessionToken": self.session(), "DeviceId": "d", "RecordPatches": [replace("k", "v")]})
        for round_ in range(300):
            data = bytearray(good.encode())
            for _ in range(source.randint(1, 6)):
                data[source.randrange(len(data))] = source.randrange(256)
            with self.subTest(round=round_, data=bytes(data)):
                answer = self.post(bytes(data))
                if answer.status != 200:  # a change inside a string may leave a good request
                    self.assert_typed(answer)


class MalformedStart(unittest.TestCase):
    def test_a_wrong_config_is_told(self):
        for config in ("nonsense", "listen = 5\n", "no_such_setting = 1\n"):
            with self.subTest(config=config):
                with self.assertRaises(RuntimeError) as caught:
                    serve.Service(config=config).close()
                self.assertRegex(str(caught.exception), r"the service ended with [12]")


if __name__ == "__main__":
    unittest.main()
