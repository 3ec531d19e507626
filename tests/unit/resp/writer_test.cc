#include "resp/writer.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <random>
#include <string>

#include "resp/split_args.h"

namespace {

using resp::Writer;

std::string Written(int version, const std::function<void(Writer&)>& write) {
  std::string out;
  Writer writer(out, version);
  write(writer);
  return out;
}

TEST_CASE("resp: replies look as the protocol has them") {
  for (const int version : {2, 3}) {
    CAPTURE(version);
    const auto written = [&](const auto& write) { return Written(version, write); };
    CHECK(written([](Writer& w) { w.Ok(); }) == "+OK\r\n");
    CHECK(written([](Writer& w) { w.Simple("PONG"); }) == "+PONG\r\n");
    CHECK(written([](Writer& w) { w.Error("ERR no such key"); }) == "-ERR no such key\r\n");
    CHECK(written([](Writer& w) { w.Error("ERR 'a\r\nb'"); }) == "-ERR 'a  b'\r\n");
    CHECK(written([](Writer& w) { w.Integer(0); }) == ":0\r\n");
    CHECK(written([](Writer& w) { w.Integer(-1); }) == ":-1\r\n");
    CHECK(written([](Writer& w) { w.Integer(INT64_MIN); }) == ":-9223372036854775808\r\n");
    CHECK(written([](Writer& w) { w.Integer(INT64_MAX); }) == ":9223372036854775807\r\n");
    CHECK(written([](Writer& w) { w.Bulk("ab\r\nc"); }) == "$5\r\nab\r\nc\r\n");
    CHECK(written([](Writer& w) { w.Bulk(""); }) == "$0\r\n\r\n");
    CHECK(written([](Writer& w) { w.Bulk(int64_t{-12}); }) == "$3\r\n-12\r\n");
    CHECK(written([](Writer& w) { w.Array(12); }) == "*12\r\n");
    CHECK(written([](Writer& w) { w.Raw("+x\r\n"); }) == "+x\r\n");
  }
}

TEST_CASE("resp: numbers and bulk strings of every length are written right") {
  for (size_t size = 0; size < 1200; ++size) {
    const std::string bytes(size, 'b');
    const std::string digits = std::to_string(size);
    CHECK(Written(2, [&](Writer& w) { w.Bulk(bytes); }) == "$" + digits + "\r\n" + bytes + "\r\n");
    CHECK(Written(2, [&](Writer& w) { w.Integer(static_cast<int64_t>(size)); }) ==
          ":" + digits + "\r\n");
  }
}

TEST_CASE("resp: what RESP2 lacks is written as Redis replaces it") {
  const auto both = [](const auto& write) { return Written(2, write) + "|" + Written(3, write); };
  CHECK(both([](Writer& w) { w.Null(); }) == "$-1\r\n|_\r\n");
  CHECK(both([](Writer& w) { w.NullArray(); }) == "*-1\r\n|_\r\n");
  CHECK(both([](Writer& w) { w.Map(2); }) == "*4\r\n|%2\r\n");
  CHECK(both([](Writer& w) { w.Set(3); }) == "*3\r\n|~3\r\n");
  CHECK(both([](Writer& w) { w.Push(3); }) == "*3\r\n|>3\r\n");
  CHECK(both([](Writer& w) { w.Bool(true); }) == ":1\r\n|#t\r\n");
  CHECK(both([](Writer& w) { w.Bool(false); }) == ":0\r\n|#f\r\n");
  CHECK(both([](Writer& w) { w.Verbatim("abc", "txt"); }) == "$3\r\nabc\r\n|=7\r\ntxt:abc\r\n");
  CHECK(both([](Writer& w) { w.Double(3.1); }) ==
        "$18\r\n3.1000000000000001\r\n|,3.1000000000000001\r\n");
}

TEST_CASE("resp: doubles are printed as ZSCORE of Redis 7.0 prints them") {
  const auto text = [](double value) {
    const std::string reply = Written(3, [&](Writer& w) { w.Double(value); });
    return reply.substr(1, reply.size() - 3);
  };
  // The left column of redis-server 7.0.15's own answers.
  CHECK(text(1e20) == "1e+20");
  CHECK(text(1e16) == "10000000000000000");
  CHECK(text(1e17) == "1e+17");
  CHECK(text(123456789012345678.0) == "1.2345678901234568e+17");
  CHECK(text(0.1) == "0.10000000000000001");
  CHECK(text(1e-5) == "1.0000000000000001e-05");
  CHECK(text(12345.678) == "12345.678");
  CHECK(text(5e-324) == "4.9406564584124654e-324");
  CHECK(text(1e300) == "1.0000000000000001e+300");
  CHECK(text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "nan");

  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto bits = random();
    double value = 0;
    static_assert(sizeof(value) == sizeof(bits));
    __builtin_memcpy(&value, &bits, sizeof(value));
    if (i % 3 == 0) value = static_cast<double>(static_cast<int64_t>(bits) >> (bits & 63));
    if (i % 3 == 1)
      value = static_cast<double>(static_cast<int64_t>(bits % 2000000) - 1000000) / 100;
    char expected[64];
    std::snprintf(expected, sizeof(expected), "%.17g", value);
    CHECK(text(value) == expected);
  }
}

TEST_CASE("resp: a quoted argument reads back as it was") {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes.push_back(static_cast<char>(c));
  std::string line;
  resp::AppendQuoted(bytes, line);
  const auto args = resp::SplitArgs(line);
  REQUIRE(args.has_value());
  REQUIRE(args->size() == 1);
  CHECK(args->front() == bytes);
}

}  // namespace
