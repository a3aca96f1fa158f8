"""The cases for every client with the vendor's SDK for JavaScript; and what only that has: providers of credentials that
speak Cognito Identity themselves, and clocks that correct themselves."""

import unittest

import clients
import identity_cases
import shown
import sync_cases
from every_client import NOT_AUTHORIZED, OWN, EveryClient

HOUR_MS = 3_600_000


class Sync(sync_cases.SyncCases):
    client_class = clients.JavaScript


class WrongNames(sync_cases.WrongNames):
    client_class = clients.JavaScript


class Identity(identity_cases.IdentityCases):
    client_class = clients.JavaScript


class Providers(EveryClient):
    """fromCognitoIdentityPool and fromCognitoIdentity, as an app uses them: it never sees a key."""

    client_class = clients.JavaScript

    def sync_with(self, kind, provider, identity):
        target = self.of(identity, "game")
        page = self.client.provided("ListRecords", kind, provider, **target)
        written = self.client.provided("UpdateRecords", kind, provider, **target, SyncSessionToken=page["SyncSessionToken"],
                                       RecordPatches=[{"Op": "replace", "Key": "k", "Value": kind, "SyncCount": 0}])
        self.assertEqual(written["Records"][0]["LastModifiedBy"], identity)
        listed = self.client.provided("ListDatasets", kind, provider, **self.of(identity))
        self.assertEqual([dataset["DatasetName"] for dataset in listed["Datasets"]], ["game"])

    def test_guest(self):
        identity = self.become(shown.GUEST)[0]
        self.sync_with(shown.GUEST, {"identityId": identity}, identity)

    def test_login(self):
        logins = self.provider.token("anna")
        identity = self.become(shown.LOGIN, "anna")[0]
        self.sync_with(shown.LOGIN, {"identityPoolId": self.pool, "logins": logins}, identity)

    def test_developers_user(self):
        token = self.user_token("u1")
        self.sync_with(shown.USER, {"identityId": token["IdentityId"], "logins": {OWN: token["Token"]}},
                       token["IdentityId"])


class Clock(EveryClient):
    """D16: a clock that is wrong by an hour, either way."""

    client_class = clients.JavaScript

    CALLS = (("ListIdentityPoolUsage", {}), ("ListIdentityPools", {"MaxResults": 1}))

    def wrong_by(self, hours):
        client = clients.JavaScript(self.service, hours * HOUR_MS)
        self.addCleanup(client.close)
        return client

    def ask(self, client, operation, parameters, attempts):
        credentials = self.developer.named("accessKeyId", "secretAccessKey", "sessionToken")
        return client.ask(client.question(operation, credentials, parameters, attempts=attempts))["requests"]

    def test_is_refused(self):
        for hours in (-1, 1):
            client = self.wrong_by(hours)
            for operation, parameters in self.CALLS:
                with self.subTest(operation, hours=hours), self.assertRaises(clients.Refused) as caught:
                    self.ask(client, operation, parameters, attempts=1)
                self.assertEqual(caught.exception.type, NOT_AUTHORIZED)
                self.assertRegex(caught.exception.message, "^Signature (expired|not yet current)")

    def test_corrects_itself(self):
        for hours in (-2, 2):
            client = self.wrong_by(hours)
            for operation, parameters in self.CALLS:
                with self.subTest(operation, hours=hours):
                    self.assertEqual(self.ask(client, operation, parameters, attempts=3), 2)
                    self.assertEqual(self.ask(client, operation, parameters, attempts=3), 1)
                    shown.note(client.column, operation, "clock")


if __name__ == "__main__":
    unittest.main()
