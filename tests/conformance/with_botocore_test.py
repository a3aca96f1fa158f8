"""The cases for every client with botocore, the vendor's library for Python."""

import unittest

import clients
import conformance
import identity_cases
import shown
import sync_cases
from every_client import NOT_AUTHORIZED, EveryClient


class Sync(sync_cases.SyncCases):
    client_class = clients.Botocore


class WrongNames(sync_cases.WrongNames):
    client_class = clients.Botocore


class Identity(identity_cases.IdentityCases):
    client_class = clients.Botocore


class Clock(EveryClient):
    """D16: a clock that is wrong by an hour, either way; botocore does not correct itself."""

    client_class = clients.Botocore

    def test_is_refused(self):
        for operation, parameters in (("ListIdentityPoolUsage", {}), ("ListIdentityPools", {"MaxResults": 1})):
            for minutes in (-60, 60):
                with self.subTest(operation, minutes=minutes), conformance.clock_off_by(minutes):
                    message = self.refused(NOT_AUTHORIZED, operation, self.developer, **parameters)
                    self.assertRegex(message, "^Signature (expired|not yet current)")
            shown.note(self.client.column, operation, "clock")


if __name__ == "__main__":
    unittest.main()
