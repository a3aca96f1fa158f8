#include "service/aws_channel.h"

#include <utility>

#include "auth/object_link.h"
#include "core/text.h"
#include "net/curl_transport.h"

namespace syncline::service {

Result<std::unique_ptr<AwsChannel>> AwsChannel::open(ChannelOptions options, Clock& clock) {
  auto host = net::endpoint_host(options.endpoint);
  if (!host) return std::move(host).error();
  auto transport = net::make_curl_transport(
      {.endpoint = options.endpoint, .connect_timeout = options.timeout, .request_timeout = options.timeout});
  if (!transport) return std::move(transport).error();
  return std::make_unique<AwsChannel>(std::move(options), clock, std::move(*host), std::move(*transport));
}

AwsChannel::AwsChannel(ChannelOptions options, Clock& clock, std::string host, std::unique_ptr<HttpTransport> transport)
    : options_(std::move(options)),
      scope_{.region = options_.region, .service = options_.service},
      clock_(clock),
      host_(std::move(host)),
      transport_(std::move(transport)) {}

void AwsChannel::send(HttpRequest request, Done done) {
  auth::sign(request, host_, scope_, options_.credentials, clock_.wall());
  transport_->start(std::move(request), std::move(done));
}

std::string AwsChannel::presigned_url(const std::string& path, std::chrono::seconds lifetime) const {
  HttpRequest request{.method = "GET", .path = path};
  auth::presign_object(request, host_, scope_, options_.credentials, clock_.wall(), lifetime);
  std::string url = options_.endpoint;
  while (url.ends_with('/')) url.pop_back();
  url += path;
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    url += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  return url;
}

}  // namespace syncline::service
