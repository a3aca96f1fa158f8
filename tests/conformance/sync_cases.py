"""Cognito Sync's 17 operations with any client: by whoever may and may not call them, their errors, pages, odd text."""

import time

import shown
from clients import Who
from every_client import CONFLICT, INVALID, LIMIT, NOT_AUTHORIZED, NOT_FOUND, ROLE, EveryClient

STREAM = {"StreamName": "changes", "RoleArn": ROLE, "StreamingStatus": "ENABLED"}
PUSH = {"ApplicationArns": ["arn:aws:sns:us-east-1:123456789012:app/GCM/game"], "RoleArn": ROLE}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:sync"
ODD = ("schlüssel", "ключ", "鍵", "a b", "50%25", "a/b?c=d&e#f", "../..", "\"quoted\\\"", "tab\tand\nline", "😀", "~'()*!", "+")


class SyncCases(EveryClient):
    def test_data_by_all_who_may(self):
        for kind in (shown.DEVELOPER, *shown.IDENTITIES):
            with self.subTest(kind):
                identity, who = self.become(kind)
                self.life_of_a_dataset(identity, who)

    def life_of_a_dataset(self, identity, who):
        target = self.of(identity, "game")
        page = self.do("ListRecords", who, **target, LastSyncCount=0)
        self.assertEqual((page["DatasetExists"], page["DatasetSyncCount"], page["Records"]), (False, 0, []))
        changed = self.client.moment
        patches = [{"Op": "replace", "Key": "k", "Value": "", "SyncCount": 0, "DeviceLastModifiedDate": changed},
                   {"Op": "replace", "Key": "gone", "Value": "v", "SyncCount": 0}]
        written = self.do("UpdateRecords", who, **target, RecordPatches=patches, DeviceId="device",
                          SyncSessionToken=page["SyncSessionToken"], ClientContext="{}")["Records"]
        record = next(record for record in written if record["Key"] == "k")
        self.assertEqual((record["Value"], record["SyncCount"], record["LastModifiedBy"]), ("", 1, "device"))
        self.assertEqual(record["DeviceLastModifiedDate"], changed)
        page = self.do("ListRecords", who, **target, LastSyncCount=1)
        self.assertEqual((page["DatasetExists"], page["DatasetSyncCount"], page["Records"]), (True, 1, []))
        self.do("UpdateRecords", who, **target, RecordPatches=[{"Op": "remove", "Key": "gone", "SyncCount": 1}],
                SyncSessionToken=page["SyncSessionToken"])
        page = self.do("ListRecords", who, **target)
        self.assertEqual({record["Key"]: record.get("Value") for record in page["Records"]}, {"k": "", "gone": None})
        described = self.do("DescribeDataset", who, **target)["Dataset"]
        self.assertEqual((described["NumRecords"], described["DataStorage"], described["DatasetName"]), (1, 1, "game"))
        self.assertLess(abs(described["LastModifiedDate"] - time.time()), 60)
        self.assertEqual(self.do("ListDatasets", who, **self.of(identity))["Datasets"], [described])
        usage = self.do("DescribeIdentityUsage", who, **self.of(identity))["IdentityUsage"]
        self.assertEqual((usage["IdentityId"], usage["DatasetCount"], usage["DataStorage"]), (identity, 1, 1))
        self.assertEqual(self.do("DeleteDataset", who, **target)["Dataset"]["DatasetName"], "game")
        for operation in ("DescribeDataset", "DeleteDataset"):
            self.refused(NOT_FOUND, operation, who, **target)
        self.assertFalse(self.do("ListRecords", who, **target)["DatasetExists"])

    def test_devices(self):
        identity, guest = self.become(shown.GUEST)
        registration = {**self.of(identity), "Platform": "GCM", "Token": "push"}
        self.refused("InvalidConfigurationException", "RegisterDevice", guest, **registration)
        self.do("SetIdentityPoolConfiguration", self.developer, IdentityPoolId=self.pool, PushSync=PUSH)
        for kind in shown.IDENTITIES:
            with self.subTest(kind):
                identity, who = self.become(kind)
                self.write(identity, who)
                device = self.do("RegisterDevice", who, **self.of(identity), Platform="GCM", Token=kind)["DeviceId"]
                for operation in ("SubscribeToDataset", "UnsubscribeFromDataset"):
                    self.do(operation, who, **self.of(identity, "game"), DeviceId=device)
                    self.refused(NOT_FOUND, operation, who, **self.of(identity, "game"), DeviceId="none")
                    self.refused(NOT_AUTHORIZED, operation, self.developer, **self.of(identity, "game"), DeviceId=device)
                self.refused(NOT_FOUND, "SubscribeToDataset", who, **self.of(identity, "none"), DeviceId=device)
                self.refused(NOT_AUTHORIZED, "RegisterDevice", self.developer, **registration)

    def test_a_pool(self):
        pool = {"IdentityPoolId": self.pool}
        identity, guest = self.become(shown.GUEST)
        self.write(identity, guest, value="value")
        usage = self.do("DescribeIdentityPoolUsage", self.developer, **pool)["IdentityPoolUsage"]
        self.assertEqual((usage["SyncSessionsCount"], usage["DataStorage"]), (1, 6))
        configured = self.do("SetIdentityPoolConfiguration", self.developer, **pool, PushSync=PUSH, CognitoStreams=STREAM)
        self.assertEqual((configured["PushSync"], configured["CognitoStreams"]), (PUSH, STREAM))
        self.assertEqual(self.do("GetIdentityPoolConfiguration", self.developer, **pool), configured)
        self.do("SetCognitoEvents", self.developer, **pool, Events={"SyncTrigger": FUNCTION})
        self.assertEqual(self.do("GetCognitoEvents", self.developer, **pool)["Events"], {"SyncTrigger": FUNCTION})
        self.do("SetCognitoEvents", self.developer, **pool, Events={"SyncTrigger": ""})
        self.assertEqual(self.do("GetCognitoEvents", self.developer, **pool)["Events"], {})
        for operation in ("DescribeIdentityPoolUsage", "GetIdentityPoolConfiguration", "GetCognitoEvents"):
            self.refused(NOT_AUTHORIZED, operation, guest, **pool)
        self.refused(NOT_AUTHORIZED, "SetIdentityPoolConfiguration", guest, **pool, PushSync=PUSH)
        self.refused(NOT_AUTHORIZED, "SetCognitoEvents", guest, **pool, Events={})
        self.refused(NOT_AUTHORIZED, "ListIdentityPoolUsage", guest)
        self.refused(INVALID, "SetCognitoEvents", self.developer, **pool, Events={"Other": FUNCTION})
        self.refused(INVALID, "SetIdentityPoolConfiguration", self.developer, **pool,
                     PushSync={"ApplicationArns": ["arn:aws:sns:us-east-1:1:app/apns/x"]})

    def test_bulk_publish(self):
        pool = {"IdentityPoolId": self.pool}
        guest = self.become(shown.GUEST)[1]
        self.assertEqual(self.do("GetBulkPublishDetails", self.developer, **pool)["BulkPublishStatus"], "NOT_STARTED")
        self.refused("InvalidConfigurationException", "BulkPublish", self.developer, **pool)
        self.do("SetIdentityPoolConfiguration", self.developer, **pool, CognitoStreams=STREAM)
        self.assertEqual(self.do("BulkPublish", self.developer, **pool), {"IdentityPoolId": self.pool})
        details = self.do("GetBulkPublishDetails", self.developer, **pool)
        self.assertEqual(details["BulkPublishStatus"], "IN_PROGRESS")
        self.assertLess(abs(details["BulkPublishStartTime"] - time.time()), 60)
        self.refused("DuplicateRequestException", "BulkPublish", self.developer, **pool)
        for operation in ("BulkPublish", "GetBulkPublishDetails"):
            self.refused(NOT_AUTHORIZED, operation, guest, **pool)

    def test_others_data(self):
        owner = self.become(shown.GUEST)[0]
        other = self.become(shown.LOGIN)[1]
        target = self.of(owner, "game")
        for operation in ("ListDatasets", "DescribeIdentityUsage"):
            self.refused(NOT_AUTHORIZED, operation, other, **self.of(owner))
        for operation in ("ListRecords", "DescribeDataset", "DeleteDataset"):
            self.refused(NOT_AUTHORIZED, operation, other, **target)
        self.refused(NOT_AUTHORIZED, "UpdateRecords", other, **target, SyncSessionToken="any", RecordPatches=[
            {"Op": "replace", "Key": "k", "Value": "v", "SyncCount": 0}])
        self.refused(NOT_AUTHORIZED, "RegisterDevice", other, **self.of(owner), Platform="GCM", Token="t")
        for operation in ("SubscribeToDataset", "UnsubscribeFromDataset"):
            self.refused(NOT_AUTHORIZED, operation, other, **target, DeviceId="d")

    def test_conflict_and_quotas(self):
        identity, who = self.become(shown.GUEST)
        self.write(identity, who)
        self.write(identity, who, value="w", count=1)
        page = self.do("ListRecords", who, **self.of(identity, "game"))
        patch = {"Op": "replace", "Key": "k", "Value": "x", "SyncCount": 1}
        update = {**self.of(identity, "game"), "SyncSessionToken": page["SyncSessionToken"]}
        message = self.refused(CONFLICT, "UpdateRecords", who, **update, RecordPatches=[patch])
        self.assertEqual(message, "Current SyncCount for: k is: 2 not: 1")
        many = [{**patch, "Key": f"k{i}", "SyncCount": 0} for i in range(20)]
        self.refused(LIMIT, "UpdateRecords", who, **update, RecordPatches=many)
        message = self.refused(INVALID, "ListRecords", who, **self.of(identity, "game"), LastSyncCount=37)
        self.assertEqual(message, "No such SyncCount: 37 exists for this Dataset")
        wrong = {**update, "SyncSessionToken": page["SyncSessionToken"][:-4] + "AAAA"}
        self.refused(INVALID, "UpdateRecords", who, **wrong, RecordPatches=[patch])

    def test_pages(self):
        identity, who = self.become(shown.USER)
        for number in range(3):
            self.write(identity, who, dataset=f"d{number}")
            self.write(identity, who, dataset="d0", key=f"more{number}")
        lists = (("ListDatasets", self.of(identity), "Datasets", "DatasetName", ["d0", "d1", "d2"]),
                 ("ListRecords", self.of(identity, "d0"), "Records", "Key", ["k", "more0", "more1", "more2"]))
        for operation, target, items, name, expected in lists:
            listed = self.all_pages(operation, who, items, **target)
            self.assertEqual([item[name] for item in listed], expected)
            self.refused(INVALID, operation, who, **target, NextToken="made up")
        pools = [usage["IdentityPoolId"] for usage in self.all_pages("ListIdentityPoolUsage", self.developer,
                                                                       "IdentityPoolUsages")]
        self.assertIn(self.pool, pools)
        self.assertEqual(len(pools), len(set(pools)))
        self.refused(INVALID, "ListIdentityPoolUsage", self.developer, NextToken="made up")

    def all_pages(self, operation, who, items, **target):
        """One item a page."""
        listed, token = [], {}
        while True:
            page = self.do(operation, who, **target, MaxResults=1, **token)
            self.assertLessEqual(len(page[items]), 1)
            listed += page[items]
            if not page.get("NextToken"):
                return listed
            token = {"NextToken": page["NextToken"]}

    def test_odd_text(self):
        """D17: keys, values, device names and dataset names as they were sent."""
        identity, who = self.become(shown.GUEST)
        dataset = "A.b_c:d-1"
        token = self.do("ListRecords", who, **self.of(identity, dataset))["SyncSessionToken"]
        patches = [{"Op": "replace", "Key": text, "Value": text * 2, "SyncCount": 0} for text in ODD]
        self.do("UpdateRecords", who, **self.of(identity, dataset), SyncSessionToken=token, RecordPatches=patches,
                DeviceId="Ännas 📱 %2F")
        records = self.do("ListRecords", who, **self.of(identity, dataset))["Records"]
        self.assertEqual({record["Key"]: record["Value"] for record in records}, {text: text * 2 for text in ODD})
        self.assertEqual({record["LastModifiedBy"] for record in records}, {"Ännas 📱 %2F"})
        self.assertEqual(self.do("DescribeDataset", who, **self.of(identity, dataset))["Dataset"]["DatasetName"], dataset)

    def test_wrong_secret(self):
        """Each operation with a signature of somebody who knows the key's name alone."""
        identity = self.become(shown.GUEST)[0]
        wrong = Who(shown.DEVELOPER, self.service.access_key, "wrong")
        for operation in shown.SYNC:
            with self.subTest(operation):
                self.refused(NOT_AUTHORIZED, operation, wrong, **sample(operation, self.of(identity, "game")))


class WrongNames(EveryClient):
    """For clients that leave it to the service to judge ids and names."""

    def test_of_pools_identities_datasets(self):
        identity, guest = self.become(shown.GUEST)
        for operation in shown.SYNC:
            call = sample(operation, self.of(identity, "game"))
            who = guest if operation in shown.DEVICE else self.developer
            for name, wrong in (("IdentityPoolId", "no id"), ("IdentityId", "no id"), ("DatasetName", "a b")):
                if name in call:
                    with self.subTest(operation, name=name):
                        self.refused(INVALID, operation, who, **{**call, name: wrong})


def sample(operation, target, **changes):
    """Parameters that pass a client's own checks."""
    names = {"ListIdentityPoolUsage": (), "DescribeIdentityUsage": ("IdentityPoolId", "IdentityId"),
             "ListDatasets": ("IdentityPoolId", "IdentityId"), "RegisterDevice": ("IdentityPoolId", "IdentityId")}
    of_pool = shown.SYNC.index(operation) < shown.SYNC.index("DescribeIdentityUsage")
    more = {"SetCognitoEvents": {"Events": {}}, "RegisterDevice": {"Platform": "GCM", "Token": "t"},
            "SubscribeToDataset": {"DeviceId": "d"}, "UnsubscribeFromDataset": {"DeviceId": "d"},
            "SetIdentityPoolConfiguration": {"PushSync": PUSH},
            "UpdateRecords": {"SyncSessionToken": "t", "RecordPatches": [
                {"Op": "replace", "Key": "k", "Value": "v", "SyncCount": 0}]}}.get(operation, {})
    kept = names.get(operation, ("IdentityPoolId",) if of_pool else tuple(target))
    return {**{name: target[name] for name in kept}, **more, **changes}
