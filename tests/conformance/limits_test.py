"""Quotas and lengths, each at n-1, n and n+1: protocol.md, section 2. S5."""

import concurrent.futures
import json
import unittest

import botocore.exceptions

from conformance import ConformanceCase, remove, replace

RECORDS = 1024
BYTES = 1_048_576
VALUE = 1_048_575
DATASETS = 20


class Quotas(ConformanceCase):
    def test_records(self):
        self.update(*(replace(f"k{i}", "v") for i in range(RECORDS - 1)))
        self.update(replace("last", "v"))
        self.assert_refused("LimitExceededException", ".+", self.update, replace("more", "v"))
        self.assertEqual((self.describe()["NumRecords"], self.count()), (RECORDS, 2))
        self.update(replace("k0", "changed", 1))
        self.assert_refused("LimitExceededException", ".+", self.update, remove("k1", 1), replace("m1", "v"),
                            replace("m2", "v"))
        self.update(remove("k1", 1), replace("more", "v"))
        self.assertEqual(self.describe()["NumRecords"], RECORDS)

    def test_records_in_one_call(self):
        self.assert_refused("LimitExceededException", ".+", self.update,
                            *(replace(f"k{i}", "v") for i in range(RECORDS + 1)))
        self.assertFalse(self.list()["DatasetExists"])
        self.update(*(replace(f"k{i}", "v") for i in range(RECORDS)))

    def test_tombstones_do_not_count(self):
        self.update(*(replace(f"k{i}", "v") for i in range(RECORDS)))
        self.update(*(remove(f"k{i}", 1) for i in range(RECORDS)))
        self.update(*(replace(f"n{i}", "v") for i in range(RECORDS)))
        self.assertEqual(self.describe()["NumRecords"], RECORDS)

    def test_bytes(self):
        for dataset, key, size in (("below", "k", VALUE - 1), ("full", "k", VALUE)):
            self.update(replace(key, "v" * size), dataset=dataset)
            self.assertEqual(self.describe(dataset)["DataStorage"], size + 1)
        self.assert_refused("LimitExceededException", ".+", self.update, replace("kk", "v" * VALUE), dataset="over")
        self.assertFalse(self.list("over")["DatasetExists"])
        self.assert_refused("LimitExceededException", ".+", self.update, replace("x", ""), dataset="full")
        self.update(replace("k", "v" * (VALUE - 1), 1), replace("x", ""), dataset="full")
        self.assertEqual(self.describe("full")["DataStorage"], BYTES)

    def test_bytes_are_of_utf_8(self):
        self.update(replace("ä", "ä" * (BYTES // 2 - 1)))
        self.assertEqual(self.describe()["DataStorage"], BYTES)
        self.assert_refused("LimitExceededException", ".+", self.update, replace("ä", "ä" * (BYTES // 2)),
                            dataset="over")

    def test_datasets(self):
        for i in range(DATASETS):
            self.update(replace("k", "v"), dataset=f"d{i}")
        self.assert_refused("LimitExceededException", ".+", self.update, replace("k", "v"), dataset="one-more")
        self.assertEqual(self.client.list_datasets(**self.target())["Count"], DATASETS)
        self.update(replace("k", "w", 1), dataset="d0")
        self.delete("d0")
        self.update(replace("k", "v"), dataset="one-more")
        self.update(replace("k", "v"), dataset="elsewhere", identity=self.new_identity())


class ParallelQuotas(ConformanceCase):
    """S5: exact under parallel requests."""

    def succeed(self, calls):
        """How many of these calls, made at once, were not refused for a quota."""
        def attempt(call):
            try:
                call()
                return 1
            except botocore.exceptions.ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "LimitExceededException")
                return 0

        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            return sum(pool.map(attempt, calls))

    def test_datasets(self):
        calls = [lambda i=i: self.update(replace("k", "v"), dataset=f"d{i}") for i in range(DATASETS + 12)]
        self.assertEqual(self.succeed(calls), DATASETS)
        self.assertEqual(self.client.list_datasets(**self.target())["Count"], DATASETS)

    def test_records(self):
        self.update(*(replace(f"k{i}", "v") for i in range(RECORDS - 4)))
        calls = [lambda i=i: self.update(replace(f"n{i}", "v")) for i in range(16)]
        self.assertEqual(self.succeed(calls), 4)
        self.assertEqual((self.describe()["NumRecords"], self.count()), (RECORDS, 5))


class Lengths(ConformanceCase):
    def setUp(self):
        super().setUp()
        self.client = self.make_client(validate=False)

    def refuse(self, *patches, dataset="game", **parameters):
        self.assert_refused("InvalidParameterException", ".+", self.update, *patches, dataset=dataset,
                            token=self.session(), **parameters)
        self.assertFalse(self.list()["DatasetExists"])

    def test_dataset_names(self):
        for length in (1, 127, 128):
            self.update(replace("k", "v"), dataset="d" * length)
        self.update(replace("k", "v"), dataset="aZ09_.:-")
        for name in ("d" * 129, "a b", "ä", "a%20b", "a+b", "a\0", "a\n"):
            with self.subTest(name=name[:20]):
                self.assert_refused("InvalidParameterException", ".+", self.list, name)
                self.assert_refused("InvalidParameterException", ".+", self.client.describe_dataset,
                                    **self.target(name))
                self.assert_refused("InvalidParameterException", ".+", self.client.delete_dataset, **self.target(name))
                self.refuse(replace("k", "v"), dataset=name)

    def test_keys(self):
        for key in ("k", "k" * 1023, "k" * 1024, "😀" * 1024):
            self.update(replace(key, "v"), dataset="keys")
        self.assertEqual(self.describe("keys")["NumRecords"], 4)
        for key in ("", "k" * 1025, "😀" * 1025):
            with self.subTest(length=len(key)):
                self.refuse(replace(key, "v"))
                self.refuse(remove(key, 0))

    def test_values(self):
        for length in (0, 1, VALUE - 1, VALUE):
            self.update(replace("k", "v" * length), dataset=f"values{length}")
        self.refuse(replace("k", "v" * (VALUE + 1)))

    def test_a_value_that_is_six_times_as_long_in_json(self):
        """D17: any text up to the limit; control characters are written \\u0001."""
        value = "\x01" * VALUE
        self.assertGreater(len(json.dumps(value)), 6 * VALUE)
        (record,) = self.update(replace("k", value))
        self.assertEqual(record["Value"], value)
        self.assertEqual(self.values(), {"k": value})

    def test_device_ids(self):
        self.update(replace("a", "v"), DeviceId="d", dataset="devices")
        self.update(replace("b", "v"), DeviceId="d" * 256, dataset="devices")
        self.refuse(replace("k", "v"), DeviceId="d" * 257)
        self.refuse(replace("k", "v"), DeviceId="")

    def test_identities(self):
        prefix = f"{self.service.region}:"
        for length in (54, 55):
            self.update(replace("k", "v"), identity=prefix + "0" * (length - len(prefix)))
        for identity in (prefix + "0" * (56 - len(prefix)), prefix, "nonsense", ":0", "us east:0", prefix + "XYZ", "é:0"):
            with self.subTest(identity=identity):
                self.assert_refused("InvalidParameterException", ".+", self.list, identity=identity)

    def test_operations(self):
        token = self.session()
        for op in ("upsert", "", "REPLACE", None, 1):
            with self.subTest(op=op):
                patch = {"Op": op, "Key": "k", "Value": "v", "SyncCount": 0}
                self.assert_typed(self.post({"SyncSessionToken": token, "RecordPatches": [patch]}),
                                  "InvalidParameterException")
        for missing in ("Op", "Key", "SyncCount"):
            with self.subTest(missing=missing):
                patch = replace("k", "v")
                del patch[missing]
                self.assert_typed(self.post({"SyncSessionToken": token, "RecordPatches": [patch]}),
                                  "InvalidParameterException")
        self.assertFalse(self.list()["DatasetExists"])


if __name__ == "__main__":
    unittest.main()
