// Configuration files: of `syncline serve`, and of the command. Whatever stands in one, it is taken or refused with a
// message. Input: the file.
#include "service/config.h"

#include "cli/settings.h"
#include "fuzz/fuzz.h"

namespace syncline::fuzz {
namespace {

void check(const std::string& file) {
  const auto served = service::load_config(file);
  require(served || !served.error().message.empty(), "a refusal without a message");
  require(served || served.error().code == ErrorCode::kInvalidArgument, "a refusal that is no kInvalidArgument");

  const auto nothing = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  const auto settings = cli::load_settings({{"config", file}, {"data", scratch_folder()}}, nothing);
  require(settings || !settings.error().message.empty(), "a refusal without a message");
  require(settings || settings.error().code == ErrorCode::kInvalidArgument, "a refusal that is no kInvalidArgument");
  require(!settings || settings->data == scratch_folder(), "the data directory was taken from the file");
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace syncline::fuzz;
  if (size > 8'192) return 0;
  const auto file = scratch_folder() + "/config.toml";
  write_file(file, {reinterpret_cast<const char*>(data), size});
  check(file);
  return 0;
}
