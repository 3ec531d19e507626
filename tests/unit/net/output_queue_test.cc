#include "server/net/output_queue.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using server::OutputQueue;

namespace {

void Append(OutputQueue& queue, std::string_view reply) {
  queue.buffer().append(reply);
  queue.Close(nullptr, {});
}

}  // namespace

TEST_CASE("output queue: replies that come in any order leave in the order of their places") {
  OutputQueue queue;
  const uint64_t first = queue.Reserve();
  Append(queue, "b");
  const uint64_t second = queue.Reserve();
  const uint64_t third = queue.Reserve();
  Append(queue, "e");
  CHECK(queue.unfilled() == 3);

  queue.Fill(third, "d");
  CHECK(queue.Ready().empty());
  queue.Fill(first, "a");
  CHECK(queue.Ready() == "ab");
  queue.Consume(2);
  queue.Fill(second, "c");
  CHECK(queue.Ready() == "cde");
  queue.Consume(3);
  CHECK(queue.empty());
  CHECK(queue.unfilled() == 0);
}

TEST_CASE("output queue: a hundred thousand places are filled from the back in no time") {
  OutputQueue queue;
  std::vector<uint64_t> places;
  for (int i = 0; i < 100'000; ++i) {
    places.push_back(queue.Reserve());
    Append(queue, ".");
  }
  for (auto place = places.rbegin(); place != places.rend(); ++place) queue.Fill(*place, "x");
  CHECK(queue.Ready().size() == 200'000);
}
