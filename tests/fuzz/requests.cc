// Requests to the service, through the whole handler: routes, signature, decoding, rules, store. S6: no 5xx, no crash,
// each error with a type and a message. Input: lines, "s" or "u" for signed or not; "METHOD PATH?QUERY", with POOL,
// TOKEN and PAGE for what the service gave out; headers; an empty line; then the body.
#include <memory>

#include "auth/signature.h"
#include "core/clock.h"
#include "core/text.h"
#include "fuzz/fuzz.h"
#include "service/handlers.h"

namespace syncline::fuzz {
namespace {

constexpr std::string_view kIdentity = "us-east-1:11111111-2222-3333-4444-555555555555";
constexpr int kRequestsOfAService = 20'000;  // then a new one, so that what is stored has a bound

std::string replaced(std::string text, std::string_view name, std::string_view value) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
    text.replace(at, name.size(), value);
  }
  return text;
}

class Target {
 public:
  Target() { renew(); }

  HttpResponse ask(Bytes bytes) {
    if (++asked_ % kRequestsOfAService == 0) renew();
    const bool is_signed = bytes.until('\n') != "u";
    auto request = parse(bytes);
    if (is_signed) sign(request);
    return service_->handle(request, "127.0.0.1");
  }

 private:
  void renew() {
    service_.reset();
    service_ = std::move(service::Service::open({.data_dir = scratch_folder() + "/" + std::to_string(asked_)}).value());
    wire::Target target;
    target.pool = IdentityPoolId::parse(service_->identity_pool_id()).value();
    target.identity = IdentityId::parse(kIdentity).value();
    target.dataset = DatasetName::parse("game").value();
    token_ = list(target, {}).session_token;
    wire::UpdateRecordsRequest update{.target = target, .session_token = token_};
    for (const char* key : {"a", "b", "c"}) update.patches.push_back({.key = key, .value = "1"});
    auto request = wire::encode(update);
    sign(request);
    require(service_->handle(request, "").status == 200, "the harness can not write");
    page_ = list(target, 1).next_token;
    require(!page_.empty(), "the harness has no second page");
  }

  ListedPage list(const wire::Target& target, std::optional<int> most) {
    auto request = wire::encode(wire::ListRecordsRequest{.target = target, .max_results = most});
    sign(request);
    return wire::decode_list_records(service_->handle(request, "").body).value();
  }

  HttpRequest parse(Bytes& bytes) const {
    HttpRequest request;
    request.method = bytes.until(' ');
    const std::string line(known(bytes.until('\n')));
    const auto question = std::min(line.find('?'), line.size());
    request.path = line.substr(0, question);
    Bytes query(reinterpret_cast<const std::uint8_t*>(line.data()) + std::min(question + 1, line.size()),
                line.size() - std::min(question + 1, line.size()));
    while (!query.empty()) {
      Bytes pair = part(query.until('&'));
      const std::string name(percent_decode(pair.until('=')).value_or(""));
      request.query.emplace_back(name, percent_decode(pair.rest()).value_or(""));
    }
    for (auto header = bytes.until('\n'); !header.empty(); header = bytes.until('\n')) {
      Bytes pair = part(header);
      const std::string name(pair.until(':'));
      request.headers.push_back({name, std::string(pair.rest())});
    }
    request.body = known(bytes.rest());
    return request;
  }

  static Bytes part(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

  [[nodiscard]] std::string known(std::string_view text) const {
    return replaced(
        replaced(replaced(std::string(text), "POOL", percent_encode(service_->identity_pool_id())), "TOKEN", token_),
        "PAGE", page_);
  }

  void sign(HttpRequest& request) {
    const Credentials credentials{.access_key_id = service_->access_key_id(),
                                  .secret_access_key = service_->secret_access_key(),
                                  .session_token = {},
                                  .expires_at = {}};
    auth::sign(request, "localhost", {.region = service_->region(), .service = "cognito-sync"}, credentials,
               SystemClock().wall());
  }

  std::unique_ptr<service::Service> service_;
  std::string token_;
  std::string page_;
  int asked_ = 0;
};

void check(const HttpResponse& response) {
  require(response.status >= 200 && response.status < 500, "S6: a 5xx");
  require(find_header(response.headers, "x-amzn-RequestId") != nullptr, "an answer without its id");
  if (response.status == 200) return;
  require(find_header(response.headers, "x-amzn-ErrorType") != nullptr, "S6: an error without a type");
  require(!wire::decode_error(response).message.empty(), "S6: an error without a message");
}

}  // namespace
}  // namespace syncline::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static syncline::fuzz::Target target;
  syncline::fuzz::check(target.ask(syncline::fuzz::Bytes(data, size)));
  return 0;
}
