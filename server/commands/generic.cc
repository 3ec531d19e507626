#include "server/commands/generic.h"

#include <string>
#include <vector>

#include "server/commands/call.h"
#include "server/commands/errors.h"
#include "server/commands/numbers.h"
#include "server/commands/type_name.h"

namespace server::commands {
namespace {

int64_t CountPresent(Call& call) {
  int64_t present = 0;
  for (const std::string_view name : call.args.subspan(1)) {
    if (call.Find(name) != nullptr) ++present;
  }
  return present;
}

// Copies the value and the expiry of `from`, which stays valid only until the first change of its
// own database: a copy within one database is therefore made through this value.
struct Contents {
  explicit Contents(storage::Item& from) : type(from.type()), expire_at_ms(from.expire_at_ms()) {
    switch (type) {
      case storage::Type::kString:
        first.emplace_back(from.string());
        break;
      case storage::Type::kList:
        from.list().ForRange(0, from.list().size() - 1,
                             [this](std::string_view element) { first.emplace_back(element); });
        break;
      case storage::Type::kSet:
        from.set().ForEach([this](std::string_view member) { first.emplace_back(member); });
        break;
      case storage::Type::kHash:
        from.hash().ForEach([this](std::string_view field, std::string_view value) {
          first.emplace_back(field);
          second.emplace_back(value);
        });
        break;
      case storage::Type::kSortedSet:
        from.sorted_set().ForRange(0, from.sorted_set().size() - 1, /*reverse=*/false,
                                   [this](std::string_view member, double score) {
                                     first.emplace_back(member);
                                     scores.push_back(score);
                                     return true;
                                   });
        break;
    }
  }

  storage::Type type;
  int64_t expire_at_ms;
  std::vector<std::string> first;   // The string, the elements, the members or the fields.
  std::vector<std::string> second;  // Values of a hash.
  std::vector<double> scores;
};

void Fill(storage::Item& item, const Contents& contents, const storage::Thresholds& limits) {
  for (size_t i = 0; i < contents.first.size(); ++i) {
    const std::string& element = contents.first[i];
    if (contents.type == storage::Type::kList) item.list().PushBack(element, limits);
    if (contents.type == storage::Type::kSet) item.set().Add(element, limits);
    if (contents.type == storage::Type::kHash) item.hash().Set(element, contents.second[i], limits);
    if (contents.type == storage::Type::kSortedSet) {
      item.sorted_set().Set(element, contents.scores[i], limits);
    }
  }
}

void Put(storage::Database& database, const storage::HashedKey& key, const Contents& contents,
         const storage::Thresholds& limits) {
  storage::Item* item = nullptr;
  if (contents.type == storage::Type::kString) {
    item = database.PutString(key, contents.first[0]);
  } else {
    item = database.Create(key, contents.type);
    database.BeginChange(item, key);
    Fill(*item, contents, limits);
    database.EndChange(item, key);
  }
  if (contents.expire_at_ms != storage::kNoExpiry) {
    database.SetExpiry(item, key, contents.expire_at_ms);
  }
}

}  // namespace

void Del(Call& call) {
  int64_t deleted = 0;
  for (const std::string_view name : call.args.subspan(1)) {
    const storage::HashedKey key = call.Hash(name);
    if (call.Find(key) == nullptr) continue;
    call.db().Delete(key);
    ++deleted;
  }
  if (deleted > 0) call.LogAsIs();
  call.reply.Integer(deleted);
}

void Unlink(Call& call) { Del(call); }

void Exists(Call& call) { call.reply.Integer(CountPresent(call)); }

void Touch(Call& call) { call.reply.Integer(CountPresent(call)); }

void Type(Call& call) {
  const storage::Item* item = call.Find(call.args[1]);
  call.reply.Simple(item == nullptr ? "none" : TypeName(item->type()));
}

void Rename(Call& call) {
  const storage::HashedKey from = call.Hash(call.args[1]);
  if (call.Find(from) == nullptr) return call.reply.Error(kNoSuchKey);
  const storage::HashedKey to = call.Hash(call.args[2]);
  if (from.key != to.key) {
    call.db().Rename(from, to);
    call.LogAsIs();
  }
  call.reply.Ok();
}

void RenameNx(Call& call) {
  const storage::HashedKey from = call.Hash(call.args[1]);
  if (call.Find(from) == nullptr) return call.reply.Error(kNoSuchKey);
  const storage::HashedKey to = call.Hash(call.args[2]);
  if (from.key == to.key || call.Find(to) != nullptr) return call.reply.Integer(0);
  call.db().Rename(from, to);
  call.LogAsIs();
  call.reply.Integer(1);
}

void Copy(Call& call) {
  bool replace = false;
  int64_t to_database = call.database();
  for (size_t i = 3; i < call.args.size(); ++i) {
    if (EqualsIgnoreCase(call.args[i], "replace")) {
      replace = true;
    } else if (EqualsIgnoreCase(call.args[i], "db") && i + 1 < call.args.size()) {
      const std::optional<int64_t> index = ParseInteger(call.args[++i]);
      if (!index) return call.reply.Error(kNotAnInteger);
      if (*index < 0 || *index >= storage::kDatabases) {
        return call.reply.Error("ERR DB index is out of range");
      }
      to_database = *index;
    } else {
      return call.reply.Error(kSyntaxError);
    }
  }

  const storage::HashedKey from = call.Hash(call.args[1]);
  const storage::HashedKey to = call.Hash(call.args[2]);
  const auto target = static_cast<int>(to_database);
  if (from.key == to.key && target == call.database()) return call.reply.Error(kSameObject);
  storage::Item* source = call.Find(from);
  if (source == nullptr) return call.reply.Integer(0);
  const Contents contents(*source);
  if (call.FindIn(target, to) != nullptr) {
    if (!replace) return call.reply.Integer(0);
    call.db(target).Delete(to);
  }
  Put(call.db(target), to, contents, call.thresholds());
  call.LogAsIs();
  call.reply.Integer(1);
}

void ObjectEncoding(Call& call) {
  const storage::Item* item = call.Find(call.args[2]);
  if (item == nullptr) return call.reply.Null();
  call.reply.Bulk(item->encoding());
}

// Values are never shared here, so that the count is one.
void ObjectRefCount(Call& call) {
  if (call.Find(call.args[2]) == nullptr) return call.reply.Null();
  call.reply.Integer(1);
}

void ObjectFreq(Call& call) {
  if (call.Find(call.args[2]) == nullptr) return call.reply.Null();
  call.reply.Error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

void ObjectHelp(SessionCall& call) {
  static constexpr std::string_view kLines[] = {
      "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "ENCODING <key>",
      "    Return the kind of internal representation used in order to store the value",
      "    associated with a <key>.",
      "FREQ <key>",
      "    Return the access frequency index of the <key>. The returned integer is",
      "    proportional to the logarithm of the recent access frequency of the key.",
      "REFCOUNT <key>",
      "    Return the number of references of the value associated with the specified",
      "    <key>.",
      "HELP",
      "    Print this help.",
  };
  call.reply.Array(std::size(kLines));
  for (const std::string_view line : kLines) call.reply.Simple(line);
}

}  // namespace server::commands
