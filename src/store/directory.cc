#include "store/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace syncline::store {

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{.device = static_cast<std::uint64_t>(status.st_dev),
                      .number = static_cast<std::uint64_t>(status.st_ino)};
}

void sync_directory(const std::string& file) {
  const auto directory = std::filesystem::path(file).parent_path();
  const int opened = ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return;
  ::fsync(opened);
  ::close(opened);
}

}  // namespace syncline::store
