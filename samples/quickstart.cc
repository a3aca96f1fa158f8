// A player's save game on a phone and on a laptop, told step by step. Each step is a process of its own, so that what
// one leaves behind is all that the next one has:
//
//   quickstart play DIR     both devices start in step, play offline, come back, and collide on two keys
//   quickstart settle DIR   the program starts again: the choice that was left for later is still there, and is made
//   quickstart show DIR     what the phone holds in the end, a line a record
//
// The service is taken from SYNCLINE_ENDPOINT, _REGION, _POOL, _IDENTITY, _ACCESS_KEY, _SECRET_KEY. Run by
// quickstart.sh.
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syncline/syncline.h"

namespace {

// This program's way with errors: tell and end. An app would show or retry.
[[noreturn]] void fail(std::string_view what) {
  std::cerr << "quickstart: " << what << '\n';
  std::exit(1);
}

void check(bool holds, std::string_view what) {
  if (!holds) fail("this should hold, but does not: " + std::string(what));
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

enum class Network { kOnline, kOffline };

// One device: a data directory of its own. Without an endpoint the client works on what is here.
syncline::Client open(const std::string& directory, const std::string& device, Network network) {
  syncline::ClientOptions options;
  options.data_directory = directory + "/" + device;
  options.identity_id = setting("SYNCLINE_IDENTITY");
  if (network == Network::kOnline) {
    options.endpoint = setting("SYNCLINE_ENDPOINT");
    options.region = setting("SYNCLINE_REGION");
    options.identity_pool_id = setting("SYNCLINE_POOL");
    options.device_id = device;
    options.credentials =
        syncline::static_credentials({setting("SYNCLINE_ACCESS_KEY"), setting("SYNCLINE_SECRET_KEY"), "", {}});
  }
  return must(syncline::Client::open(std::move(options)));
}

// Waits for the end of a synchronize(); a game would go on and be called back.
syncline::SyncReport sync(syncline::Dataset& game) {
  auto done = std::make_shared<std::promise<syncline::Result<syncline::SyncReport>>>();
  game.synchronize([done](const syncline::Result<syncline::SyncReport>& result) { done->set_value(result); });
  return must(done->get_future().get());
}

std::string value(const syncline::Dataset& game, std::string_view key) {
  return must(game.get(key)).value_or("(none)");
}

std::vector<std::string> lines(const syncline::Dataset& game) {
  std::vector<std::string> result;
  for (const auto& record : must(game.records())) result.push_back(record.key + " = " + record.value);
  return result;
}

void tell(const syncline::Conflict& conflict) {
  std::cout << "  '" << conflict.key << "' collides: it was "
            << (conflict.base ? conflict.base->value.value_or("removed") : "nothing") << ", here it is "
            << conflict.local.value_or("removed") << ", the " << conflict.remote.modified_by << " says "
            << conflict.remote.value.value_or("removed") << ".\n";
}

// The higher score wins; a name is the player's to choose.
syncline::Resolution resolve(const syncline::Conflict& conflict) {
  tell(conflict);
  if (conflict.key != "score") {
    std::cout << "  The player will choose later.\n";
    return syncline::Resolution::later();
  }
  const bool higher_here = std::stoi(conflict.local.value_or("0")) > std::stoi(conflict.remote.value.value_or("0"));
  std::cout << "  The higher score is kept.\n";
  return higher_here ? syncline::Resolution::keep_local() : syncline::Resolution::keep_remote();
}

void start_in_step(const std::string& directory) {
  std::cout << "A game begins on the phone, and the laptop fetches it.\n";
  auto phone_client = open(directory, "phone", Network::kOnline);
  auto phone = must(phone_client.dataset("game"));
  const std::vector<syncline::Change> beginning{{"score", "10"}, {"level", "1"}, {"name", "Player"}};
  must(phone.put_all(beginning));
  check(sync(phone).pushed == 3, "the phone pushes its three records");

  auto laptop_client = open(directory, "laptop", Network::kOnline);
  auto laptop = must(laptop_client.dataset("game"));
  check(sync(laptop).pulled == 3, "the laptop pulls the three records");
  check(lines(phone) == lines(laptop), "phone and laptop are equal");
}

void play_offline(const std::string& directory) {
  std::cout
      << "Both go offline. The phone reaches score 120 and is renamed; the laptop reaches 150, level 2, and too.\n";
  auto phone_client = open(directory, "phone", Network::kOffline);
  auto phone = must(phone_client.dataset("game"));
  const std::vector<syncline::Change> on_the_phone{{"score", "120"}, {"name", "Ada"}, {"badge", "explorer"}};
  must(phone.put_all(on_the_phone));

  auto laptop_client = open(directory, "laptop", Network::kOffline);
  auto laptop = must(laptop_client.dataset("game"));
  const std::vector<syncline::Change> on_the_laptop{{"score", "150"}, {"name", "Countess"}, {"level", "2"}};
  must(laptop.put_all(on_the_laptop));

  check(value(phone, "score") == "120" && value(laptop, "score") == "150", "each reads what it wrote");
  check(must(phone.info()).pending == 3 && must(laptop.info()).pending == 3, "three changes wait on each");
}

void come_back(const std::string& directory) {
  std::cout << "They are online again. The phone syncs first, then the laptop:\n";
  auto phone_client = open(directory, "phone", Network::kOnline);
  auto phone = must(phone_client.dataset("game"));
  check(sync(phone).outcome == syncline::SyncOutcome::kSuccess, "the phone syncs without a conflict");

  auto laptop_client = open(directory, "laptop", Network::kOnline);
  auto laptop = must(laptop_client.dataset("game"));
  laptop.set_conflict_handler(resolve);
  const auto report = sync(laptop);
  check(report.outcome == syncline::SyncOutcome::kConflictsPending, "one conflict is left for later");
  check(report.resolved == 1 && report.conflicts == 1, "one of two conflicts is resolved");
  check(value(laptop, "score") == "150", "the higher score stands");
  check(value(laptop, "badge") == "explorer", "the phone's badge has arrived: only 'name' waits");
  check(value(laptop, "name") == "Countess", "a key in conflict keeps its local value");
}

void play(const std::string& directory) {
  start_in_step(directory);
  play_offline(directory);
  come_back(directory);
}

void settle(const std::string& directory) {
  std::cout << "The program starts again. What waited is still there:\n";
  auto laptop_client = open(directory, "laptop", Network::kOnline);
  auto laptop = must(laptop_client.dataset("game"));
  const auto waiting = must(laptop.conflicts());
  check(waiting.size() == 1 && waiting[0].key == "name", "the conflict on 'name' has survived");
  const auto& conflict = waiting[0];
  tell(conflict);
  check(conflict.base && conflict.base->value == "Player" && conflict.local == "Countess" &&
            conflict.remote.value == "Ada",
        "base, local and remote are what they were");
  std::cout << "  The player chooses both: Ada, Countess.\n";
  must(laptop.resolve(conflict, syncline::Resolution::use("Ada, Countess")));
  check(sync(laptop).outcome == syncline::SyncOutcome::kSuccess, "the laptop syncs without a conflict");

  auto phone_client = open(directory, "phone", Network::kOnline);
  auto phone = must(phone_client.dataset("game"));
  check(sync(phone).outcome == syncline::SyncOutcome::kSuccess, "the phone syncs without a conflict");
  const std::vector<std::string> expected{"badge = explorer", "level = 2", "name = Ada, Countess", "score = 150"};
  check(lines(phone) == expected && lines(laptop) == expected, "phone and laptop are equal");
  check(must(phone.info()).pending == 0 && must(laptop.info()).pending == 0, "nothing waits to be sent");

  auto tablet_client = open(directory, "tablet", Network::kOnline);
  auto tablet = must(tablet_client.dataset("game"));
  sync(tablet);
  check(lines(tablet) == expected, "a new device gets the same from the service");
  std::cout << "Phone, laptop and a new tablet hold the same four records.\n";
}

void show(const std::string& directory) {
  auto client = open(directory, "phone", Network::kOffline);
  for (const auto& line : lines(must(client.dataset("game")))) std::cout << line << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 2) fail("usage: quickstart play|settle|show DIR");
  if (arguments[0] == "play") {
    play(arguments[1]);
  } else if (arguments[0] == "settle") {
    settle(arguments[1]);
  } else if (arguments[0] == "show") {
    show(arguments[1]);
  } else {
    fail("there is no step '" + arguments[0] + "'");
  }
  return 0;
}
