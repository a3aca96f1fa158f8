"""The cases for every client with botocore, the vendor's library for Python."""

import unittest

import clients
import identity_cases
import sync_cases


class Sync(sync_cases.SyncCases):
    client_class = clients.Botocore


class Identity(identity_cases.IdentityCases):
    client_class = clients.Botocore


if __name__ == "__main__":
    unittest.main()
