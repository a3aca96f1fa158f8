#!/usr/bin/env python3
"""The real `syncline` command, against a real `syncline serve`: what a script can rely on. Standard library only."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))
import serve  # noqa: E402

OK, FAILED, USAGE, CONFLICTS = 0, 1, 2, 3
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def run(*arguments, stdin=b"", environment=None):
    return subprocess.run([serve.binary(), *arguments], input=stdin, capture_output=True, timeout=60, check=False,
                          env=serve.clean_environment(**(environment or {})))


class CommandCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="syncline-cli-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.data = os.path.join(self.folder, "phone")

    def local(self, *arguments, stdin=b""):
        return run("--data", self.data, *arguments, stdin=stdin)

    def assert_exit(self, result, status):
        self.assertEqual(result.returncode, status, f"stdout {result.stdout!r}, stderr {result.stderr!r}")
        return result

    def ok(self, *arguments, stdin=b""):
        return self.assert_exit(self.local(*arguments, stdin=stdin), OK).stdout

    def ok_json(self, *arguments, stdin=b""):
        """What --json printed, which must be one line."""
        printed = self.ok("--json", *arguments, stdin=stdin)
        self.assertEqual(printed.count(b"\n"), 1)
        self.assertTrue(printed.endswith(b"\n"))
        return json.loads(printed)

    def assert_error(self, result, status, code, *parts):
        """One line on standard error, nothing on standard output."""
        self.assert_exit(result, status)
        self.assertEqual(result.stdout, b"")
        line = result.stderr.decode()
        self.assertRegex(line, rf"\Asyncline: {code}: [^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, line)


class LocalCommands(CommandCase):
    """No endpoint, no network, no keys."""

    def test_put_get_ls_rm(self):
        self.assertEqual(self.ok("put", "game", "level", "12"), b"")
        self.assertEqual(self.ok("get", "game", "level"), b"12")
        self.assertEqual(self.ok("ls"), b"game\n")
        self.assertRegex(self.ok("ls", "game").decode(), rf"\Apending +0 +{TIME.pattern}  level\n\Z")
        self.assertEqual(self.ok("rm", "game", "level"), b"")
        self.assertEqual(self.ok("ls", "game"), b"")

    def test_json(self):
        self.assertEqual(self.ok_json("put", "game", "level", "12"), {"dataset": "game", "key": "level", "done": "put"})
        self.assertEqual(self.ok_json("get", "game", "level"), {"dataset": "game", "key": "level", "value": "12"})
        self.assertEqual(self.ok_json("ls"), {"datasets": ["game"]})
        listed = self.ok_json("ls", "game")
        (record,) = listed["records"]
        self.assertEqual(listed["dataset"], "game")
        self.assertRegex(record.pop("device_modified_at"), TIME)
        self.assertEqual(record, {"key": "level", "value": "12", "state": "pending", "sync_count": 0, "modified_by": "",
                                  "modified_at": None})
        self.assertEqual(self.ok_json("conflicts"), {"conflicts": []})
        self.assertEqual(self.ok_json("rm", "game", "level"), {"dataset": "game", "key": "level", "done": "rm"})

    def test_status(self):
        self.ok("put", "game", "level", "12")
        self.ok("put", "settings", "sound", "on")
        status = self.ok_json("status")
        self.assertEqual(status["data"], self.data)
        self.assertEqual(status["endpoint"], "")
        self.assertEqual(status["datasets"], [
            {"dataset": "game", "records": 1, "bytes": 7, "pending": 1, "conflicts": 0, "sync_count": 0},
            {"dataset": "settings", "records": 1, "bytes": 7, "pending": 1, "conflicts": 0, "sync_count": 0}])
        self.assertEqual(len(self.ok_json("status", "game")["datasets"]), 1)
        text = self.ok("status", "game").decode()
        self.assertIn("endpoint  (none)\n", text)
        self.assertIn("game: 1 records, 7 bytes, 1 pending, 0 in conflict, sync count 0\n", text)

    def test_values_keep_their_bytes(self):
        for value in (b"", b"\n", b"two\nlines\n", b"\0\x01\x7f", "ä😀".encode(), b" -x ", b'{"a": [1]}', b"%25+/"):
            with self.subTest(value=value):
                self.ok("put", "game", "k", "-", stdin=value)
                self.assertEqual(self.ok("get", "game", "k"), value)
                self.assertEqual(self.ok_json("get", "game", "k")["value"], value.decode())

    def test_values_on_the_command_line(self):
        for value in ("", "-5", "sync", "put", "a=b", "[1,2]", "{x}", "%d", "a,b", '"q"', "'", "--", "-x", "--json"):
            with self.subTest(value=value):
                self.ok("put", "--", "game", "k", value)
                self.assertEqual(self.ok("get", "game", "k"), value.encode())
        for value in ("", "-5", "sync", "[1,2]"):
            with self.subTest(value=value, without="--"):
                self.ok("put", "game", "k", value)
                self.assertEqual(self.ok("get", "game", "k"), value.encode())

    def test_keys_may_be_named_like_commands_and_hold_anything(self):
        for key in ("sync", "put", "a b", "a\nb", "ä/%😀"):
            with self.subTest(key=key):
                self.ok("put", "game", key, "v")
                self.assertEqual(self.ok("get", "game", key), b"v")
        self.assertIn(b"  a\\nb\n", self.ok("ls", "game"), "a listing stays one line a record")

    def test_a_missing_key_is_told(self):
        self.ok("put", "game", "level", "12")
        self.assert_error(self.local("get", "game", "lives"), FAILED, "not_found", "'lives'", "'game'")

    def test_removing_what_is_absent_is_fine(self):
        self.ok("put", "game", "level", "12")
        self.ok("rm", "game", "lives")

    def test_only_put_and_sync_make_a_dataset(self):
        self.ok("put", "game", "level", "12")
        for command in (["get", "gmae", "level"], ["rm", "gmae", "level"], ["ls", "gmae"], ["conflicts", "gmae"],
                        ["status", "gmae"], ["resolve", "gmae", "level", "--keep", "local"]):
            with self.subTest(command=command):
                self.assert_error(self.local(*command), FAILED, "not_found", "'gmae'")
        self.assertEqual(self.ok("ls"), b"game\n")

    def test_only_put_and_sync_make_a_data_directory(self):
        for command in (["get", "game", "level"], ["ls"], ["status"], ["conflicts"]):
            with self.subTest(command=command):
                self.assert_error(self.local(*command), FAILED, "not_found", self.data)
                self.assertFalse(os.path.exists(self.data))

    def test_limits_are_the_librarys_errors(self):
        self.assert_error(self.local("put", "no spaces", "k", "v"), FAILED, "invalid_argument", "dataset name")
        self.assert_error(self.local("put", "game", "", "v"), FAILED, "invalid_argument", "key")
        self.assert_error(self.local("put", "game", "k" * 1025, "v"), FAILED, "invalid_argument", "1025")
        self.assert_error(self.local("put", "game", "k", "-", stdin=b"v" * 1_048_576), FAILED, "invalid_argument",
                          "1048576")
        self.assert_error(self.local("put", "game", "k", "-", stdin=b"\xff"), FAILED, "invalid_argument", "UTF-8")

    def test_an_unwritable_data_directory(self):
        blocker = os.path.join(self.folder, "file")
        pathlib.Path(blocker).write_text("no directory", encoding="utf-8")
        for data in (blocker, os.path.join(blocker, "below")):
            with self.subTest(data=data):
                self.assert_error(run("--data", data, "put", "game", "k", "v"), FAILED, "storage", data)

    def test_a_damaged_file_is_set_aside_and_told(self):
        """D19: what stood in the store's place is kept, and the command goes on with a new store."""
        self.ok("put", "game", "k", "v")
        damaged = b"not a database " * 1000
        (pathlib.Path(self.data) / "syncline.db").write_bytes(damaged)
        result = self.assert_exit(self.local("get", "game", "k"), FAILED)
        self.assertRegex(result.stderr.decode(), r"\Asyncline: not_found: [^\n]+\n\Z")
        self.assertEqual((pathlib.Path(self.data) / "syncline.db.damaged-1").read_bytes(), damaged)
        self.assertIn("syncline.db.damaged-1", self.ok("status").decode())

    def test_a_file_that_was_never_a_store_is_refused(self):
        pathlib.Path(self.data).mkdir()
        file = pathlib.Path(self.data) / "syncline.db"
        file.write_bytes(b"not a database " * 1000)
        result = self.assert_exit(self.local("get", "game", "k"), FAILED)
        self.assertRegex(result.stderr.decode(), r"\Asyncline: corrupt: [^\n]+\n\Z")
        self.assertEqual(file.read_bytes(), b"not a database " * 1000)

    def test_errors_as_json(self):
        self.ok("put", "game", "level", "12")
        result = self.assert_exit(self.local("--json", "get", "game", "lives"), FAILED)
        self.assertEqual(result.stdout, b"")
        error = json.loads(result.stderr)["error"]
        self.assertEqual(error["code"], "not_found")
        self.assertIn("'lives'", error["message"])

    def test_durability_process(self):
        self.ok("--durability", "process", "put", "game", "k", "v")
        self.assertEqual(self.ok("get", "game", "k"), b"v")

    def test_output_that_cant_be_written(self):
        self.ok("put", "game", "k", "v")
        with open("/dev/full", "wb") as full:
            result = subprocess.run([serve.binary(), "--data", self.data, "get", "game", "k"], stdout=full,
                                    stderr=subprocess.PIPE, timeout=60, check=False, env=serve.clean_environment())
        self.assertEqual(result.returncode, FAILED)
        self.assertIn(b"standard output", result.stderr)


class Usage(CommandCase):
    def assert_usage(self, result, *parts):
        self.assert_error(result, USAGE, "usage", *parts)

    def test_wrong_command_lines(self):
        for arguments, part in ((["frobnicate"], "no command 'frobnicate'"), ([], "subcommand"), (["put", "game", "k"], "VALUE"),
                                (["put", "game", "k", "v", "w"], "too many"), (["get", "game"], "KEY"),
                                (["ls", "a", "b"], "too many"), (["sync", "--on-conflict", "mine"], "on-conflict"),
                                (["resolve", "game", "k"], ""), (["resolve", "game", "k", "--keep", "both"], "keep"),
                                (["resolve", "game", "k", "--keep", "local", "--remove"], ""),
                                (["resolve", "game", "k", "--value", "v", "--remove"], ""),
                                (["put", "game", "k", "v", "--nonsense"], "--nonsense")):
            with self.subTest(arguments=arguments):
                self.assert_usage(self.local(*arguments), part)
                self.assertFalse(os.path.exists(self.data))

    def test_usage_errors_as_json(self):
        result = self.assert_exit(self.local("--json", "get", "game"), USAGE)
        self.assertEqual(json.loads(result.stderr)["error"]["code"], "usage")

    def test_the_data_directory_is_needed(self):
        self.assert_usage(run("ls"), "--data", "SYNCLINE_DATA")

    def test_settings(self):
        self.assert_usage(self.local("--durability", "none", "put", "game", "k", "v"), "durability")
        self.assert_usage(self.local("--config", "/nonexistent.toml", "ls"), "/nonexistent.toml")
        self.assert_usage(self.local("sync", "game"), "--endpoint", "SYNCLINE_ENDPOINT")
        self.assert_usage(run("serve", "--endpoint", "http://x"), "--endpoint")

    def test_a_secret_behind_a_misspelled_flag_is_not_repeated(self):
        for arguments in (["--secretkey", "wJalrXUtnFEMI", "ls"], ["--secretkey=wJalrXUtnFEMI", "ls"],
                          ["ls", "--secretkey", "wJalrXUtnFEMI"], ["--secretkey", "wJalrXUtnFEMI"],
                          ["-kwJalrXUtnFEMI", "ls"], ["-k", "wJalrXUtnFEMI"]):
            with self.subTest(arguments=arguments):
                result = self.local(*arguments)
                self.assert_usage(result, "there is no option -")
                self.assertNotIn(b"wJal", result.stderr)

    def test_help_and_version(self):
        self.assertRegex(self.assert_exit(run("--version"), OK).stdout, rb"\Asyncline \d+\.\d+\.\d+\n\Z")
        text = self.assert_exit(run("--help"), OK).stdout.decode()
        for word in ("put", "get", "rm", "ls", "sync", "conflicts", "resolve", "status", "serve", "--json",
                     "SYNCLINE_ENDPOINT", "Exit status"):
            self.assertIn(word, text)
        self.assertIn("--on-conflict", self.assert_exit(run("sync", "--help"), OK).stdout.decode())


class Syncing(CommandCase):
    """Two data directories are two devices of one identity."""

    @classmethod
    def setUpClass(cls):
        cls.service = serve.Service()
        cls.addClassCleanup(cls.service.close)

    def setUp(self):
        super().setUp()
        self.identity = f"{self.service.region}:{uuid.uuid4()}"

    def device(self, name):
        return ["--data", os.path.join(self.folder, name), "--endpoint", self.service.endpoint, "--region",
                self.service.region, "--pool", self.service.pool, "--identity", self.identity, "--access-key",
                self.service.access_key, "--device", name]

    def on(self, name, *arguments, stdin=b"", status=OK):
        """Runs a command on a device; what it printed."""
        result = run(*self.device(name), *arguments, stdin=stdin,
                     environment={"SYNCLINE_SECRET_KEY": self.service.secret_key})
        self.assert_exit(result, status)
        return result.stdout

    def sync(self, name, *arguments, status=OK):
        return json.loads(self.on(name, "--json", "sync", *arguments, status=status))["datasets"]

    def collide(self):
        """Phone and laptop each change `score`, on a base that both have."""
        self.on("phone", "put", "game", "score", "10")
        self.on("phone", "sync")
        self.on("laptop", "sync", "game")
        self.on("phone", "put", "game", "score", "12")
        self.on("laptop", "put", "game", "score", "15")
        self.on("phone", "sync")

    def get(self, name, key="score"):
        return self.on(name, "get", "game", key).decode()

    def assert_converged(self, value):
        """D12: both devices say the same, and nothing is left to do."""
        for name in ("laptop", "phone", "laptop"):
            self.sync(name)
        for name in ("phone", "laptop"):
            self.assertEqual(self.get(name), value)
            (info,) = json.loads(self.on(name, "--json", "status"))["datasets"]
            self.assertEqual((info["pending"], info["conflicts"]), (0, 0))

    def test_one_writes_the_other_reads(self):
        self.on("phone", "put", "game", "level", "12")
        (pushed,) = self.sync("phone")
        self.assertEqual(pushed, {"dataset": "game", "outcome": "success", "pulled": 0, "pushed": 1, "resolved": 0,
                                  "conflicts": 0, "requests": pushed["requests"], "sync_count": 1})
        (pulled,) = self.sync("laptop", "game")
        self.assertEqual((pulled["pulled"], pulled["pushed"], pulled["sync_count"]), (1, 0, 1))
        self.assertEqual(self.get("laptop", "level"), "12")
        (record,) = json.loads(self.on("laptop", "--json", "ls", "game"))["records"]
        self.assertEqual((record["state"], record["sync_count"], record["modified_by"]), ("clean", 1, "phone"))
        self.assertRegex(record["modified_at"], TIME)

    def test_requests_a_sync(self):
        """Issue 2: nothing changed 1, one local change 2, one remote change 1."""
        self.on("phone", "put", "game", "level", "12")
        self.assertEqual(self.sync("phone")[0]["requests"], 2)
        self.assertEqual(self.sync("phone")[0]["requests"], 1)
        self.assertEqual(self.sync("laptop", "game")[0]["requests"], 1)

    def test_a_removal_travels(self):
        self.on("phone", "put", "game", "level", "12")
        self.on("phone", "sync")
        self.on("laptop", "sync", "game")
        self.on("laptop", "rm", "game", "level")
        self.on("laptop", "sync")
        self.on("phone", "sync")
        self.on("phone", "get", "game", "level", status=FAILED)

    def test_people_read_a_line_a_dataset(self):
        self.on("phone", "put", "game", "level", "12")
        self.on("phone", "put", "settings", "sound", "on")
        self.assertEqual(self.on("phone", "sync").decode(),
                         "game: synchronized: pulled 0, pushed 1, resolved 0, sync count 1\n"
                         "settings: synchronized: pulled 0, pushed 1, resolved 0, sync count 1\n")

    def test_nothing_known_is_nothing_to_do(self):
        self.assertEqual(self.sync("phone"), [])

    def test_a_conflict_left_for_later_is_resolved_in_another_run(self):
        """D8: listed over restarts, blocks only its own key."""
        self.collide()
        self.on("laptop", "put", "game", "lives", "3")
        (report,) = self.sync("laptop", status=CONFLICTS)
        self.assertEqual((report["outcome"], report["conflicts"], report["pushed"]), ("conflicts_pending", 1, 1))
        self.assertEqual(self.get("laptop"), "15")

        (conflict,) = json.loads(self.on("laptop", "--json", "conflicts"))["conflicts"]
        self.assertEqual((conflict["dataset"], conflict["key"]), ("game", "score"))
        self.assertEqual((conflict["base"]["value"], conflict["base"]["sync_count"]), ("10", 1))
        self.assertEqual(conflict["local"]["value"], "15")
        self.assertEqual((conflict["remote"]["value"], conflict["remote"]["modified_by"]), ("12", "phone"))
        self.assertRegex(self.on("laptop", "conflicts", "game").decode(), r'\Agame  score\n  base    "10"')
        self.assertIn(b"conflicted", self.on("laptop", "ls", "game"))

        self.on("laptop", "resolve", "game", "score", "--keep", "local")
        self.assertEqual(json.loads(self.on("laptop", "--json", "conflicts"))["conflicts"], [])
        self.assert_converged("15")

    def test_each_resolution(self):
        for arguments, expected in ((["--keep", "remote"], "12"), (["--value", "27"], "27"), (["--value", ""], "")):
            with self.subTest(arguments=arguments):
                self.identity = f"{self.service.region}:{uuid.uuid4()}"
                self.collide()
                self.sync("laptop", status=CONFLICTS)
                self.on("laptop", "resolve", "game", "score", *arguments)
                self.assert_converged(expected)

    def test_resolving_from_standard_input(self):
        self.collide()
        self.sync("laptop", status=CONFLICTS)
        self.on("laptop", "resolve", "game", "score", "--value", "-", stdin=b"both\n")
        self.assert_converged("both\n")

    def test_resolving_by_removing(self):
        self.collide()
        self.sync("laptop", status=CONFLICTS)
        self.on("laptop", "resolve", "game", "score", "--remove")
        for name in ("laptop", "phone"):
            self.sync(name)
            self.on(name, "get", "game", "score", status=FAILED)

    def test_resolving_what_is_not_in_conflict(self):
        self.on("phone", "put", "game", "score", "1")
        result = run(*self.device("phone"), "resolve", "game", "score", "--keep", "local")
        self.assert_error(result, FAILED, "not_found", "'score'")

    def test_an_answer_for_an_older_version_is_refused(self):
        """D8: the answer is for the version that was shown."""
        self.collide()
        self.sync("laptop", status=CONFLICTS)
        result = run(*self.device("laptop"), "resolve", "game", "score", "--keep", "local", "--remote-count", "1")
        self.assert_error(result, FAILED, "outdated", "sync count 2")
        self.on("laptop", "resolve", "game", "score", "--keep", "local", "--remote-count", "2")

    def test_policies(self):
        for policy, expected in (("local", "15"), ("remote", "12"), ("newest", "12")):
            with self.subTest(policy=policy):
                self.identity = f"{self.service.region}:{uuid.uuid4()}"
                self.collide()  # the phone's reached the service after the laptop's was written
                (report,) = self.sync("laptop", "--on-conflict", policy)
                self.assertEqual((report["outcome"], report["resolved"]), ("success", 1))
                self.assert_converged(expected)

    def test_settings_from_the_config_file(self):
        data = os.path.join(self.folder, "phone")
        os.mkdir(data)
        pathlib.Path(data, "syncline.toml").write_text(
            f'endpoint = "{self.service.endpoint}"\npool = "{self.service.pool}"\nidentity = "{self.identity}"\n'
            f'region = "{self.service.region}"\naccess_key = "{self.service.access_key}"\n'
            f'secret_key = "{self.service.secret_key}"\ndevice = "toml"\n', encoding="utf-8")
        self.assert_exit(run("--data", data, "put", "game", "k", "v"), OK)
        self.assert_exit(run("sync", environment={"SYNCLINE_DATA": data}), OK)
        records = json.loads(self.assert_exit(run("ls", "game", "--json", "--data", data), OK).stdout)["records"]
        self.assertEqual(records[0]["modified_by"], "toml")

    def test_a_refused_connection(self):
        self.on("phone", "put", "game", "k", "v")
        result = run("--data", os.path.join(self.folder, "phone"), "--endpoint", "http://127.0.0.1:1", "--pool",
                     self.service.pool, "--identity", self.identity, "--access-key", "A", "--secret-key",
                     "wJalrXUtnFEMI", "sync")
        self.assert_error(result, FAILED, "network")
        self.assertEqual(self.get("phone", "k"), "v")

    def test_wrong_keys_and_endpoints(self):
        self.on("phone", "put", "game", "k", "v")
        for change, code in ((["--access-key", "UNKNOWN"], "not_authorized"), (["--region", "us-west-9"], "not_authorized"),
                             (["--endpoint", "ftp://127.0.0.1"], "invalid_argument"),
                             (["--pool", "nonsense"], "invalid_argument"),
                             (["--ca-file", "/nonexistent.pem"], "[a-z_]+")):
            with self.subTest(change=change):
                flags = self.device("phone")
                if change[0] in flags:
                    flags[flags.index(change[0]) + 1] = change[1]
                else:
                    flags += change
                result = run(*flags, "sync", environment={"SYNCLINE_SECRET_KEY": self.service.secret_key})
                self.assert_error(result, FAILED, code)
                self.assertNotIn(self.service.secret_key.encode(), result.stderr)

    def test_one_failure_does_not_stop_the_others(self):
        self.on("phone", "put", "game", "k", "v")
        result = run(*self.device("phone"), "--json", "sync", "game", "no spaces",
                     environment={"SYNCLINE_SECRET_KEY": self.service.secret_key})
        self.assert_exit(result, FAILED)
        game, wrong = json.loads(result.stdout)["datasets"]
        self.assertEqual((game["dataset"], game["outcome"], game["pushed"]), ("game", "success", 1))
        self.assertEqual((wrong["dataset"], wrong["outcome"]), ("no spaces", "failed"))
        self.assertEqual(wrong["error"]["code"], "invalid_argument")
        self.assertEqual(json.loads(result.stderr)["error"], wrong["error"])


class Serving(CommandCase):
    def test_ready_line_and_clean_end(self):
        with serve.Service() as service:
            self.assertEqual(service.ready["event"], "ready")
            self.assertRegex(service.endpoint, r"\Ahttp://127\.0\.0\.1:\d+\Z")
            self.assertRegex(service.pool, rf"\A{service.region}:[0-9a-f-]{{36}}\Z")
            self.assertTrue(service.access_key and service.secret_key)
            kept = (service.pool, service.access_key, service.secret_key)
            self.assertEqual(service.restart(), 0)
            self.assertEqual((service.pool, service.access_key, service.secret_key), kept)

    def test_what_it_cant_do_it_says(self):
        blocker = os.path.join(self.folder, "file")
        pathlib.Path(blocker).write_text("no directory", encoding="utf-8")
        for arguments in (["--listen", "nonsense", "--data", self.data], ["--listen", "127.0.0.1:0", "--data", blocker],
                          ["--config", "/nonexistent.toml", "--data", self.data]):
            with self.subTest(arguments=arguments):
                result = run("serve", *arguments)
                self.assertIn(result.returncode, (FAILED, USAGE))
                self.assertEqual(result.stdout, b"")
                self.assertNotEqual(result.stderr, b"")


class AdminCommands(CommandCase):
    """What an operator does, with a service that runs and without one."""

    def setUp(self):
        super().setUp()
        self.service = serve.Service(data=os.path.join(self.folder, "service"))
        self.addCleanup(self.service.close)
        self.data = self.service.data

    def test_pools(self):
        made = self.ok_json("admin", "pools", "create", "game", "--guests", "true", "--login", "a.example=app")
        pool = made["IdentityPoolId"]
        self.assertEqual(made["SupportedLoginProviders"], {"a.example": "app"})
        self.assertIn(f"{pool}\tgame\n", self.ok("admin", "pools", "list").decode())
        changed = self.ok_json("admin", "pools", "update", pool, "--guests", "false", "--name", "game 2")
        self.assertEqual((changed["IdentityPoolName"], changed["AllowUnauthenticatedIdentities"]), ("game 2", False))
        self.assertEqual(changed["SupportedLoginProviders"], {"a.example": "app"}, "what is not named stays")
        self.assertEqual(self.ok_json("admin", "pools", "describe", pool), changed)
        self.ok("admin", "pools", "delete", pool)
        self.assert_error(self.local("admin", "pools", "describe", pool), FAILED, "resource_not_found", pool)

    def test_keys(self):
        old = self.service.ready["access_key_id"]
        new = self.ok_json("admin", "keys", "rotate")
        self.assertEqual([k["access_key_id"] for k in self.ok_json("admin", "keys", "list")["keys"]],
                         [old, new["access_key_id"]])
        elsewhere = ("--endpoint", self.service.ready["endpoint"], "--region", "us-east-1")
        with_new = (*elsewhere, "--access-key", new["access_key_id"], "--secret-key", new["secret_access_key"])
        with_old = (*elsewhere, "--access-key", old, "--secret-key", self.service.ready["secret_access_key"])
        self.ok(*with_new, "admin", "usage")
        self.ok(*with_old, "admin", "usage")
        self.ok("admin", "keys", "revoke", old)
        self.ok(*with_new, "admin", "usage")
        self.assert_error(self.local(*with_old, "admin", "usage"), FAILED, "not_authorized")
        self.assert_error(self.local("admin", "keys", "revoke", old), FAILED, "not_found", old)
        self.assert_error(self.local("admin", "keys", "revoke", new["access_key_id"]), FAILED, "invalid_argument",
                          "the only developer key")

    def test_usage_and_quotas(self):
        pool = self.service.ready["identity_pool_id"]
        self.assertEqual(self.ok_json("admin", "usage")["usages"][0]["pool"], pool)
        self.assertEqual(self.ok_json("admin", "usage", pool), {"pool": pool, "bytes": 0, "sync_sessions": 0})
        self.assertEqual(self.ok_json("admin", "quotas")["records_per_dataset"], 1024)
        self.service.stop()
        self.assertEqual(self.ok_json("admin", "usage", pool)["bytes"], 0)
        self.assert_error(self.local("admin", "quotas"), FAILED, "invalid_argument", self.data)

    def test_backup_and_restore(self):
        backup = os.path.join(self.folder, "backup.db")
        self.ok("admin", "backup", backup)
        self.assert_error(self.local("admin", "backup", backup), FAILED, "storage", backup)
        self.assert_error(self.local("admin", "restore", backup), FAILED, "storage", "is running")
        added = self.ok_json("admin", "pools", "create", "later")["IdentityPoolId"]
        self.service.stop()
        restored = self.ok_json("admin", "restore", backup)
        self.assertTrue(os.path.exists(restored["set_aside"]))
        self.assertNotIn(added, self.ok("admin", "pools", "list").decode())

    def test_dead_letters(self):
        self.assertEqual(self.ok("admin", "dead-letters", "list"), b"")
        pool = self.service.ready["identity_pool_id"]
        self.service.stop()
        with contextlib.closing(sqlite3.connect(os.path.join(self.data, "service.db"))) as store, store:
            store.executemany(
                "INSERT INTO dead_letters (kind, pool, identity, dataset, device, sync_count, modified_at, removal,"
                " records, created_at, died_at, attempts, failure)"
                " VALUES (2, ?, 'us-east-1:guest', ?, '', 7, 0, 0, '[]', 0, 1000, 3, 'a\tfailure')",
                [(pool, f"d{number}") for number in range(300)])
        listed = self.ok_json("admin", "dead-letters", "list", pool)["dead_letters"]
        self.assertEqual([letter["dataset"] for letter in listed], [f"d{number}" for number in range(300)])
        self.assertEqual((listed[0]["died_at"], listed[0]["sync_count"]), ("1970-01-01T00:00:01.000Z", 7))
        first = self.ok("admin", "dead-letters", "list").decode().splitlines()[0].split("\t")
        self.assertEqual((first[0], first[2], first[5], first[8]), ("1", "stream", "d0", "3"))
        self.assertEqual(self.ok_json("admin", "dead-letters", "replay", "1"), {"replayed": 1})
        self.assertEqual(self.ok_json("admin", "dead-letters", "discard", pool), {"discarded": 299})
        self.assert_error(self.local("admin", "dead-letters", "discard", "none"), FAILED, "invalid_argument", "none")

    def test_a_directory_without_a_service(self):
        self.data = os.path.join(self.folder, "nothing")
        self.assert_error(self.local("admin", "keys", "list"), FAILED, "not_found", self.data)
        self.assertFalse(os.path.exists(self.data))

    def test_usage_is_told(self):
        for words in (("admin",), ("admin", "pools"), ("admin", "keys", "dance"), ("admin", "backup")):
            with self.subTest(words=words):
                self.assert_error(self.local(*words), USAGE, "usage")


if __name__ == "__main__":
    unittest.main(verbosity=2)
