"""Every success shape of the five operations, all fields and types (protocol.md, sections 1 and 2)."""

import base64
import datetime
import json
import unittest

from conformance import ConformanceCase, remove, replace


class Shapes(ConformanceCase):
    def assert_recent(self, time):
        """A zoned date of about now, to the milliseconds."""
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(abs((now - time).total_seconds()), 60)

    def test_list_records_of_nothing(self):
        answer = self.list()
        self.assertTrue(answer.pop("SyncSessionToken"))
        answer.pop("ResponseMetadata")
        self.assertEqual(answer.pop("MergedDatasetNames", []), [])
        self.assertFalse(answer.pop("LastModifiedBy", ""))
        self.assertEqual(answer, {"Records": [], "Count": 0, "DatasetSyncCount": 0, "DatasetExists": False,
                                  "DatasetDeletedAfterRequestedSyncCount": False})

    def test_list_records(self):
        self.update(replace("level", "12"), replace("name", "Ä"), DeviceId="phone")
        answer = self.list()
        records = {record["Key"]: record for record in answer["Records"]}
        self.assertEqual((answer["Count"], answer["DatasetSyncCount"], answer["LastModifiedBy"]), (2, 1, "phone"))
        self.assertIs(answer["DatasetExists"], True)
        self.assertIs(answer["DatasetDeletedAfterRequestedSyncCount"], False)
        self.assertEqual(answer.get("MergedDatasetNames", []), [])
        self.assertNotIn("NextToken", answer)
        self.assertTrue(answer["SyncSessionToken"])
        level = records["level"]
        self.assert_recent(level.pop("LastModifiedDate"))
        self.assert_recent(level.pop("DeviceLastModifiedDate"))
        self.assertEqual(level, {"Key": "level", "Value": "12", "SyncCount": 1, "LastModifiedBy": "phone"})
        self.assertEqual(records["name"]["Value"], "Ä")

    def test_a_removed_record_is_listed_without_value(self):
        self.update(replace("level", "12"))
        self.update(remove("level", 1))
        (record,) = self.list()["Records"]
        self.assertEqual((record["Key"], record["SyncCount"]), ("level", 2))
        self.assertNotIn("Value", record)

    def test_an_empty_value_is_a_value(self):
        self.update(replace("level", ""))
        (record,) = self.list()["Records"]
        self.assertEqual(record["Value"], "")

    def test_update_records(self):
        device_date = datetime.datetime(2024, 2, 29, 12, 0, 1, tzinfo=datetime.timezone.utc)
        written = self.update(replace("level", "12", DeviceLastModifiedDate=device_date), replace("lives", "3"),
                              DeviceId="phone")
        level, lives = sorted(written, key=lambda record: record["Key"])
        self.assert_recent(level.pop("LastModifiedDate"))
        self.assertEqual(level.pop("DeviceLastModifiedDate"), device_date)
        self.assertEqual(level, {"Key": "level", "Value": "12", "SyncCount": 1, "LastModifiedBy": "phone"})
        self.assertEqual((lives["Key"], lives["Value"], lives["SyncCount"]), ("lives", "3", 1))

        (tombstone,) = self.update(remove("level", 1))
        self.assertEqual((tombstone["Key"], tombstone["SyncCount"]), ("level", 2))
        self.assertNotIn("Value", tombstone)

    def test_update_and_list_agree(self):
        written = self.update(replace("a", "1"), replace("b", "2"))
        self.assertEqual(written, self.list()["Records"])

    def test_last_modified_by_is_the_device_else_the_identity(self):
        (by_identity,) = self.update(replace("a", "1"))
        (by_device,) = self.update(replace("b", "1"), DeviceId="phone")
        self.assertEqual(by_identity["LastModifiedBy"], self.identity)
        self.assertEqual(by_device["LastModifiedBy"], "phone")
        self.assertEqual(self.list()["LastModifiedBy"], "phone")

    def test_device_dates_keep_their_milliseconds(self):
        body = {"SyncSessionToken": self.session(), "RecordPatches": [
            {"Op": "replace", "Key": "k", "Value": "v", "SyncCount": 0, "DeviceLastModifiedDate": 1700000000.123}]}
        answer = self.post(body)
        self.assertEqual(answer.status, 200, answer)
        self.assertAlmostEqual(answer.json()["Records"][0]["DeviceLastModifiedDate"], 1700000000.123, places=3)

    def test_client_context_is_accepted(self):
        context = base64.b64encode(json.dumps({"client": {"app_title": "game"}}).encode()).decode()
        self.assertEqual(len(self.update(replace("a", "1"), ClientContext=context)), 1)

    def test_describe_dataset(self):
        self.update(replace("level", "12"), replace("ä", "öü"), DeviceId="phone")
        dataset = self.describe()
        self.assert_recent(dataset.pop("CreationDate"))
        self.assert_recent(dataset.pop("LastModifiedDate"))
        self.assertEqual(dataset, {"IdentityId": self.identity, "DatasetName": "game", "LastModifiedBy": "phone",
                                   "DataStorage": 5 + 2 + 2 + 4, "NumRecords": 2})

    def test_describe_counts_neither_tombstones_nor_their_bytes(self):
        self.update(replace("level", "12"), replace("lives", "3"))
        created = self.describe()["CreationDate"]
        self.update(remove("level", 1))
        dataset = self.describe()
        self.assertEqual((dataset["NumRecords"], dataset["DataStorage"]), (1, 6))
        self.assertEqual(dataset["CreationDate"], created)
        self.assertGreaterEqual(dataset["LastModifiedDate"], created)

    def test_delete_dataset(self):
        self.update(replace("level", "12"), DeviceId="phone")
        described = self.describe()
        self.assertEqual(self.delete(), described)

    def test_list_datasets(self):
        answer = self.client.list_datasets(**self.target())
        self.assertEqual((answer["Datasets"], answer["Count"]), ([], 0))
        self.assertNotIn("NextToken", answer)
        for name in ("game", "settings"):
            self.update(replace("k", "v"), dataset=name)
        answer = self.client.list_datasets(**self.target())
        self.assertEqual(answer["Count"], 2)
        self.assertEqual(sorted(answer["Datasets"], key=lambda dataset: dataset["DatasetName"]),
                         [self.describe("game"), self.describe("settings")])

    def test_each_identity_has_its_own(self):
        self.update(replace("k", "mine"))
        other = self.new_identity()
        self.assertEqual(self.list(identity=other)["Records"], [])
        self.assertEqual(self.client.list_datasets(**self.target(identity=other))["Datasets"], [])
        self.update(replace("k", "theirs"), identity=other)
        self.assertEqual(self.values(), {"k": "mine"})


if __name__ == "__main__":
    unittest.main()
