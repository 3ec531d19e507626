#include "tools/crash/checker.h"

#include <doctest/doctest.h>

using crash::CheckCounter;
using crash::CheckList;
using crash::CheckRegister;
using crash::CheckTransfers;
using crash::Fate;

TEST_CASE("checker: a register passes only where the answer and the store agree") {
  CHECK(CheckRegister("k", "v", Fate::kAcknowledged, "v").passed());
  CHECK(CheckRegister("k", "v", Fate::kUnknown, "v").passed());
  CHECK(CheckRegister("k", "v", Fate::kUnknown, std::nullopt).passed());
  CHECK(CheckRegister("k", "v", Fate::kRefused, std::nullopt).passed());

  CHECK(CheckRegister("k", "v", Fate::kAcknowledged, std::nullopt).lost == 1);
  CHECK(CheckRegister("k", "v", Fate::kAcknowledged, "other").lost == 1);
  CHECK(CheckRegister("k", "v", Fate::kRefused, "v").refused_yet_applied == 1);
}

TEST_CASE("checker: a counter lies between what was acknowledged and what was sent") {
  CHECK(CheckCounter("c", {.returned = {1, 2, 3}, .unknown = 0}, 3).passed());
  CHECK(CheckCounter("c", {.returned = {1, 3}, .unknown = 1}, 3).passed());
  CHECK(CheckCounter("c", {.returned = {}, .unknown = 2}, 0).passed());

  CHECK(CheckCounter("c", {.returned = {1, 2, 3}, .unknown = 0}, 2).lost == 1);
  CHECK(CheckCounter("c", {.returned = {1, 3}, .unknown = 1}, 2).lost == 1);
  CHECK(CheckCounter("c", {.returned = {1, 2}, .unknown = 0}, 3).applied_twice == 1);
  CHECK(CheckCounter("c", {.returned = {1, 2}, .unknown = 1}, 4).applied_twice == 1);
  CHECK(CheckCounter("c", {.returned = {2, 1, 2}, .unknown = 0}, 3).applied_twice == 1);
}

TEST_CASE("checker: a list holds each acknowledged id once, and nothing that was not sent") {
  const crash::ListHistory history = {
      {"a", Fate::kAcknowledged}, {"u", Fate::kUnknown}, {"r", Fate::kRefused}};
  CHECK(CheckList("l", history, {"a"}).passed());
  CHECK(CheckList("l", history, {"u", "a"}).passed());

  CHECK(CheckList("l", history, {"u"}).lost == 1);
  CHECK(CheckList("l", history, {"a", "a"}).applied_twice == 1);
  CHECK(CheckList("l", history, {"a", "u", "u"}).applied_twice == 1);
  CHECK(CheckList("l", history, {"a", "r"}).refused_yet_applied == 1);
  CHECK(CheckList("l", history, {"a", "stranger"}).refused_yet_applied == 1);
}

TEST_CASE("checker: a transfer is whole or absent") {
  const crash::ListHistory history = {{"1:10", Fate::kAcknowledged}, {"2:5", Fate::kUnknown}};
  CHECK(CheckTransfers("t", history, -10, 10, {"1:10"}).passed());
  CHECK(CheckTransfers("t", history, -15, 15, {"1:10", "2:5"}).passed());

  CHECK(CheckTransfers("t", history, -15, 10, {"1:10"}).torn == 1);
  CHECK(CheckTransfers("t", history, -10, 10, {"1:10", "2:5"}).torn == 1);
  CHECK(CheckTransfers("t", history, 0, 0, {}).lost == 1);
}

TEST_CASE("checker: a wrong history fails, and names a few of its faults") {
  crash::Verdict verdict;
  for (int i = 0; i < 100; ++i) verdict.Add(CheckRegister("k", "v", Fate::kAcknowledged, {}));
  CHECK_FALSE(verdict.passed());
  CHECK(verdict.lost == 100);
  CHECK(verdict.samples.size() == 10);
}
