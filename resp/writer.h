// Writes replies in RESP2 or RESP3, appending to a string that the caller owns.
// Source: https://redis.io/docs/reference/protocol-spec/ and Redis 7.0's networking.c for what
// RESP2 clients get instead of RESP3's types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace resp {

class Writer {
 public:
  Writer(std::string& out, int version) : out_(&out), version_(version) {}

  void Ok();                           // +OK
  void Simple(std::string_view text);  // +text
  void Error(std::string_view text);   // -text; the text begins with its code: "ERR ...". Line
                                       // breaks in it become spaces, since it may quote a client.
  void Integer(int64_t value);
  void Bulk(std::string_view bytes);
  void Bulk(int64_t value);   // As a bulk string of decimal digits.
  void Null();                // $-1, or _ in RESP3.
  void NullArray();           // *-1, or _ in RESP3.
  void Array(size_t count);   // The caller then writes `count` replies.
  void Map(size_t pairs);     // *2n in RESP2.
  void Set(size_t count);     // * in RESP2.
  void Push(size_t count);    // * in RESP2.
  void Double(double value);  // Bulk in RESP2. 17 digits, as Redis 7.0: 3.1 is 3.1000000000000001.
  void Bool(bool value);      // :1/:0 in RESP2.
  void Verbatim(std::string_view bytes,
                std::string_view format);  // Bulk in RESP2. format has 3 letters.
  void Raw(std::string_view reply) { out_->append(reply); }

  int version() const { return version_; }
  void set_version(int version) { version_ = version; }
  std::string& out() { return *out_; }

 private:
  void Header(char sigil, int64_t value);

  std::string* out_;
  int version_;
};

}  // namespace resp
