"""What the cases for every client share: a service with providers of logins, who there is, and how to call.

sync_cases.py and identity_cases.py have the cases; the with_*_test.py modules name the client. An operation that a client
does not have is called with botocore where a case needs it; and so is, where a client is slow, what it was shown to do: it
calls each operation once for each kind of caller, page and odd text, and is refused once with each error.
"""

import time
import unittest
import uuid

import clients
import serve
import shown
from clients import NOBODY, Refused, Who
from provider import AUDIENCE, PROVIDER, Provider

OWN = "cognito-identity.amazonaws.com"
SECOND = "second.example.com"
UNREACHABLE = "unreachable.example.com"
ROLE = "arn:aws:iam::123456789012:role/sync"
INVALID, NOT_AUTHORIZED, NOT_FOUND = "InvalidParameterException", "NotAuthorizedException", "ResourceNotFoundException"
CONFLICT, LIMIT = "ResourceConflictException", "LimitExceededException"
STATUS = {NOT_AUTHORIZED: 403, NOT_FOUND: 404, CONFLICT: 409}
PROVIDERS = {PROVIDER: AUDIENCE, SECOND: AUDIENCE, UNREACHABLE: AUDIENCE}
# Small quotas, so that a test reaches them with a few calls.
QUOTAS = "[quotas]\ndatasets_per_identity = 6\nrecords_per_dataset = 20\n"


class EveryClient(unittest.TestCase):
    """A service and a client for the class, a pool for the test."""

    client_class = None

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.addClassCleanup(cls.provider.close)
        cls.second = Provider(SECOND)
        cls.addClassCleanup(cls.second.close)
        unreachable = f'[openid."{UNREACHABLE}"]\njwks = "{cls.provider.folder}/none.json"\n'
        cls.service = serve.Service(config=cls.provider.config + cls.second.config + unreachable + QUOTAS)
        cls.addClassCleanup(cls.service.close)
        cls.developer = Who(shown.DEVELOPER, cls.service.access_key, cls.service.secret_key)
        cls.helper = clients.Botocore(cls.service)
        cls.client = cls.client_class(cls.service)
        cls.addClassCleanup(cls.client.close)
        cls.done = set()

    def setUp(self):
        self.pool = self.do("CreateIdentityPool", self.developer, IdentityPoolName="a game",
                            AllowUnauthenticatedIdentities=True, DeveloperProviderName="dev",
                            SupportedLoginProviders=PROVIDERS)["IdentityPoolId"]

    def do(self, operation, who, **parameters):
        """Through the client that is tested; through botocore what that one has no word for."""
        case = (operation, who.kind, "NextToken" in parameters, shown.is_odd(parameters))
        return self.client_for(operation, case).call(operation, who, **parameters)

    def client_for(self, operation, case):
        if operation not in self.client.operations or (self.client.slow and case in self.done):
            return self.helper
        self.done.add(case)
        return self.client

    def refused(self, error_type, operation, who, **parameters):
        with self.assertRaises(Refused) as caught:
            self.client_for(operation, error_type).call(operation, who, **parameters)
        refused = caught.exception
        self.assertEqual(refused.type, error_type, refused)
        self.assertTrue(refused.message)
        if refused.status:
            self.assertEqual(refused.status, STATUS.get(error_type, 400) if operation in shown.SYNC else 400, refused)
        return refused.message

    # --- who ---------------------------------------------------------------------------------------------------------

    def credentials(self, kind, identity, logins=None):
        logins = {"Logins": logins} if logins else {}
        answer = self.do("GetCredentialsForIdentity", NOBODY, IdentityId=identity, **logins)
        keys = answer["Credentials"]
        self.assertGreater(keys["Expiration"], time.time())
        return answer["IdentityId"], Who(kind, keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"])

    def user_token(self, user, **parameters):
        return self.do("GetOpenIdTokenForDeveloperIdentity", self.developer, IdentityPoolId=self.pool, Logins={"dev": user},
                       **parameters)

    def become(self, kind, name=None):
        """(identity, credentials) of somebody new, or of whoever has this name."""
        name = name or str(uuid.uuid4())
        if kind == shown.DEVELOPER:
            return self.become(shown.GUEST)[0], self.developer
        if kind == shown.GUEST:
            return self.credentials(kind, self.do("GetId", NOBODY, IdentityPoolId=self.pool)["IdentityId"])
        if kind == shown.LOGIN:
            logins = self.provider.token(name)
            identity = self.do("GetId", NOBODY, IdentityPoolId=self.pool, Logins=logins)["IdentityId"]
            return self.credentials(kind, identity, logins)
        token = self.user_token(name)
        return self.credentials(kind, token["IdentityId"], {OWN: token["Token"]})

    def of(self, identity, dataset=None):
        target = {"IdentityPoolId": self.pool, "IdentityId": identity}
        return target if dataset is None else {**target, "DatasetName": dataset}

    def write(self, identity, who, dataset="game", key="k", value="v", count=0, **more):
        page = self.do("ListRecords", who, **self.of(identity, dataset))
        patch = {"Op": "replace", "Key": key, "Value": value, "SyncCount": count}
        return self.do("UpdateRecords", who, **self.of(identity, dataset), SyncSessionToken=page["SyncSessionToken"],
                       RecordPatches=[patch], **more)["Records"]
