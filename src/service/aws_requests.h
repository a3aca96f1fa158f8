// What the service asks of Kinesis, S3, SNS and Lambda, or of whoever stands in for them: requests before they are
// signed, and what their answers mean. Sources: the public API models (kinesis 2013-12-02, JSON 1.1; sns 2010-03-31,
// query; s3 2006-03-01 and lambda 2015-03-31, REST). [any thread]
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/http.h"
#include "service/outbox_rules.h"
#include "syncline/result.h"
#include "wire/messages.h"

namespace syncline::service {

// PutRecord's limit, of data and partition key together.
inline constexpr std::size_t kMostKinesisBytes = std::size_t{1} << 20U;

HttpRequest kinesis_put_record(std::string_view stream, std::string_view partition_key, std::string_view data);

// The path of an object: "/BUCKET/POOL/IDENTITY/...", of characters that need no encoding, so that S3's canonical path,
// which encodes once, is that of every other service, which encodes twice.
std::string object_path(std::string_view bucket, const WaitingMessage& message);
HttpRequest s3_put_object(std::string path, std::string_view body);

HttpRequest sns_create_platform_endpoint(std::string_view application, std::string_view token);
HttpRequest sns_publish(std::string_view endpoint, wire::Platform platform, std::string_view message);
// The text of an element of an answer: "EndpointArn". Empty: there is none.
std::string xml_text(std::string_view body, std::string_view element);

HttpRequest lambda_invoke(std::string_view function, std::string payload);

// --- answers --------------------------------------------------------------------------------------------------------

// The service's own word for what was wrong, from a header, JSON or XML: "ResourceNotFoundException". Empty: it said
// none.
std::string failure_type(const HttpResponse& response);
// "Kinesis answered 400 ResourceNotFoundException: Stream changes ... not found". The text is cut to 200 printable
// characters.
std::string failure_text(std::string_view service, const HttpResponse& response);

// What an answer, or none, means for the message that was sent. 2xx is kDelivered.
Outcome judge(std::string_view service, const Result<HttpResponse>& answer);

}  // namespace syncline::service
