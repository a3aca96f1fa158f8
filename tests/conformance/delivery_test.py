"""What leaves the service: pushes, stream records, sync triggers. Each peer is a real HTTP server that checks every
signature with botocore's own signer, as the vendor's services would."""

import base64
import http.server
import json
import signal
import threading
import time
import unittest
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import identity_test
from conformance import replace

KEY, SECRET, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI", "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/sync"
APPLICATION = "arn:aws:sns:eu-west-1:123456789012:app/GCM/game"
ENDPOINT = "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/game/1"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:sync"
SECONDS = 60


class Request:
    def __init__(self, handler):
        length = int(handler.headers.get("Content-Length", 0))
        self.method, self.target, self.headers = handler.command, handler.path, dict(handler.headers)
        self.body = handler.rfile.read(length)

    def signature_is_right(self, service):
        """Signs the same request with botocore, at the time that it says, and compares."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        authorization = headers.pop("authorization")
        signed = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
        moment = headers["x-amz-date"]
        request = botocore.awsrequest.AWSRequest(
            method=self.method, url=f"http://{headers['host']}{self.target}", data=self.body,
            headers={name: headers[name] for name in signed if name not in ("host", "x-amz-date")})
        kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
        signer = kind(botocore.credentials.Credentials(KEY, SECRET), service, REGION)
        request.context["timestamp"] = moment
        request.context["payload_signing_enabled"] = True
        request.headers["X-Amz-Date"] = moment
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return authorization.endswith("Signature=" + signer.signature(text, request)) and f"/{service}/" in authorization


class Peer:
    """One of AWS's services. `answer(request)` gives status and body, perhaps after a while."""

    def __init__(self, service, answer=None):
        self.service, self.answer = service, answer or (lambda request: (200, b"{}"))
        self.requests, self.wrong, self.changed = [], [], threading.Condition()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ConnectionError, ValueError):
                    self.close_connection = True

            def respond(self):
                request = Request(self)
                if "Authorization" in self.headers and not request.signature_is_right(peer.service):
                    peer.wrong.append(request)
                with peer.changed:
                    peer.requests.append(request)
                    peer.changed.notify_all()
                status, body = peer.answer(request)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = respond

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def wait_for(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.requests) >= count, SECONDS):
                raise AssertionError(f"{self.service} got {len(self.requests)} requests, not {count}")
            return list(self.requests)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Objects:
    """An S3-compatible store."""

    def __init__(self):
        self.held = {}

    def __call__(self, request):
        path = request.target.split("?")[0]
        if request.method == "PUT":
            self.held[path] = request.body
        return 200, self.held[path] if request.method == "GET" else b""


def stream_record(request):
    return json.loads(base64.b64decode(json.loads(request.body)["Data"]))


def sns(request):
    form = urllib.parse.parse_qs(request.body.decode())
    if form["Action"] == ["CreatePlatformEndpoint"]:
        return 200, f"<R><EndpointArn>{ENDPOINT}</EndpointArn></R>".encode()
    return 200, b"<R><MessageId>1</MessageId></R>"


class DeliveryCase(identity_test.IdentityCase):
    @classmethod
    def setUpClass(cls):
        cls.objects = Objects()
        cls.peers = {"kinesis": Peer("kinesis"), "s3": Peer("s3", cls.objects), "sns": Peer("sns", sns),
                     "lambda": Peer("lambda")}
        for peer in cls.peers.values():
            cls.addClassCleanup(peer.close)
        super().setUpClass()

    @classmethod
    def more_config(cls):
        endpoints = "".join(f'{name} = "{peer.endpoint}"\n' for name, peer in cls.peers.items())
        return (f'[delivery]\n{endpoints}bucket = "records"\nregion = "{REGION}"\naccess_key_id = "{KEY}"\n'
                f'secret_access_key = "{SECRET}"\n')

    def setUp(self):
        super().setUp()
        for peer in self.peers.values():
            peer.requests.clear()
        self.peers["kinesis"].answer = lambda request: (200, b"{}")
        self.addCleanup(lambda: self.assertEqual([], [wrong for peer in self.peers.values() for wrong in peer.wrong]))

    def configure(self, **parts):
        self.client.set_identity_pool_configuration(IdentityPoolId=self.pool, **parts)

    def stream(self):
        self.configure(CognitoStreams={"StreamName": "changes", "RoleArn": ROLE, "StreamingStatus": "ENABLED"})

    def guest(self):
        return self.log_in(self.get_id())


class Streams(DeliveryCase):
    def test_a_record_for_each_update(self):
        self.stream()
        who = self.guest()
        self.write(who, "save", "k", "first")
        self.write(who, "save", "k", "second", 1)
        first, second = self.peers["kinesis"].wait_for(2)
        self.assertEqual(first.headers["X-Amz-Target"], "Kinesis_20131202.PutRecord")
        sent = json.loads(first.body)
        self.assertEqual((sent["StreamName"], sent["PartitionKey"]), ("changes", who[0]))
        record = stream_record(first)
        self.assertLess(abs(record["lastModifiedDate"] / 1000 - time.time()), 60)
        entry = record["kinesisSyncRecords"][0]
        self.assertEqual(record, {
            "identityPoolId": self.pool, "identityId": who[0], "dataSetName": "save", "operation": "replace",
            "kinesisSyncRecords": [{"key": "k", "value": "first", "syncCount": 1, "op": "replace",
                                    "lastModifiedDate": record["lastModifiedDate"],
                                    "deviceLastModifiedDate": entry["deviceLastModifiedDate"]}],
            "lastModifiedDate": record["lastModifiedDate"], "payloadType": "Inline", "syncCount": 1})
        self.assertEqual(stream_record(second)["syncCount"], 2)

    def test_above_50_kilobytes_there_is_a_link(self):
        self.stream()
        who = self.guest()
        self.write(who, "save", "k", "é" * 40000)
        record = stream_record(self.peers["kinesis"].wait_for(1)[0])
        self.assertEqual(record["payloadType"], "S3Url")
        self.assertNotIn("kinesisSyncRecords", record)
        with urllib.request.urlopen(record["kinesisSyncRecordsURL"]) as answer:
            records = json.load(answer)
        self.assertEqual([(entry["key"], entry["value"]) for entry in records], [("k", "é" * 40000)])
        # botocore makes the same link.
        url = urllib.parse.urlsplit(record["kinesisSyncRecordsURL"])
        query = dict(urllib.parse.parse_qsl(url.query))
        signer = botocore.auth.S3SigV4QueryAuth(botocore.credentials.Credentials(KEY, SECRET), "s3", REGION,
                                                expires=int(query["X-Amz-Expires"]))
        request = botocore.awsrequest.AWSRequest(method="GET", url=f"{url.scheme}://{url.netloc}{url.path}")
        request.context["timestamp"] = query["X-Amz-Date"]
        query.pop("X-Amz-Signature")
        request.url += "?" + "&".join(f"{name}={urllib.parse.quote(value, safe='')}" for name, value in sorted(query.items()))
        text = signer.string_to_sign(request, signer.canonical_request(request))
        self.assertTrue(url.query.endswith("X-Amz-Signature=" + signer.signature(text, request)))

    def test_a_stream_that_is_gone_is_disabled(self):
        self.stream()
        self.peers["kinesis"].answer = lambda request: (400, b'{"__type":"ResourceNotFoundException","message":"gone"}')
        self.write(self.guest(), "save")
        self.peers["kinesis"].wait_for(1)
        until = time.monotonic() + SECONDS
        status = None
        while status != "DISABLED" and time.monotonic() < until:
            answer = self.client.get_identity_pool_configuration(IdentityPoolId=self.pool)
            status = answer["CognitoStreams"]["StreamingStatus"]
        self.assertEqual(status, "DISABLED")

    def test_a_bulk_publish_sends_everything(self):
        who = self.guest()
        for name in ("one", "two", "three"):
            self.write(who, name)
        self.stream()
        self.client.bulk_publish(IdentityPoolId=self.pool)
        sent = {stream_record(request)["dataSetName"] for request in self.peers["kinesis"].wait_for(3)}
        self.assertEqual(sent, {"one", "two", "three"})
        until = time.monotonic() + SECONDS
        details = {"BulkPublishStatus": "IN_PROGRESS"}
        while details["BulkPublishStatus"] == "IN_PROGRESS" and time.monotonic() < until:
            details = self.client.get_bulk_publish_details(IdentityPoolId=self.pool)
        self.assertEqual(details["BulkPublishStatus"], "SUCCEEDED")
        self.assertIn("BulkPublishCompleteTime", details)
        self.refused("AlreadyStreamedException", self.client.bulk_publish, IdentityPoolId=self.pool)

    def test_killed_between_sending_and_marking_it_is_sent_again(self):
        """S8, with a real kill: the peer has the record, and its answer never comes."""
        self.stream()
        answered = threading.Event()

        def slow(_):
            answered.wait(SECONDS)
            return 200, b"{}"

        self.peers["kinesis"].answer = slow
        who = self.guest()
        self.write(who, "save", "k", "precious")
        self.peers["kinesis"].wait_for(1)
        self.service.stop(signal.SIGKILL)
        answered.set()
        self.peers["kinesis"].answer = lambda request: (200, b"{}")
        self.service.start()
        self.client = self.make_client()
        first, second = self.peers["kinesis"].wait_for(2)[:2]
        self.assertEqual(stream_record(first), stream_record(second))


class Pushes(DeliveryCase):
    def test_to_every_device_but_the_one_that_wrote(self):
        self.configure(PushSync={"ApplicationArns": [APPLICATION], "RoleArn": ROLE})
        who = self.guest()
        identity, client = who
        pool = {"IdentityPoolId": self.pool, "IdentityId": identity}
        self.write(who, "save")
        mine, other = (client.register_device(**pool, Platform="GCM", Token=token)["DeviceId"] for token in "ab")
        for device in (mine, other):
            client.subscribe_to_dataset(**self.of(identity, "save"), DeviceId=device)
        token = client.list_records(**self.of(identity, "save"))["SyncSessionToken"]
        client.update_records(**self.of(identity, "save"), SyncSessionToken=token, DeviceId=mine,
                              RecordPatches=[replace("k", "new", 1)])
        created, published = (urllib.parse.parse_qs(request.body.decode())
                              for request in self.peers["sns"].wait_for(2)[:2])
        self.assertEqual((created["Action"], created["Token"]), (["CreatePlatformEndpoint"], ["b"]))
        self.assertEqual((published["Action"], published["TargetArn"]), (["Publish"], [ENDPOINT]))
        message = json.loads(json.loads(published["Message"][0])["GCM"])
        self.assertEqual(message["data"], {"source": "cognito-sync", "identityPoolId": self.pool, "identityId": identity,
                                           "datasetName": "save", "syncCount": "2"})
        self.write(who, "save", "k", "newer", 2)  # by no device: both hear of it
        self.peers["sns"].wait_for(5)


class Events(DeliveryCase):
    def setUp(self):
        super().setUp()
        self.client.set_cognito_events(IdentityPoolId=self.pool, Events={"SyncTrigger": FUNCTION})

    def test_the_function_has_its_word(self):
        def function(request):
            event = json.loads(request.body)
            event["datasetRecords"]["k"]["newValue"] = "changed"
            event["datasetRecords"]["added"] = {"newValue": "by the function", "op": "replace"}
            return 200, json.dumps(event).encode()

        self.peers["lambda"].answer = function
        records = self.write(self.guest(), "save", "k", "sent")
        self.assertEqual({record["Key"]: record["Value"] for record in records},
                         {"k": "changed", "added": "by the function"})
        request = self.peers["lambda"].requests[0]
        self.assertEqual(urllib.parse.unquote(request.target), f"/2015-03-31/functions/{FUNCTION}/invocations")
        event = json.loads(request.body)
        self.assertEqual(event["datasetRecords"], {"k": {"oldValue": None, "newValue": "sent", "op": "replace"}})
        self.assertEqual((event["version"], event["eventType"], event["region"]), (2, "SyncTrigger", self.service.region))

    def test_its_failures_fail_the_update(self):
        who = self.guest()
        for answer, error in (((200, b"{}"), "InvalidLambdaFunctionOutputException"),
                              ((429, b'{"__type":"TooManyRequestsException"}'), "LambdaThrottledException")):
            self.peers["lambda"].answer = lambda request, answer=answer: answer
            token = who[1].list_records(**self.of(who[0], "save"))["SyncSessionToken"]
            self.refused(error, who[1].update_records, **self.of(who[0], "save"), SyncSessionToken=token,
                         RecordPatches=[replace("k", "v")])
        self.assertFalse(who[1].list_records(**self.of(who[0], "save"))["DatasetExists"])

    def test_a_developers_write_is_not_shown_to_it(self):
        identity = self.get_id()
        self.write((identity, self.client), "save")
        self.assertEqual(self.peers["lambda"].requests, [])


if __name__ == "__main__":
    unittest.main()
