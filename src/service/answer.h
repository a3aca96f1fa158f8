// What every answer has: x-amzn-RequestId, Content-Type, Date; and the errors that arise before the protocol's own
// (wire/messages.h has those). [any thread]
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/http.h"
#include "syncline/values.h"

namespace syncline::service {

// Version 4 (RFC 9562), lower case.
std::string random_uuid();

// RFC 9110, section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(Timestamp time);

// As a JSON string, quotes included; what is not ASCII passes through.
std::string json_quote(std::string_view text);

// One object, in this order.
std::string json_object(std::initializer_list<std::pair<std::string_view, std::string>> fields);

// {"message": ...} and x-amzn-ErrorType.
HttpResponse typed_error(int status, std::string_view type, std::string_view message);

// Adds the headers that every answer has.
void complete(HttpResponse& response, Timestamp now);

}  // namespace syncline::service
