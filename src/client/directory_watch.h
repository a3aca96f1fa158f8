// Hears of files that change in a directory, without asking for it again and again.
#pragma once

#include <memory>
#include <string>

namespace syncline {

// [one thread] [never blocks]
class DirectoryWatch {
 public:
  virtual ~DirectoryWatch() = default;
  // Readable, in poll()'s sense, when changed() has something to say.
  [[nodiscard]] virtual int descriptor() const = 0;
  // Whether the store's file or its log was written to since the last call, by whomever.
  virtual bool changed() = 0;
};

// nullptr: this system can't, or has no watch left to give; then one has to look once a second.
std::unique_ptr<DirectoryWatch> watch_store(const std::string& data_directory);

}  // namespace syncline
