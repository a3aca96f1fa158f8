"""How the service speaks HTTP/1.1: connections, lengths, compression (RFC 9110 and 9112)."""

import gzip
import http.client
import json
import socket
import unittest
import zlib

from conformance import ConformanceCase, QueryAuth, replace


class Http(ConformanceCase):
    def fill(self, records=200):
        self.update(*(replace(f"key{i}", f"value {i} " * 10) for i in range(records)))

    def fetch(self, accept=None):
        headers = {} if accept is None else {"Accept-Encoding": accept}
        return self.send(self.signed("GET", self.path("game", "/records"), headers=headers))

    def test_gzip_where_it_is_asked_for(self):
        self.fill()
        plain = self.fetch("identity")
        self.assertIsNone(plain.headers["Content-Encoding"])
        for accept in ("gzip", "deflate, gzip", "gzip;q=0.5", "br;q=1.0, gzip;q=0.8, *;q=0.1", "GZIP"):
            with self.subTest(accept=accept):
                answer = self.fetch(accept)
                self.assertEqual(answer.headers["Content-Encoding"], "gzip")
                self.assertEqual(json.loads(gzip.decompress(answer.body))["Records"], plain.json()["Records"])
                self.assertLess(len(answer.body), len(plain.body) / 4)

    def test_plain_where_it_is_not(self):
        self.fill()
        for accept in (None, "", "identity", "deflate", "gzip;q=0", "identity, gzip;q=0.0", "xgzip"):
            with self.subTest(accept=accept):
                answer = self.fetch(accept)
                self.assertIsNone(answer.headers["Content-Encoding"])
                self.assertEqual(answer.json()["Count"], 200)

    def test_a_full_dataset_of_100_byte_values_is_below_100_kb(self):
        """Issue 2; the values are digits of no pattern."""
        noise = zlib.crc32(b"seed")
        patches = []
        for i in range(1024):
            value = ""
            while len(value) < 100:
                noise = zlib.crc32(str(noise).encode())
                value += str(noise)
            patches.append(replace(f"player/{i}", value[:100]))
        self.update(*patches)
        self.assertLess(len(self.fetch("gzip").body), 100_000)

    def test_answers_are_json(self):
        for answer in (self.fetch(), self.send(self.signed("GET", self.path("none")))):
            self.assertRegex(answer.headers["Content-Type"], r"\Aapplication/(x-amz-)?json")
            self.assertEqual(len(answer.body), int(answer.headers["Content-Length"]))

    def test_one_connection_serves_many_requests(self):
        connection = http.client.HTTPConnection(*self.service.address, timeout=30)
        ports = set()
        for method, status in (("GET", 200), ("PUT", 404), ("GET", 200), ("DELETE", 404), ("GET", 200)):
            path = self.path("game", "/records") if method == "GET" else self.path("game")
            connection.request(method, path, headers=dict(self.signed(method, path).headers.items()))
            ports.add(connection.sock.getsockname()[1])
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status // 100, status // 100)
        connection.close()
        self.assertEqual(len(ports), 1)

    def test_a_connection_is_closed_where_it_is_asked_for(self):
        answer = self.send(self.signed("GET", self.path("game", "/records"), headers={"Connection": "close"}))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Connection"].lower(), "close")

    def raw(self, request, target, version="HTTP/1.1"):
        lines = [f"{request.method} {target} {version}", "Host: {}:{}".format(*self.service.address)]
        lines += [f"{name}: {value.decode() if isinstance(value, bytes) else value}"
                  for name, value in request.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def read_answer(self, stream):
        """(status, body) of one answer on a socket's file."""
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, stream.read(length)

    def test_requests_in_a_row_without_waiting(self):
        path = self.path("game", "/records")
        request = self.raw(self.signed("GET", path), path)
        with socket.create_connection(self.service.address, timeout=30) as connection, connection.makefile("rb") as stream:
            connection.sendall(request * 3)
            self.assertEqual([self.read_answer(stream)[0] for _ in range(3)], [200, 200, 200])

    def test_http_1_0(self):
        path = self.path("game", "/records")
        request = self.raw(self.signed("GET", path), path, "HTTP/1.0")
        with socket.create_connection(self.service.address, timeout=30) as connection, connection.makefile("rb") as stream:
            connection.sendall(request)
            self.assertEqual(self.read_answer(stream)[0], 200)
            self.assertEqual(stream.read(), b"", "and the connection ends")

    def test_a_client_that_waits_to_be_told_to_go_on(self):
        """Expect: 100-continue, which libcurl sends with large bodies (RFC 9110, section 10.1.1)."""
        body = json.dumps({"SyncSessionToken": self.session(), "RecordPatches": [replace("k", "v")]}).encode()
        path = self.path()
        signed = self.signed("POST", path, body=body)
        self.assertEqual(signed.headers["Content-Length"], str(len(body)))
        signed.headers["Expect"] = "100-continue"
        with socket.create_connection(self.service.address, timeout=30) as connection, connection.makefile("rb") as stream:
            connection.sendall(self.raw(signed, path))
            self.assertEqual(self.read_answer(stream)[0], 100)
            connection.sendall(body)
            self.assertEqual(self.read_answer(stream)[0], 200)

    def test_a_chunked_body(self):
        body = json.dumps({"SyncSessionToken": self.session(), "RecordPatches": [replace("k", "v")]}).encode()
        signed = self.signed("POST", self.path(), body=body)
        connection = http.client.HTTPConnection(*self.service.address, timeout=30)
        del signed.headers["Content-Length"]
        headers = dict(signed.headers.items(), **{"Transfer-Encoding": "chunked"})
        connection.request("POST", self.path(), body=[body[:10], body[10:]], headers=headers, encode_chunked=True)
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertEqual(self.values(), {"k": "v"})

    def test_a_presigned_link(self):
        """What the query form is for: a GET that needs no header at all."""
        self.update(replace("k", "v"))
        request = self.signed("GET", self.path("game", "/records"), auth=QueryAuth)
        self.assertNotIn("Authorization", request.headers)
        request.headers.clear()
        self.assertEqual(self.send(request).json()["Count"], 1)


if __name__ == "__main__":
    unittest.main()
