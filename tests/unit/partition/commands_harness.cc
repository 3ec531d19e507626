#include "tests/unit/partition/commands_harness.h"

#include <algorithm>
#include <cstdio>

namespace server {
namespace {

std::string Exact(double score) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%a", score);
  return buffer;
}

std::string Contents(const storage::Item& item) {
  std::vector<std::string> parts;
  switch (item.type()) {
    case storage::Type::kString:
      return std::string(item.string());
    case storage::Type::kList: {
      std::string list;
      item.list().ForRange(0, item.list().size() - 1,
                           [&](std::string_view element) { list += std::string(element) + "\n"; });
      return list;
    }
    case storage::Type::kSet:
      item.set().ForEach([&](std::string_view member) { parts.emplace_back(member); });
      break;
    case storage::Type::kHash:
      item.hash().ForEach([&](std::string_view field, std::string_view value) {
        parts.push_back(std::string(field) + "=" + std::string(value));
      });
      break;
    case storage::Type::kSortedSet:
      item.sorted_set().ForRange(0, item.sorted_set().size() - 1, false,
                                 [&](std::string_view member, double score) {
                                   parts.push_back(std::string(member) + "=" + Exact(score));
                                   return true;
                                 });
      break;
  }
  std::sort(parts.begin(), parts.end());
  std::string joined;
  for (const std::string& part : parts) joined += part + "\n";
  return joined;
}

}  // namespace

std::vector<std::string> Dump(storage::Keyspace& keyspace) {
  std::vector<std::string> lines;
  for (int database = 0; database < storage::kDatabases; ++database) {
    uint64_t cursor = 0;
    do {
      cursor = keyspace.database(database).Scan(cursor, 1000, [&](const storage::Item& item) {
        lines.push_back(std::to_string(database) + "/" + std::string(item.key()) + " type " +
                        std::to_string(static_cast<int>(item.type())) + " until " +
                        std::to_string(item.expire_at_ms()) + ": " + Contents(item));
      });
    } while (cursor != 0);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace server
