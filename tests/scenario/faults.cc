#include "scenario/faults.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "wire/messages.h"

namespace syncline::scenario {

namespace {

constexpr std::array kOperations{wire::Operation::kListDatasets, wire::Operation::kDescribeDataset,
                                 wire::Operation::kDeleteDataset, wire::Operation::kListRecords,
                                 wire::Operation::kUpdateRecords};

std::int64_t read_times(Fields& details) {
  const Json* times = details.find("times");
  if (times != nullptr && *times == "always") return std::numeric_limits<std::int64_t>::max();
  return details.number("times", 1);
}

void set_header(Headers& headers, const std::string& name, const std::string& value) {
  std::erase_if(headers, [&](const Header& header) { return header.name == name; });
  headers.push_back({name, value});
}

HttpResponse read_answer(Fields& details) {
  HttpResponse answer{.status = static_cast<int>(details.number("status", 500))};
  answer.body = Json{{"message", details.word("message", "refused by the scenario")}}.dump();
  if (const Json* body = details.find("body")) answer.body = text_of(*body);
  if (const auto type = details.word("type", ""); !type.empty()) answer.headers.push_back({"x-amzn-ErrorType", type});
  if (const auto seconds = details.number("retry_after", -1); seconds >= 0) {
    answer.headers.push_back({"Retry-After", std::to_string(seconds)});
  }
  return answer;
}

// Asks for each field, so that an unknown one is found when the step is read, not when the answer comes.
Json read_edit(Fields& details) {
  Json edit = Json::object();
  for (const char* name : {"status", "type", "set", "without", "drop_records", "add_records"}) {
    if (const Json* value = details.find(name)) edit[name] = *value;
  }
  if (edit.empty()) throw BadScenario("an edit that edits nothing");
  return edit;
}

void edit_records(const Json& edit, Json& body) {
  if (const auto dropped = edit.find("drop_records"); dropped != edit.end()) {
    Json kept = Json::array();
    for (const Json& record : body.at("Records")) {
      const bool drop =
          *dropped == "all" || std::find(dropped->begin(), dropped->end(), record.at("Key")) != dropped->end();
      if (!drop) kept.push_back(record);
    }
    body["Records"] = kept;
  }
  if (const auto added = edit.find("add_records"); added != edit.end()) {
    for (const Json& record : *added) body["Records"].push_back(record);
  }
}

}  // namespace

std::string operation_of(const HttpRequest& request) {
  const auto route = wire::parse_route(request.method, request.path);
  return route ? std::string(wire::to_string(route->operation)) : std::string();
}

void check_operation(const std::string& name) {
  const auto is_it = [&](wire::Operation operation) { return wire::to_string(operation) == name; };
  if (std::none_of(kOperations.begin(), kOperations.end(), is_it))
    throw BadScenario("unknown request \"" + name + "\"");
}

Selection::Selection(std::string operation, std::int64_t skip, std::int64_t times)
    : operation_(std::move(operation)), skip_(skip), times_(times) {
  if (!operation_.empty()) check_operation(operation_);
  if (skip < 0 || times < 1) throw BadScenario("\"skip\" or \"times\" is too small");
}

Selection::Selection(Fields& details)
    : Selection(details.word("request", ""), details.number("skip", 0), read_times(details)) {}

bool Selection::meets(const HttpRequest& request) {
  if (!operation_.empty() && operation_of(request) != operation_) return false;
  if (skip_ > 0) {
    --skip_;
    return false;
  }
  if (met_ >= times_) return false;
  ++met_;
  return true;
}

std::shared_ptr<FaultRule> read_fault(Arguments& arguments) {
  using Kind = FaultRule::Kind;
  using testing::Fault;
  static const std::map<std::string, Kind> kinds{{"drop_request", Kind::kInTransport},
                                                 {"drop_answer", Kind::kInTransport},
                                                 {"duplicate", Kind::kInTransport},
                                                 {"hold_request", Kind::kInTransport},
                                                 {"hold_answer", Kind::kInTransport},
                                                 {"truncate", Kind::kInTransport},
                                                 {"refuse", Kind::kRefuse},
                                                 {"refuse_after", Kind::kRefuseAfter},
                                                 {"edit", Kind::kEdit},
                                                 {"delay", Kind::kDelay},
                                                 {"echo", Kind::kEcho}};
  const std::string name = arguments.word("fault");
  const auto found = kinds.find(name);
  if (found == kinds.end()) throw BadScenario("unknown fault \"" + name + "\"");
  Fields& details = arguments.details();
  auto rule =
      std::make_shared<FaultRule>(FaultRule{.name = name, .kind = found->second, .selection = Selection(details)});
  if (name == "drop_request") rule->transport = Fault::drop_request();
  if (name == "drop_answer") rule->transport = Fault::drop_answer();
  if (name == "duplicate") rule->transport = Fault::duplicate();
  if (name == "hold_request") rule->transport = Fault::hold_request();
  if (name == "hold_answer") rule->transport = Fault::hold_answer();
  if (name == "truncate") rule->transport = Fault::truncate(static_cast<std::size_t>(details.number("bytes", 10)));
  if (rule->kind == Kind::kRefuse || rule->kind == Kind::kRefuseAfter) rule->answer = read_answer(details);
  if (rule->kind == Kind::kEdit) rule->edit = read_edit(details);
  return rule;
}

void edit_answer(const Json& edit, HttpResponse& answer) {
  Json body = Json::parse(answer.body);
  for (const auto& [name, value] : edit.items()) {
    if (name == "status") answer.status = value.get<int>();
    if (name == "type") set_header(answer.headers, "x-amzn-ErrorType", value.get<std::string>());
    if (name == "without") {
      for (const Json& field : value) body.erase(field.get<std::string>());
    }
    if (name == "set") body.update(value);
  }
  edit_records(edit, body);
  answer.body = body.dump();
}

}  // namespace syncline::scenario
