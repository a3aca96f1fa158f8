// The least that a program does with Syncline, without exceptions and without RTTI. Argument: a data directory.
#include <syncline/syncline.h>

#include <cstdio>
#include <string>

namespace {

int fail(const syncline::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  syncline::ClientOptions options;
  options.data_directory = arguments[1];
  auto client = syncline::Client::open(options);
  if (!client) return fail(client.error());
  auto game = client->dataset("game");
  if (!game) return fail(game.error());
  if (auto put = game->put("level", "12"); !put) return fail(put.error());
  const auto level = game->get("level");
  if (!level) return fail(level.error());
  std::printf("level %s\n", level->value_or("unknown").c_str());
  return 0;
}
