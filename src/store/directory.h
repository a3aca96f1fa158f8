// What std::filesystem does not know of files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace syncline::store {

// Which file a path leads to, for as long as it exists.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t number = 0;
  bool operator==(const FileIdentity&) const = default;
};

// Asks without opening: closing a file drops the locks that SQLite has on it (fcntl(2)). nullopt: there is none.
std::optional<FileIdentity> identity_of(const std::string& path);

// Makes the names in a file's directory as durable as its content. As far as the system can.
void sync_directory(const std::string& file);

}  // namespace syncline::store
