// Logins by OpenID Connect tokens, developer-authenticated identities, and what merges.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity_fixture.h"

namespace syncline::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Logins : public IdentityTest {
 protected:
  std::string with(const std::string& token) { return logins(kProvider, token); }
  std::string user(const std::string& subject) { return with(provider.token_of(subject)); }
  Result<std::string> developer_token(std::string_view user, std::string_view more = {}) {
    return call_as_developer("GetOpenIdTokenForDeveloperIdentity",
                             in_pool(pool, logins("dev", user) + (more.empty() ? "" : ",") + std::string(more)));
  }
  std::string pool = make_pool();
};

TEST_F(Logins, AUserHasOneIdentityWithEitherAlgorithm) {
  const std::string first = get_id(pool, user("anna"));
  EXPECT_EQ(get_id(pool, user("anna")), first);
  EXPECT_EQ(get_id(pool, with(provider.token({.subject = "anna"}, "ES256"))), first);
  EXPECT_NE(get_id(pool, user("ben")), first);
  const auto session = log_in(first, user("anna"));
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(session->identity, first);
  EXPECT_EQ(write(pool, *session, "save", "k", "v"), "ok");
  EXPECT_EQ(log_in(first).error().service_code, "NotAuthorizedException");               // as a guest
  EXPECT_EQ(log_in(first, user("ben")).error().service_code, "NotAuthorizedException");  // as another user
  EXPECT_THAT(call_as_developer("DescribeIdentity", of_identity(first)).value(),
              HasSubstr("\"Logins\":[\"" + std::string(kProvider) + "\"]"));
}

TEST_F(Logins, AWrongTokenIsRefusedAndNeverShown) {
  const auto refused = [&](const std::string& more, std::string_view why) {
    const auto answer = call("GetId", in_pool(pool, more));
    ASSERT_FALSE(answer) << why;
    EXPECT_EQ(answer.error().service_code, "NotAuthorizedException");
    EXPECT_THAT(answer.error().message, HasSubstr(std::string(why)));
  };
  const std::string good = provider.token_of("anna");
  refused(with("nonsense"), "Not a valid OpenId Connect");
  refused(with(good.substr(0, good.rfind('.') + 1)), "Signature");
  refused(with(provider.token({.issuer = "https://evil.example.com"})), "Issuer");
  refused(with(provider.token({.audience = "another-game"})), "audience");
  refused(with(provider.token({.subject = ""})), "subject");
  refused(with(provider.token({.expires_at = 1'700'000'000})), "expired");
  refused(logins("other.example.com", good), "supported provider");
  refused(logins("dev", "somebody"), "supported provider");
  TestProvider impostor;
  impostor.forge();
  refused(with(impostor.token_of("anna")), "Signature");
  refused(with(impostor.token({.subject = "anna"}, "ES256")), "Signature");
  // "none", and the public key as a shared secret, are tricks older than this service.
  const auto dot = good.find('.');
  refused(with("eyJhbGciOiJub25lIn0" + good.substr(dot, good.rfind('.') + 1 - dot)), "Signature");
}

TEST_F(Logins, KeysAreKeptRotatedAndMissedWithoutHarm) {
  get_id(pool, user("anna"));
  get_id(pool, user("ben"));
  EXPECT_EQ(key_fetches, 1);
  provider.rotate();
  EXPECT_FALSE(call("GetId", in_pool(pool, user("anna"))));  // asked a moment ago: not again
  EXPECT_EQ(key_fetches, 1);
  clock.advance(std::chrono::seconds(10));
  EXPECT_TRUE(call("GetId", in_pool(pool, user("anna"))));
  EXPECT_EQ(key_fetches, 2);
  keys_available = false;
  clock.advance(std::chrono::minutes(59));
  const TestProvider::Claims later{.subject = "anna", .expires_at = 1'700'900'000};
  EXPECT_TRUE(call("GetId", in_pool(pool, with(provider.token(later)))));
  clock.advance(std::chrono::minutes(59));
  EXPECT_TRUE(call("GetId", in_pool(pool, with(provider.token(later)))));  // stale keys are better than none
  EXPECT_EQ(key_fetches, 3);
}

TEST_F(Logins, WithoutKeysNobodyIsJudged) {
  keys_available = false;
  EXPECT_EQ(call("GetId", in_pool(pool, user("anna"))).error().service_code, "ExternalServiceException");
  EXPECT_EQ(call("GetId", in_pool(pool, user("anna"))).error().http_status, 400);
}

TEST_F(Logins, AGuestWhoseLoginIsNewKeepsItsIdentity) {
  const Session session = guest(pool);
  ASSERT_EQ(write(pool, session, "save", "k", "v"), "ok");
  const auto logged_in = log_in(session.identity, user("anna"));
  ASSERT_TRUE(logged_in);
  EXPECT_EQ(logged_in->identity, session.identity);
  EXPECT_EQ(get_id(pool, user("anna")), session.identity);
  EXPECT_EQ(text_of(list(pool, *logged_in, "save").value().records), "k=v@1");
}

TEST_F(Logins, AGuestWhoLogsInToAnAccountMergesIntoIt) {
  const auto account = log_in(get_id(pool, user("anna")), user("anna")).value();
  ASSERT_EQ(write(pool, account, "save", "k", "account"), "ok");
  ASSERT_EQ(write(pool, account, "gone", "k", "v"), "ok");
  const Session someone = guest(pool);
  ASSERT_EQ(write(pool, someone, "save", "k", "guest"), "ok");
  ASSERT_EQ(write(pool, someone, "only", "k", "moved"), "ok");
  ASSERT_EQ(write(pool, someone, "gone", "k", "again"), "ok");
  ASSERT_EQ(
      as(account.credentials, wire::encode(wire::DeleteDatasetRequest{target(pool, account.identity, "gone")})).status,
      200);

  const auto merged = log_in(someone.identity, user("anna"));
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->identity, account.identity);
  const std::string twin = "save." + someone.identity;
  const auto page = list(pool, *merged, "save").value();
  EXPECT_EQ(text_of(page.records), "k=account@1");
  EXPECT_THAT(page.merged_datasets, ElementsAre(twin));
  EXPECT_EQ(text_of(list(pool, *merged, twin).value().records), "k=guest@1");
  EXPECT_EQ(text_of(list(pool, *merged, "only").value().records), "k=moved@1");
  // It goes on from the counts of the one that was deleted, so that whoever knew that one is told.
  EXPECT_EQ(text_of(list(pool, *merged, "gone").value().records), "k=again@2");
  EXPECT_TRUE(list(pool, *merged, "gone", 1).value().deleted_after_requested);

  // What the guest had is nobody's any more.
  EXPECT_EQ(list(pool, someone, "save").error().service_code, "NotAuthorizedException");
  EXPECT_EQ(log_in(someone.identity).error().service_code, "NotAuthorizedException");
  EXPECT_EQ(log_in(someone.identity, user("anna")).value().identity, account.identity);

  ASSERT_EQ(
      as(account.credentials, wire::encode(wire::DeleteDatasetRequest{target(pool, account.identity, twin)})).status,
      200);
  EXPECT_THAT(list(pool, *merged, "save").value().merged_datasets, IsEmpty());
}

// S3: the pages of a list are one snapshot, also across a deletion and a merge that takes the dataset's place.
TEST_F(Logins, AListThatIsUnderWayOutlivesAMerge) {
  const auto account = log_in(get_id(pool, user("anna")), user("anna")).value();
  ASSERT_EQ(write(pool, account, "save", "a", "1"), "ok");
  ASSERT_EQ(write(pool, account, "save", "b", "2"), "ok");
  wire::ListRecordsRequest request{.target = target(pool, account.identity, "save"), .max_results = 1};
  const auto page = [&] {
    return wire::decode_list_records(as(account.credentials, wire::encode(request)).body).value();
  };
  const auto first = page();
  ASSERT_NE(first.next_token, "");
  ASSERT_EQ(as(account.credentials, wire::encode(wire::DeleteDatasetRequest{request.target})).status, 200);
  const Session someone = guest(pool);
  ASSERT_EQ(write(pool, someone, "save", "c", "3"), "ok");
  ASSERT_TRUE(log_in(someone.identity, user("anna")));
  request.next_token = first.next_token;
  const auto second = page();
  EXPECT_EQ(text_of(first.records) + " " + text_of(second.records), "a=1@1 b=2@2");
  EXPECT_EQ(second.dataset_count, first.dataset_count);
}

// A write that was let in before its identity was merged must not be answered with success and be nowhere.
TEST_F(Logins, AWriteOfAnIdentityThatIsOneNoMoreIsRefusedInItsTransaction) {
  const Session someone = guest(pool);
  const auto id = target(pool, someone.identity, "save");
  close();
  auto store = open_sqlite_store({.data_dir = dir.path(), .region = "us-east-1"}).value();
  const auto update = [&] {
    return store->update_records(
        id, {.patches = {{.key = "k", .value = "v"}}, .writer = "w", .by_identity = true},
        [](const DatasetState& state, const auto& current, std::int64_t datasets, UpdateCall waited) {
          return decide_update(state, current, datasets, std::move(waited), {});
        });
  };
  EXPECT_TRUE(update());
  ASSERT_TRUE(store->delete_identity(id.identity, clock.wall()).value());
  const auto late = update();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kNotAuthorized);
  EXPECT_FALSE(store->dataset(id).value().exists);
}

TEST_F(Logins, ATwinOfALongNameIsStillADataset) {
  const std::string name(128, 'n');
  const auto account = log_in(get_id(pool, user("anna")), user("anna")).value();
  ASSERT_EQ(write(pool, account, name, "k", "account"), "ok");
  const Session someone = guest(pool);
  ASSERT_EQ(write(pool, someone, name, "k", "guest"), "ok");
  ASSERT_TRUE(log_in(someone.identity, user("anna")));
  const auto twins = list(pool, account, name).value().merged_datasets;
  ASSERT_EQ(twins.size(), 1U);
  EXPECT_EQ(twins[0].size(), 128U);
  EXPECT_EQ(text_of(list(pool, account, twins[0]).value().records), "k=guest@1");
}

TEST_F(Logins, UnlinkingTakesTheLoginAway) {
  const std::string identity = get_id(pool, user("anna"));
  const std::string remove = R"(,"LoginsToRemove":[")" + std::string(kProvider) + "\"]";
  EXPECT_EQ(call("UnlinkIdentity", of_identity(identity, user("ben") + remove)).error().service_code,
            "NotAuthorizedException");
  EXPECT_TRUE(call("UnlinkIdentity", of_identity(identity, user("anna") + remove)));
  // Without its last login it is nobody's, and above all no guest's.
  EXPECT_EQ(log_in(identity).error().service_code, "NotAuthorizedException");
  EXPECT_NE(get_id(pool, user("anna")), identity);
}

TEST_F(Logins, AnOpenIdTokenOfOursIsALogin) {
  const std::string identity = get_id(pool, user("anna"));
  const auto token = call("GetOpenIdToken", of_identity(identity, user("anna")));
  ASSERT_TRUE(token) << token.error().message;
  const std::string own = logins("cognito-identity.amazonaws.com", field(*token, "Token"));
  EXPECT_EQ(log_in(identity, own).value().identity, identity);
  clock.advance(std::chrono::minutes(15));
  EXPECT_EQ(log_in(identity, own).error().service_code, "NotAuthorizedException");
  const std::string elsewhere = make_pool();
  EXPECT_EQ(call("GetId", in_pool(elsewhere, own)).error().service_code, "NotAuthorizedException");
}

TEST_F(Logins, ADeveloperVouchesForItsUsers) {
  const auto first = developer_token("u1");
  ASSERT_TRUE(first) << first.error().message;
  const std::string identity = field(*first, "IdentityId");
  const auto session = log_in(identity, logins("cognito-identity.amazonaws.com", field(*first, "Token")));
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(write(pool, *session, "save", "k", "v"), "ok");
  EXPECT_EQ(field(developer_token("u1").value(), "IdentityId"), identity);
  EXPECT_EQ(field(developer_token("u2", R"("IdentityId":")" + identity + "\"").value(), "IdentityId"), identity);
  EXPECT_TRUE(log_in(identity, logins("cognito-identity.amazonaws.com", field(*first, "Token"))));  // as u1 and u2
  const std::string other = field(developer_token("u3").value(), "IdentityId");
  EXPECT_EQ(developer_token("u3", R"("IdentityId":")" + identity + "\"").error().service_code,
            "DeveloperUserAlreadyRegisteredException");

  const auto users = call_as_developer("LookupDeveloperIdentity", in_pool(pool, R"("IdentityId":")" + identity + "\""));
  EXPECT_THAT(users.value(), HasSubstr(R"("DeveloperUserIdentifierList":["u1","u2"])"));
  const auto of_user = call_as_developer("LookupDeveloperIdentity", in_pool(pool, R"("DeveloperUserIdentifier":"u3")"));
  EXPECT_EQ(field(of_user.value(), "IdentityId"), other);
  const auto unknown = call_as_developer("LookupDeveloperIdentity", in_pool(pool, R"("DeveloperUserIdentifier":"u9")"));
  EXPECT_EQ(unknown.error().service_code, "ResourceNotFoundException");
}

// One account may be several of the developer's users: by linking, and after a merge.
TEST_F(Logins, AnIdentityOfSeveralDevelopersUsersLogsIn) {
  const std::string identity = field(developer_token("u1").value(), "IdentityId");
  const auto second = developer_token("u2", R"("IdentityId":")" + identity + "\"");
  ASSERT_TRUE(second);
  const auto session = log_in(identity, logins("cognito-identity.amazonaws.com", field(*second, "Token")));
  EXPECT_TRUE(session) << session.error().message;
  ASSERT_TRUE(developer_token("u3"));
  ASSERT_TRUE(call_as_developer("MergeDeveloperIdentities",
                                in_pool(pool, R"("DeveloperProviderName":"dev","SourceUserIdentifier":"u3",)"
                                              R"("DestinationUserIdentifier":"u2")")));
  const auto third = developer_token("u3").value();
  EXPECT_EQ(field(third, "IdentityId"), identity);
  // A login of another provider joins it.
  const std::string both = R"("Logins":{"cognito-identity.amazonaws.com":")" + field(third, "Token") + R"(",")" +
                           std::string(kProvider) + R"(":")" + provider.token_of("anna") + "\"}";
  const auto joined = log_in(identity, both);
  EXPECT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(get_id(pool, user("anna")), identity);
}

// Anna and Ben stay two people at the public provider, whichever of the developer's users are merged.
TEST_F(Logins, UsersWhoAreTwoOfOneProviderAreNotMerged) {
  const auto vouch = [&](std::string_view name, const std::string& subject) {
    return call_as_developer("GetOpenIdTokenForDeveloperIdentity",
                             in_pool(pool, R"("Logins":{"dev":")" + std::string(name) + R"(",")" +
                                               std::string(kProvider) + R"(":")" + provider.token_of(subject) + "\"}"));
  };
  ASSERT_TRUE(vouch("u1", "anna"));
  ASSERT_TRUE(vouch("u2", "ben"));
  EXPECT_EQ(vouch("u1", "carl").error().service_code, "ResourceConflictException");
  const auto merged = call_as_developer("MergeDeveloperIdentities",
                                        in_pool(pool, R"("DeveloperProviderName":"dev","SourceUserIdentifier":"u1",)"
                                                      R"("DestinationUserIdentifier":"u2")"));
  EXPECT_EQ(merged.error().service_code, "ResourceConflictException");
  const std::string anna = get_id(pool, user("anna"));
  const std::string ben = get_id(pool, user("ben"));
  EXPECT_NE(anna, ben);
  EXPECT_TRUE(log_in(anna, user("anna")));
  EXPECT_TRUE(log_in(ben, user("ben")));
}

// Whichever way the guest proves who it is.
TEST_F(Logins, AGuestMergesIntoTheAccountAndNeverTheAccountIntoTheGuest) {
  const std::string guest_id = get_id(pool);
  const std::string token = field(call("GetOpenIdToken", of_identity(guest_id)).value(), "Token");
  clock.advance(std::chrono::seconds(1));
  const std::string account = get_id(pool, user("anna"));
  const std::string both = R"("Logins":{"cognito-identity.amazonaws.com":")" + token + R"(",")" +
                           std::string(kProvider) + R"(":")" + provider.token_of("anna") + "\"}";
  EXPECT_EQ(log_in(guest_id, both).value().identity, account);
  EXPECT_EQ(get_id(pool, both), account);
}

// S4: else a leaked token would be good for ever, whatever TokenDuration the developer asked for.
TEST_F(Logins, ATokenOfOursBuysNoneThatOutlivesIt) {
  const auto token = developer_token("u1", R"("TokenDuration":60)").value();
  const std::string identity = field(token, "IdentityId");
  const auto own = [](const std::string& body) {
    return logins("cognito-identity.amazonaws.com", field(body, "Token"));
  };
  clock.advance(std::chrono::seconds(59));
  const auto renewed = call("GetOpenIdToken", of_identity(identity, own(token)));
  ASSERT_TRUE(renewed);
  EXPECT_TRUE(log_in(identity, own(*renewed)));
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(log_in(identity, own(*renewed)).error().service_code, "NotAuthorizedException");
}

TEST_F(Logins, ADeveloperMergesAndUnlinksItsUsers) {
  const auto source = developer_token("u1").value();
  const auto destination = developer_token("u2").value();
  const auto session =
      log_in(field(source, "IdentityId"), logins("cognito-identity.amazonaws.com", field(source, "Token"))).value();
  ASSERT_EQ(write(pool, session, "save", "k", "v"), "ok");
  const std::string users = R"("DeveloperProviderName":"dev","SourceUserIdentifier":"u1",)";
  const auto merged =
      call_as_developer("MergeDeveloperIdentities", in_pool(pool, users + R"("DestinationUserIdentifier":"u2")"));
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(field(*merged, "IdentityId"), field(destination, "IdentityId"));
  EXPECT_EQ(field(developer_token("u1").value(), "IdentityId"), field(destination, "IdentityId"));
  EXPECT_EQ(list(pool, session, "save").error().service_code, "NotAuthorizedException");
  const auto none =
      call_as_developer("MergeDeveloperIdentities", in_pool(pool, users + R"("DestinationUserIdentifier":"u9")"));
  EXPECT_EQ(none.error().service_code, "ResourceNotFoundException");

  const std::string unlink = R"("DeveloperProviderName":"dev","DeveloperUserIdentifier":"u1","IdentityId":")" +
                             field(destination, "IdentityId") + "\"";
  EXPECT_TRUE(call_as_developer("UnlinkDeveloperIdentity", in_pool(pool, unlink)));
  EXPECT_NE(field(developer_token("u1").value(), "IdentityId"), field(destination, "IdentityId"));
}

TEST_F(Logins, ADeveloperDoesNotMergeTwoUsersOfAnotherProvider) {
  for (const char* name : {"anna", "ben"}) {
    const std::string of_user = R"("IdentityId":")" + get_id(pool, user(name)) + "\"";
    ASSERT_TRUE(developer_token(name, of_user));
  }
  const auto merged = call_as_developer(
      "MergeDeveloperIdentities",
      in_pool(pool,
              R"("DeveloperProviderName":"dev","SourceUserIdentifier":"anna","DestinationUserIdentifier":"ben")"));
  EXPECT_EQ(merged.error().service_code, "ResourceConflictException");
}

}  // namespace
}  // namespace syncline::service
