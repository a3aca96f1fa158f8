// Plans as JSON: what a failure leaves behind, and --replay plays again.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "sim/plan.h"

namespace syncline::sim {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::array kActNames{
    "put",           "remove",       "put_all",     "sync",           "resolve",      "handler",
    "delete",        "restart",      "kill",        "power_cut",      "disk_fault",   "net_fault",
    "partition",     "clock",        "credentials", "describe",       "service_kill", "service_power_cut",
    "service_fault", "backup",       "restore",     "wait",           "switch",       "intrude",
    "sign_in",       "sign_out",     "sync_all",    "subscribe",      "push",         "flush",
    "merge_users",   "connectivity", "front",       "receiver_fault", "stream",       "replay"};
static_assert(kActNames.size() == kActs);

Act read_act(const std::string& name) {
  const auto found = std::find(kActNames.begin(), kActNames.end(), name);
  if (found == kActNames.end()) throw std::runtime_error("unknown step \"" + name + "\"");
  return static_cast<Act>(found - kActNames.begin());
}

OrderedJson write_step(const Step& step) {
  return OrderedJson::array({step.id, step.wait, std::string(to_string(step.act)), step.device, step.process,
                             step.dataset, step.key, step.kind, step.number});
}

Step read_step(const OrderedJson& json) {
  return Step{.id = json.at(0),
              .wait = json.at(1),
              .act = read_act(json.at(2)),
              .device = json.at(3),
              .process = json.at(4),
              .dataset = json.at(5),
              .key = json.at(6),
              .kind = json.at(7),
              .number = json.at(8)};
}

OrderedJson write_device(const DevicePlan& device) {
  OrderedJson json{{"survives_power_cut", device.survives_power_cut},
                   {"from_template", device.from_template},
                   {"attempts", device.attempts},
                   {"answer", static_cast<int>(device.answer)}};
  if (device.automatic) json["automatic"] = true;
  if (device.keeps_deleted) json["keeps_deleted"] = true;
  return json;
}

void check(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("not a plan: " + what);
}

void check_plan(const Plan& plan) {
  check(!about_profile(plan.profile).empty(), "its profile");
  check((plan.profile == kAccounts) == (plan.credentials_seconds > 0), "its credentials_seconds");
  check(plan.datasets >= 1 && plan.datasets <= static_cast<int>(kDatasetNames.size()), "its datasets");
  const int most = plan.profile == kAccounts ? kMostPersons : static_cast<int>(kIdentities.size());
  check(plan.identities >= 1 && plan.identities <= most, "its identities");
  check(!plan.devices.empty() && plan.devices.size() <= 5, "its devices");
  for (const Step& step : plan.steps) {
    const std::string where = "step " + std::to_string(step.id);
    check(step.device >= 0 && step.device < static_cast<int>(plan.devices.size()), where + ", device");
    check(step.dataset >= 0 && step.dataset < plan.datasets, where + ", dataset");
    check(step.process >= 0 && step.process < plan.processes, where + ", process");
    check(step.key >= 0 && step.key < static_cast<int>(kKeys.size()), where + ", key");
  }
}

}  // namespace

std::string_view to_string(Act act) {
  return kActNames[static_cast<std::size_t>(act)];
}

std::string write_plan(const Plan& plan) {
  std::string text = "{\n";
  if (!plan.violated.empty()) text += "  \"violated\": " + OrderedJson(plan.violated).dump() + ",\n";
  text +=
      "  \"seed\": " + std::to_string(plan.seed) + ",\n  \"profile\": " + OrderedJson(plan.profile).dump() +
      ",\n  \"datasets\": " + std::to_string(plan.datasets) + ",\n  \"processes\": " + std::to_string(plan.processes) +
      ",\n  \"identities\": " + std::to_string(plan.identities) + ",\n  \"records\": " + std::to_string(plan.records) +
      ",\n  \"page_size\": " + std::to_string(plan.page_size) +
      (plan.credentials_seconds == 0 ? ""
                                     : ",\n  \"credentials_seconds\": " + std::to_string(plan.credentials_seconds)) +
      ",\n  \"devices\": [\n";
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    text += "    " + write_device(plan.devices[i]).dump() + (i + 1 < plan.devices.size() ? ",\n" : "\n");
  }
  text += "  ],\n  \"steps\": [\n";
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    text += "    " + write_step(plan.steps[i]).dump() + (i + 1 < plan.steps.size() ? ",\n" : "\n");
  }
  return text + "  ]\n}\n";
}

Plan read_plan(const std::string& text) {
  const OrderedJson json = OrderedJson::parse(text);
  Plan plan{.seed = json.at("seed"),
            .profile = json.at("profile"),
            .datasets = json.at("datasets"),
            .processes = json.at("processes"),
            .identities = json.value("identities", 1),
            .records = json.value("records", 0),
            .page_size = json.at("page_size"),
            .credentials_seconds = json.value("credentials_seconds", 0),
            .violated = json.value("violated", "")};
  for (const OrderedJson& device : json.at("devices")) {
    plan.devices.push_back(DevicePlan{.survives_power_cut = device.at("survives_power_cut"),
                                      .from_template = device.at("from_template"),
                                      .attempts = device.at("attempts"),
                                      .answer = static_cast<Answer>(device.at("answer").get<int>()),
                                      .automatic = device.value("automatic", false),
                                      .keeps_deleted = device.value("keeps_deleted", false)});
  }
  for (const OrderedJson& step : json.at("steps")) plan.steps.push_back(read_step(step));
  check_plan(plan);
  return plan;
}

}  // namespace syncline::sim
