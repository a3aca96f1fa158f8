// Opening a client, and what it asks the service beside syncing.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "device.h"

namespace syncline::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// --- options
// ----------------------------------------------------------------------------------------------------------

class OptionsTest : public ::testing::Test {
 protected:
  // The error of an open() that must fail, "code: message".
  static std::string refused(const ClientOptions& options) {
    const auto opened = Client::open(options);
    if (opened) return "it opened";
    return std::string(to_string(opened.error().code)) + ": " + opened.error().message;
  }
  ClientOptions with(std::function<void(ClientOptions&)> change) {
    ClientOptions options{.data_directory = dir.file("data")};
    change(options);
    return options;
  }
  TempDir dir;
};

#define EXPECT_REFUSED(options, code, word)                          \
  do {                                                               \
    const auto text = refused(options);                              \
    EXPECT_TRUE(text.starts_with(std::string(code) + ": ")) << text; \
    EXPECT_NE(text.find(word), std::string::npos) << text;           \
  } while (false)

TEST_F(OptionsTest, BadInputOptionsAreRefusedByTheirName) {
  EXPECT_REFUSED(ClientOptions{}, "invalid_argument", "data_directory");
  EXPECT_REFUSED(with([](auto& o) { o.endpoint = "ftp://example.com"; }), "invalid_argument", "ftp://example.com");
  EXPECT_REFUSED(with([](auto& o) { o.endpoint = "https://example.com/path"; }), "invalid_argument", "path");
  EXPECT_REFUSED(with([](auto& o) { o.endpoint = "example.com"; }), "invalid_argument", "example.com");
  EXPECT_REFUSED(with([](auto& o) { o.endpoint = "https://:99999"; }), "invalid_argument", ":99999");
  EXPECT_REFUSED(with([](auto& o) { o.region = "us east\r\n"; }), "invalid_argument", "region");
  EXPECT_REFUSED(with([](auto& o) { o.identity_pool_id = "pool"; }), "invalid_argument", "identity_pool_id");
  EXPECT_REFUSED(with([](auto& o) { o.identity_id = "me"; }), "invalid_argument", "identity_id");
  EXPECT_REFUSED(with([](auto& o) { o.device_id = std::string(257, 'x'); }), "invalid_argument", "device_id");
  EXPECT_REFUSED(with([](auto& o) { o.device_id = "\xFF"; }), "invalid_argument", "device_id");
  EXPECT_REFUSED(with([](auto& o) { o.retry.attempts = 0; }), "invalid_argument", "retry.attempts");
  EXPECT_REFUSED(with([](auto& o) { o.retry.first_delay = milliseconds{-1}; }), "invalid_argument", "retry");
  EXPECT_REFUSED(with([](auto& o) { o.retry.longest_delay = milliseconds::max(); }), "invalid_argument", "retry");
  EXPECT_REFUSED(with([](auto& o) { o.connect_timeout = milliseconds{0}; }), "invalid_argument", "connect_timeout");
  EXPECT_REFUSED(with([](auto& o) { o.request_timeout = milliseconds{-1}; }), "invalid_argument", "request_timeout");
  EXPECT_REFUSED(with([](auto& o) { o.lock_timeout = milliseconds{-1}; }), "invalid_argument", "lock_timeout");
  EXPECT_REFUSED(with([&](auto& o) {
                   o.endpoint = "https://example.com";
                   o.ca_file = dir.file("none.pem");
                 }),
                 "tls", "none.pem");
  EXPECT_FALSE(fs::exists(dir.file("data"))) << "a refused option leaves nothing behind";
}

TEST_F(OptionsTest, ADeviceIdIsCountedInCharacters) {
  std::string id;
  for (int i = 0; i < 256; ++i) id += "\xC3\xA9";
  EXPECT_TRUE(Client::open(with([&](auto& o) { o.device_id = id; })));
}

TEST_F(OptionsTest, BadInputADataDirectoryThatCantBeUsed) {
  write_file(dir.path() / "file", "x");
  EXPECT_REFUSED(with([&](auto& o) { o.data_directory = dir.file("file"); }), "storage", dir.file("file"));
  EXPECT_REFUSED(with([&](auto& o) { o.data_directory = dir.file("file") + "/below"; }), "storage", "below");
  fs::create_directories(dir.file("data"));
  write_file(dir.path() / "data" / "syncline.db", std::string(8'192, 'x'));
  EXPECT_REFUSED(with([](auto&) {}), "corrupt", "syncline.db");
  EXPECT_EQ(read_file(dir.path() / "data" / "syncline.db"), std::string(8'192, 'x')) << "it was not touched";
}

TEST_F(OptionsTest, WithoutAnEndpointItIsLocal) {
  for (const auto threading : {Threading::kTick, Threading::kOwnThread}) {
    auto opened = Client::open(with([&](auto& o) { o.threading = threading; }));
    ASSERT_TRUE(opened) << opened.error().message;
    auto dataset = *opened->dataset("game");
    EXPECT_TRUE(dataset.put("k", "1"));
    EXPECT_EQ(*dataset.get("k"), "1");
    SyncAnswers answers;
    dataset.synchronize(answers.callback());
    if (threading == Threading::kTick) opened->tick(std::chrono::steady_clock::now());
    ASSERT_TRUE(answers.wait_for(1));
    EXPECT_EQ(outcome_of(answers.at(0)), "invalid_argument");
    EXPECT_NE(answers.at(0).error().message.find("ClientOptions::endpoint"), std::string::npos);
  }
}

TEST_F(OptionsTest, AnAssignedClientTakesThePlaceOfOneThatIsShutDown) {
  auto client = Client::open(with([](auto&) {})).value();
  auto former = client.dataset("game").value();
  ASSERT_TRUE(former.put("k", "former"));
  auto other = Client::open(with([&](auto& o) { o.data_directory = dir.file("other"); })).value();
  ASSERT_TRUE(other.dataset("game")->put("k", "other"));

  client = std::move(other);
  EXPECT_EQ(former.get("k").error().code, ErrorCode::kClosed);
  EXPECT_EQ(client.dataset("game")->get("k").value(), "other");

  auto& itself = client;
  client = std::move(itself);
  EXPECT_EQ(client.dataset("game")->get("k").value(), "other");
}

// --- the client
// -------------------------------------------------------------------------------------------------------

class ClientTest : public ::testing::Test {
 protected:
  Backend backend;
  Device phone{backend, "phone"};
};

TEST_F(ClientTest, ASyncNamesTheOptionThatIsMissing) {
  const std::vector<std::pair<std::string, std::function<void(ClientOptions&)>>> missing = {
      {"region", [](auto& o) { o.region.clear(); }},
      {"identity_pool_id", [](auto& o) { o.identity_pool_id.clear(); }},
      {"identity_id", [](auto& o) { o.identity_id.clear(); }},
      {"credentials", [](auto& o) { o.credentials = nullptr; }},
  };
  for (const auto& [name, forget] : missing) {
    Device device{backend};
    forget(device.options);
    const auto answer = device.sync();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(answer.error().message.find("ClientOptions::" + name + " "), std::string::npos) << answer.error().message;
    EXPECT_EQ(device.transport->requests(), 0U);
  }
}

TEST_F(ClientTest, D15StartingWithoutAnIdentityUsesTheLastOne) {
  phone.put("k", "1");
  phone.client.reset();
  phone.options.identity_id.clear();
  phone.open();
  EXPECT_EQ(phone.client->identity_id(), kIdentity);
  EXPECT_EQ(phone.get("k"), "1");
}

TEST_F(ClientTest, D15Case20WhatWasWrittenBeforeAnyIdentityIsClaimedByTheFirst) {
  const auto identity = std::exchange(phone.options.identity_id, "");
  phone.put("k", "1");
  EXPECT_EQ(phone.client->identity_id(), "");
  phone.client.reset();
  phone.options.identity_id = identity;
  EXPECT_EQ(phone.sync_well().pushed, 1U);
}

TEST_F(ClientTest, D15Case18AnotherIdentitySeesNothing) {
  phone.put("k", "1");
  phone.client.reset();
  phone.options.identity_id = "us-east-1:99999999-2222-3333-4444-555555555555";
  EXPECT_EQ(phone.get("k"), std::nullopt);
  EXPECT_EQ(phone.sync_well().pushed, 0U);
}

TEST_F(ClientTest, BadInputDatasetNames) {
  phone.open();
  for (const auto& name : {std::string(), std::string("a b"), std::string("a/b"), std::string(129, 'x')}) {
    const auto opened = phone.client->dataset(name);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(phone.client->dataset(std::string(128, 'x')));
  EXPECT_TRUE(phone.client->dataset("a.b:c-D_9"));
  EXPECT_EQ(*phone.client->dataset_names(), (std::vector<std::string>{"a.b:c-D_9", std::string(128, 'x')}));
}

TEST_F(ClientTest, D17BadInputKeysAndValuesChangeNothing) {
  auto dataset = phone.dataset();
  phone.put("k", "1");
  for (const auto& key : {std::string(), std::string("\xFF"), std::string(1'025, 'x')}) {
    EXPECT_EQ(dataset.put(key, "v").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(dataset.get(key).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(dataset.remove(key).error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(dataset.put("k", "\xC0\x80").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(dataset.put("k", std::string(1'048'576, 'x')).error().code, ErrorCode::kInvalidArgument);
  const std::vector<Change> batch = {{.key = "good", .value = "1"}, {.key = "", .value = "1"}};
  EXPECT_EQ(dataset.put_all(batch).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(phone.values(), (Values{{"k", "1"}}));
}

TEST_F(ClientTest, D17BadInputABatchSaysWhichChangeIsWrong) {
  auto dataset = phone.dataset();
  const std::vector<Change> bad_key = {{.key = "good", .value = "1"}, {.key = "", .value = "1"}};
  EXPECT_TRUE(dataset.put_all(bad_key).error().message.starts_with("change 2: "))
      << dataset.put_all(bad_key).error().message;
  const std::vector<Change> bad_value = {{.key = "good", .value = "1"}, {.key = "bad", .value = "\xC0\x80"}};
  EXPECT_TRUE(dataset.put_all(bad_value).error().message.starts_with("change 2 (key \"bad\"): "))
      << dataset.put_all(bad_value).error().message;
  EXPECT_EQ(phone.values(), Values());
}

TEST_F(ClientTest, DatasetsWithHostileNamesSync) {
  for (const auto* name : {".", "..", "a:b", "..."}) {
    ASSERT_TRUE(phone.dataset(name).put("k", name));
    EXPECT_EQ(phone.sync_well(name).pushed, 1U) << name;
  }
}

// --- list and describe
// ------------------------------------------------------------------------------------------------

class AskingTest : public ClientTest {
 protected:
  Result<std::vector<RemoteDataset>> list() {
    if (!phone.client) phone.open();
    Answers<std::vector<RemoteDataset>> answers;
    phone.client->list_remote_datasets(answers.callback());
    phone.run_until([&] { return answers.count() == 1; });
    return answers.at(0);
  }
  Result<RemoteDataset> describe() {
    Answers<RemoteDataset> answers;
    phone.dataset().describe(answers.callback());
    phone.run_until([&] { return answers.count() == 1; });
    return answers.at(0);
  }
  static std::string page(const std::string& datasets, const std::string& token) {
    return R"({"Count":1,"Datasets":[)" + datasets + R"(],"NextToken":")" + token + R"("})";
  }
};

TEST_F(AskingTest, DescribeSaysWhatTheServiceHolds) {
  phone.put("key", "value");
  phone.sync_well();
  const auto described = describe();
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_EQ(described->name, "game");
  EXPECT_EQ(described->records, 1U);
  EXPECT_EQ(described->bytes, 8U);
  EXPECT_EQ(described->modified_by, "phone");
  EXPECT_EQ(described->modified_at, backend.clock->wall());
}

TEST_F(AskingTest, DescribeOfWhatTheServiceDoesNotHaveIsAnError) {
  EXPECT_EQ(describe().error().code, ErrorCode::kResourceNotFound);
}

TEST_F(AskingTest, ListsNothingAndEverything) {
  EXPECT_TRUE(list()->empty());
  for (const auto* name : {"b", "a"}) {
    ASSERT_TRUE(phone.dataset(name).put("k", "1"));
    phone.sync_well(name);
  }
  const auto listed = list();
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->at(0).name, "a");
}

TEST_F(AskingTest, ListFollowsPages) {
  int served = 0;
  phone.network = [&](const HttpRequest& request) {
    EXPECT_EQ(request.query.size(), served == 0 ? 0U : 1U);
    ++served;
    const auto token = served < 3 ? "t" + std::to_string(served) : "";
    return json_answer(page(R"({"DatasetName":"d)" + std::to_string(served) + R"("})", token));
  };
  const auto listed = list();
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 3U);
  EXPECT_EQ(listed->at(2).name, "d3");
}

TEST_F(AskingTest, D13PagesThatNeverEndAreABadAnswer) {
  for (const bool same_token : {true, false}) {
    for (const bool empty : {true, false}) {
      int served = 0;
      phone.network = [&](const HttpRequest&) {
        ++served;
        return json_answer(page(empty ? "" : R"({"DatasetName":"d"})", same_token ? "t" : std::to_string(served)));
      };
      const auto listed = list();
      ASSERT_FALSE(listed);
      EXPECT_EQ(listed.error().code, ErrorCode::kBadAnswer);
    }
  }
}

TEST_F(AskingTest, BadInputAnswersAreErrors) {
  phone.network = [](const HttpRequest&) { return json_answer(R"({"Datasets":[{"NumRecords":"many"}]})"); };
  EXPECT_EQ(list().error().code, ErrorCode::kBadAnswer);
  EXPECT_EQ(describe().error().code, ErrorCode::kBadAnswer);
}

}  // namespace
}  // namespace syncline::testing
