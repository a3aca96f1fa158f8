"""The cases for every client with the library's SyncApi, signed in the header and in the query."""

import unittest

import clients
import sync_cases


class SignedInTheHeader(sync_cases.SyncCases):
    client_class = clients.SyncApi


class SignedInTheQuery(sync_cases.SyncCases):
    client_class = clients.SyncApiPresigned


if __name__ == "__main__":
    unittest.main()
