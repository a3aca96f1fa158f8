// What an operator does to a service: keys, backups, restores, and the way to a running one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <new>

#include "identity_fixture.h"
#include "service/admin_client.h"
#include "service/admin_socket.h"
#include "service/backup.h"
#include "service/server.h"

namespace syncline::service {
namespace {

using ::testing::HasSubstr;

std::string field_of(const std::string& json, const std::string& name) {
  const auto start = json.find("\"" + name + "\":\"");
  if (start == std::string::npos) return "";
  const auto from = start + name.size() + 4;
  return json.substr(from, json.find('"', from) - from);
}

class AdminTest : public ServiceTest {
 protected:
  Result<std::string> ask(std::vector<std::string> words, std::string body = {}) {
    return service->administer({.words = std::move(words), .body = std::move(body)});
  }
  int status_with(const Credentials& key) {
    HttpRequest request = wire::encode(wire::ListDatasetsRequest{.target = caller().target("")});
    auth::sign(request, kHost, caller().scope(), key, clock.wall());
    return service->handle(request, "test").status;
  }
  Credentials rotate() {
    const std::string made = ask({"keys-rotate"}).value();
    return {.access_key_id = field_of(made, "access_key_id"),
            .secret_access_key = field_of(made, "secret_access_key"),
            .session_token = {},
            .expires_at = {}};
  }
  Result<Restored> restore(const std::string& file) { return restore_backup(dir.path(), file, clock.wall()); }
};

TEST_F(AdminTest, RequestsAndAnswersSurviveTheWay) {
  const AdminRequest request{.words = {"backup", "/a b/%\n"}, .body = "line 1\nline 2"};
  const auto decoded = decode_admin_request(encode_admin_request(request));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->words, request.words);
  EXPECT_EQ(decoded->body, request.body);
  EXPECT_EQ(decode_admin_answer(encode_admin_answer(std::string("{}\n"))).value(), "{}\n");
  const auto error = decode_admin_answer(encode_admin_answer(Error{.code = ErrorCode::kNotFound, .message = "no x"}));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(error.error().message, "no x");
  EXPECT_EQ(decode_admin_answer("").error().code, ErrorCode::kBadAnswer);
}

TEST_F(AdminTest, WhatIsNoCommandIsNamed) {
  EXPECT_THAT(ask({"dance"}).error().message, HasSubstr("'dance'"));
  EXPECT_THAT(ask({"keys-revoke"}).error().message, HasSubstr("'keys-revoke' with 0 arguments"));
  EXPECT_THAT(ask({"identity", "Dance"}).error().message, HasSubstr("Dance"));
  EXPECT_FALSE(ask({}));
}

TEST_F(AdminTest, ARotatedKeyIsValidAtOnceAndTheOldUntilItIsRevoked) {
  const Credentials old = caller().credentials();
  EXPECT_THAT(ask({"keys-revoke", old.access_key_id}).error().message, HasSubstr("the only developer key"));
  const Credentials fresh = rotate();
  EXPECT_EQ(status_with(fresh), 200);
  EXPECT_EQ(status_with(old), 200);
  EXPECT_EQ(service->access_key_id(), fresh.access_key_id);
  EXPECT_THAT(ask({"keys-list"}).value(), HasSubstr(old.access_key_id));
  EXPECT_EQ(ask({"keys-list"}).value().find(fresh.secret_access_key), std::string::npos);
  ASSERT_TRUE(ask({"keys-revoke", old.access_key_id}));
  EXPECT_EQ(status_with(old), 403);
  EXPECT_EQ(status_with(fresh), 200);
  EXPECT_EQ(ask({"keys-revoke", old.access_key_id}).error().code, ErrorCode::kNotFound);
  close();
  open();
  EXPECT_EQ(status_with(old), 403);
  EXPECT_EQ(status_with(fresh), 200);
}

TEST_F(AdminTest, PoolsAreCognitoIdentitysAsTheDeveloper) {
  const auto made =
      ask({"identity", "CreateIdentityPool"}, R"({"IdentityPoolName":"game","AllowUnauthenticatedIdentities":true})");
  ASSERT_TRUE(made) << made.error().message;
  const std::string pool = field_of(*made, "IdentityPoolId");
  EXPECT_THAT(ask({"identity", "ListIdentityPools"}, R"({"MaxResults":60})").value(), HasSubstr(pool));
  EXPECT_FALSE(ask({"identity", "CreateIdentityPool"}, "{}"));
}

// --- backup and restore ---------------------------------------------------------------------------------------------

TEST_F(AdminTest, ABackupIsTheStoreAtThatMoment) {
  ASSERT_TRUE(caller().update("game", {put("k", "1")}));
  const std::string file = dir.file("backup.db");
  ASSERT_TRUE(ask({"backup", file}));
  ASSERT_TRUE(caller().update("game", {put("k", "2", 1)}));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U) << "it holds secrets";
  EXPECT_FALSE(std::filesystem::exists(file + "-wal"));

  const TempDir other;
  std::filesystem::copy_file(file, other.file("service.db"));
  const auto copy = Service::open({.data_dir = other.path(), .clock = &clock}).value();
  EXPECT_EQ(text_of(Caller(*copy, clock).list("game")->records), "k=1@1");
  EXPECT_EQ(copy->secret_access_key(), service->secret_access_key());
}

TEST_F(AdminTest, ABackupReplacesNothingAndLeavesNothingBehind) {
  const std::string file = dir.file("backup.db");
  std::ofstream(file) << "mine";
  EXPECT_THAT(ask({"backup", file}).error().message, HasSubstr(file + ": exists already"));
  EXPECT_FALSE(ask({"backup", "relative.db"}));
  EXPECT_THAT(ask({"backup", dir.file("none/b.db")}).error().message, HasSubstr(dir.file("none/b.db")));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    EXPECT_EQ(entry.path().string().find(".unfinished"), std::string::npos);
    ++files;
  }
  EXPECT_GT(files, 1U);
}

TEST_F(AdminTest, ARestoreRefusesWhileTheServiceRuns) {
  ASSERT_TRUE(ask({"backup", dir.file("b.db")}));
  EXPECT_THAT(restore(dir.file("b.db")).error().message, HasSubstr("another service is running"));
}

TEST_F(AdminTest, ARestoreTakesBackupsOnlyAndElseLeavesTheStoreAsItWas) {
  ASSERT_TRUE(caller().update("game", {put("k", "1")}));
  close();
  std::ofstream(dir.file("text")) << std::string(5000, 'x');
  std::ofstream(dir.file("empty")) << "";
  for (const char* name : {"text", "empty", "missing", "."}) {
    const auto refused = restore(dir.file(name));
    ASSERT_FALSE(refused) << name;
    EXPECT_THAT(refused.error().message, HasSubstr(dir.file(name)));
  }
  EXPECT_FALSE(std::filesystem::exists(dir.file("service.db.restoring")));
  open();
  EXPECT_EQ(text_of(caller().list("game")->records), "k=1@1");
}

TEST_F(AdminTest, ARestoreSetsTheOldStoreAside) {
  ASSERT_TRUE(ask({"backup", dir.file("b.db")}));
  ASSERT_TRUE(caller().update("game", {put("k", "1")}));
  close();
  const auto restored = restore(dir.file("b.db"));
  ASSERT_TRUE(restored) << restored.error().message;
  open();
  EXPECT_FALSE(caller().list("game")->dataset_exists);
  const TempDir other;
  std::filesystem::copy_file(restored->set_aside, other.file("service.db"));
  const auto old = Service::open({.data_dir = other.path(), .clock = &clock}).value();
  EXPECT_EQ(text_of(Caller(*old, clock).list("game")->records), "k=1@1");
}

// D12: every count of the history that was lost is refused, also when others have brought the dataset far beyond it.
TEST_F(AdminTest, ARestoredServiceKnowsWhichCountsWereLost) {
  ASSERT_TRUE(caller().update("game", {put("k", "1")}));
  ASSERT_TRUE(ask({"backup", dir.file("b.db")}));
  ASSERT_TRUE(caller().update("game", {put("k", "2", 1)}));
  ASSERT_TRUE(caller().update("new", {put("k", "1")}));
  close();
  ASSERT_TRUE(restore(dir.file("b.db")));
  open();
  const auto before = caller().list("game", 1);
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ(text_of(before->records), "") << "nothing new for who saw what the backup knows";
  EXPECT_GT(before->dataset_count.value, 1'000'000'000'000);
  EXPECT_FALSE(before->deleted_after_requested);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(caller().update("game", {put("other" + std::to_string(i), "1")}));
    ASSERT_TRUE(caller().update("new", {put("other" + std::to_string(i), "1")}));
  }
  EXPECT_EQ(caller().list("game", 2).error().code, ErrorCode::kNoSuchSyncCount);
  EXPECT_EQ(caller().list("new", 1).error().code, ErrorCode::kNoSuchSyncCount);
  EXPECT_EQ(caller().list("game", 1)->records.size(), 3U);
  EXPECT_EQ(caller().list("game", before->dataset_count.value)->records.size(), 3U) << "S1: then one by one";
  EXPECT_EQ(caller().list("game")->dataset_count.value, before->dataset_count.value + 3);
}

TEST_F(AdminTest, TwoRestoresOfOneBackupAreToldApart) {
  ASSERT_TRUE(caller().update("game", {put("k", "1")}));
  ASSERT_TRUE(ask({"backup", dir.file("b.db")}));
  close();
  ASSERT_TRUE(restore(dir.file("b.db")));
  open();
  ASSERT_TRUE(caller().update("game", {put("k", "2", 1)}));
  const auto lost = caller().list("game")->dataset_count.value;
  close();
  clock.advance(std::chrono::minutes(1));
  ASSERT_TRUE(restore(dir.file("b.db")));
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(caller().update("game", {put("other" + std::to_string(i), "1")}));
  EXPECT_EQ(caller().list("game", lost).error().code, ErrorCode::kNoSuchSyncCount);
}

TEST_F(AdminTest, AStreamThatGoesOnAfterARestoreTellsOfEveryDataset) {
  ASSERT_TRUE(caller().update("game", {put("k", "1")}));
  ASSERT_TRUE(ask({"backup", dir.file("b.db")}));
  ASSERT_TRUE(caller().update("game", {put("lost", "1")}));
  close();
  ASSERT_TRUE(restore(dir.file("b.db")));
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(caller().update("other", {put("k" + std::to_string(i), "1")}));
  const HttpRequest request{.method = "GET",
                            .path = "/syncline/identitypools/" + service->identity_pool_id() + "/identities/" +
                                    std::string(kIdentity) + "/changes",
                            .query = {{"lastEventId", "2"}}};
  const auto answer = service->open_stream(caller().sign(request), "test");
  ASSERT_TRUE(answer && answer->stream);
  const std::string told = answer->stream->next(false).value();
  EXPECT_THAT(told, HasSubstr("\"datasetName\":\"game\""));
  EXPECT_THAT(told, HasSubstr("\"datasetName\":\"other\""));
}

// A login merges a guest again whose merge was lost: what the account's devices saw of the lost one is refused.
class RestoredIdentities : public IdentityTest {};

TEST_F(RestoredIdentities, AMergeAfterARestoreIsNotTakenForTheLostOne) {
  const std::string pool = make_pool();
  const Session early = guest(pool);
  EXPECT_EQ(write(pool, early, "game", "k", "1"), "ok");
  const auto account =
      log_in(get_id(pool, logins(kProvider, provider.token_of("user"))), logins(kProvider, provider.token_of("user")));
  ASSERT_TRUE(account) << account.error().message;
  ASSERT_TRUE(service->administer({.words = {"backup", dir.file("b.db")}}));
  ASSERT_TRUE(log_in(early.identity, logins(kProvider, provider.token_of("user"))));
  const auto seen = list(pool, *account, "game");
  ASSERT_TRUE(seen) << seen.error().message;
  ASSERT_EQ(text_of(seen->records), "k=1@1");
  close();
  ASSERT_TRUE(restore_backup(dir.path(), dir.file("b.db"), clock.wall()));
  open_again();
  ASSERT_TRUE(log_in(early.identity, logins(kProvider, provider.token_of("user"))));
  EXPECT_EQ(list(pool, *account, "game", seen->dataset_count.value).error().code, ErrorCode::kNoSuchSyncCount);
  EXPECT_EQ(text_of(list(pool, *account, "game")->records), "k=1@1");
}

// --- on sockets -----------------------------------------------------------------------------------------------------

TEST(AdminSocket, ReachesTheServiceThatRunsAndIsGoneWithIt) {
  const TempDir dir;
  auto server = Server::start({.data_dir = dir.path(), .admin_socket = true}).value();
  struct stat status {};
  ASSERT_EQ(::stat(dir.file("service.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  auto client = AdminClient::open(dir.path());
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_TRUE(client->running());
  EXPECT_EQ(field_of(client->ask({.words = {"about"}}).value(), "endpoint"), server->endpoint());
  EXPECT_THAT(client->ask({.words = {"dance"}}).error().message, HasSubstr("'dance'"));
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(dir.file("service.sock")));
  EXPECT_THAT(client->ask({.words = {"about"}}).error().message, HasSubstr("has ended"));
}

TEST(AdminSocket, ACommandThatFailsForWantOfMemoryIsNotTheServicesEndS6) {
  const TempDir dir;
  const auto socket = AdminSocket::listen(dir.path(), [](const std::string& request) -> std::string {
    if (request == "large") throw std::bad_alloc();
    return "ok\n" + request;
  });
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(ask_service(dir.path(), "large").value(), "");
  EXPECT_EQ(ask_service(dir.path(), "small").value(), "ok\nsmall");
}

TEST(AdminSocket, WorksInADirectoryWithALongName) {
  const TempDir dir;
  const std::string data = dir.file(std::string(100, 'a') + "/" + std::string(100, 'b'));
  const auto server = Server::start({.data_dir = data, .admin_socket = true});
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_TRUE(AdminClient::open(data)->running());
}

TEST(AdminSocket, WithoutAServiceTheClientIsOne) {
  const TempDir dir;
  EXPECT_EQ(AdminClient::open(dir.path()).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(dir.file("service.db"))) << "it makes none";
  std::string key;
  {
    const auto server = Server::start({.data_dir = dir.path(), .region = "eu-west-1"}).value();
    key = server->access_key_id();
  }
  std::ofstream(dir.file("service.sock")) << "left by a killed one";
  auto client = AdminClient::open(dir.path());
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_FALSE(client->running());
  EXPECT_EQ(field_of(client->ask({.words = {"about"}}).value(), "access_key_id"), key);
}

}  // namespace
}  // namespace syncline::service
