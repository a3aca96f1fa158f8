"""Cognito Identity's 16 operations with any client: pools, guests, logins, developers' users, their errors, pages, odd text."""

import uuid

import shown
from clients import NOBODY, Who
from every_client import (CONFLICT, INVALID, NOT_AUTHORIZED, NOT_FOUND, OWN, PROVIDER, PROVIDERS, UNREACHABLE,
                          EveryClient)

ODD_USER = "ännä@example.com/%2F?&=+ \"鍵\" 😀"


class IdentityCases(EveryClient):
    def new_id(self):
        return f"{self.service.region}:{uuid.uuid4()}"

    # --- pools -------------------------------------------------------------------------------------------------------

    def test_pools(self):
        pool = {"IdentityPoolId": self.pool}
        described = self.do("DescribeIdentityPool", self.developer, **pool)
        self.assertEqual(described["SupportedLoginProviders"], PROVIDERS)
        wanted = {"IdentityPoolName": "renamed", "AllowUnauthenticatedIdentities": False, "DeveloperProviderName": "dev",
                  "IdentityPoolTags": {"stage": "test ä"}, "SupportedLoginProviders": {PROVIDER: "other"},
                  "CognitoIdentityProviders": [{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_x",
                                                "ClientId": "abc", "ServerSideTokenCheck": False}]}
        updated = self.do("UpdateIdentityPool", self.developer, **pool, **wanted)
        self.assertEqual(updated, {**pool, **wanted})
        self.assertEqual(self.do("DescribeIdentityPool", self.developer, **pool), updated)
        self.refused(NOT_AUTHORIZED, "GetId", NOBODY, **pool)  # guests are not let in any more
        self.refused(INVALID, "UpdateIdentityPool", self.developer, **pool, **{**wanted, "DeveloperProviderName": "x"})
        self.do("DeleteIdentityPool", self.developer, **pool)
        for operation in ("DescribeIdentityPool", "DeleteIdentityPool"):
            self.refused(NOT_FOUND, operation, self.developer, **pool)
        self.refused(NOT_FOUND, "UpdateIdentityPool", self.developer, **pool, **wanted)

    def test_list_of_pools(self):
        listed, token = [], {}
        while True:
            page = self.do("ListIdentityPools", self.developer, MaxResults=1, **token)
            listed += [pool["IdentityPoolId"] for pool in page["IdentityPools"]]
            if not page.get("NextToken"):
                break
            token = {"NextToken": page["NextToken"]}
        self.assertIn(self.pool, listed)
        self.assertIn(self.service.pool, listed)
        self.refused(INVALID, "ListIdentityPools", self.developer, MaxResults=1, NextToken="made up")
        self.refused(INVALID, "ListIdentityPools", self.developer, MaxResults=61)

    def test_odd_text(self):
        name, tags = "A game+=,.@-_ 1", {"schlüssel 鍵": "wert 😀"}
        made = self.do("CreateIdentityPool", self.developer, IdentityPoolName=name, AllowUnauthenticatedIdentities=True,
                       IdentityPoolTags=tags)
        self.assertEqual((made["IdentityPoolName"], made["IdentityPoolTags"]), (name, tags))
        found = self.do("DescribeIdentityPool", self.developer, IdentityPoolId=made["IdentityPoolId"])
        self.assertEqual(found, made)
        self.refused(INVALID, "CreateIdentityPool", self.developer, IdentityPoolName="a/b",
                     AllowUnauthenticatedIdentities=True)

    # --- guests and logins ---------------------------------------------------------------------------------------------

    def test_guest_logs_in_and_merges(self):
        account, who = self.become(shown.LOGIN, "anna")
        self.write(account, who, value="account")
        guest, guest_who = self.become(shown.GUEST)
        self.write(guest, guest_who, value="guest")
        self.write(guest, guest_who, dataset="only")
        merged, who = self.credentials(shown.LOGIN, guest, self.provider.token("anna"))
        self.assertEqual(merged, account)
        twin = f"game.{guest}"
        page = self.do("ListRecords", who, **self.of(account, "game"))
        self.assertEqual((page["MergedDatasetNames"], page["Records"][0]["Value"]), ([twin], "account"))
        self.assertEqual(self.do("ListRecords", who, **self.of(account, twin))["Records"][0]["Value"], "guest")
        self.assertTrue(self.do("ListRecords", who, **self.of(account, "only"))["DatasetExists"])
        self.do("DeleteDataset", who, **self.of(account, twin))
        self.assertFalse(self.do("ListRecords", who, **self.of(account, "game")).get("MergedDatasetNames"))
        self.refused(NOT_AUTHORIZED, "ListDatasets", guest_who, **self.of(guest))

    def test_own_token(self):
        token = self.provider.token("dora")
        identity = self.do("GetId", NOBODY, IdentityPoolId=self.pool, Logins=token)["IdentityId"]
        answer = self.do("GetOpenIdToken", NOBODY, IdentityId=identity, Logins=token)
        self.assertEqual(answer["IdentityId"], identity)
        self.assertEqual(self.credentials(shown.LOGIN, identity, {OWN: answer["Token"]})[0], identity)

    def test_unlink(self):
        token = self.provider.token("carl")
        identity = self.become(shown.LOGIN, "carl")[0]
        unlink = {"IdentityId": identity, "LoginsToRemove": [PROVIDER]}
        self.refused(NOT_AUTHORIZED, "UnlinkIdentity", NOBODY, **unlink, Logins=self.provider.token("other"))
        self.do("UnlinkIdentity", NOBODY, **unlink, Logins=token)
        self.assertNotEqual(self.become(shown.LOGIN, "carl")[0], identity)

    def test_refused_logins(self):
        identity, _ = self.become(shown.LOGIN, "ben")
        calls = {"GetId": {"IdentityPoolId": self.pool}, "GetCredentialsForIdentity": {"IdentityId": identity},
                 "GetOpenIdToken": {"IdentityId": identity},
                 "UnlinkIdentity": {"IdentityId": identity, "LoginsToRemove": [PROVIDER]}}
        wrong = self.provider.token("ben", aud="other")
        external = {UNREACHABLE: self.provider.token("ben", iss=f"https://{UNREACHABLE}")[PROVIDER]}
        # Anna of one provider and Anna of the other are already different people at the first.
        self.become(shown.LOGIN, "first")
        self.do("GetId", NOBODY, IdentityPoolId=self.pool,
                Logins={**self.provider.token("second"), **self.second.token("second")})
        two = {**self.provider.token("ben"), **self.second.token("second")}
        for operation, call in calls.items():
            with self.subTest(operation):
                self.refused(NOT_AUTHORIZED, operation, NOBODY, **call, Logins=wrong)
                self.refused("ExternalServiceException", operation, NOBODY, **call, Logins=external)
                if operation != "UnlinkIdentity":
                    self.refused(CONFLICT, operation, NOBODY, **call, Logins=two)
                name = "IdentityPoolId" if operation == "GetId" else "IdentityId"
                logins = {"Logins": self.provider.token("ben")}
                self.refused(NOT_FOUND, operation, NOBODY, **{**call, **logins, name: self.new_id()})
                self.refused(INVALID, operation, NOBODY, **{**call, **logins, name: "no id"})

    # --- a developer's own users ------------------------------------------------------------------------------------------

    def test_users(self):
        first = self.user_token("u1", TokenDuration=60)
        identity, who = self.credentials(shown.USER, first["IdentityId"], {OWN: first["Token"]})
        self.write(identity, who)
        self.user_token(ODD_USER, IdentityId=identity)
        of_pool = {"IdentityPoolId": self.pool}
        look_up = {**of_pool, "IdentityId": identity}
        page = self.do("LookupDeveloperIdentity", self.developer, **look_up, MaxResults=1)
        self.assertEqual(page["DeveloperUserIdentifierList"], ["u1"])
        page = self.do("LookupDeveloperIdentity", self.developer, **look_up, NextToken=page["NextToken"])
        self.assertEqual(page["DeveloperUserIdentifierList"], [ODD_USER])
        page = self.do("LookupDeveloperIdentity", self.developer, **of_pool, DeveloperUserIdentifier=ODD_USER)
        self.assertEqual(page["IdentityId"], identity)
        both = self.user_token("u1")
        self.assertEqual(self.credentials(shown.USER, identity, {OWN: both["Token"]})[0], identity)
        other = self.user_token("u3")["IdentityId"]
        self.refused("DeveloperUserAlreadyRegisteredException", "GetOpenIdTokenForDeveloperIdentity", self.developer,
                     **look_up, Logins={"dev": "u3"})
        user = {**of_pool, "DeveloperProviderName": "dev", "DeveloperUserIdentifier": ODD_USER}
        for operation, more in (("LookupDeveloperIdentity", {}), ("UnlinkDeveloperIdentity", {"DeveloperProviderName": "dev"})):
            self.refused(CONFLICT, operation, self.developer, **of_pool, IdentityId=other, DeveloperUserIdentifier=ODD_USER,
                         **more)
        self.do("UnlinkDeveloperIdentity", self.developer, **user, IdentityId=identity)
        self.refused(NOT_FOUND, "UnlinkDeveloperIdentity", self.developer, **user, IdentityId=identity)
        self.assertNotEqual(self.user_token(ODD_USER)["IdentityId"], identity)

    def test_merge_of_users(self):
        source, destination = self.user_token("source"), self.user_token("destination")
        identity, who = self.credentials(shown.USER, source["IdentityId"], {OWN: source["Token"]})
        self.write(identity, who)
        merge = {"IdentityPoolId": self.pool, "DeveloperProviderName": "dev", "SourceUserIdentifier": "source",
                 "DestinationUserIdentifier": "destination"}
        self.assertEqual(self.do("MergeDeveloperIdentities", self.developer, **merge)["IdentityId"],
                         destination["IdentityId"])
        datasets = self.do("ListDatasets", self.developer, **self.of(destination["IdentityId"]))["Datasets"]
        self.assertEqual([dataset["DatasetName"] for dataset in datasets], ["game"])
        self.refused(NOT_FOUND, "MergeDeveloperIdentities", self.developer, **{**merge, "SourceUserIdentifier": "nobody"})
        self.refused(INVALID, "MergeDeveloperIdentities", self.developer, **{**merge, "DeveloperProviderName": "other"})
        for name in ("source", "destination"):
            other = self.become(shown.LOGIN, name)[0]
            self.user_token(f"with {name}", IdentityId=other)
        self.refused(CONFLICT, "MergeDeveloperIdentities", self.developer, **{
            **merge, "SourceUserIdentifier": "with source", "DestinationUserIdentifier": "with destination"})

    def test_identities(self):
        identity, guest = self.become(shown.GUEST)
        account = self.become(shown.LOGIN, "emil")[0]
        listed, token = [], {}
        while True:
            page = self.do("ListIdentities", self.developer, IdentityPoolId=self.pool, MaxResults=1, **token)
            listed += [entry["IdentityId"] for entry in page["Identities"]]
            if not page.get("NextToken"):
                break
            token = {"NextToken": page["NextToken"]}
        self.assertEqual(sorted(listed), sorted([identity, account]))
        self.assertEqual(self.do("DescribeIdentity", self.developer, IdentityId=account)["Logins"], [PROVIDER])
        unknown = self.new_id()
        answer = self.do("DeleteIdentities", self.developer, IdentityIdsToDelete=[identity, unknown])
        self.assertLessEqual({entry["IdentityId"] for entry in answer.get("UnprocessedIdentityIds", [])}, {unknown})
        self.refused(NOT_AUTHORIZED, "ListDatasets", guest, **self.of(identity))
        self.refused(NOT_FOUND, "DescribeIdentity", self.developer, IdentityId=identity)
        self.refused(NOT_FOUND, "ListIdentities", self.developer, IdentityPoolId=unknown, MaxResults=1)
        self.refused(INVALID, "ListIdentities", self.developer, IdentityPoolId=self.pool, MaxResults=61)
        self.refused(INVALID, "DeleteIdentities", self.developer, IdentityIdsToDelete=["no id"])
        self.refused(INVALID, "DescribeIdentity", self.developer, IdentityId="no id")

    # --- what only a developer may -------------------------------------------------------------------------------------------

    def developers_calls(self, pool, identity):
        user = {"IdentityPoolId": pool, "DeveloperUserIdentifier": "u", "DeveloperProviderName": "dev", "IdentityId": identity}
        return {
            "CreateIdentityPool": {"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": True},
            "DescribeIdentityPool": {"IdentityPoolId": pool}, "ListIdentityPools": {"MaxResults": 1},
            "UpdateIdentityPool": {"IdentityPoolId": pool, "IdentityPoolName": "x", "AllowUnauthenticatedIdentities": True,
                                   "DeveloperProviderName": "dev"},
            "DeleteIdentityPool": {"IdentityPoolId": pool}, "DescribeIdentity": {"IdentityId": identity},
            "GetOpenIdTokenForDeveloperIdentity": {"IdentityPoolId": pool, "Logins": {"dev": "u"}},
            "LookupDeveloperIdentity": {"IdentityPoolId": pool, "DeveloperUserIdentifier": "u"},
            "MergeDeveloperIdentities": {"IdentityPoolId": pool, "DeveloperProviderName": "dev",
                                         "SourceUserIdentifier": "u", "DestinationUserIdentifier": "v"},
            "UnlinkDeveloperIdentity": user, "ListIdentities": {"IdentityPoolId": pool, "MaxResults": 1},
            "DeleteIdentities": {"IdentityIdsToDelete": [identity]},
        }

    def test_others_may_not(self):
        identity, guest = self.become(shown.GUEST)
        wrong = Who(shown.DEVELOPER, self.service.access_key, "wrong")
        for operation, call in self.developers_calls(self.pool, identity).items():
            with self.subTest(operation):
                for who in (guest, wrong):
                    self.refused(NOT_AUTHORIZED, operation, who, **call)
        self.assertEqual(self.do("DescribeIdentity", self.developer, IdentityId=identity)["IdentityId"], identity)

    def test_what_is_not_there(self):
        for operation, call in self.developers_calls(self.new_id(), self.new_id()).items():
            if "IdentityPoolId" in call:
                with self.subTest(operation):
                    self.refused(NOT_FOUND, operation, self.developer, **call)
                    self.refused(INVALID, operation, self.developer, **{**call, "IdentityPoolId": "no id"})
