"""Cognito Identity with botocore: pools, guests, developer-authenticated identities, logins by OpenID Connect; and Cognito
Sync with the credentials that it gives out."""

import json
import time
import unittest

import botocore
import botocore.client
import botocore.exceptions
import botocore.session

import conformance
from conformance import replace
from provider import AUDIENCE, PROVIDER, Provider

INVALID = "InvalidParameterException"
NOT_AUTHORIZED = "NotAuthorizedException"
NOT_FOUND = "ResourceNotFoundException"
OWN = "cognito-identity.amazonaws.com"


class IdentityCase(conformance.ConformanceCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = Provider()
        cls.addClassCleanup(cls.provider.close)
        cls.service_config = cls.more_config() + cls.provider.config
        super().setUpClass()

    @classmethod
    def more_config(cls):
        return ""

    def setUp(self):
        super().setUp()
        self.developer = self.make_identity_client()
        self.anybody = self.make_identity_client(signed=False)
        self.pool = self.developer.create_identity_pool(
            IdentityPoolName="a game", AllowUnauthenticatedIdentities=True, DeveloperProviderName="dev",
            SupportedLoginProviders={PROVIDER: AUDIENCE})["IdentityPoolId"]

    def make_identity_client(self, signed=True, validate=True):
        config = botocore.client.Config(retries={"total_max_attempts": 1}, parameter_validation=validate)
        keys = {"aws_access_key_id": self.service.access_key, "aws_secret_access_key": self.service.secret_key}
        if not signed:
            keys = {}
            config = config.merge(botocore.client.Config(signature_version=botocore.UNSIGNED))
        client = botocore.session.Session().create_client(
            "cognito-identity", region_name=self.service.region, endpoint_url=self.service.endpoint, config=config, **keys)
        client.meta.events.register("after-call.cognito-identity", self._check_identity_answer)
        return client

    def _check_identity_answer(self, http_response, parsed, model, **_):
        headers = {name.lower(): value for name, value in http_response.headers.items()}
        self.assertRegex(headers.get("x-amzn-requestid", ""), conformance.UUID)
        self.assertEqual(headers.get("content-type"), "application/x-amz-json-1.1")
        body = json.loads(http_response.content)
        if http_response.status_code == 200:
            if model.output_shape is not None:
                self.assert_shape(body, model.output_shape, model.name)
            return
        self.assertEqual(http_response.status_code, 400)
        self.assertIn(body["__type"], {shape.name for shape in model.error_shapes}, f"not an error of {model.name}")
        self.assertTrue(body["message"])

    def refused(self, error_type, call, **parameters):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**parameters)
        self.assertEqual(caught.exception.response["Error"]["Code"], error_type, caught.exception.response)

    def get_id(self, **parameters):
        return self.anybody.get_id(IdentityPoolId=self.pool, **parameters)["IdentityId"]

    def log_in(self, identity, **parameters):
        """The identity, and a Cognito Sync client with its credentials."""
        answer = self.anybody.get_credentials_for_identity(IdentityId=identity, **parameters)
        keys = answer["Credentials"]
        client = botocore.session.Session().create_client(
            "cognito-sync", region_name=self.service.region, endpoint_url=self.service.endpoint,
            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretKey"],
            aws_session_token=keys["SessionToken"], config=botocore.client.Config(retries={"total_max_attempts": 1}))
        client.meta.events.register("after-call.cognito-sync", self._check_answer)
        return answer["IdentityId"], client

    def of(self, identity, dataset=None):
        return self.target(dataset, identity=identity, pool=self.pool)

    def write(self, who, dataset, key="k", value="v", count=0):
        identity, client = who
        token = client.list_records(**self.of(identity, dataset))["SyncSessionToken"]
        return client.update_records(**self.of(identity, dataset), SyncSessionToken=token,
                                     RecordPatches=[replace(key, value, count)])["Records"]


class Pools(IdentityCase):
    def test_life(self):
        described = self.developer.describe_identity_pool(IdentityPoolId=self.pool)
        self.assertEqual(described["SupportedLoginProviders"], {PROVIDER: AUDIENCE})
        updated = self.developer.update_identity_pool(
            IdentityPoolId=self.pool, IdentityPoolName="renamed", AllowUnauthenticatedIdentities=False,
            DeveloperProviderName="dev", IdentityPoolTags={"stage": "test"},
            CognitoIdentityProviders=[{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_x",
                                       "ClientId": "abc", "ServerSideTokenCheck": False}])
        described = self.developer.describe_identity_pool(IdentityPoolId=self.pool)
        for name in ("IdentityPoolName", "IdentityPoolTags", "CognitoIdentityProviders"):
            self.assertEqual(described[name], updated[name])
        pages = list(self.developer.get_paginator("list_identity_pools").paginate(
            PaginationConfig={"PageSize": 1}))
        listed = [pool["IdentityPoolId"] for page in pages for pool in page["IdentityPools"]]
        self.assertIn(self.pool, listed)
        self.assertEqual(len(listed), len(pages))
        self.developer.delete_identity_pool(IdentityPoolId=self.pool)
        self.refused(NOT_FOUND, self.developer.describe_identity_pool, IdentityPoolId=self.pool)

    def test_constraints(self):
        client = self.make_identity_client(validate=False)
        self.refused(INVALID, client.create_identity_pool, IdentityPoolName="a/b", AllowUnauthenticatedIdentities=True)
        self.refused(INVALID, client.create_identity_pool, IdentityPoolName="a")
        self.refused(INVALID, client.describe_identity_pool, IdentityPoolId="no pool")
        self.refused(INVALID, client.list_identity_pools, MaxResults=61)

    def test_others_may_not(self):
        self.refused(NOT_AUTHORIZED, self.anybody.describe_identity_pool, IdentityPoolId=self.pool)


class Guests(IdentityCase):
    def test_sync(self):
        who = self.log_in(self.get_id())
        self.assertEqual(self.write(who, "game")[0]["LastModifiedBy"], who[0])
        self.assertEqual(who[1].list_datasets(**self.of(who[0]))["Count"], 1)
        self.assertEqual(who[1].describe_dataset(**self.of(who[0], "game"))["Dataset"]["NumRecords"], 1)
        self.assertEqual(who[1].describe_identity_usage(**self.of(who[0]))["IdentityUsage"]["DatasetCount"], 1)
        self.assertEqual(who[1].delete_dataset(**self.of(who[0], "game"))["Dataset"]["DatasetName"], "game")

    def test_devices(self):
        who = self.log_in(self.get_id())
        self.write(who, "game")
        parameters = {**self.of(who[0]), "Platform": "APNS", "Token": "push"}
        self.assert_refused("InvalidConfigurationException", ".+", who[1].register_device, **parameters)
        self.client.set_identity_pool_configuration(
            IdentityPoolId=self.pool, PushSync={"ApplicationArns": ["arn:aws:sns:us-east-1:1:app/APNS/game"]})
        device = who[1].register_device(**parameters)["DeviceId"]
        self.assertEqual(who[1].register_device(**parameters)["DeviceId"], device)
        who[1].subscribe_to_dataset(**self.of(who[0], "game"), DeviceId=device)
        who[1].unsubscribe_from_dataset(**self.of(who[0], "game"), DeviceId=device)
        self.assert_refused(NOT_FOUND, ".+", who[1].subscribe_to_dataset, **self.of(who[0], "none"), DeviceId=device)
        self.assert_refused(NOT_FOUND, ".+", who[1].subscribe_to_dataset, **self.of(who[0], "game"), DeviceId="none")

    def test_isolation(self):
        mine, other = self.log_in(self.get_id()), self.log_in(self.get_id())
        self.write(other, "game")
        self.assert_refused(NOT_AUTHORIZED, ".+", mine[1].list_records, **self.of(other[0], "game"))
        self.assert_refused(NOT_AUTHORIZED, ".+", mine[1].describe_identity_pool_usage, IdentityPoolId=self.pool)
        self.assert_refused(NOT_AUTHORIZED, ".+", mine[1].list_datasets, **self.target(identity=mine[0]))

    def test_deleted(self):
        who = self.log_in(self.get_id())
        answer = self.developer.delete_identities(IdentityIdsToDelete=[who[0]])
        self.assertEqual(answer["UnprocessedIdentityIds"], [])
        self.assert_refused(NOT_AUTHORIZED, ".+", who[1].list_datasets, **self.of(who[0]))
        self.refused(NOT_FOUND, self.developer.describe_identity, IdentityId=who[0])

    def test_not_allowed(self):
        self.refused(NOT_AUTHORIZED, self.anybody.get_id, IdentityPoolId=self.service.pool)


class Logins(IdentityCase):
    def test_login_and_merge(self):
        account = self.log_in(self.get_id(Logins=self.provider.token("anna")), Logins=self.provider.token("anna"))
        self.write(account, "game", value="account")
        guest = self.log_in(self.get_id())
        self.write(guest, "game", value="guest")
        self.write(guest, "only")
        merged = self.log_in(guest[0], Logins=self.provider.token("anna"))
        self.assertEqual(merged[0], account[0])
        page = merged[1].list_records(**self.of(account[0], "game"))
        twin = f"game.{guest[0]}"
        self.assertEqual(page["MergedDatasetNames"], [twin])
        self.assertEqual(page["Records"][0]["Value"], "account")
        self.assertEqual(merged[1].list_records(**self.of(account[0], twin))["Records"][0]["Value"], "guest")
        self.assertTrue(merged[1].list_records(**self.of(account[0], "only"))["DatasetExists"])
        merged[1].delete_dataset(**self.of(account[0], twin))
        self.assertEqual(merged[1].list_records(**self.of(account[0], "game"))["MergedDatasetNames"], [])
        self.assert_refused(NOT_AUTHORIZED, ".+", guest[1].list_datasets, **self.of(guest[0]))
        listed = self.developer.list_identities(IdentityPoolId=self.pool, MaxResults=10, HideDisabled=True)
        self.assertEqual([entry["IdentityId"] for entry in listed["Identities"]], [account[0]])
        self.assertEqual(self.developer.describe_identity(IdentityId=account[0])["Logins"], [PROVIDER])

    def test_wrong_tokens(self):
        good = self.provider.token("ben")[PROVIDER]
        for wrong in ("nonsense", good[:-4] + "AAAA", self.provider.token("ben", aud="other")[PROVIDER],
                      self.provider.token("ben", iss="https://other.example.com")[PROVIDER],
                      self.provider.token("ben", exp=int(time.time()) - 1)[PROVIDER]):
            self.refused(NOT_AUTHORIZED, self.anybody.get_id, IdentityPoolId=self.pool, Logins={PROVIDER: wrong})
        self.refused(NOT_AUTHORIZED, self.anybody.get_id, IdentityPoolId=self.pool, Logins={"other.example.com": good})

    def test_unlink(self):
        identity = self.get_id(Logins=self.provider.token("carl"))
        self.anybody.unlink_identity(IdentityId=identity, Logins=self.provider.token("carl"), LoginsToRemove=[PROVIDER])
        self.assertNotEqual(self.get_id(Logins=self.provider.token("carl")), identity)

    def test_own_token(self):
        token = self.provider.token("dora")
        identity = self.get_id(Logins=token)
        own = self.anybody.get_open_id_token(IdentityId=identity, Logins=token)["Token"]
        self.assertEqual(self.log_in(identity, Logins={OWN: own})[0], identity)


class Developers(IdentityCase):
    def token(self, user, **parameters):
        return self.developer.get_open_id_token_for_developer_identity(IdentityPoolId=self.pool, Logins={"dev": user},
                                                                       **parameters)

    def test_users(self):
        first = self.token("u1", TokenDuration=60)
        who = self.log_in(first["IdentityId"], Logins={OWN: first["Token"]})
        self.write(who, "game")
        self.token("u2", IdentityId=who[0])
        users = self.developer.lookup_developer_identity(IdentityPoolId=self.pool, IdentityId=who[0], MaxResults=1)
        self.assertEqual(users["DeveloperUserIdentifierList"], ["u1"])
        users = self.developer.lookup_developer_identity(IdentityPoolId=self.pool, IdentityId=who[0],
                                                         NextToken=users["NextToken"])
        self.assertEqual(users["DeveloperUserIdentifierList"], ["u2"])
        self.token("u3")
        self.refused("DeveloperUserAlreadyRegisteredException",
                     self.developer.get_open_id_token_for_developer_identity, IdentityPoolId=self.pool,
                     IdentityId=who[0], Logins={"dev": "u3"})
        self.developer.unlink_developer_identity(IdentityId=who[0], IdentityPoolId=self.pool,
                                                 DeveloperProviderName="dev", DeveloperUserIdentifier="u2")
        self.assertNotEqual(self.token("u2")["IdentityId"], who[0])

    def test_merge(self):
        source, destination = self.token("s"), self.token("d")
        who = self.log_in(source["IdentityId"], Logins={OWN: source["Token"]})
        self.write(who, "game")
        merged = self.developer.merge_developer_identities(
            IdentityPoolId=self.pool, DeveloperProviderName="dev", SourceUserIdentifier="s",
            DestinationUserIdentifier="d")["IdentityId"]
        self.assertEqual(merged, destination["IdentityId"])
        datasets = self.client.list_datasets(**self.of(merged))["Datasets"]
        self.assertEqual([dataset["DatasetName"] for dataset in datasets], ["game"])


if __name__ == "__main__":
    unittest.main()
