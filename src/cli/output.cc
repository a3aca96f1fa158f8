#include "cli/output.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

namespace syncline::cli {

namespace {

using Json = nlohmann::ordered_json;

// Values and keys are UTF-8 by then; a message may quote bytes that are not.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json json_time(Timestamp time) {
  return time == Timestamp{} ? Json(nullptr) : Json(iso_time(time));
}

Json json_text(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json(nullptr);
}

std::string_view to_string(RecordState state) {
  switch (state) {
    case RecordState::kClean:
      return "clean";
    case RecordState::kPending:
      return "pending";
    case RecordState::kConflicted:
      return "conflicted";
  }
  return "unknown";
}

std::string_view to_string(SyncOutcome outcome) {
  return outcome == SyncOutcome::kSuccess ? "success" : "conflicts_pending";
}

Json to_json(const Record& record) {
  return {{"key", record.key},
          {"value", record.value},
          {"state", to_string(record.state)},
          {"sync_count", record.sync_count.value},
          {"modified_by", record.modified_by},
          {"modified_at", json_time(record.modified_at)},
          {"device_modified_at", json_time(record.device_modified_at)}};
}

Json to_json(const Version& version) {
  return {{"value", json_text(version.value)},
          {"sync_count", version.count.value},
          {"modified_by", version.modified_by},
          {"modified_at", json_time(version.modified_at)},
          {"device_modified_at", json_time(version.device_modified_at)}};
}

Json to_json(const ConflictOf& of) {
  const auto& conflict = of.conflict;
  return {{"dataset", of.dataset},
          {"key", conflict.key},
          {"base", conflict.base ? to_json(*conflict.base) : Json(nullptr)},
          {"local",
           {{"value", json_text(conflict.local)},
            {"revision", conflict.local_revision.value},
            {"written_at", json_time(conflict.local_written_at)}}},
          {"remote", to_json(conflict.remote)}};
}

Json error_json(std::string_view code, std::string_view message) {
  return {{"code", code}, {"message", message}};
}

Json to_json(const Error& error) {
  Json json = error_json(syncline::to_string(error.code), error.message);
  json["retry"] = syncline::to_string(error.retry());
  if (error.http_status != 0) json["http_status"] = error.http_status;
  if (!error.service_code.empty()) json["service_code"] = error.service_code;
  return json;
}

Json to_json(const SyncOf& sync) {
  if (!sync.result) return {{"dataset", sync.dataset}, {"outcome", "failed"}, {"error", to_json(sync.result.error())}};
  const auto& report = *sync.result;
  return {{"dataset", sync.dataset},     {"outcome", to_string(report.outcome)}, {"pulled", report.pulled},
          {"pushed", report.pushed},     {"resolved", report.resolved},          {"conflicts", report.conflicts},
          {"requests", report.requests}, {"sync_count", report.sync_count.value}};
}

Json to_json(const InfoOf& of) {
  return {{"dataset", of.dataset},      {"records", of.info.records},     {"bytes", of.info.bytes},
          {"pending", of.info.pending}, {"conflicts", of.info.conflicts}, {"sync_count", of.info.sync_count.value}};
}

Json to_json(const RecoveryReport& recovery) {
  return {{"set_aside", recovery.set_aside},
          {"reason", recovery.reason},
          {"saved", recovery.saved},
          {"complete", recovery.complete},
          {"now", recovery.at_this_open}};
}

template <typename Items>
Json to_json_array(const Items& items) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(to_json(item));
  return array;
}

// A value in one line of a listing: its beginning, cut between characters.
std::string shown(const std::optional<std::string>& value) {
  static constexpr std::size_t kLongest = 60;
  if (!value) return "(removed)";
  if (value->size() <= kLongest) return "\"" + printable(*value) + "\"";
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<std::uint8_t>((*value)[end]) & 0xC0U) == 0x80U) --end;
  return "\"" + printable(value->substr(0, end)) + "\"... (" + std::to_string(value->size()) + " bytes)";
}

std::string shown(const Version& version) {
  std::string text = shown(version.value) + "  count " + std::to_string(version.count.value);
  if (!version.modified_by.empty()) text += ", by " + printable(version.modified_by);
  if (version.modified_at != Timestamp{}) text += ", " + iso_time(version.modified_at);
  return text;
}

std::string shown(const SyncReport& report) {
  const std::string state = report.outcome == SyncOutcome::kSuccess
                                ? "synchronized"
                                : std::to_string(report.conflicts) + " in conflict, the rest synchronized";
  return state + ": pulled " + std::to_string(report.pulled) + ", pushed " + std::to_string(report.pushed) +
         ", resolved " + std::to_string(report.resolved) + ", sync count " + std::to_string(report.sync_count.value);
}

// When the value that is seen was written; a service need not know the device's date.
std::string modified(const Record& record) {
  if (record.device_modified_at != Timestamp{}) return iso_time(record.device_modified_at);
  return record.modified_at == Timestamp{} ? "-" : iso_time(record.modified_at);
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string or_none(std::string_view text) {
  return text.empty() ? "(none)" : printable(text);
}

// U+0080 to U+009F move the cursor too; in UTF-8 they are 0xC2 and one byte.
bool is_c1_control(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]) == 0xC2 && at + 1 < text.size() &&
         static_cast<std::uint8_t>(text[at + 1]) < 0xA0;
}

std::string escaped(char byte) {
  switch (byte) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\\':
      return "\\\\";
    default:
      break;
  }
  std::array<char, 5> hex{};
  std::snprintf(hex.data(), hex.size(), "\\x%02x", static_cast<unsigned>(static_cast<std::uint8_t>(byte)));
  return hex.data();
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (is_c1_control(text, i)) {
      result += escaped(text[i]) + escaped(text[i + 1]);
      ++i;
    } else if (byte < 0x20 || byte == 0x7F || byte == '\\') {
      result += escaped(text[i]);
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string iso_time(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

Output::Output(std::ostream& out, std::ostream& err, Format format, bool terminal)
    : out_(out), err_(err), format_(format), terminal_(terminal) {}

void Output::done(std::string_view dataset, std::string_view key, std::string_view what) {
  if (format_ == Format::kJson) out_ << line_of({{"dataset", dataset}, {"key", key}, {"done", what}});
}

void Output::value(std::string_view dataset, std::string_view key, std::string_view value) {
  if (format_ == Format::kJson) {
    out_ << line_of({{"dataset", dataset}, {"key", key}, {"value", value}});
    return;
  }
  out_ << value;
  if (terminal_ && !value.ends_with('\n')) out_ << '\n';
}

void Output::datasets(const std::vector<std::string>& names) {
  if (format_ == Format::kJson) {
    out_ << line_of({{"datasets", names}});
    return;
  }
  for (const auto& name : names) out_ << name << '\n';
}

void Output::records(std::string_view dataset, const std::vector<Record>& records) {
  if (format_ == Format::kJson) {
    out_ << line_of({{"dataset", dataset}, {"records", to_json_array(records)}});
    return;
  }
  for (const auto& record : records) {
    out_ << padded(std::string(to_string(record.state)), 10) << "  "
         << padded(std::to_string(record.sync_count.value), 6) << "  " << padded(modified(record), 24) << "  "
         << printable(record.key) << '\n';
  }
}

void Output::conflicts(const std::vector<ConflictOf>& conflicts) {
  if (format_ == Format::kJson) {
    out_ << line_of({{"conflicts", to_json_array(conflicts)}});
    return;
  }
  for (const auto& [dataset, conflict] : conflicts) {
    out_ << dataset << "  " << printable(conflict.key) << '\n'
         << "  base    " << (conflict.base ? shown(*conflict.base) : "(none)") << '\n'
         << "  local   " << shown(conflict.local) << "  " << iso_time(conflict.local_written_at) << '\n'
         << "  remote  " << shown(conflict.remote) << '\n';
  }
}

void Output::synced(const std::vector<SyncOf>& syncs) {
  if (format_ == Format::kJson) {
    out_ << line_of({{"datasets", to_json_array(syncs)}});
    return;
  }
  if (syncs.empty()) out_ << "no dataset is known here: name one to fetch it\n";
  for (const auto& [dataset, result] : syncs) {
    if (result) out_ << dataset << ": " << shown(*result) << '\n';
  }
}

void Output::status(const Settings& settings, std::string_view identity, const std::vector<InfoOf>& infos,
                    const std::optional<RecoveryReport>& recovery) {
  if (format_ == Format::kJson) {
    Json status = {{"data", settings.data},     {"identity", identity},  {"endpoint", settings.endpoint},
                   {"region", settings.region}, {"pool", settings.pool}, {"datasets", to_json_array(infos)}};
    if (recovery) status["recovery"] = to_json(*recovery);
    out_ << line_of(status);
    return;
  }
  out_ << "data      " << printable(settings.data) << '\n'
       << "identity  " << or_none(identity) << '\n'
       << "endpoint  " << or_none(settings.endpoint) << '\n'
       << "region    " << or_none(settings.region) << '\n'
       << "pool      " << or_none(settings.pool) << '\n';
  if (recovery) {
    out_ << "recovered " << recovery->saved << " pending changes from a damaged store"
         << (recovery->complete ? "" : "; some may be missing") << ". It is kept as " << printable(recovery->set_aside)
         << " (" << printable(recovery->reason) << ")\n";
  }
  for (const auto& [dataset, info] : infos) {
    out_ << dataset << ": " << info.records << " records, " << info.bytes << " bytes, " << info.pending << " pending, "
         << info.conflicts << " in conflict, sync count " << info.sync_count.value << '\n';
  }
}

void Output::error(const Error& error) {
  if (format_ == Format::kJson) {
    err_ << line_of({{"error", to_json(error)}});
    return;
  }
  this->error(syncline::to_string(error.code), error.message);
}

void Output::error(std::string_view code, std::string_view message) {
  if (format_ == Format::kJson) {
    err_ << line_of({{"error", error_json(code, message)}});
    return;
  }
  err_ << "syncline: " << code << ": " << printable(message) << '\n';
}

}  // namespace syncline::cli
