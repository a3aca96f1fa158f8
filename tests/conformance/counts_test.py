"""What sync counts mean: protocol.md, section 3. S1, S2, S3."""

import unittest

from conformance import BAD_SESSION_TOKEN, ConformanceCase, changed, remove, replace
import serve


class Counts(ConformanceCase):
    def test_each_update_raises_the_count_by_one(self):
        """S1; every record that a call wrote gets the new count."""
        for count in range(1, 6):
            written = self.update(replace("a", str(count), count - 1), replace(f"new{count}", "x"))
            self.assertEqual({record["SyncCount"] for record in written}, {count})
            self.assertEqual(self.count(), count)

    def test_an_update_that_writes_nothing_leaves_the_count(self):
        self.update(replace("a", "1"))
        self.assertEqual(self.update(), [])
        self.assertEqual(self.count(), 1)

    def test_an_update_of_nothing_creates_nothing(self):
        self.assertEqual(self.update(), [])
        self.assertFalse(self.list()["DatasetExists"])

    def test_the_same_value_is_a_new_version(self):
        self.update(replace("a", "1"))
        (record,) = self.update(replace("a", "1", 1))
        self.assertEqual(record["SyncCount"], 2)

    def test_list_returns_what_is_newer(self):
        self.update(replace("a", "1"))
        self.update(replace("b", "2"))
        self.update(remove("a", 1))
        for since, keys in ((0, {"a", "b"}), (1, {"a", "b"}), (2, {"a"}), (3, set())):
            with self.subTest(since=since):
                answer = self.list(LastSyncCount=since)
                self.assertEqual({record["Key"] for record in answer["Records"]}, keys)
                self.assertEqual((answer["DatasetSyncCount"], answer["Count"]), (3, len(keys)))

    def test_a_list_from_the_future(self):
        self.update(replace("a", "1"))
        self.assert_refused("InvalidParameterException", "No such SyncCount: 37 exists for this Dataset",
                            self.list, LastSyncCount=37)
        self.assert_refused("InvalidParameterException", "No such SyncCount: 2 exists for this Dataset",
                            self.list, LastSyncCount=2)

    def test_a_list_of_nothing_answers_whatever_the_count(self):
        answer = self.list(LastSyncCount=37)
        self.assertEqual((answer["DatasetExists"], answer["DatasetSyncCount"], answer["Records"]), (False, 0, []))

    def test_a_negative_count(self):
        self.update(replace("a", "1"))
        self.assert_refused("InvalidParameterException", ".+", self.list, LastSyncCount=-1)

    def test_stale_and_future_counts(self):
        for count in range(5):
            self.update(replace("a", str(count), count))
        for given in (4, 6, 0, 1_000_000):
            with self.subTest(given=given):
                self.assert_refused("ResourceConflictException", f"Current SyncCount for: a is: 5 not: {given}",
                                    self.update, replace("a", "x", given))
        self.assert_refused("ResourceConflictException", "Current SyncCount for: a is: 5 not: 4", self.update,
                            remove("a", 4))
        self.assertEqual((self.values(), self.count()), ({"a": "4"}, 5))

    def test_a_record_that_does_not_exist_has_count_zero(self):
        self.assert_refused("ResourceConflictException", "Current SyncCount for: a is: 0 not: 3", self.update,
                            replace("a", "x", 3))
        self.assertFalse(self.list()["DatasetExists"])

    def test_a_tombstone_keeps_its_count(self):
        self.update(replace("a", "1"))
        self.update(remove("a", 1))
        self.assert_refused("ResourceConflictException", "Current SyncCount for: a is: 2 not: 0", self.update,
                            replace("a", "2", 0))
        (record,) = self.update(replace("a", "2", 2))
        self.assertEqual((record["Value"], record["SyncCount"]), ("2", 3))

    def test_one_stale_patch_rejects_all(self):
        """S2."""
        self.update(replace("a", "1"))
        for patches in ([replace("b", "2"), replace("a", "2", 0)], [replace("a", "2", 0), replace("b", "2")]):
            self.assert_refused("ResourceConflictException", "Current SyncCount for: a is: 1 not: 0", self.update,
                                *patches)
        self.assertEqual((self.values(), self.count()), ({"a": "1"}, 1))

    def test_a_key_twice_in_one_call(self):
        self.assert_refused("InvalidParameterException", ".+", self.update, replace("a", "1"), replace("a", "2"))
        self.assertFalse(self.list()["DatasetExists"])


class SessionTokens(ConformanceCase):
    def refuse(self, token, dataset="game", identity=None):
        self.assert_refused("InvalidParameterException", BAD_SESSION_TOKEN, self.update, replace("k", "v"),
                            dataset=dataset, token=token, identity=identity)
        self.assertFalse(self.list(dataset, identity=identity)["DatasetExists"])

    def test_garbage(self):
        for token in ("x", "0", "a" * 5000, "../..", "ä😀", " ", "null"):
            with self.subTest(token=token[:20]):
                self.refuse(token)

    def test_changed_anywhere(self):
        token = self.session()
        for at in range(0, len(token), 7):
            with self.subTest(at=at):
                self.refuse(changed(token, at))
        self.refuse(token[:-4])
        self.refuse(token + "AAAA")

    def test_of_another_dataset(self):
        self.refuse(self.session("other"))

    def test_of_another_identity(self):
        self.refuse(self.session(identity=self.new_identity()))

    def test_of_another_pool(self):
        with serve.Service() as other:
            mine, type(self).service = self.service, other
            try:
                self.client = self.make_client()
                token = self.session()
            finally:
                type(self).service = mine
        self.client = self.make_client()
        self.refuse(token)

    def test_a_page_token_is_none(self):
        self.update(replace("a", "1"), replace("b", "2"), dataset="other")
        self.refuse(self.list("other", MaxResults=1)["NextToken"])

    def test_missing_or_empty(self):
        for body in ({}, {"SyncSessionToken": ""}, {"SyncSessionToken": None}):
            with self.subTest(body=body):
                answer = self.post({**body, "RecordPatches": [replace("k", "v")]})
                self.assert_typed(answer, "InvalidParameterException")
        self.assertFalse(self.list()["DatasetExists"])

    def test_one_token_serves_several_updates(self):
        token = self.session()
        self.update(replace("a", "1"), token=token)
        self.update(replace("b", "1"), token=token)
        self.assertEqual(self.count(), 2)


class Deletion(ConformanceCase):
    def setUp(self):
        super().setUp()
        for count in range(3):
            self.update(replace("a", str(count), count))

    def test_further_operations(self):
        self.delete()
        for call in (self.describe, self.delete):
            self.assert_refused("ResourceNotFoundException", ".+", call)
        self.assertEqual(self.client.list_datasets(**self.target())["Datasets"], [])
        for since in (0, 2, 3, 99):
            with self.subTest(since=since):
                answer = self.list(LastSyncCount=since)
                self.assertEqual((answer["DatasetExists"], answer["DatasetSyncCount"], answer["Records"],
                                  answer["Count"]), (False, 0, [], 0))
                self.assertTrue(answer["SyncSessionToken"])

    def test_what_never_was(self):
        for operation in (self.client.describe_dataset, self.client.delete_dataset):
            self.assert_refused("ResourceNotFoundException", ".+", operation, **self.target("never"))

    def test_update_creates_it_anew(self):
        self.delete()
        (record,) = self.update(replace("b", "1"))
        self.assertEqual(record["SyncCount"], 4, "the count goes on (inferred)")
        self.assertEqual(self.values(), {"b": "1"}, "nothing of the old one comes back")
        self.assertEqual(self.describe()["NumRecords"], 1)

    def test_records_of_the_old_one_are_gone_with_their_counts(self):
        self.delete()
        self.assert_refused("ResourceConflictException", "Current SyncCount for: a is: 0 not: 3", self.update,
                            replace("a", "x", 3))
        self.update(replace("a", "x", 0))
        self.assertEqual(self.values(), {"a": "x"})

    def test_who_asks_from_before_is_told(self):
        self.delete()
        self.update(replace("b", "1"))
        for since, told in ((1, True), (2, True), (3, True), (4, False), (0, False)):
            with self.subTest(since=since):
                answer = self.list(LastSyncCount=since)
                self.assertIs(answer["DatasetDeletedAfterRequestedSyncCount"], told)
                self.assertIs(answer["DatasetExists"], True)
        self.assertEqual([record["Key"] for record in self.list(LastSyncCount=3)["Records"]], ["b"])

    def test_twice(self):
        self.delete()
        self.update(replace("b", "1"))
        self.delete()
        self.update(replace("c", "1"))
        self.assertEqual(self.count(), 5)
        self.assertIs(self.list(LastSyncCount=4)["DatasetDeletedAfterRequestedSyncCount"], True)

    def test_only_the_one_that_was_named(self):
        self.update(replace("k", "v"), dataset="other")
        self.delete()
        self.assertEqual(self.values("other"), {"k": "v"})

    def test_an_update_that_listed_the_old_one_is_refused(self):
        """Inferred: else it would never hear of the deletion."""
        token = self.session()
        self.delete()
        self.update(replace("b", "1"))
        self.assert_refused("ResourceConflictException", ".+", self.update, replace("c", "1"), token=token)
        self.assertEqual(self.values(), {"b": "1"})


class Paging(ConformanceCase):
    def setUp(self):
        super().setUp()
        for key in "abcde":
            self.update(replace(key, key.upper()))

    def pages(self, first, **parameters):
        pages = [first]
        while "NextToken" in pages[-1]:
            pages.append(self.list(NextToken=pages[-1]["NextToken"], **parameters))
        return pages

    def test_pages_join_to_the_whole(self):
        for size in (1, 2, 4, 5, 6, 1024):
            with self.subTest(size=size):
                pages = self.pages(self.list(MaxResults=size), MaxResults=size)
                self.assertEqual([page["Count"] for page in pages], [len(page["Records"]) for page in pages])
                self.assertTrue(all(page["Count"] <= size for page in pages))
                records = [record for page in pages for record in page["Records"]]
                self.assertEqual(sorted(record["Key"] for record in records), list("abcde"))
                self.assertEqual(records, self.list()["Records"])

    def test_from_a_count(self):
        pages = self.pages(self.list(LastSyncCount=2, MaxResults=2), LastSyncCount=2, MaxResults=2)
        self.assertEqual([[record["Key"] for record in page["Records"]] for page in pages], [["c", "d"], ["e"]])

    def test_pages_are_one_snapshot(self):
        """S3: what is written meanwhile is in no page."""
        first = self.list(MaxResults=2)
        shown = {record["Key"] for record in first["Records"]}
        hidden = sorted(set("abcde") - shown)
        written = {key: "abcde".index(key) + 1 for key in "abcde"}
        self.update(replace(hidden[0], "new", written[hidden[0]]), remove(hidden[1], written[hidden[1]]),
                    replace("f", "new"))
        pages = self.pages(first, MaxResults=2)
        values = {record["Key"]: record.get("Value") for page in pages for record in page["Records"]}
        self.assertEqual(values, {key: key.upper() for key in "abcde"})
        self.assertEqual({page["DatasetSyncCount"] for page in pages}, {5})
        self.assertEqual({record["Key"] for record in self.list(LastSyncCount=5)["Records"]},
                         {hidden[0], hidden[1], "f"})

    def test_a_page_with_its_session_token(self):
        """As published clients ask for it."""
        first = self.list(MaxResults=3)
        second = self.list(NextToken=first["NextToken"], SyncSessionToken=first["SyncSessionToken"])
        self.assertEqual(first["Count"] + second["Count"], 5)
        self.update(replace("f", "1"), token=second["SyncSessionToken"])

    def test_the_default_page_holds_a_whole_dataset(self):
        self.update(*(replace(f"k{i}", "v") for i in range(1024)), dataset="full")
        answer = self.list("full")
        self.assertEqual(answer["Count"], 1024)
        self.assertNotIn("NextToken", answer)

    def test_tombstones_are_paged_too(self):
        self.update(remove("a", 1), remove("b", 2))
        pages = self.pages(self.list(MaxResults=2), MaxResults=2)
        self.assertEqual(sorted(record["Key"] for page in pages for record in page["Records"]), list("abcde"))

    def test_bad_page_tokens(self):
        """S3: authenticated, bound to identity and dataset."""
        token = self.list(MaxResults=2)["NextToken"]
        self.update(replace("x", "1"), dataset="other")
        stranger = self.new_identity()
        for bad in ("x", "1", "ä", token[:-4], token + "AAAA", self.session()):
            with self.subTest(bad=bad[:20]):
                self.assert_refused("InvalidParameterException", ".+", self.list, NextToken=bad)
        for at in range(0, len(token), 7):
            with self.subTest(at=at):
                self.assert_refused("InvalidParameterException", ".+", self.list, NextToken=changed(token, at))
        self.assert_refused("InvalidParameterException", ".+", self.list, "other", NextToken=token)
        self.assert_refused("InvalidParameterException", ".+", self.list, identity=stranger, NextToken=token)

    def test_bad_page_sizes(self):
        for size in (0, -1, -(2**31)):
            with self.subTest(size=size):
                self.assert_refused("InvalidParameterException", ".+", self.list, MaxResults=size)

    def test_datasets_are_paged(self):
        for name in ("d1", "d2", "d3", "d4"):
            self.update(replace("k", "v"), dataset=name)
        names, token = [], {}
        while True:
            page = self.client.list_datasets(**self.target(), MaxResults=2, **token)
            self.assertLessEqual(page["Count"], 2)
            names += [dataset["DatasetName"] for dataset in page["Datasets"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        self.assertEqual(sorted(names), ["d1", "d2", "d3", "d4", "game"])

    def test_bad_tokens_for_datasets(self):
        self.update(replace("k", "v"), dataset="other")
        token = self.client.list_datasets(**self.target(), MaxResults=1)["NextToken"]
        stranger = self.new_identity()
        for bad, identity in (("x", None), (changed(token, 3), None), (token, stranger),
                              (self.list(MaxResults=1)["NextToken"], None)):
            with self.subTest(bad=bad[:20], identity=identity):
                self.assert_refused("InvalidParameterException", ".+", self.client.list_datasets,
                                    **self.target(identity=identity), NextToken=bad)
        self.assert_refused("InvalidParameterException", ".+", self.client.list_datasets, **self.target(), MaxResults=0)


if __name__ == "__main__":
    unittest.main()
