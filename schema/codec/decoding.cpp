#include "schema/codec/decoding.h"

#include <kj/exception.h>

#include <cstring>

#include "base/names.h"

namespace tyto::codec {

Decoding::Inside::Inside(Decoding& decoding, const char* field, uint32_t index)
    : decoding_(decoding) {
  TYTO_ASSERT(decoding.depth_ < decoding.segments_.size());
  decoding.segments_[decoding.depth_++] = {field, index};
}

std::string Decoding::path(const char* field) const {
  std::string text = message_;
  for (std::size_t i = 0; i < depth_; ++i) {
    text += '.';
    text += segments_[i].field;
    if (segments_[i].index != Inside::kNoIndex) {
      text += "[" + std::to_string(segments_[i].index) + "]";
    }
  }
  if (field != nullptr) {
    text += '.';
    text += field;
  }
  return text;
}

void Decoding::refuse(const char* field, const std::string& expected, const std::string& found,
                      ErrorCode code) {
  if (error_) return;
  error_ = Error{code, path(field) + ": expected " + expected + ", found " + found};
}

void Decoding::unknown(const char* field, uint64_t found) {
  refuse(field, "a value this version knows", std::to_string(found), ErrorCode::kUnsupported);
}

std::string Decoding::bounded(const char* field, capnp::Text::Reader text, std::size_t bytes_max) {
  if (!fits(field, text.size(), bytes_max)) return {};
  return std::string(text.begin(), text.size());
}

std::string Decoding::bounded(const char* field, capnp::Data::Reader data, std::size_t bytes_max) {
  if (!fits(field, data.size(), bytes_max)) return {};
  return std::string(reinterpret_cast<const char*>(data.begin()), data.size());
}

std::string Decoding::for_people(const char* field, capnp::Text::Reader text,
                                 std::size_t bytes_max) {
  return printable(bounded(field, text, bytes_max), bytes_max);
}

Digest Decoding::digest(const char* field, capnp::Data::Reader data) {
  std::optional<Digest> digest = optional_digest(field, data);
  if (!digest && data.size() == 0) refuse(field, "32 bytes", "none");
  return digest.value_or(Digest{});
}

std::optional<Digest> Decoding::optional_digest(const char* field, capnp::Data::Reader data) {
  if (data.size() == 0) return std::nullopt;
  if (data.size() != Digest::kSize) {
    refuse(field, "32 bytes", std::to_string(data.size()) + " bytes");
    return std::nullopt;
  }
  Digest digest;
  std::memcpy(digest.bytes.data(), data.begin(), Digest::kSize);
  if (digest.is_zero()) {
    refuse(field, "a digest", "32 bytes of zero");
    return std::nullopt;
  }
  return digest;
}

std::vector<Digest> Decoding::digests(const char* field, capnp::Data::Reader data,
                                      std::size_t count_max) {
  std::vector<Digest> digests;
  if (data.size() % Digest::kSize != 0) {
    refuse(field, "digests of 32 bytes each", std::to_string(data.size()) + " bytes");
    return digests;
  }
  std::size_t count = data.size() / Digest::kSize;
  if (!fits(field, count, count_max)) return digests;
  digests.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(digests[i].bytes.data(), data.begin() + i * Digest::kSize, Digest::kSize);
  }
  return digests;
}

Duration Decoding::span(const char* field, uint64_t ns, Duration max) {
  if (ns > static_cast<uint64_t>(max.ns())) {
    refuse(field, "a span of at most " + std::to_string(max.s()) + " s",
           std::to_string(ns / 1'000'000'000) + " s");
    return {};
  }
  return Duration::nanoseconds(static_cast<int64_t>(ns));
}

ChunkIndex Decoding::chunk(const char* field, uint32_t index) {
  if (index >= kChunksMax) {
    refuse(field, "a chunk below " + std::to_string(kChunksMax), std::to_string(index));
    return {};
  }
  return ChunkIndex(index);
}

void Decoding::check_run(const char* field, uint32_t first, uint32_t count) {
  if (first > kChunksMax || count > kChunksMax - first) {
    refuse(field, "a run within " + std::to_string(kChunksMax) + " chunks",
           std::to_string(count) + " from " + std::to_string(first));
  }
}

Sequence Decoding::sequence(const char* field, uint64_t number) {
  if (number >= uint64_t{1} << 62) {
    refuse(field, "a number below 2^62", std::to_string(number));
    return {};
  }
  return Sequence(number);
}

bool Decoding::fits(const char* field, std::size_t count, std::size_t count_max) {
  if (count <= count_max) return true;
  refuse(field, "at most " + std::to_string(count_max), std::to_string(count));
  return false;
}

Error malformed(const char* message, const std::string& why) {
  return Error{ErrorCode::kInvalidArgument,
               std::string(message) + ": not a well-formed message: " + printable(why, 200)};
}

std::string current_exception_text() {
  try {
    throw;
  } catch (const kj::Exception& exception) {
    return exception.getDescription().cStr();
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "unknown fault";
  }
}

}  // namespace tyto::codec
