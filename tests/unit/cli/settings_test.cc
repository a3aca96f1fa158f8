#include "cli/settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace syncline::cli {
namespace {

// A data directory of its own, and an environment that is only this test's.
class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "syncline-settings-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    flags_["data"] = directory_.string();
  }
  ~SettingsTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = directory_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  [[nodiscard]] Result<Settings> load() const {
    return load_settings(flags_, [this](const std::string& name) {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  [[nodiscard]] std::string error() const {
    const auto settings = load();
    if (settings) return "no error";
    EXPECT_EQ(settings.error().code, ErrorCode::kInvalidArgument);
    return settings.error().message;
  }

  std::filesystem::path directory_;
  NamedValues flags_;
  std::map<std::string, std::string> environment_;
};

TEST_F(SettingsTest, NamesOfFlagsAndVariables) {
  EXPECT_EQ(flag_of("session_token"), "--session-token");
  EXPECT_EQ(environment_of("session_token"), "SYNCLINE_SESSION_TOKEN");
}

TEST_F(SettingsTest, AnEmptyVariableIsNotSet) {
  setenv("SYNCLINE_TEST_VARIABLE", "", 1);
  EXPECT_EQ(process_environment("SYNCLINE_TEST_VARIABLE"), std::nullopt);
  setenv("SYNCLINE_TEST_VARIABLE", "x", 1);
  EXPECT_EQ(process_environment("SYNCLINE_TEST_VARIABLE"), "x");
  unsetenv("SYNCLINE_TEST_VARIABLE");
  EXPECT_EQ(process_environment("SYNCLINE_TEST_VARIABLE"), std::nullopt);
}

TEST_F(SettingsTest, NothingButTheDirectoryIsNeeded) {
  const auto settings = load();
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->data, directory_.string());
  EXPECT_EQ(settings->endpoint, "");
  EXPECT_EQ(settings->durability, Durability::kFull);
}

TEST_F(SettingsTest, TheDirectoryIsNeeded) {
  flags_.clear();
  EXPECT_EQ(error(), "no data directory: give --data DIR or set SYNCLINE_DATA");
  environment_["SYNCLINE_DATA"] = directory_.string();
  EXPECT_TRUE(load());
}

TEST_F(SettingsTest, FlagBeatsEnvironmentBeatsFile) {
  for (const auto& [name, help, in_file] : setting_names()) {
    if (!in_file || name == "durability") continue;
    SCOPED_TRACE(name);
    const std::string key(name);
    const auto read = [this, name = name] {
      const auto settings = load();
      if (!settings) return settings.error().message;
      const std::map<std::string_view, std::string> by_name{{"endpoint", settings->endpoint},
                                                            {"region", settings->region},
                                                            {"pool", settings->pool},
                                                            {"identity", settings->identity},
                                                            {"access_key", settings->credentials.access_key_id},
                                                            {"secret_key", settings->credentials.secret_access_key},
                                                            {"session_token", settings->credentials.session_token},
                                                            {"device", settings->device},
                                                            {"ca_file", settings->ca_file}};
      return by_name.at(name);
    };
    // A token needs a key beside it, or it belongs to nobody.
    const std::string keys = key == "session_token" ? "access_key = 'AK'\nsecret_key = 'SK'\n" : "";
    write("syncline.toml", keys + key + " = '/from/file'\n");
    EXPECT_EQ(read(), "/from/file");
    environment_[environment_of(name)] = "from environment";
    EXPECT_EQ(read(), "from environment");
    flags_[key] = "from flag";
    EXPECT_EQ(read(), "from flag");
    flags_.erase(key);
    environment_.clear();
  }
}

TEST_F(SettingsTest, AnEmptyFlagTakesASettingBack) {
  write("syncline.toml", "endpoint = 'http://127.0.0.1:1'\n");
  flags_["endpoint"] = "";
  EXPECT_EQ(load()->endpoint, "");
}

TEST_F(SettingsTest, DurabilityIsFullOrProcess) {
  flags_["durability"] = "process";
  EXPECT_EQ(load()->durability, Durability::kProcess);
  flags_["durability"] = "full";
  EXPECT_EQ(load()->durability, Durability::kFull);
  flags_["durability"] = "none";
  EXPECT_EQ(error(), "durability 'none' is neither full nor process");
}

TEST_F(SettingsTest, ANamedFileReplacesTheOneInTheDirectory) {
  write("syncline.toml", "endpoint = 'http://beside'\nregion = 'beside-1'\n");
  flags_["config"] = write("other.toml", "endpoint = 'http://named'\n");
  const auto settings = load();
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->endpoint, "http://named");
  EXPECT_EQ(settings->region, "");
}

TEST_F(SettingsTest, CaFileCountsFromTheFilesOwnFolder) {
  write("syncline.toml", "ca_file = 'ca.pem'\n");
  EXPECT_EQ(load()->ca_file, (directory_ / "ca.pem").string());
}

TEST_F(SettingsTest, RegionDefaultsToThePools) {
  flags_["pool"] = "eu-west-1:00000000-0000-0000-0000-000000000000";
  EXPECT_EQ(load()->region, "eu-west-1");
  environment_["AWS_REGION"] = "us-west-2";
  EXPECT_EQ(load()->region, "us-west-2");
  write("syncline.toml", "region = 'ap-south-1'\n");
  EXPECT_EQ(load()->region, "ap-south-1");
}

TEST_F(SettingsTest, AwsKeysAreTakenTogetherOrNotAtAll) {
  environment_["AWS_ACCESS_KEY_ID"] = "AWS-ID";
  environment_["AWS_SECRET_ACCESS_KEY"] = "AWS-SECRET";
  environment_["AWS_SESSION_TOKEN"] = "AWS-TOKEN";
  EXPECT_EQ(load()->credentials.access_key_id, "AWS-ID");
  EXPECT_EQ(load()->credentials.secret_access_key, "AWS-SECRET");
  EXPECT_EQ(load()->credentials.session_token, "AWS-TOKEN");

  write("syncline.toml", "access_key = 'OWN-ID'\nsecret_key = 'OWN-SECRET'\n");
  EXPECT_EQ(load()->credentials.access_key_id, "OWN-ID");
  EXPECT_EQ(load()->credentials.secret_access_key, "OWN-SECRET");
  EXPECT_EQ(load()->credentials.session_token, "");
}

TEST_F(SettingsTest, ASecretCanComeFromTheEnvironmentForAKeyOnTheCommandLine) {
  flags_["access_key"] = "ID";
  environment_["SYNCLINE_SECRET_KEY"] = "SECRET";
  EXPECT_EQ(load()->credentials.access_key_id, "ID");
  EXPECT_EQ(load()->credentials.secret_access_key, "SECRET");
}

TEST_F(SettingsTest, ATokenOfAWeakerSourceBelongsToAnotherKey) {
  write("syncline.toml", "access_key = 'TEMPORARY'\nsecret_key = 'S'\nsession_token = 'T'\n");
  EXPECT_EQ(load()->credentials.session_token, "T");
  flags_["access_key"] = "LONG-LIVED";
  flags_["secret_key"] = "L";
  EXPECT_EQ(load()->credentials.session_token, "");
  flags_["session_token"] = "MINE";
  EXPECT_EQ(load()->credentials.session_token, "MINE");
}

TEST_F(SettingsTest, AMissingNamedFileIsAnError) {
  flags_["config"] = (directory_ / "missing.toml").string();
  EXPECT_EQ(error(), "config file '" + flags_["config"] + "' can't be read");
}

TEST_F(SettingsTest, ADirectoryIsNoConfigFile) {
  flags_["config"] = directory_.string();
  EXPECT_EQ(error(), "config file '" + directory_.string() + "' can't be read");
}

TEST_F(SettingsTest, AnEmptyFileIsFine) {
  flags_["config"] = write("empty.toml", "");
  EXPECT_TRUE(load());
}

TEST_F(SettingsTest, ASyntaxErrorTellsWhereAndQuotesNothing) {
  const auto path = write("syncline.toml", "endpoint = 'http://x'\nsecret_key = wJalrXUtnFEMI\n");
  const auto message = error();
  EXPECT_EQ(message.find("config file '" + path + "' is not TOML: line 2, column "), 0U) << message;
  EXPECT_EQ(message.find("wJal"), std::string::npos) << message;
}

TEST_F(SettingsTest, AnUnknownSettingIsNamed) {
  const auto path = write("syncline.toml", "endpiont = 'http://x'\n");
  EXPECT_EQ(error(), "config file '" + path + "': there is no setting 'endpiont'");
}

TEST_F(SettingsTest, TheDirectoryCantBeSetByTheFileInIt) {
  const auto path = write("syncline.toml", "data = '/elsewhere'\n");
  EXPECT_EQ(error(), "config file '" + path + "': there is no setting 'data'");
}

TEST_F(SettingsTest, AWrongTypeIsNamed) {
  const auto path = write("syncline.toml", "device = 7\n");
  EXPECT_EQ(error(), "config file '" + path + "': device is not a string");
}

TEST_F(SettingsTest, SyncingNeedsEndpointPoolRegionAndKeys) {
  const auto missing = [this] {
    const auto checked = check_for_sync(*load());
    return checked ? std::string("nothing") : checked.error().message;
  };
  EXPECT_EQ(missing(), "syncing needs --endpoint, SYNCLINE_ENDPOINT or endpoint in the config file");
  flags_["endpoint"] = "http://127.0.0.1:1";
  EXPECT_NE(missing().find("--pool"), std::string::npos);
  flags_["pool"] = "us-east-1:00000000-0000-0000-0000-000000000000";
  EXPECT_NE(missing().find("--access-key"), std::string::npos);
  flags_["access_key"] = "ID";
  EXPECT_NE(missing().find("--secret-key"), std::string::npos);
  flags_["secret_key"] = "SECRET";
  EXPECT_EQ(missing(), "nothing");
  flags_["region"] = "";
  EXPECT_EQ(missing(), "nothing") << "the pool's region is taken";
}

}  // namespace
}  // namespace syncline::cli
