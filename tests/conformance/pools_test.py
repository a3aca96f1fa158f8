"""What a developer asks of a pool: usage, configuration, events, bulk publishes; and who may call each operation."""

import datetime
import unittest
import uuid

import botocore.exceptions

import conformance
from conformance import replace

ROLE = "arn:aws:iam::123456789012:role/sync"
INVALID = "InvalidParameterException"
NOT_AUTHORIZED = "NotAuthorizedException"
STREAM = {"StreamName": "changes", "RoleArn": ROLE, "StreamingStatus": "ENABLED"}
PUSH = {"ApplicationArns": ["arn:aws:sns:us-east-1:123456789012:app/APNS/game",
                            "arn:aws:sns:us-east-1:123456789012:app/GCM/game"], "RoleArn": ROLE}


class PoolCase(conformance.ConformanceCase):
    def setUp(self):
        super().setUp()
        self.pool = {"IdentityPoolId": self.service.pool}


class Usage(PoolCase):
    def test_of_an_identity(self):
        self.update(replace("k", "value"), dataset="one")
        self.update(replace("k", ""), dataset="two")
        usage = self.client.describe_identity_usage(**self.target())["IdentityUsage"]
        self.assertEqual(usage["DatasetCount"], 2)
        self.assertEqual(usage["DataStorage"], 7)
        self.assertEqual((usage["IdentityId"], usage["IdentityPoolId"]), (self.identity, self.service.pool))
        self.assertLess(abs(usage["LastModifiedDate"] - datetime.datetime.now(datetime.timezone.utc)),
                        datetime.timedelta(minutes=1))
        self.client.delete_dataset(**self.target("one"))
        usage = self.client.describe_identity_usage(**self.target())["IdentityUsage"]
        self.assertEqual((usage["DatasetCount"], usage["DataStorage"]), (1, 1))

    def test_of_an_identity_without_data(self):
        usage = self.client.describe_identity_usage(**self.target())["IdentityUsage"]
        self.assertEqual((usage["DatasetCount"], usage["DataStorage"]), (0, 0))

    def test_of_a_pool(self):
        def usage():
            return self.client.describe_identity_pool_usage(**self.pool)["IdentityPoolUsage"]

        before = usage()
        token = self.session()
        self.update(replace("k", "value"), token=token)
        after = usage()
        self.assertEqual(after["SyncSessionsCount"], before["SyncSessionsCount"] + 1)
        self.assertEqual(after["DataStorage"], before["DataStorage"] + 6)
        listed = self.client.list_identity_pool_usage()
        self.assertEqual(listed["IdentityPoolUsages"], [after])
        self.assertEqual(listed["Count"], 1)
        self.service.restart()
        self.assertEqual(self.make_client().describe_identity_pool_usage(**self.pool)["IdentityPoolUsage"], after)
        self.client = self.make_client()

    def test_a_made_up_token(self):
        self.assert_refused(INVALID, ".+", self.client.list_identity_pool_usage, NextToken="made up")


class Configuration(PoolCase):
    def test_round_trip(self):
        answer = self.client.set_identity_pool_configuration(**self.pool, PushSync=PUSH, CognitoStreams=STREAM)
        self.assertEqual((answer["PushSync"], answer["CognitoStreams"]), (PUSH, STREAM))
        answer = self.client.get_identity_pool_configuration(**self.pool)
        self.assertEqual((answer["PushSync"], answer["CognitoStreams"]), (PUSH, STREAM))
        stopped = {**STREAM, "StreamingStatus": "DISABLED"}
        answer = self.client.set_identity_pool_configuration(**self.pool, CognitoStreams=stopped)
        self.assertEqual((answer["PushSync"], answer["CognitoStreams"]), (PUSH, stopped))

    def test_constraints(self):
        client = self.make_client(validate=False)
        for wrong in ({"PushSync": {"ApplicationArns": ["arn:aws:sns:us-east-1:1:app/apns/x"]}},
                      {"PushSync": {"RoleArn": "arn:aws:iam::12:user/abcdefgh"}},
                      {"CognitoStreams": {"StreamName": ""}}, {"CognitoStreams": {"StreamName": "s" * 129}},
                      {"CognitoStreams": {"StreamingStatus": "PAUSED"}}):
            with self.subTest(wrong):
                self.assert_refused(INVALID, ".+", client.set_identity_pool_configuration, **self.pool, **wrong)

    def test_events(self):
        arn = "arn:aws:lambda:us-east-1:123456789012:function:sync"
        self.client.set_cognito_events(**self.pool, Events={"SyncTrigger": arn})
        self.assertEqual(self.client.get_cognito_events(**self.pool)["Events"], {"SyncTrigger": arn})
        self.client.set_cognito_events(**self.pool, Events={"SyncTrigger": ""})
        self.assertEqual(self.client.get_cognito_events(**self.pool)["Events"], {})
        self.assert_refused(INVALID, ".+", self.client.set_cognito_events, **self.pool, Events={"Other": arn})


class BulkPublish(PoolCase):
    def test_states(self):
        details = self.client.get_bulk_publish_details(**self.pool)
        self.assertEqual(details["BulkPublishStatus"], "NOT_STARTED")
        self.assert_refused("InvalidConfigurationException", ".+", self.client.bulk_publish, **self.pool)
        self.client.set_identity_pool_configuration(**self.pool, CognitoStreams=STREAM)
        self.assertEqual(self.client.bulk_publish(**self.pool)["IdentityPoolId"], self.service.pool)
        details = self.client.get_bulk_publish_details(**self.pool)
        self.assertEqual(details["BulkPublishStatus"], "IN_PROGRESS")
        self.assertIn("BulkPublishStartTime", details)
        self.assert_refused("DuplicateRequestException", ".+", self.client.bulk_publish, **self.pool)


class WhoMayCall(PoolCase):
    """S4: what a developer may not do, and what nobody may."""

    def calls(self, pool):
        target = {"IdentityPoolId": pool, "IdentityId": self.identity}
        dataset = {**target, "DatasetName": "game"}
        return {
            "describe_identity_pool_usage": {"IdentityPoolId": pool}, "bulk_publish": {"IdentityPoolId": pool},
            "get_bulk_publish_details": {"IdentityPoolId": pool},
            "get_identity_pool_configuration": {"IdentityPoolId": pool},
            "set_identity_pool_configuration": {"IdentityPoolId": pool}, "get_cognito_events": {"IdentityPoolId": pool},
            "set_cognito_events": {"IdentityPoolId": pool, "Events": {}}, "describe_identity_usage": target,
            "register_device": {**target, "Platform": "APNS", "Token": "t"},
            "subscribe_to_dataset": {**dataset, "DeviceId": "d"},
            "unsubscribe_from_dataset": {**dataset, "DeviceId": "d"},
        }

    def test_another_pool(self):
        for name, parameters in self.calls(f"{self.service.region}:{uuid.uuid4()}").items():
            with self.subTest(name):
                self.assert_refused(NOT_AUTHORIZED, ".+", getattr(self.client, name), **parameters)

    def test_a_wrong_key(self):
        client = self.make_client(secret_key="wrong")
        for name, parameters in {**self.calls(self.service.pool), "list_identity_pool_usage": {}}.items():
            with self.subTest(name):
                self.assert_refused(NOT_AUTHORIZED, ".+", getattr(client, name), **parameters)

    def test_what_only_an_identity_may(self):
        calls = self.calls(self.service.pool)
        for name in ("register_device", "subscribe_to_dataset", "unsubscribe_from_dataset"):
            with self.subTest(name):
                self.assert_refused(NOT_AUTHORIZED, ".+", getattr(self.client, name), **calls[name])


if __name__ == "__main__":
    unittest.main()
