#include "storage/number.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace storage {

// Every expectation here was read off redis-server 7.0.15 (INCRBY, ZADD and INCRBYFLOAT by 0).

TEST_CASE("number: an integer has exactly one spelling") {
  CHECK(ParseInteger("0") == 0);
  CHECK(ParseInteger("-1") == -1);
  CHECK(ParseInteger("9223372036854775807") == std::numeric_limits<int64_t>::max());
  CHECK(ParseInteger("-9223372036854775808") == std::numeric_limits<int64_t>::min());
  for (const char* text : {"",
                           "-",
                           "+",
                           "-0",
                           "+0",
                           "00",
                           "01",
                           "+1",
                           "-01",
                           " 1",
                           "1 ",
                           "1\n",
                           "1a",
                           "0x10",
                           "1e3",
                           "1.5",
                           "9223372036854775808",
                           "-9223372036854775809",
                           "18446744073709551615",
                           "99999999999999999999",
                           "-99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseInteger(text));
  }
  CHECK_FALSE(ParseInteger(std::string_view("1\0", 2)));
}

TEST_CASE("number: an integer reads back as it was written") {
  IntegerBuffer buffer;
  for (const int64_t value : {int64_t{0}, int64_t{-7}, std::numeric_limits<int64_t>::max(),
                              std::numeric_limits<int64_t>::min()}) {
    CHECK(ParseInteger(FormatInteger(value, buffer)) == value);
  }
}

TEST_CASE("number: a double is what strtod takes in whole, less blanks, NaN and overflow") {
  const struct {
    const char* text;
    double value;
  } good[] = {{"0", 0},
              {"-0", 0},
              {"+0", 0},
              {"00", 0},
              {"01", 1},
              {"+1", 1},
              {"-01", -1},
              {"0x10", 16},
              {"1e3", 1000},
              {".5", 0.5},
              {"5.", 5},
              {"-.5", -0.5},
              {"0x1p3", 8},
              {"0X1P3", 8},
              {"1e+3", 1e3},
              {"4.9e-324", 4.9e-324},
              {"1e-310", 1e-310},
              {"inf", INFINITY},
              {"+inf", INFINITY},
              {"-inf", -INFINITY},
              {"INF", INFINITY},
              {"Infinity", INFINITY},
              {"9223372036854775807", 9223372036854775808.0},
              {"1.7976931348623157e308", 1.7976931348623157e308}};
  for (const auto& [text, value] : good) {
    CAPTURE(text);
    CHECK(ParseDouble(text) == value);
  }
  for (const char* text : {"",
                           " 1",
                           "1 ",
                           "\t1",
                           "\n1",
                           "\x0b"
                           "1",
                           "1\n",
                           "-",
                           "+",
                           "1a",
                           "0x",
                           "1e",
                           "e1",
                           "1_000",
                           "nan",
                           "NaN",
                           "-nan",
                           "nan(1)",
                           "1e400",
                           "-1e400",
                           "1e-400",
                           "2e-324",
                           "1.8e308",
                           "xxxxxxxxxx"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseDouble(text));
  }
  CHECK_FALSE(ParseDouble(std::string_view("1\0", 2)));
  CHECK(ParseDouble(std::string(300, '1')));
  CHECK(ParseDouble("0." + std::string(2000, '1')));
  CHECK_FALSE(ParseDouble("1" + std::string(400, '0')));
}

TEST_CASE("number: INCRBYFLOAT's numbers read and print as Redis's") {
  const struct {
    const char* text;
    const char* printed;
  } good[] = {{"0", "0"},
              {"-0", "0"},
              {"-1e-20", "0"},
              {"1e-400", "0"},
              {"0.1", "0.1"},
              {"3.0e3", "3000"},
              {".5", "0.5"},
              {"0x1p3", "8"},
              {"99999999999999999999", "100000000000000000000"},
              {"18446744073709551615", "18446744073709551615"},
              {"123456789012345678901234567890", "123456789012345678899921813504"},
              {"0.111111111111111111111111", "0.11111111111111111"}};
  for (const auto& [text, printed] : good) {
    CAPTURE(text);
    const std::optional<long double> value = ParseLongDouble(text);
    REQUIRE(value);
    CHECK(FormatLongDouble(*value) == printed);
  }
  for (const char* text : {"", " 1", "1 ", "nan", "1e4933", "1e-4960", "0x", "1a"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseLongDouble(text));
  }
  CHECK(ParseLongDouble("inf"));  // Refused only as a sum.
  CHECK(FormatLongDouble(*ParseLongDouble("1e4932")).size() == 4933);
}

}  // namespace storage
