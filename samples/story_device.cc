// One device of the story that story.py tells: a save game that synchronizes by itself, and whose player may sign in.
//
//   story_device DIRECTORY NAME [PLAYER]     PLAYER: who signed in on it before; an app remembers that
//
// It takes a line at a time from standard input           and answers on standard output
//   put KEY VALUE...                                      kept
//   show                                                  holds KEY=VALUE...
//   sign-in PLAYER                                        signed-in IDENTITY MOVED-RECORDS
//   token IDENTITY TOKEN, the answer to `token?`
//   choose KEY VALUE                                      kept
//   suspend MILLISECONDS                                  suspending, and when that is done: left CHANGES
// By itself it says
//   started IDENTITY              or `started nobody`
//   token? PLAYER [IDENTITY]      a question to the app's own server
//   changed KEY=VALUE...          another device has written these
//   conflict KEY HERE THERE       it waits for the player
//   status STATE UNSENT-CHANGES [ERROR]
//
// The service is taken from SYNCLINE_ENDPOINT, _REGION and _POOL.
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <syncstream>
#include <utility>
#include <vector>

#include "syncline/syncline.h"

namespace {

using Words = std::vector<std::string>;

// Callbacks come on the client's thread, commands on the main one.
void say(const std::string& line) {
  std::osyncstream(std::cout) << line << std::endl;
}

// This program's way with errors: tell and end, on whichever thread. An app would show or retry.
[[noreturn]] void fail(std::string_view what) {
  std::cerr << "story_device: " << what << std::endl;
  std::_Exit(1);
}

template <typename T>
T must(syncline::Result<T> result) {
  if (!result) fail(result.error().message);
  return std::move(*result);
}
void must(const syncline::Result<void>& result) {
  if (!result) fail(result.error().message);
}

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) fail(std::string(name) + " is not set");
  return value;
}

// The higher number wins; a name is the player's to choose.
syncline::Resolution decide(const syncline::Conflict& conflict) {
  if (conflict.key == "name") return syncline::Resolution::later();
  const bool higher_here = std::stoi(conflict.local.value_or("0")) > std::stoi(conflict.remote.value.value_or("0"));
  return higher_here ? syncline::Resolution::keep_local() : syncline::Resolution::keep_remote();
}

// The app's own server, which knows its players. Here story.py plays it; an app would send it a request.
class Backend {
 public:
  using Answer = std::function<void(syncline::Result<syncline::DeveloperToken>)>;

  void ask(const std::string& player, const std::string& identity, Answer answer) {
    {
      const std::lock_guard lock(mutex_);
      answer_ = std::move(answer);
    }
    say("token? " + player + " " + identity);
  }
  void answered(const std::string& identity, const std::string& token) {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      answer = std::exchange(answer_, nullptr);
    }
    if (answer) answer(syncline::DeveloperToken{.identity_id = identity, .token = token});
  }

 private:
  std::mutex mutex_;
  Answer answer_;
};

class SaveGame {
 public:
  SaveGame(const std::string& directory, const std::string& device, const std::string& player)
      : client_(must(syncline::Client::open(options(directory, device, player)))) {
    const auto identity = client_.identity_id();  // of the last time, also without a network
    say("started " + (identity.empty() ? "nobody" : identity));
    status_ = client_.on_status([this](const syncline::SyncStatus& status) { tell(status); });
    open_dataset();
    stream_ = client_.open_change_stream();  // an app lets go of it when it leaves the foreground
  }
  SaveGame(const SaveGame&) = delete;
  SaveGame& operator=(const SaveGame&) = delete;
  ~SaveGame() { client_.shutdown(std::chrono::seconds(5)); }  // no callback comes after it

  void obey(const Words& words) {
    const auto& command = words.at(0);
    if (command == "put") {
      put(words);
    } else if (command == "show") {
      show();
    } else if (command == "sign-in") {
      sign_in(words.at(1));
    } else if (command == "token") {
      backend_.answered(words.at(1), words.at(2));
    } else if (command == "choose") {
      choose(words.at(1), words.at(2));
    } else if (command == "suspend") {
      suspend(std::chrono::milliseconds(std::stoi(words.at(1))));
    } else {
      fail("there is no command '" + command + "'");
    }
  }

 private:
  syncline::ClientOptions options(const std::string& directory, const std::string& device, const std::string& player) {
    using std::chrono::milliseconds;
    syncline::ClientOptions options;
    options.data_directory = directory;
    options.endpoint = setting("SYNCLINE_ENDPOINT");
    options.region = setting("SYNCLINE_REGION");
    options.identity_pool_id = setting("SYNCLINE_POOL");
    options.device_id = device;  // so that its own changes do not wake it
    options.identity = syncline::IdentityOptions{.login = player.empty() ? syncline::Login::guest() : login_of(player),
                                                 .secrets = must(syncline::file_secret_store(directory + ".secrets"))};
    options.conflict_handler = decide;
    // A story is told faster than a game is played; an app leaves the times as they are.
    options.automatic_sync = {.enabled = true,
                              .settle = milliseconds(50),
                              .jitter = milliseconds(0),
                              .first_delay = milliseconds(50),
                              .longest_delay = milliseconds(500)};
    return options;
  }

  // Asked when the player signs in, and again when the credentials that this brought have ended.
  syncline::Login login_of(const std::string& player) {
    return syncline::Login::with_backend([this, player](const std::string& identity, Backend::Answer answer) {
      backend_.ask(player, identity, std::move(answer));
    });
  }

  // A handle stays with the identity that it was opened for, so it is asked for each time.
  syncline::Dataset game() { return must(client_.dataset("game")); }

  // For the identity of now.
  void open_dataset() {
    auto game = this->game();
    changes_ = game.on_change([this](const syncline::DatasetChange& change) { tell(change); });
    game.subscribe([](const syncline::Result<void>& subscribed) { must(subscribed); });
    for (const auto& conflict : must(game.conflicts())) {
      say("conflict " + conflict.key + " " + conflict.local.value_or("(removed)") + " " +
          conflict.remote.value.value_or("(removed)"));
    }
  }

  void put(const Words& words) {
    std::vector<syncline::Change> changes;
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) changes.push_back({words[i], words[i + 1]});
    must(game().put_all(changes));
    say("kept");
  }

  void show() {
    std::string line = "holds";
    for (const auto& record : must(game().records())) line += " " + record.key + "=" + record.value;
    say(line);
  }

  void sign_in(const std::string& player) {
    client_.sign_in(login_of(player), syncline::GuestData::kMerge,
                    [this](const syncline::Result<syncline::SignInReport>& result) {
                      const auto report = must(result);
                      if (report.changed) open_dataset();
                      say("signed-in " + report.identity_id + " " + std::to_string(report.moved));
                    });
  }

  void choose(const std::string& key, const std::string& value) {
    for (const auto& conflict : must(game().conflicts())) {
      if (conflict.key != key) continue;
      must(game().resolve(conflict, syncline::Resolution::use(value)));
      return say("kept");
    }
    fail("'" + key + "' is in no conflict");
  }

  // On a thread of its own, as the game may go on to write meanwhile.
  void suspend(std::chrono::milliseconds deadline) {
    suspending_ = std::async(std::launch::async, [this, deadline] {
      say("suspending");
      const auto report = must(client_.flush(deadline));
      std::size_t left = 0;
      for (const auto& dataset : report.left) left += dataset.pending;
      say("left " + std::to_string(left));
    });
  }

  void tell(const syncline::DatasetChange& change) {
    if (change.source != syncline::ChangeSource::kRemote) return;
    std::string line = "changed";
    for (const auto* keys : {&change.added, &change.updated}) {
      for (const auto& key : *keys) line += " " + key + "=" + must(game().get(key)).value_or("(removed)");
    }
    say(line);
  }

  void tell(const syncline::SyncStatus& status) {
    std::size_t unsent = 0;
    for (const auto& dataset : must(client_.unsent(syncline::Whose::kThisIdentity))) unsent += dataset.pending;
    std::string line = "status " + std::string(to_string(status.state)) + " " + std::to_string(unsent);
    if (status.error) line += " " + std::string(to_string(status.error->code));
    say(line);
  }

  Backend backend_;
  syncline::Client client_;
  syncline::Subscription changes_;
  syncline::Subscription status_;
  syncline::Subscription stream_;
  std::future<void> suspending_;
};

}  // namespace

int main(int argc, char** argv) {
  const Words arguments(argv + 1, argv + argc);
  if (arguments.size() < 2 || arguments.size() > 3) fail("usage: story_device DIRECTORY NAME [PLAYER]");
  SaveGame save_game(arguments[0], arguments[1], arguments.size() == 3 ? arguments[2] : "");
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream text(line);
    Words words;
    for (std::string word; text >> word;) words.push_back(word);
    if (!words.empty()) save_game.obey(words);
  }
  return 0;
}
