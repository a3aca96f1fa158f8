"""The cases for every client with the AWS CLI; and one command as a person types it."""

import json
import subprocess
import unittest

import clients
import identity_cases
import serve
import shown
import sync_cases
from every_client import EveryClient


class Sync(sync_cases.SyncCases):
    client_class = clients.AwsCli


class Identity(identity_cases.IdentityCases):
    client_class = clients.AwsCli


class AsTyped(EveryClient):
    client_class = clients.AwsCli

    def test_list_datasets(self):
        identity, who = self.become(shown.GUEST)
        self.write(identity, who)
        command = ["/usr/bin/aws", *self.client.arguments("ListDatasets", who, self.of(identity))]
        environment = {**serve.clean_environment(), **self.client.environment(who)}
        done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
        self.assertEqual(json.loads(done.stdout)["Count"], 1)


if __name__ == "__main__":
    unittest.main()
