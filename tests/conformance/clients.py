"""One way to call each of the clients: call(operation, who, parameters) -> the answer, in the API model's words.

Times are seconds. A refusal raises Refused. What was answered and refused is noted for the table (shown.py).
"""

import datetime
import json
import os
import re
import shutil
import subprocess
import tempfile

import botocore
import botocore.client
import botocore.exceptions
import botocore.session

import serve
import shown

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Refused(Exception):
    """The service said no. `status` is 0 where the client does not tell."""

    def __init__(self, error_type, status, message):
        super().__init__(f"{error_type} ({status}): {message}")
        self.type, self.status, self.message = error_type, status, message


class Who:
    """Somebody's credentials; `kind` is one of shown's."""

    def __init__(self, kind, access_key=None, secret_key=None, session_token=None):
        self.kind, self.access_key, self.secret_key, self.session_token = kind, access_key, secret_key, session_token

    def named(self, access, secret, token):
        """As a client names them; what is absent is left out."""
        keys = {access: self.access_key, secret: self.secret_key, token: self.session_token}
        return {name: value for name, value in keys.items() if value}


NOBODY = Who(shown.NOBODY)


def method_name(operation):
    """GetOpenIdToken -> get_open_id_token."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def without_dates(value):
    """Every time of an answer as seconds."""
    if isinstance(value, dict):
        return {name: without_dates(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_dates(item) for item in value]
    return value.timestamp() if isinstance(value, datetime.datetime) else value


class Client:
    column = ""
    operations = (*shown.SYNC, *shown.IDENTITY)
    moment = 1_500_000_000.25  # as exact as the client sends one
    slow = False  # then what it was shown to do is left to botocore

    def __init__(self, service):
        self.service = service

    def call(self, operation, who, **parameters):
        try:
            answer = self._send(operation, who, parameters)
        except Refused as refused:
            shown.refused(self.column, operation, refused.type)
            raise
        shown.answered(self.column, operation, who.kind, parameters)
        return answer

    def _send(self, operation, who, parameters):
        raise NotImplementedError

    def close(self):
        pass


class Botocore(Client):
    """The vendor's library for Python, its own checks of parameters off, so that the service judges them."""

    column = "botocore"
    moment = 1_500_000_000

    def __init__(self, service):
        super().__init__(service)
        self.session = botocore.session.Session()
        self.clients = {}

    def _client(self, operation, who):
        name = "cognito-sync" if operation in shown.SYNC else "cognito-identity"
        key = (name, who.access_key, who.secret_key, who.session_token)
        if key not in self.clients:
            config = botocore.client.Config(retries={"total_max_attempts": 1}, parameter_validation=False)
            if who.access_key is None:
                config = config.merge(botocore.client.Config(signature_version=botocore.UNSIGNED))
            self.clients[key] = self.session.create_client(
                name, region_name=self.service.region, endpoint_url=self.service.endpoint, config=config,
                **who.named("aws_access_key_id", "aws_secret_access_key", "aws_session_token"))
        return self.clients[key]

    def _send(self, operation, who, parameters):
        method = getattr(self._client(operation, who), method_name(operation))
        try:
            answer = method(**parameters)
        except botocore.exceptions.ClientError as error:
            answer = error.response
            raise Refused(answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"],
                          answer["Error"]["Message"]) from None
        del answer["ResponseMetadata"]
        return without_dates(answer)


class Bridge:
    """A process that answers one line of JSON with another."""

    def __init__(self, command):
        self.errors = tempfile.TemporaryFile(prefix="syncline-bridge-")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=serve.clean_environment(AWS_EC2_METADATA_DISABLED="true"))

    def ask(self, question):
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            self.errors.seek(0)
            raise RuntimeError(f"{self.process.args} ended: {self.errors.read().decode(errors='replace')}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.errors.close()


class BridgedClient(Client):
    """What another language's process calls."""

    def __init__(self, service, command):
        super().__init__(service)
        self.bridge = Bridge(command)

    def ask(self, question):
        reply = self.bridge.ask(question)
        if "error" in reply:
            raise Refused(reply["error"]["type"], reply["error"]["status"], reply["error"]["message"])
        return reply

    def close(self):
        self.bridge.close()


class JavaScript(BridgedClient):
    """The vendor's SDK for JavaScript, version 3 (js/bridge.mjs)."""

    column = "JavaScript SDK 3"

    def __init__(self, service, clock_offset=0):
        if not os.path.isdir(os.path.join(FOLDER, "js", "node_modules", "@aws-sdk")):
            raise RuntimeError("the vendor's SDK for JavaScript is not installed: run tests/conformance/install_sdk.sh")
        super().__init__(service, ["node", os.path.join(FOLDER, "js", "bridge.mjs"), str(clock_offset)])

    def question(self, operation, credentials, parameters, **options):
        options = {"region": self.service.region, "endpoint": self.service.endpoint, **options}
        return {"operation": operation, "options": options, "credentials": credentials, "parameters": parameters}

    def _send(self, operation, who, parameters):
        credentials = who.named("accessKeyId", "secretAccessKey", "sessionToken") or None
        return self.ask(self.question(operation, credentials, parameters))["answer"]

    def provided(self, operation, kind, provider, **parameters):
        """With credentials that the SDK's own provider gets."""
        reply = self.ask(self.question(operation, provider, parameters))
        shown.answered(self.column, operation, kind, parameters)
        shown.note(self.column, operation, "provider")
        return reply["answer"]


class SyncApi(BridgedClient):
    """The library's own client of the 17 operations, signed in the header (sync_api_client.cc)."""

    column = "SyncApi"
    signing = "header"
    operations = shown.SYNC

    def __init__(self, service):
        super().__init__(service, [os.environ["SYNCLINE_SYNC_API_CLIENT"]])

    def _send(self, operation, who, parameters):
        return self.ask({"operation": operation, "signing": self.signing, "endpoint": self.service.endpoint,
                         "region": self.service.region, "parameters": parameters,
                         "credentials": who.named("access_key", "secret_key", "session_token")})["answer"]


class SyncApiPresigned(SyncApi):
    """The same, signed in the query."""

    column = "SyncApi, presigned"
    signing = "query"


class AwsCli(Client):
    """The AWS CLI, Debian's awscli (aws_cli_bridge.py). It does not tell the status of a refusal."""

    column = "AWS CLI"
    moment = 1_500_000_000
    slow = True
    refusal = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation(?: \(reached max retries: \d+\))?: (.*)\n\Z", re.DOTALL)

    def __init__(self, service):
        super().__init__(service)
        self.folder = tempfile.mkdtemp(prefix="syncline-aws-cli-")
        with open(os.path.join(self.folder, "config"), "w", encoding="utf-8") as file:
            file.write("[default]\ncli_timestamp_format = wire\n")
        self.bridge = Bridge(["/usr/bin/python3", os.path.join(FOLDER, "aws_cli_bridge.py")])

    def arguments(self, operation, who, parameters):
        """As a person would type them: structures and lists in JSON."""
        command = method_name(operation).replace("_", "-")
        words = ["--endpoint-url", self.service.endpoint, "cognito-sync" if operation in shown.SYNC else "cognito-identity",
                 command]
        for name, value in parameters.items():
            option = method_name(name).replace("_", "-")
            if isinstance(value, bool):
                words.append(f"--{option}" if value else f"--no-{option}")
            else:
                words += [f"--{option}", value if isinstance(value, str) else json.dumps(value)]
        return words if who.access_key else [*words, "--no-sign-request"]

    def environment(self, who):
        return {"AWS_CONFIG_FILE": os.path.join(self.folder, "config"), "HOME": self.folder, "AWS_PAGER": "",
                "AWS_DEFAULT_REGION": self.service.region, "AWS_DEFAULT_OUTPUT": "json", "AWS_MAX_ATTEMPTS": "1",
                **who.named("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}

    def _send(self, operation, who, parameters):
        reply = self.bridge.ask({"arguments": self.arguments(operation, who, parameters),
                                 "environment": self.environment(who)})
        if reply["status"] == 0:
            return json.loads(reply["out"] or "{}")
        told = self.refusal.search(reply["err"])
        if told is None or told[2] != operation:
            raise RuntimeError(f"aws {operation}: exit {reply['status']}: {reply['err']}")
        raise Refused(told[1], 0, told[3])

    def close(self):
        self.bridge.close()
        shutil.rmtree(self.folder, ignore_errors=True)
