#!/usr/bin/python3
"""Reads the quickstart's dataset from the service with the vendor's own SDK; prints a line a record, by key."""

import os

import botocore.session


def setting(name):
    return os.environ["SYNCLINE_" + name]


def main():
    client = botocore.session.Session().create_client(
        "cognito-sync", region_name=setting("REGION"), endpoint_url=setting("ENDPOINT"),
        aws_access_key_id=setting("ACCESS_KEY"), aws_secret_access_key=setting("SECRET_KEY"))
    answer = client.list_records(IdentityPoolId=setting("POOL"), IdentityId=setting("IDENTITY"), DatasetName="game")
    present = {record["Key"]: record["Value"] for record in answer["Records"] if "Value" in record}
    for key in sorted(present):
        print(f"{key} = {present[key]}")


if __name__ == "__main__":
    main()
