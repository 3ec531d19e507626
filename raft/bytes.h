// Little-endian integers to and from bytes, for the formats of this folder. A Reader never reads
// past its end: it turns bad, and stays so, and yields zeros.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace raft {

template <typename Integer>
void PutInteger(Integer value, std::string& out) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);  // As on every platform we build for.
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <typename Integer>
Integer GetInteger(const char* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }
  size_t rest() const { return rest_.size(); }
  void Fail() { ok_ = false; }

  template <typename Integer>
  Integer Take() {
    const std::string_view bytes = TakeBytes(sizeof(Integer));
    return bytes.empty() ? Integer{} : GetInteger<Integer>(bytes.data());
  }

  // For what must be below a bound, like a term.
  uint64_t TakeAtMost(uint64_t max) {
    const auto value = Take<uint64_t>();
    if (value > max) Fail();
    return value;
  }

  bool TakeBool() {
    const auto value = Take<uint8_t>();
    if (value > 1) Fail();
    return value == 1;
  }

  std::string_view TakeBytes(size_t count) {
    if (!ok_ || rest_.size() < count) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace raft
