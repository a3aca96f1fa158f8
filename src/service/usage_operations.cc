// Usage: DescribeIdentityUsage, DescribeIdentityPoolUsage, ListIdentityPoolUsage. The figures are exact.
#include <utility>

#include "service/operations.h"
#include "service/rules.h"

namespace syncline::service {

namespace {

constexpr std::size_t kMostPoolsPerPage = 1024;
constexpr std::string_view kList = "ListIdentityPoolUsage";

wire::IdentityPoolUsage described(PoolFigures figures) {
  return {.pool_id = std::move(figures.pool),
          .sync_sessions = figures.sync_sessions,
          .bytes = figures.bytes,
          .modified_at = figures.modified_at};
}

}  // namespace

Result<std::string> describe_identity_usage(const Context& context, Call call) {
  auto figures = context.store.identity_usage(call.target.pool, call.target.identity);
  if (!figures) return std::move(figures).error();
  return wire::encode_answer(wire::DescribeIdentityUsageAnswer{{.identity_id = call.target.identity.text(),
                                                                .pool_id = call.target.pool.text(),
                                                                .modified_at = figures->modified_at,
                                                                .datasets = figures->datasets,
                                                                .bytes = figures->bytes}});
}

Result<std::string> describe_identity_pool_usage(const Context& context, Call call) {
  auto figures = context.store.pool_usage(call.target.pool);
  if (!figures) return std::move(figures).error();
  return wire::encode_answer(wire::DescribeIdentityPoolUsageAnswer{described(std::move(*figures))});
}

Result<std::string> list_identity_pool_usage(const Context& context, Call call) {
  auto request = wire::decode_list_identity_pool_usage_request(call.http);
  if (!request) return std::move(request).error();
  auto limit = page_size(request->max_results, kMostPoolsPerPage);
  if (!limit) return std::move(limit).error();
  ListPageToken page{.expires_at = call.now + context.options.page_lifetime, .last = {}};
  if (!request->next_token.empty()) {
    auto opened = context.tokens.open_list(kList, {}, request->next_token, call.now);
    if (!opened) return std::move(opened).error();
    page = std::move(*opened);
  }
  auto found = context.store.pool_usages(page.last, *limit + 1);
  if (!found) return std::move(found).error();

  wire::ListIdentityPoolUsageAnswer answer{.usages = {}, .max_results = static_cast<int>(*limit), .next_token = {}};
  const bool more = found->size() > *limit;
  if (more) found->pop_back();
  for (PoolFigures& figures : *found) answer.usages.push_back(described(std::move(figures)));
  if (more) {
    page.last = answer.usages.back().pool_id;
    answer.next_token = context.tokens.seal_list(kList, {}, page);
  }
  return wire::encode_answer(answer);
}

}  // namespace syncline::service
