// Reads one JSON message straight into values, with no tree in between: a page of ListRecords holds up to 1,024 records
// and 1 MB, and building nlohmann's DOM first costs more than all the rest. Private to wire.
//
// Every message of the protocol is an object of scalars with at most a few fields one level deeper: an object, a list
// of objects or a list of texts. A message is described by tables of fields; what no table names is skipped, however
// deep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "syncline/values.h"

namespace syncline::wire {

// A string, number or boolean on its way to a field. read() is false, and `into` unchanged, if it is of another type or
// out of range.
class Scalar {
 public:
  using Value = std::variant<bool, std::int64_t, std::uint64_t, double, const std::string*>;
  explicit Scalar(Value value) : value_(value) {}

  bool read(std::string& into) const;
  bool read(std::optional<std::string>& into) const;
  bool read(bool& into) const;
  bool read(std::int64_t& into) const;  // a whole number from 0; 5.0 is one
  bool read(SyncCount& into) const;     // likewise
  bool read(Timestamp& into) const;     // seconds with a fraction, years 1 to 9999

 private:
  Value value_;
};

// What a field must be, as it completes "Records[3].SyncCount is not ...".
inline constexpr std::string_view kText = "a string";
inline constexpr std::string_view kCount = "a whole number from 0";
inline constexpr std::string_view kTime = "a time in seconds";
inline constexpr std::string_view kFlag = "true or false";

enum class Presence : std::uint8_t { kOptional, kRequired };

// One field of an object that becomes a T. null counts as absent.
template <typename T>
struct Field {
  std::string_view name;
  std::string_view expected;
  bool (*read)(T& into, const Scalar& value);
  Presence presence = Presence::kOptional;
};

// Where the fields of an object go. At most 32 fields.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual void start_list() = 0;  // before the first object of a list
  virtual void start() = 0;       // before the fields of an object
  [[nodiscard]] virtual std::optional<std::size_t> find(std::string_view name) const = 0;
  [[nodiscard]] virtual std::string_view name(std::size_t field) const = 0;
  [[nodiscard]] virtual std::string_view expected(std::size_t field) const = 0;
  virtual bool read(std::size_t field, const Scalar& value) = 0;
  // After the last field: a required one that did not come; empty: none.
  [[nodiscard]] virtual std::string_view missing() const = 0;
};

// Reads an object into a T, or a list of them into a vector<T>.
template <typename T>
class TableReader final : public ObjectReader {
 public:
  TableReader(std::span<const Field<T>> fields, T& into) : fields_(fields), into_(&into) {}
  TableReader(std::span<const Field<T>> fields, std::vector<T>& list) : fields_(fields), list_(&list) {}

  void start_list() override {
    if (list_ != nullptr) list_->clear();
  }
  void start() override {
    seen_ = 0;
    if (list_ != nullptr) into_ = &list_->emplace_back();
  }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const override {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].name == name) return i;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string_view name(std::size_t field) const override { return fields_[field].name; }
  [[nodiscard]] std::string_view expected(std::size_t field) const override { return fields_[field].expected; }
  bool read(std::size_t field, const Scalar& value) override {
    seen_ |= std::uint32_t{1} << field;
    return fields_[field].read(*into_, value);
  }
  [[nodiscard]] std::string_view missing() const override {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const bool seen = (seen_ & (std::uint32_t{1} << i)) != 0;
      if (!seen && fields_[i].presence == Presence::kRequired) return fields_[i].name;
    }
    return {};
  }

 private:
  std::span<const Field<T>> fields_;
  T* into_ = nullptr;
  std::vector<T>* list_ = nullptr;
  std::uint32_t seen_ = 0;
};

// A field of the message that is no scalar.
struct Nested {
  enum class Kind : std::uint8_t { kObject, kObjects, kTexts };
  std::string_view name;
  Kind kind = Kind::kObject;
  ObjectReader* objects = nullptr;            // of kObject, kObjects
  std::vector<std::string>* texts = nullptr;  // of kTexts
  std::size_t most = std::numeric_limits<std::size_t>::max();
};

struct Problem {
  enum class Kind : std::uint8_t { kNoJson, kWrongField, kTooMany };
  Kind kind = Kind::kNoJson;
  std::string text;  // "Records[3].Key is missing"
};

// Reads the one object that `json` must be. nullopt: all is well. After a problem the values hold what came before it.
std::optional<Problem> read_message(std::string_view json, ObjectReader& message, std::span<const Nested> nested = {});

}  // namespace syncline::wire
