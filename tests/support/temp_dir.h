// A new, empty directory that goes away with the object, whatever is in it by then.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace syncline::testing {

class TempDir {
 public:
  TempDir();  // aborts the test program if there is none to be had
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // The name of a file or directory in it, which need not exist.
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

void write_file(const std::filesystem::path& path, std::string_view bytes);
std::string read_file(const std::filesystem::path& path);

}  // namespace syncline::testing
