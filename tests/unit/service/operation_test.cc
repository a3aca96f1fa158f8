// What an operator sees: health, metrics, logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "raw_client.h"
#include "service/json_log.h"
#include "service/metrics.h"
#include "service/server.h"
#include "service_fixture.h"

namespace syncline::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// --- the format -----------------------------------------------------------------------------------------------------

TEST(MetricsText, SamplesOfANameStandTogetherUnderTheirHead) {
  Metrics metrics;
  metrics.add([](MetricsText& text) { text.counter("b_total", "B.", {{"kind", "x"}}, 1); });
  metrics.add([](MetricsText& text) {
    text.gauge("a", "A.", {}, 0.5);
    text.counter("b_total", "B.", {{"kind", "quote \" slash \\ end \n"}}, 2);
  });
  EXPECT_EQ(metrics.text(),
            "# HELP a A.\n# TYPE a gauge\na 0.5\n"
            "# HELP b_total B.\n# TYPE b_total counter\n"
            "b_total{kind=\"x\"} 1\nb_total{kind=\"quote \\\" slash \\\\ end \\n\"} 2\n");
}

TEST(MetricsText, HistogramsAreCumulative) {
  Histogram took;
  took.observe(std::chrono::microseconds(500));  // a bound belongs to its bucket
  took.observe(std::chrono::milliseconds(3));
  took.observe(std::chrono::minutes(1));
  MetricsText text;
  text.histogram("t", "T.", {{"of", "x"}}, took);
  EXPECT_THAT(text.text(), HasSubstr("t_bucket{of=\"x\",le=\"0.0005\"} 1\n"));
  EXPECT_THAT(text.text(), HasSubstr("t_bucket{of=\"x\",le=\"0.0025\"} 1\n"));
  EXPECT_THAT(text.text(), HasSubstr("t_bucket{of=\"x\",le=\"0.005\"} 2\n"));
  EXPECT_THAT(text.text(), HasSubstr("t_bucket{of=\"x\",le=\"30\"} 2\n"));
  EXPECT_THAT(text.text(), HasSubstr("t_bucket{of=\"x\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text.text(), HasSubstr("t_sum{of=\"x\"} 60.0035\nt_count{of=\"x\"} 3\n"));
}

TEST(JsonLog, AMessageIsOneObject) {
  EXPECT_EQ(log_line(Timestamp(std::chrono::milliseconds(1'700'000'000'042)), LogLevel::kWarning, "a \"b\"\n"),
            R"({"time":"2023-11-14T22:13:20.042Z","level":"warning","message":"a \"b\"\u000a"})");
}

TEST(JsonLog, ARequestHasItsIdOperationStatusAndDuration) {
  const RequestEntry entry{.request_id = "id-1",
                           .operation = "ListRecords",
                           .status = 500,
                           .error = "InternalErrorException",
                           .cause = "storage: disk",
                           .remote_address = "192.0.2.1",
                           .bytes_in = 1,
                           .bytes_out = 2,
                           .took = std::chrono::microseconds(1250)};
  EXPECT_EQ(log_line(Timestamp(std::chrono::milliseconds(1'700'000'000'000)), entry),
            R"({"time":"2023-11-14T22:13:20.000Z","level":"error","event":"request","request_id":"id-1",)"
            R"("operation":"ListRecords","status":500,"duration_ms":1.250,"bytes_in":1,"bytes_out":2,)"
            R"("remote":"192.0.2.1","error":"InternalErrorException","cause":"storage: disk"})");
}

// --- the service ----------------------------------------------------------------------------------------------------

class Operation : public ServiceTest {
 protected:
  Operation() {
    close();
    auto logged = options();
    logged.request_log = [this](const RequestEntry& entry) { lines.push_back(log_line(clock.wall(), entry)); };
    service = std::move(Service::open(logged).value());
  }
  HttpResponse get(const std::string& path, std::string_view from = "127.0.0.1", Headers headers = {}) {
    return service->handle({.path = path, .headers = std::move(headers)}, from);
  }

  std::vector<std::string> lines;
};

TEST_F(Operation, HealthAndReadinessAnswerAnybody) {
  EXPECT_EQ(get("/healthz", "192.0.2.1").body, "ok\n");
  EXPECT_EQ(get("/readyz", "192.0.2.1").body, "ready\n");
  EXPECT_EQ(service->handle({.method = "POST", .path = "/healthz"}, "127.0.0.1").status, 404);
}

TEST_F(Operation, MetricsCountRequestsConflictsAndBytes) {
  ASSERT_TRUE(caller().update("game", {put("level", "12")}));
  EXPECT_FALSE(caller().update("game", {put("level", "13", 7)}));
  const HttpResponse metrics = get("/metrics");
  EXPECT_EQ(*find_header(metrics.headers, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"syncline_requests_total{operation=\"UpdateRecords\",code=\"200\"} 1\n",
        "syncline_requests_total{operation=\"UpdateRecords\",code=\"409\"} 1\n",
        "syncline_requests_total{operation=\"ListRecords\",code=\"200\"} 2\n",
        "syncline_request_seconds_count{operation=\"UpdateRecords\"} 2\n", "syncline_conflicts_total 1\n",
        "syncline_data_bytes 7\n", "syncline_identity_pools 1\n", "# TYPE syncline_request_seconds histogram\n"}) {
    EXPECT_THAT(metrics.body, HasSubstr(line));
  }
  EXPECT_THAT(metrics.body, HasSubstr("syncline_store_file_bytes{file=\"database\"} "));
}

TEST_F(Operation, MetricsCountStreamsAndDeliveries) {
  EXPECT_EQ(service->open_stream({.method = "GET", .path = "/syncline/none/changes"}, "test")->response.status, 403);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("\"operation\":\"changes\",\"status\":403,"));
  const std::string metrics = get("/metrics").body;
  for (const char* line : {"syncline_requests_total{operation=\"changes\",code=\"403\"} 1\n",
                           "syncline_deliveries_total{kind=\"push\",outcome=\"dead\"} 0\n",
                           "syncline_deliveries_waiting{kind=\"stream\"} 0\n", "syncline_dead_letters 0\n",
                           "syncline_oldest_delivery_seconds 0\n"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
}

TEST_F(Operation, MetricsAreForThisMachineOnly) {
  EXPECT_EQ(get("/metrics", "192.0.2.1").status, 403);
  EXPECT_EQ(get("/metrics", "127.0.0.1", {{"X-Forwarded-For", "192.0.2.1"}}).status, 403);
  EXPECT_EQ(get("/metrics", "::1").status, 200);
}

TEST_F(Operation, TheLogNamesNeitherWhoNorWhat) {
  const Caller someone = caller();
  ASSERT_TRUE(someone.update("secretdataset", {put("secretkey", "secretvalue")}));
  EXPECT_FALSE(someone.update("secretdataset", {put("secretkey", "secretvalue", 7)}));
  ASSERT_GE(lines.size(), 4U);
  for (const std::string& line : lines) {
    EXPECT_THAT(line, HasSubstr("\"request_id\":\""));
    for (const auto& secret :
         {std::string("secret"), std::string(kIdentity), service->access_key_id(), service->secret_access_key()}) {
      EXPECT_THAT(line, Not(HasSubstr(secret)));
    }
  }
  EXPECT_THAT(lines[1], HasSubstr("\"operation\":\"UpdateRecords\",\"status\":200,"));
  EXPECT_THAT(lines[3], HasSubstr("\"status\":409"));
  EXPECT_THAT(lines[3], HasSubstr("\"error\":\"ResourceConflictException\""));
}

TEST_F(Operation, TheAnswersRequestIdIsTheLogs) {
  const HttpResponse response = get("/nothing");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("\"request_id\":\"" + *find_header(response.headers, "x-amzn-RequestId") + "\""));
}

// --- on sockets -----------------------------------------------------------------------------------------------------

HttpResponse fetch(std::uint16_t port, const std::string& path) {
  RawClient client(port);
  client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
  return client.receive().value_or(HttpResponse{});
}

std::uint16_t port_of(const std::string& endpoint) {
  return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

TEST(OperationServer, MetricsHaveAnAddressOfTheirOwnIfTheConfigSaysSo) {
  const TempDir dir;
  auto server = Server::start({.data_dir = dir.path(), .metrics_listen = "127.0.0.1:0"}).value();
  const std::uint16_t own = port_of(server->metrics_endpoint());
  EXPECT_THAT(fetch(own, "/metrics").body, HasSubstr("syncline_open_connections "));
  EXPECT_EQ(fetch(own, "/healthz").status, 200);
  EXPECT_EQ(fetch(own, "/readyz").status, 200);
  EXPECT_EQ(fetch(own, "/identitypools").status, 404);
  EXPECT_EQ(fetch(server->port(), "/metrics").status, 403);
  EXPECT_EQ(fetch(server->port(), "/healthz").status, 200);
}

TEST(OperationServer, TheFrontsFiguresAreCounted) {
  const TempDir dir;
  auto server = Server::start({.data_dir = dir.path()}).value();
  RawClient held(server->port());
  held.send("nonsense\r\n\r\n");
  EXPECT_EQ(held.receive()->status, 400);
  const std::string text = fetch(server->port(), "/metrics").body;
  EXPECT_THAT(text, HasSubstr("syncline_unreadable_total 1\n"));
  EXPECT_THAT(text, HasSubstr("syncline_shed_total 0\n"));
}

}  // namespace
}  // namespace syncline::service
