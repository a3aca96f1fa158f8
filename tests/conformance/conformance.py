"""What the conformance tests share: botocore against a real service, with every answer checked against the API model.

botocore is the vendor's own client library; it brings the model, the signature and the parser, so that nothing of this
project judges itself. Needs Debian's python3-botocore.
"""

import datetime
import http.client
import json
import re
import unittest
import unittest.mock
import urllib.parse
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.client
import botocore.credentials
import botocore.exceptions
import botocore.session

import serve

# protocol.md, section 2: the errors and their statuses.
STATUS_OF_ERROR = {
    "NotAuthorizedException": 403, "InvalidParameterException": 400, "ResourceNotFoundException": 404,
    "ResourceConflictException": 409, "LimitExceededException": 400, "TooManyRequestsException": 429,
    "InternalErrorException": 500, "DuplicateRequestException": 400, "AlreadyStreamedException": 400,
    "ConcurrentModificationException": 400, "InvalidConfigurationException": 400,
    "InvalidLambdaFunctionOutputException": 400, "LambdaThrottledException": 429, "LambdaSocketTimeoutException": 400,
}
# Errors that the API model does not list with the operation, but for which it has no better word.
UNDECLARED = {"BulkPublish": {"InvalidConfigurationException"}}
BAD_SESSION_TOKEN = "SyncSessionToken not valid for these inputs"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def replace(key, value, count=0, **more):
    return {"Op": "replace", "Key": key, "Value": value, "SyncCount": count, **more}


def remove(key, count, **more):
    return {"Op": "remove", "Key": key, "SyncCount": count, **more}


def changed(text, at):
    """The text with one character changed, of letters and digits."""
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


def clock_off_by(minutes):
    """While it lasts, botocore signs with a wrong clock."""
    class Shifted(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(minutes=minutes)

    fake = unittest.mock.Mock(wraps=datetime)
    fake.datetime = Shifted
    return unittest.mock.patch.object(botocore.auth, "datetime", fake)


class QueryAuth(botocore.auth.SigV4QueryAuth):
    """The query form for a request with a JSON body, which botocore's own would move into the query."""

    def _modify_request_before_signing(self, request):
        body, request.data = request.data, b""
        super()._modify_request_before_signing(request)
        request.data = body


class Answer:
    """An answer as it was on the wire."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.headers.get("x-amzn-ErrorType", "")

    def __repr__(self):
        return f"<{self.status} {self.type} {self.body[:200]!r}>"


class ConformanceCase(unittest.TestCase):
    """A service for the class, an identity for the test."""

    service_config = None

    @classmethod
    def setUpClass(cls):
        cls.service = serve.Service(config=cls.service_config)
        cls.addClassCleanup(cls.service.close)

    def setUp(self):
        self.identity = self.new_identity()
        self.client = self.make_client()

    def new_identity(self):
        return f"{self.service.region}:{uuid.uuid4()}"

    # --- botocore ------------------------------------------------------------------------------------------------------

    def make_client(self, access_key=None, secret_key=None, region=None, validate=True):
        """`validate=False`: botocore lets wrong parameters through, so that the service has to judge them."""
        client = botocore.session.Session().create_client(
            "cognito-sync", region_name=region or self.service.region, endpoint_url=self.service.endpoint,
            aws_access_key_id=access_key or self.service.access_key,
            aws_secret_access_key=secret_key or self.service.secret_key,
            config=botocore.client.Config(retries={"total_max_attempts": 1}, parameter_validation=validate,
                                          read_timeout=30, max_pool_connections=64))
        client.meta.events.register("after-call.cognito-sync", self._check_answer)
        return client

    def _check_answer(self, http_response, parsed, model, **_):
        """Holds for every answer of every test: S6, and the shapes of the API model."""
        headers = {name.lower(): value for name, value in http_response.headers.items()}
        self.assertRegex(headers.get("x-amzn-requestid", ""), UUID)
        self.assertIn("date", headers)
        body = json.loads(http_response.content)
        if http_response.status_code == 200:
            if model.output_shape is not None:
                self.assert_shape(body, model.output_shape, model.name)
            return
        error_type = headers.get("x-amzn-errortype")
        self.assertEqual(STATUS_OF_ERROR.get(error_type), http_response.status_code, (error_type, body))
        declared = {shape.name for shape in model.error_shapes} | UNDECLARED.get(model.name, set())
        self.assertIn(error_type, declared, f"not an error of {model.name}")
        self.assertEqual(list(body), ["message"])
        self.assertTrue(body["message"])

    def assert_shape(self, value, shape, path):
        """Every field is in the model and has its JSON type."""
        if shape.type_name == "structure":
            self.assertIsInstance(value, dict, path)
            for name, member in value.items():
                self.assertIn(name, shape.members, path)
                self.assert_shape(member, shape.members[name], f"{path}.{name}")
        elif shape.type_name == "list":
            self.assertIsInstance(value, list, path)
            for item in value:
                self.assert_shape(item, shape.member, f"{path}[]")
        elif shape.type_name == "map":
            self.assertIsInstance(value, dict, path)
            for name, item in value.items():
                self.assert_shape(item, shape.value, f"{path}.{name}")
        else:
            types = {"string": str, "integer": int, "long": int, "timestamp": (int, float), "boolean": bool}
            self.assertIsInstance(value, types[shape.type_name], path)
            self.assertEqual(isinstance(value, bool), shape.type_name == "boolean", path)

    def target(self, dataset=None, identity=None, pool=None):
        target = {"IdentityPoolId": pool or self.service.pool, "IdentityId": identity or self.identity}
        return target if dataset is None else {**target, "DatasetName": dataset}

    def list(self, dataset="game", client=None, identity=None, **parameters):
        return (client or self.client).list_records(**self.target(dataset, identity), **parameters)

    def session(self, dataset="game", identity=None):
        return self.list(dataset, identity=identity)["SyncSessionToken"]

    def update(self, *patches, dataset="game", client=None, token=None, identity=None, **parameters):
        token = token or self.session(dataset, identity)
        return (client or self.client).update_records(**self.target(dataset, identity), SyncSessionToken=token,
                                                      RecordPatches=list(patches), **parameters)["Records"]

    def describe(self, dataset="game"):
        return self.client.describe_dataset(**self.target(dataset))["Dataset"]

    def delete(self, dataset="game"):
        return self.client.delete_dataset(**self.target(dataset))["Dataset"]

    def values(self, dataset="game"):
        return {record["Key"]: record.get("Value") for record in self.list(dataset)["Records"]}

    def count(self, dataset="game"):
        return self.list(dataset)["DatasetSyncCount"]

    def assert_refused(self, error_type, message, call, *arguments, **parameters):
        """The call fails with the type, its status, and a message that matches all of the pattern."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(*arguments, **parameters)
        response = caught.exception.response
        self.assertEqual(response["Error"]["Code"], error_type, response)
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], STATUS_OF_ERROR[error_type])
        self.assertRegex(response["Error"]["Message"], rf"\A{message}\Z")
        return response

    # --- below botocore: requests that its client would not make ---------------------------------------------------------

    def path(self, dataset="game", tail="", identity=None, pool=None):
        quote = lambda text: urllib.parse.quote(text, safe="")  # noqa: E731
        path = f"/identitypools/{quote(pool or self.service.pool)}/identities/{quote(identity or self.identity)}/datasets"
        return path + (f"/{quote(dataset)}" if dataset is not None else "") + tail

    def signed(self, method, path, query=None, body=b"", headers=None, auth=botocore.auth.SigV4Auth, secret_key=None,
               access_key=None, region=None, name="cognito-sync", **auth_options):
        """A signed request, to be sent as it is or changed first."""
        credentials = botocore.credentials.Credentials(access_key or self.service.access_key,
                                                       secret_key or self.service.secret_key)
        url = self.service.endpoint + path
        if query:
            url += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="")
        request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, headers=headers or {})
        auth(credentials, name, region or self.service.region, **auth_options).add_auth(request)
        return request.prepare()

    def send(self, request):
        """Sends what signed() made; the answer as it was on the wire."""
        connection = http.client.HTTPConnection(*self.service.address, timeout=30)
        try:
            headers = {name: value.decode() if isinstance(value, bytes) else value
                       for name, value in request.headers.items()}
            connection.request(request.method, request.url.removeprefix(self.service.endpoint), request.body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def post(self, body, dataset="game", **options):
        """UpdateRecords with this very body, signed."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return self.send(self.signed("POST", self.path(dataset), body=body, headers=headers, **options))

    def assert_typed(self, answer, error_type=None):
        """S6: a 4xx with its type, a message and a request id, and no internals."""
        self.assertIn(answer.status // 100, (4,), answer)
        self.assertRegex(answer.type, r"\A[A-Z][A-Za-z]+\Z", answer)
        self.assertRegex(answer.headers.get("x-amzn-RequestId", ""), UUID)
        self.assertTrue(answer.json()["message"], answer)
        self.assertNotRegex(answer.body.decode(), r"(?i)sqlite|json\.exception|boost|beast|errno|/src/|std::")
        if error_type is not None:
            self.assertEqual(answer.type, error_type, answer)
            self.assertEqual(answer.status, STATUS_OF_ERROR[error_type], answer)

    def assert_serves(self):
        """The service still does its work."""
        self.assertTrue(self.service.running())
        identity = self.new_identity()
        self.update(replace("k", "v"), dataset="alive", identity=identity)
        self.assertEqual(self.list("alive", identity=identity)["Records"][0]["Value"], "v")
