// What the command prints: plain lines for people, or with --json one JSON object a command on standard output, and one
// a line for errors on standard error. No secret is printed. [one thread]
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/settings.h"
#include "syncline/error.h"
#include "syncline/records.h"
#include "syncline/result.h"

namespace syncline::cli {

enum class Format : std::uint8_t { kHuman, kJson };

// A conflict, a sync's end and an overview, with the dataset that they are of.
struct ConflictOf {
  std::string dataset;
  Conflict conflict;
};
struct SyncOf {
  std::string dataset;
  Result<SyncReport> result;
};
struct InfoOf {
  std::string dataset;
  DatasetInfo info;
};

class Output {
 public:
  // `terminal`: a person reads `out`.
  Output(std::ostream& out, std::ostream& err, Format format, bool terminal);

  // put, rm, resolve: silent for people, the way of such commands.
  void done(std::string_view dataset, std::string_view key, std::string_view what);
  // For people the value's own bytes and nothing else, so that it can be piped; on a terminal a line end follows.
  void value(std::string_view dataset, std::string_view key, std::string_view value);
  void datasets(const std::vector<std::string>& names);
  void records(std::string_view dataset, const std::vector<Record>& records);
  void conflicts(const std::vector<ConflictOf>& conflicts);
  void synced(const std::vector<SyncOf>& syncs);
  void status(const Settings& settings, std::string_view identity, const std::vector<InfoOf>& infos,
              const std::optional<RecoveryReport>& recovery);

  // One line on standard error: "syncline: <code>: message".
  void error(const Error& error);
  // The same for what the library has no code for, such as "usage".
  void error(std::string_view code, std::string_view message);

 private:
  std::ostream& out_;
  std::ostream& err_;
  Format format_;
  bool terminal_;
};

// Nothing that moves a terminal's cursor: control characters and backslashes as \n, \t, \\ or \xNN.
std::string printable(std::string_view text);
// "2026-01-31T12:00:00.000Z"
std::string iso_time(Timestamp time);

}  // namespace syncline::cli
