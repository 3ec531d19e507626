#include "storage/failpoint.h"

#include <doctest/doctest.h>

using storage::FailpointSet;
using Action = storage::FailpointSet::Action;

TEST_CASE("failpoint: without a configuration nothing happens") {
  FailpointSet set;
  CHECK(set.Parse("").empty());
  CHECK(set.Pass("wal.before_sync").action == Action::kNone);
}

TEST_CASE("failpoint: an action with a number acts on that pass only, one without on all") {
  FailpointSet set;
  CHECK(set.Parse("a.crash=crash@3,b.sleep=sleep:50,c.fail=fail@1,").empty());
  CHECK(set.Pass("a.crash").action == Action::kNone);
  CHECK(set.Pass("a.crash").action == Action::kNone);
  CHECK(set.Pass("a.crash").action == Action::kCrash);
  CHECK(set.Pass("a.crash").action == Action::kNone);
  for (int pass = 0; pass < 3; ++pass) {
    CHECK(set.Pass("b.sleep").action == Action::kSleep);
    CHECK(set.Pass("b.sleep").sleep_ms == 50);
  }
  CHECK(set.Pass("c.fail").action == Action::kFail);
  CHECK(set.Pass("c.fail").action == Action::kNone);
  CHECK(set.Pass("unnamed").action == Action::kNone);
}

TEST_CASE("failpoint: what cannot be understood is told, and the rest counts") {
  for (const char* bad : {"x", "=crash", "x=", "x=explode", "x=crash@", "x=crash@0",
                          "x=sleep:", "x=sleep:5s", "x=crash@3x"}) {
    CAPTURE(bad);
    FailpointSet set;
    CHECK_FALSE(set.Parse(std::string(bad) + ",good=fail").empty());
    CHECK(set.Pass("good").action == Action::kFail);
    CHECK(set.Pass("x").action == Action::kNone);
  }
}
