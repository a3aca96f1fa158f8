#include "service/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "service_fixture.h"

namespace syncline::service {
namespace {

class Config : public ::testing::Test {
 protected:
  Result<ServeConfig> load(const std::string& text) {
    std::ofstream(file_) << text;
    return load_config(file_);
  }

  TempDir dir_;
  std::string file_ = dir_.file("syncline.toml");
};

TEST_F(Config, AnEmptyFileChangesNothing) {
  const auto config = load("# nothing\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.listen, "127.0.0.1:7373");
  EXPECT_EQ(config->server.data_dir, "./syncline-data");
  EXPECT_EQ(config->server.region, "us-east-1");
  EXPECT_EQ(config->server.quotas.records_per_dataset, 1024);
}

TEST_F(Config, EverySettingIsRead) {
  const auto config = load(R"(
listen = "0.0.0.0:80"
data = "/var/lib/syncline"
region = "eu-west-1"
log_level = "debug"
[quotas]
datasets_per_identity = 3
records_per_dataset = 4
bytes_per_dataset = 5
[tokens]
session_seconds = 60
page_seconds = 61
[limits]
io_threads = 6
worker_threads = 7
connections = 8
header_bytes = 9000
body_bytes = 10000
all_bodies_bytes = 11000
header_timeout_seconds = 12
body_timeout_seconds = 13
stop_timeout_seconds = 14
)");
  ASSERT_TRUE(config) << config.error().message;
  const ServerOptions& server = config->server;
  EXPECT_EQ(server.listen, "0.0.0.0:80");
  EXPECT_EQ(server.data_dir, "/var/lib/syncline");
  EXPECT_EQ(server.region, "eu-west-1");
  EXPECT_EQ(config->log_level, LogLevel::kDebug);
  EXPECT_EQ(server.quotas.datasets_per_identity, 3);
  EXPECT_EQ(server.quotas.records_per_dataset, 4);
  EXPECT_EQ(server.quotas.bytes_per_dataset, 5);
  EXPECT_EQ(server.session_lifetime, std::chrono::seconds(60));
  EXPECT_EQ(server.page_lifetime, std::chrono::seconds(61));
  EXPECT_EQ(server.limits.io_threads, 6);
  EXPECT_EQ(server.limits.worker_threads, 7);
  EXPECT_EQ(server.limits.connections, 8U);
  EXPECT_EQ(server.limits.header_bytes, 9000U);
  EXPECT_EQ(server.limits.body_bytes, 10000U);
  EXPECT_EQ(server.limits.all_bodies_bytes, 11000U);
  EXPECT_EQ(server.limits.header_timeout, std::chrono::seconds(12));
  EXPECT_EQ(server.limits.body_timeout, std::chrono::seconds(13));
  EXPECT_EQ(server.limits.stop_timeout, std::chrono::seconds(14));
}

// Every setting of the printed file but its secrets, with another value in its place.
std::string changed(const std::string& printed) {
  std::string text;
  std::istringstream lines(printed);
  int number = 5000;
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find(" = ");
    if (line.starts_with('#') || equals == std::string::npos) {
      text += line + "\n";
      continue;
    }
    const std::string key = line.substr(0, equals);
    std::string value = line.substr(equals + 3);
    if (key == "log_level") {
      value = "\"error\"";
    } else if (value == "true") {
      value = "false";
    } else if (key == "secret_access_key" || key == "session_token") {
      value = R"("")";
    } else if (value.starts_with('"')) {
      value = R"("another \" \\ )" + key + "\"";
    } else if (value.starts_with('[')) {
      value = R"(["a", "b"])";
    } else {
      value = std::to_string(key.ends_with("_threads") || key == "triggers_at_once" ? ++number % 100 + 3 : ++number);
    }
    text.append(key).append(" = ").append(value).append("\n");
  }
  return text;
}

// What is set, without comments.
std::string settings_of(const std::string& printed) {
  std::string text;
  std::istringstream lines(printed);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#') && !line.empty()) text += line + "\n";
  }
  return text;
}

TEST_F(Config, WhatIsPrintedReadsBackAsTheSame) {
  const std::string defaults = print_config({});
  const auto read = load(defaults);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(print_config(*read), defaults);

  const std::string others =
      changed(defaults) + "[openid.\"a.example \\\" b\"]\njwks = \"f\"\naudiences = [\"x\", \"y\"]\n";
  const auto other = load(others);
  ASSERT_TRUE(other) << other.error().message;
  const std::string again = print_config(*other);
  EXPECT_EQ(settings_of(again), settings_of(others)) << "each setting has a place of its own";
  EXPECT_NE(again.find("(default: \"127.0.0.1:7373\")\nlisten = "), std::string::npos) << again;
  const auto twice = load(again);
  ASSERT_TRUE(twice) << twice.error().message;
  EXPECT_EQ(print_config(*twice), again);
}

TEST_F(Config, NoSecretIsPrinted) {
  const auto config = load(R"([delivery]
access_key_id = "AKID"
secret_access_key = "very secret"
session_token = "a secret, too"
)");
  ASSERT_TRUE(config) << config.error().message;
  const std::string printed = print_config(*config);
  EXPECT_EQ(printed.find("secret\""), std::string::npos) << printed;
  EXPECT_EQ(printed.find("a secret"), std::string::npos) << printed;
  EXPECT_NE(printed.find("\n# secret_access_key = (set)\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("\n# session_token = (set)\n"), std::string::npos) << printed;
  const auto read = load(printed);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->server.delivery.credentials.access_key_id, "AKID");
  EXPECT_EQ(read->server.delivery.credentials.secret_access_key, "") << "who reads it back must set it again";
}

TEST_F(Config, EverySettingIsExplained) {
  std::istringstream lines(print_config({}));
  std::string before;
  int settings = 0;
  for (std::string line; std::getline(lines, line); before = line) {
    if (line.starts_with('#') || line.find(" = ") == std::string::npos) continue;
    ++settings;
    EXPECT_TRUE(before.starts_with("# ")) << line;
  }
  EXPECT_GT(settings, 30);
}

TEST_F(Config, ErrorsNameFileLineAndKey) {
  const std::pair<const char*, const char*> kCases[] = {
      {"\nlisten = 7", ":2: 'listen' must be a string that is not empty"},
      {"listen = ''", ":1: 'listen' must be a string that is not empty"},
      {"\n\nlisen = 'x'", ":3: unknown key 'lisen'"},
      {"[quotas]\nrecords = 1", ":2: unknown key 'quotas.records'"},
      {"[quotas]\nrecords_per_dataset = 0",
       ":2: 'quotas.records_per_dataset' must be a whole number from 1 to 1000000"},
      {"[quotas]\nrecords_per_dataset = 1.5", ":2: 'quotas.records_per_dataset' must be a whole number"},
      {"log_requests = 1", ":1: 'log_requests' must be true or false"},
      {"[rates]\nproxies = [7]", ":2: 'rates.proxies' must be an array of strings that are not empty"},
      {"[rates]\nidentity_burst = 0", ":2: 'rates.identity_burst' must be a whole number from 1 to 1000000"},
      {"limits = 3", ":1: 'limits' must be a table"},
      {"[unknown]\nx = 1", ":1: unknown key 'unknown'"},
      {"log_level = 'loud'", ":1: 'log_level' must be \"debug\", \"info\", \"warning\" or \"error\""},
      {"listen = \n", ":1: "},
      {"a = 1\na = 2", ""},
  };
  for (const auto& [text, message] : kCases) {
    const auto config = load(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(config.error().message.starts_with(file_ + message)) << config.error().message;
    EXPECT_EQ(config.error().message.find('\n'), std::string::npos);
  }
}

TEST_F(Config, DeliveryIsReadAndCompleted) {
  auto config = load(R"([delivery]
kinesis = "https://kinesis.eu-west-1.amazonaws.com"
s3 = "https://s3.eu-west-1.amazonaws.com"
bucket = "records"
region = "eu-west-1"
access_key_id = "AKID"
secret_access_key = "secret"
attempts = 5
age_seconds = 60
)");
  ASSERT_TRUE(config) << config.error().message;
  DeliveryOptions& delivery = config->server.delivery;
  EXPECT_EQ(delivery.limits.attempts, 5);
  EXPECT_EQ(delivery.limits.age, std::chrono::minutes(1));
  EXPECT_TRUE(complete_delivery(delivery));
  EXPECT_TRUE(delivery.queued().streams);
  EXPECT_FALSE(delivery.queued().pushes);
  delivery.bucket = "a/b";
  EXPECT_NE(complete_delivery(delivery).error().message.find("delivery.bucket"), std::string::npos);
  delivery.s3.clear();
  delivery.credentials.secret_access_key.clear();
  const auto lacking = complete_delivery(delivery);
  ASSERT_FALSE(lacking);
  EXPECT_NE(lacking.error().message.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_EQ(lacking.error().message.find("AKID "), std::string::npos);
}

TEST_F(Config, AFileThatIsNotThereIsNamed) {
  const auto config = load_config(dir_.file("none.toml"));
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("none.toml"), std::string::npos) << config.error().message;
}

TEST_F(Config, OpenIdProvidersHaveTablesOfTheirOwn) {
  const auto config = load(R"(
[openid."login.example.com"]
jwks = "/etc/keys.json"
audiences = ["a", "b"]
[openid.other]
jwks = "https://other.example.com/keys"
issuer = "https://issuer.example.com"
)");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->server.openid.size(), 2U);
  EXPECT_EQ(config->server.openid[0].name, "login.example.com");
  EXPECT_EQ(config->server.openid[0].audiences, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config->server.openid[1].issuer, "https://issuer.example.com");
  for (const auto* wrong : {"openid = 1\n", "[openid]\nx = 1\n", "[openid.x]\n", "[openid.x]\njwks = 7\n",
                            "[openid.x]\njwks = \"f\"\nkeys = 1\n", "[openid.x]\njwks = \"f\"\naudiences = [\"\"]\n"}) {
    const auto refused = load(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message.find("openid"), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace syncline::service
