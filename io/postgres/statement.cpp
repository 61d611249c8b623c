#include "io/postgres/statement.h"

#include <cctype>
#include <cstdlib>

namespace tyto::io {
namespace {

// Of PostgreSQL's system catalog: fixed for ever.
constexpr Oid kBigint = 20;
constexpr Oid kText = 25;
constexpr Oid kBytea = 17;

std::string big_endian(int64_t number) {
  std::string bytes(8, '\0');
  auto bits = static_cast<uint64_t>(number);
  for (int i = 7; i >= 0; --i, bits >>= 8)
    bytes[static_cast<std::size_t>(i)] = static_cast<char>(bits);
  return bytes;
}

}  // namespace

// No text of ours holds a '?' within quotes.
std::string numbered_parameters(std::string_view sql) {
  std::string numbered;
  int next = 1;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '?') {
      numbered.push_back(sql[i]);
      continue;
    }
    numbered.push_back('$');
    const bool has_number =
        i + 1 < sql.size() && std::isdigit(static_cast<unsigned char>(sql[i + 1])) != 0;
    if (!has_number) numbered += std::to_string(next++);
  }
  return numbered;
}

void PostgresStatement::bind(int index, const SqlValue& value) {
  const auto count = static_cast<std::size_t>(index);
  if (parameters_.values.size() < count) {
    parameters_.types.resize(count);
    parameters_.values.resize(count);
    parameters_.is_null.resize(count);
    parameters_.formats.resize(count, 1);
  }
  const std::size_t i = count - 1;
  parameters_.is_null[i] = 0;
  if (std::holds_alternative<std::monostate>(value)) {
    parameters_.types[i] = 0;
    parameters_.is_null[i] = 1;
  } else if (auto* number = std::get_if<int64_t>(&value)) {
    parameters_.types[i] = kBigint;
    parameters_.values[i] = big_endian(*number);
  } else if (auto* text = std::get_if<std::string_view>(&value)) {
    parameters_.types[i] = kText;
    parameters_.values[i] = std::string(*text);
  } else {
    auto bytes = std::get<std::span<const std::byte>>(value);
    parameters_.types[i] = kBytea;
    parameters_.values[i].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
}

Result<bool> PostgresStatement::step() {
  if (result_ == nullptr) {
    auto result = execute();
    if (!result) return result.error();
    result_ = std::move(*result);
    row_ = -1;
    rows_changed_ = std::strtoull(PQcmdTuples(result_.get()), nullptr, 10);
  }
  if (++row_ < PQntuples(result_.get())) return true;
  reset();
  return false;
}

void PostgresStatement::reset() {
  result_.reset();
  row_ = -1;
}

std::string_view PostgresStatement::value(int index) const {
  TYTO_ASSERT(result_ != nullptr && row_ >= 0 && row_ < PQntuples(result_.get()));
  return {PQgetvalue(result_.get(), row_, index),
          static_cast<std::size_t>(PQgetlength(result_.get(), row_, index))};
}

bool PostgresStatement::column_is_null(int index) const {
  return PQgetisnull(result_.get(), row_, index) != 0;
}

int64_t PostgresStatement::column_int64(int index) const {
  uint64_t bits = 0;
  for (char byte : value(index)) bits = bits << 8 | static_cast<unsigned char>(byte);
  return static_cast<int64_t>(bits);
}

std::string_view PostgresStatement::column_text(int index) const {
  return value(index);
}

std::span<const std::byte> PostgresStatement::column_blob(int index) const {
  return std::as_bytes(std::span(value(index)));
}

}  // namespace tyto::io
