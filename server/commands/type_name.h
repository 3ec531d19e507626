// Types as TYPE and SCAN's TYPE option name them.
#pragma once

#include <string_view>

#include "storage/item.h"

namespace server::commands {

constexpr std::string_view TypeName(storage::Type type) {
  switch (type) {
    case storage::Type::kString:
      return "string";
    case storage::Type::kList:
      return "list";
    case storage::Type::kSet:
      return "set";
    case storage::Type::kSortedSet:
      return "zset";
    case storage::Type::kHash:
      return "hash";
  }
  return "none";
}

}  // namespace server::commands
