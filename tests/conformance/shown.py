"""What each client was shown to do, noted while the tests run: the table in README.md is made of this (table.py).

SYNCLINE_SHOWN names the file, one for each ctest case; without it nothing is written.
"""

import atexit
import json
import os

# protocol.md, sections 1 and 4.
SYNC = (
    "ListIdentityPoolUsage", "DescribeIdentityPoolUsage", "BulkPublish", "GetBulkPublishDetails",
    "GetIdentityPoolConfiguration", "SetIdentityPoolConfiguration", "GetCognitoEvents", "SetCognitoEvents",
    "DescribeIdentityUsage", "ListDatasets", "DescribeDataset", "DeleteDataset", "ListRecords", "UpdateRecords",
    "RegisterDevice", "SubscribeToDataset", "UnsubscribeFromDataset")
IDENTITY = (
    "CreateIdentityPool", "DescribeIdentityPool", "UpdateIdentityPool", "ListIdentityPools", "DeleteIdentityPool", "GetId",
    "GetCredentialsForIdentity", "GetOpenIdToken", "GetOpenIdTokenForDeveloperIdentity", "LookupDeveloperIdentity",
    "MergeDeveloperIdentities", "UnlinkDeveloperIdentity", "UnlinkIdentity", "DescribeIdentity", "ListIdentities",
    "DeleteIdentities")
DEVICE = ("RegisterDevice", "SubscribeToDataset", "UnsubscribeFromDataset")  # an identity only
UNSIGNED = ("GetId", "GetCredentialsForIdentity", "GetOpenIdToken", "UnlinkIdentity")

# Whose credentials: the developer's key, an identity without a login, one with an OpenID Connect login, one with the
# developer's own login; or nobody's.
DEVELOPER, GUEST, LOGIN, USER, NOBODY = "developer", "guest", "login", "user", "nobody"
IDENTITIES = (GUEST, LOGIN, USER)

_seen = set()


def who_may_call(operation):
    if operation in DEVICE:
        return IDENTITIES
    if operation in SYNC:
        return (DEVELOPER, *IDENTITIES) if SYNC.index(operation) >= SYNC.index("DescribeIdentityUsage") else (DEVELOPER,)
    return (NOBODY,) if operation in UNSIGNED else (DEVELOPER,)


def is_odd(value):
    """Text that a careless client or service would change: beyond ASCII, control characters, what URLs are made of."""
    if isinstance(value, dict):
        return any(is_odd(name) or is_odd(item) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(is_odd(item) for item in value)
    return isinstance(value, str) and (not value.isascii() or not value.isprintable())


def note(client, operation, what):
    _seen.add((client, operation, what))


def answered(client, operation, who, parameters):
    note(client, operation, who)
    if parameters.get("NextToken"):
        note(client, operation, "pages")
    if is_odd(parameters):
        note(client, operation, "odd text")


def refused(client, operation, error_type):
    note(client, operation, error_type)


def _write():
    path = os.environ.get("SYNCLINE_SHOWN")
    if path:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(sorted(_seen), file, indent=0)


atexit.register(_write)
