#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "server/commands/index_range.h"
#include "server/commands/numbers.h"
#include "server/commands/score_range.h"

namespace server::commands {
namespace {

TEST_CASE("numbers: integers are read only in their canonical form") {
  CHECK(ParseInteger("0") == 0);
  CHECK(ParseInteger("-7") == -7);
  CHECK(ParseInteger("9223372036854775807") == std::numeric_limits<int64_t>::max());
  CHECK(ParseInteger("-9223372036854775808") == std::numeric_limits<int64_t>::min());
  for (const std::string_view text :
       {"", "-", "-0", "+1", "01", " 1", "1 ", "1x", "0x1", "1.0", "9223372036854775808",
        "-9223372036854775809", "111111111111111111111"}) {
    CAPTURE(text);
    CHECK(!ParseInteger(text));
  }
}

TEST_CASE("numbers: doubles are read as strtod reads them, but whole and never NaN") {
  CHECK(ParseDouble("1.5") == 1.5);
  CHECK(ParseDouble("+1") == 1.0);
  CHECK(ParseDouble("0x10") == 16.0);
  CHECK(ParseDouble("inf") == std::numeric_limits<double>::infinity());
  CHECK(ParseDouble("-Infinity") == -std::numeric_limits<double>::infinity());
  for (const std::string_view text : {"", " 1", "1 ", "nan", "1e400", "x", "1.5x"}) {
    CAPTURE(text);
    CHECK(!ParseDouble(text));
  }
}

TEST_CASE("numbers: long doubles are written without exponent and trailing zeros") {
  CHECK(FormatLongDouble(3.0L) == "3");
  CHECK(FormatLongDouble(10.5L) == "10.5");
  CHECK(FormatLongDouble(-0.0L) == "0");
  CHECK(FormatLongDouble(1e20L) == "100000000000000000000");
}

TEST_CASE("ranges: indexes count from either end and are cut to what is there") {
  CHECK(ResolveRange(0, -1, 5)->last == 4);
  CHECK(ResolveRange(-100, 1, 5)->first == 0);
  CHECK(ResolveRange(-2, 100, 5)->first == 3);
  CHECK(!ResolveRange(3, 2, 5));
  CHECK(!ResolveRange(5, 9, 5));
  CHECK(!ResolveRange(0, -6, 5));
  CHECK(!ResolveRange(0, std::numeric_limits<int64_t>::min(), 5));
  CHECK(ResolveIndex(-1, 5) == 4);
  CHECK(!ResolveIndex(-6, 5));
}

TEST_CASE("ranges: score bounds may be excluded, and lex bounds must say whether they are") {
  CHECK(ScoreRange::Parse("(1", "+inf")->min_excluded);
  CHECK(!ScoreRange::Parse("x", "1"));
  CHECK(LexRange::Parse("-", "(b")->max.excluded);
  CHECK(!LexRange::Parse("a", "+"));
}

}  // namespace
}  // namespace server::commands
