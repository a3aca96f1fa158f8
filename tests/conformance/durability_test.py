"""What was answered is kept, however the process ends. S7."""

import signal
import threading
import unittest

import botocore.exceptions

from conformance import ConformanceCase, replace
import serve


class Restarts(ConformanceCase):
    def restart(self, how):
        status = self.service.restart(how)
        self.client = self.make_client()
        return status

    def test_a_clean_end(self):
        self.update(replace("k", "v"), DeviceId="phone")
        before = (self.list()["Records"], self.describe())
        self.assertEqual(self.restart(signal.SIGTERM), 0)
        self.assertEqual((self.list()["Records"], self.describe()), before)

    def test_killed(self):
        self.update(replace("k", "v"), DeviceId="phone")
        before = (self.list()["Records"], self.describe())
        self.assertEqual(self.restart(signal.SIGKILL), -signal.SIGKILL)
        self.assertEqual((self.list()["Records"], self.describe()), before)

    def test_pool_and_keys_are_kept(self):
        before = {name: self.service.ready[name] for name in
                  ("region", "identity_pool_id", "access_key_id", "secret_access_key")}
        self.restart(signal.SIGKILL)
        self.assertEqual({name: self.service.ready[name] for name in before}, before)

    def test_tokens_outlive_the_process(self):
        """No state between requests: a sync that was under way goes on."""
        self.update(replace("a", "1"), replace("b", "2"))
        first = self.list(MaxResults=1)
        self.restart(signal.SIGTERM)
        second = self.list(NextToken=first["NextToken"])
        self.assertEqual({record["Key"] for record in first["Records"] + second["Records"]}, {"a", "b"})
        self.update(replace("c", "3"), token=first["SyncSessionToken"])

    def test_a_deletion_is_kept(self):
        self.update(replace("k", "v"))
        self.delete()
        self.restart(signal.SIGKILL)
        self.assertFalse(self.list()["DatasetExists"])
        (record,) = self.update(replace("k", "v"))
        self.assertEqual(record["SyncCount"], 2)

    def test_killed_while_writing(self):
        """Each write that was answered is there; one that was not is there whole or not at all; no count is skipped."""
        for _ in range(5):
            self.identity = self.new_identity()
            answered = [0] * 4
            enough = threading.Event()

            def write(writer, answered=answered, enough=enough):
                try:
                    while True:
                        number = f"{writer}-{answered[writer]}"
                        self.update(replace("a" + number, "x"), replace("b" + number, "x"))
                        answered[writer] += 1
                        if sum(answered) >= 20:
                            enough.set()
                except botocore.exceptions.BotoCoreError:
                    enough.set()  # the service is gone, as it should be

            threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
            for thread in threads:
                thread.start()
            self.assertTrue(enough.wait(60))
            self.service.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()
            self.service.start()
            self.client = self.make_client()
            self.check_after_kill(answered)

    def check_after_kill(self, answered):
        answer = self.list()
        keys = {record["Key"] for record in answer["Records"]}
        for writer, count in enumerate(answered):
            for number in range(count):
                self.assertIn(f"a{writer}-{number}", keys)
        self.assertEqual({key[1:] for key in keys if key[0] == "a"}, {key[1:] for key in keys if key[0] == "b"})
        counts = sorted({record["SyncCount"] for record in answer["Records"]})
        self.assertEqual(counts, list(range(1, answer["DatasetSyncCount"] + 1)))

    def test_a_request_under_way_is_answered_before_a_clean_end(self):
        """SIGTERM cuts off nobody: each write of a busy service is either answered or was never accepted."""
        results = []

        def write(number):
            try:
                self.update(replace(f"k{number}", "v"))
                results.append(number)
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                pass

        threads = [threading.Thread(target=write, args=(number,)) for number in range(32)]
        for thread in threads:
            thread.start()
        self.assertEqual(self.service.stop(signal.SIGTERM), 0)
        for thread in threads:
            thread.join()
        self.service.start()
        self.client = self.make_client()
        self.assertLessEqual({f"k{number}" for number in results}, set(self.values()))


class OneAtATime(unittest.TestCase):
    def test_the_same_directory_twice(self):
        """Both serve one database, or the second says that it can't; never a mess."""
        with serve.Service() as first:
            try:
                second = serve.Service(data=first.data)
            except RuntimeError as error:
                self.assertRegex(str(error), "ended with 1")
            else:
                self.assertEqual(second.pool, first.pool)
                second.close()
            self.assertTrue(first.running())


if __name__ == "__main__":
    unittest.main()
