"""The table of README.md: operation x client x what was shown, made of what the tests noted (shown.py).

Usage: table.py FOLDER [--write]    FOLDER holds what conformance.* left. Fails if a cell is empty, if a client was not shown
something that it has to be, or if README.md says something else.
"""

import difflib
import functools
import glob
import json
import os
import sys

import botocore.session

import shown

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md")
BEGIN, END = "<!-- table.py: begin -->\n", "<!-- table.py: end -->\n"
SYNC_CLIENTS = ("botocore", "JavaScript SDK 3", "SyncApi", "SyncApi, presigned", "AWS CLI")
IDENTITY_CLIENTS = ("botocore", "JavaScript SDK 3", "AWS CLI")
EVERY_ERROR = ("botocore", "JavaScript SDK 3")  # these were shown each error that can be had
CALLERS = {shown.DEVELOPER: "D", shown.GUEST: "G", shown.LOGIN: "L", shown.USER: "U", shown.NOBODY: "N"}
ASPECTS = {"pages": "pages", "odd text": "odd", "clock": "clock", "provider": "provider"}
ERRORS = {"InvalidParameter": "IP", "NotAuthorized": "NA", "ResourceNotFound": "NF", "ResourceConflict": "RC",
          "LimitExceeded": "LE", "InvalidConfiguration": "IC", "DuplicateRequest": "DR", "ExternalService": "ES",
          "DeveloperUserAlreadyRegistered": "DU"}

# What the API model declares and no client was shown: for all operations, or for some.
NOT_SHOWN = {
    "InternalError": (None, "no request leads to it (S6)"),
    "TooManyRequests": (None, "needs a limit of calls, which is not there yet (S10)"),
    "ConcurrentModification": (None, "two calls within the same milliseconds; tests/unit/service has it"),
    "InvalidIdentityPoolConfiguration": (None, "is about the roles of a pool, which there are none of here"),
    "AlreadyStreamed": (None, "needs a bulk publish that has ended"),
    "InvalidLambdaFunctionOutput": (None, "needs events to be sent"),
    "LambdaThrottled": (None, "needs events to be sent"),
    "LimitExceeded": (("CreateIdentityPool", "UpdateIdentityPool", "GetId"), "there is no such quota here"),
    "InvalidConfiguration": (("SubscribeToDataset", "UnsubscribeFromDataset"), "RegisterDevice has said it already"),
    "ResourceNotFound": (
        ("DescribeIdentityPoolUsage", "DescribeIdentityUsage", "GetIdentityPoolConfiguration", "SetIdentityPoolConfiguration",
         "GetCognitoEvents", "SetCognitoEvents", "BulkPublish", "GetBulkPublishDetails", "RegisterDevice", "UpdateRecords",
         "ListIdentityPools"), "somebody else's and nobody's are told apart for no one (S4), or there is nothing to miss"),
    "ResourceConflict": (
        ("DeleteDataset", "CreateIdentityPool", "UpdateIdentityPool", "UnlinkIdentity", "GetOpenIdTokenForDeveloperIdentity"),
        "nothing here conflicts"),
}


def read(folder):
    """{(client, operation): what it was shown}"""
    seen = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(path, encoding="utf-8") as file:
            for client, operation, what in json.load(file):
                seen.setdefault((client, operation), set()).add(what.removesuffix("Exception"))
    return seen


def cell(what):
    groups = ([short for name, short in names.items() if name in what] for names in (CALLERS, ASPECTS, ERRORS))
    return " · ".join(" ".join(group) for group in groups if group)


def rows(seen, operations, columns):
    yield "| operation | " + " | ".join(columns) + " |"
    yield "| --- " * (len(columns) + 1) + "|"
    for operation in operations:
        yield f"| {operation} | " + " | ".join(cell(seen.get((column, operation), ())) for column in columns) + " |"


def table(seen):
    lines = ["", *rows(seen, shown.SYNC, SYNC_CLIENTS), "", *rows(seen, shown.IDENTITY, IDENTITY_CLIENTS), "",
             "Declared by the API model, and shown with nobody:", ""]
    for error, (operations, why) in NOT_SHOWN.items():
        of = f" of {', '.join(operations)}" if operations else ""
        lines.append(f"- {error}{of}: {why}")
    return "".join(line + "\n" for line in [*lines, ""])


@functools.cache
def model_of(service):
    return botocore.session.get_session().get_service_model(service)


def declared_errors(operation):
    model = model_of("cognito-sync" if operation in shown.SYNC else "cognito-identity")
    for shape in model.operation_model(operation).error_shapes:
        error = shape.name.removesuffix("Exception")
        operations, _ = NOT_SHOWN.get(error, ((), ""))
        if operations is not None and operation not in operations:
            yield error


def lacking(seen):
    for operations, columns in ((shown.SYNC, SYNC_CLIENTS), (shown.IDENTITY, IDENTITY_CLIENTS)):
        for operation in operations:
            for column in columns:
                wanted = set(shown.who_may_call(operation))
                if column in EVERY_ERROR:
                    wanted |= set(declared_errors(operation))
                missing = wanted - seen.get((column, operation), set())
                if missing:
                    yield f"{column} was not shown {operation}: {', '.join(sorted(missing))}"
    known = {*CALLERS, *ASPECTS, *ERRORS}
    for (column, operation), what in seen.items():
        yield from (f"{column}, {operation}: {name} has no place in the table" for name in sorted(what - known))


def main():
    seen = read(sys.argv[1])
    problems = list(lacking(seen))
    with open(README, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    written, after = rest.split(END)
    wanted = table(seen)
    if "--write" in sys.argv:
        with open(README, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + wanted + END + after)
    elif written != wanted:
        problems += difflib.unified_diff(written.splitlines(), wanted.splitlines(), "README.md", "what was shown", lineterm="", n=0)
    print("\n".join(problems) if problems else "fine")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
