"""Many writers at once: the sync count is the witness. S1, S2."""

import concurrent.futures
import threading
import unittest

import botocore.exceptions

from conformance import ConformanceCase, replace

WRITERS = 8
ROUNDS = 10


class ManyWriters(ConformanceCase):
    def together(self, work):
        """Runs work(writer) in as many threads as there are writers; their results."""
        start = threading.Barrier(WRITERS)

        def run(writer):
            start.wait()
            return work(writer)

        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            return list(pool.map(run, range(WRITERS)))

    def test_each_own_keys_no_count_is_given_twice_or_left_out(self):
        def write(writer):
            counts = []
            for round_ in range(ROUNDS):
                count = counts[-1] if counts else 0
                (record,) = self.update(replace(f"k{writer}", str(round_), count))
                counts.append(record["SyncCount"])
            return counts

        given = self.together(write)
        self.assertEqual(sorted(count for counts in given for count in counts), list(range(1, WRITERS * ROUNDS + 1)))
        self.assertTrue(all(counts == sorted(counts) for counts in given))
        self.assertEqual(self.count(), WRITERS * ROUNDS)
        self.assertEqual(self.values(), {f"k{writer}": str(ROUNDS - 1) for writer in range(WRITERS)})

    def test_one_key_each_count_has_one_winner(self):
        """A counter that everybody raises: no increment is lost."""
        def increment(_):
            done = refused = 0
            while done < ROUNDS:
                answer = self.list()
                value, count = next(((int(record["Value"]), record["SyncCount"]) for record in answer["Records"]), (0, 0))
                try:
                    self.update(replace("n", str(value + 1), count), token=answer["SyncSessionToken"])
                    done += 1
                except botocore.exceptions.ClientError as error:
                    self.assertEqual(error.response["Error"]["Code"], "ResourceConflictException")
                    refused += 1
            return refused

        self.together(increment)
        self.assertEqual((self.values(), self.count()), ({"n": str(WRITERS * ROUNDS)}, WRITERS * ROUNDS))

    def test_a_reader_sees_no_half_of_a_call(self):
        """S2, S3: both keys of each call change together."""
        self.update(replace("a", "0"), replace("b", "0"))
        stop = threading.Event()

        def work(writer):
            if writer == 0:
                for count in range(1, 60):
                    self.update(replace("a", str(count), count), replace("b", str(count), count))
                stop.set()
                return True
            while not stop.is_set():
                answer = self.list()
                values = {record["Value"] for record in answer["Records"]}
                counts = {record["SyncCount"] for record in answer["Records"]}
                if len(values) != 1 or counts != {answer["DatasetSyncCount"]}:
                    return False
            return True

        self.assertTrue(all(self.together(work)))

    def test_datasets_and_identities_do_not_disturb_each_other(self):
        def write(writer):
            identity = self.new_identity()
            for count in range(ROUNDS):
                self.update(replace("k", str(writer), count), identity=identity)
            return self.list(identity=identity)["DatasetSyncCount"]

        self.assertEqual(self.together(write), [ROUNDS] * WRITERS)

    def test_deleting_and_writing(self):
        """The count never goes back, whoever wins."""
        def work(writer):
            counts = []
            for _ in range(ROUNDS):
                try:
                    if writer % 4 == 0:
                        self.delete()
                    else:
                        answer = self.list()
                        known = {record["Key"]: record["SyncCount"] for record in answer["Records"]}
                        key = f"k{writer}"
                        (record,) = self.update(replace(key, "v", known.get(key, 0)), token=answer["SyncSessionToken"])
                        counts.append(record["SyncCount"])
                except botocore.exceptions.ClientError as error:
                    self.assertIn(error.response["Error"]["Code"],
                                  ("ResourceConflictException", "ResourceNotFoundException"))
            return counts

        given = [count for counts in self.together(work) for count in counts]
        self.assertEqual(sorted(given), list(range(1, len(given) + 1)))


if __name__ == "__main__":
    unittest.main()
