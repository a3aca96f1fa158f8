// The example of README.md; check_readme.py compares the two, first_sync_test.py runs it.
// [readme]
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <string>

#include "syncline/syncline.h"

int main() {
  const auto setting = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  syncline::ClientOptions options;
  options.data_directory = "savegame";                  // made if it is missing
  options.endpoint = setting("SYNCLINE_ENDPOINT");      // what `syncline serve` prints when it is ready
  options.region = setting("SYNCLINE_REGION");          // "us-east-1"
  options.identity_pool_id = setting("SYNCLINE_POOL");  // "us-east-1:GUID"
  options.identity_id = setting("SYNCLINE_IDENTITY");   // whose data it is, "us-east-1:GUID"
  options.credentials =
      syncline::static_credentials({setting("SYNCLINE_ACCESS_KEY"), setting("SYNCLINE_SECRET_KEY"), "", {}});
  auto client = syncline::Client::open(options);
  if (!client) return std::cerr << client.error().message << '\n', 1;

  auto game = client->dataset("game");
  if (!game) return std::cerr << game.error().message << '\n', 1;
  if (auto put = game->put("level", "12"); !put) return std::cerr << put.error().message << '\n', 1;  // on disk now
  std::cout << "level " << game->get("level").value().value_or("unknown") << '\n';  // no network needed

  auto done = std::make_shared<std::promise<int>>();
  game->synchronize([done](const syncline::Result<syncline::SyncReport>& report) {  // called once, however it ends
    if (report) std::cout << "pushed " << report->pushed << ", sync count " << report->sync_count.value << '\n';
    if (!report) std::cerr << report.error().message << '\n';
    done->set_value(report ? 0 : 1);
  });
  return done->get_future().get();  // a game would go on
}
// [/readme]
