// What a handler may see and do: its arguments, the keys, the reply, the log. Dispatch has already
// checked name, arity and slot, and gates the reply; a handler parses, acts, replies, and no more.
//
// The same handlers run in two modes. On the leader they execute a client's command, and report
// what changed through LogAsIs or LogEffect. Applying a log entry (`applying`) they run canonical
// commands: nothing expires by the clock then, replies go nowhere, and nothing is logged.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "resp/writer.h"
#include "storage/keyspace.h"
#include "storage/types/collections.h"

namespace server {

// Collects the effects of the running command. Implemented by the partition's open batch.
class EffectLog {
 public:
  virtual ~EffectLog() = default;
  virtual void LogAsIs(int database) = 0;  // The running command, as it came.
  virtual void Log(int database, std::span<const std::string_view> command) = 0;
};

// Remembers the log index of each key's last write, so that no read reveals an uncommitted one.
class ReadGate {
 public:
  virtual ~ReadGate() = default;
  virtual void OnRead(uint64_t key_hash) = 0;
  virtual void OnReadAll() = 0;  // DBSIZE, KEYS, SCAN: gate on the newest write.
};

// How often keys were there when a read looked for them, and how many died by the clock: INFO's
// keyspace_hits, keyspace_misses and expired_keys.
struct KeyCounts {
  uint64_t expired = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
};

class Call {
 public:
  struct Context {
    storage::Keyspace& keyspace;
    int database;
    int64_t now_ms;                // The leader's wall clock, read once per loop turn.
    bool applying;                 // Running a log entry, not a client's command.
    bool may_expire;               // This replica decides about expiry (leader, not applying).
    EffectLog* log;                // Null when nothing is logged (applying).
    ReadGate* gate;                // Null when applying.
    uint64_t* random;              // State of the leader's generator; see Random().
    KeyCounts* lookups = nullptr;  // Of a client's read; null for writes and while applying.
    KeyCounts* deaths = nullptr;   // Of keys; null where nothing expires.
    // Of this node: they decide how values are kept, never what a command says.
    const storage::Thresholds* thresholds = &storage::kDefaultThresholds;
  };

  Call(std::span<const std::string_view> arguments, resp::Writer& writer, const Context& context)
      : args(arguments), reply(writer), now_ms(context.now_ms), context_(context) {}

  const std::span<const std::string_view> args;  // args[0] is the command's name.
  resp::Writer& reply;
  const int64_t now_ms;

  int database() const { return context_.database; }
  bool applying() const { return context_.applying; }
  storage::Keyspace& keyspace() { return context_.keyspace; }
  const storage::Thresholds& thresholds() const { return *context_.thresholds; }
  storage::Database& db() { return context_.keyspace.database(context_.database); }
  storage::Database& db(int index) { return context_.keyspace.database(index); }
  uint64_t Random();  // Leader only: what comes of it must be logged in absolute terms.

  // The key with its hash; dispatch has computed the first key's already.
  storage::HashedKey Hash(std::string_view key) const {
    // The same bytes, not equal ones: dispatch hashed this very argument.
    if (key.data() == first_key_.key.data() && key.size() == first_key_.key.size() &&
        key.data() != nullptr) {
      return first_key_;
    }
    return context_.keyspace.Hash(key);
  }
  void set_first_key(const storage::HashedKey& key) { first_key_ = key; }

  // The live item under a key, or null. An item past its deadline counts as absent; where this
  // replica decides about expiry it is deleted and the deletion logged.
  storage::Item* Find(std::string_view key) { return Find(Hash(key)); }
  storage::Item* Find(const storage::HashedKey& key) { return FindIn(context_.database, key); }
  // The same in another database (COPY).
  storage::Item* FindIn(int database, const storage::HashedKey& key) {
    if (context_.gate != nullptr) context_.gate->OnRead(key.hash);
    storage::Item* item = db(database).Find(key);
    const bool dies = item != nullptr && item->expire_at_ms() != storage::kNoExpiry;
    if (dies) item = ExpireIfDue(database, item, key);
    if (context_.lookups != nullptr) {
      ++(item != nullptr ? context_.lookups->hits : context_.lookups->misses);
    }
    return item;
  }
  // Past its deadline, so that a scan passes over it. Never while applying.
  bool IsExpired(const storage::Item& item) const;

  // The same for one type. When the key holds another type, WRONGTYPE has been replied and `ok` is
  // false: the handler returns.
  template <typename T>
  struct Found {
    bool ok = true;
    storage::Item* item = nullptr;  // Null: absent.
    T* value = nullptr;             // The collection in it.
  };
  struct FoundString {
    bool ok = true;
    storage::Item* item = nullptr;
    std::string_view value;  // Empty when absent.
  };
  FoundString FindString(const storage::HashedKey& key);
  Found<storage::Hash> FindHash(const storage::HashedKey& key);
  Found<storage::List> FindList(const storage::HashedKey& key);
  Found<storage::Set> FindSet(const storage::HashedKey& key);
  Found<storage::SortedSet> FindSortedSet(const storage::HashedKey& key);

  // A command that changed data calls one of these: LogAsIs when its own bytes say everything (no
  // clock, no chance, no order of iteration), or LogEffect, once or more, with what came of it. A
  // command that calls neither has changed nothing, and is gated like a read. Both may be called
  // while applying, and do nothing then.
  void LogAsIs() {
    if (context_.log != nullptr) context_.log->LogAsIs(context_.database);
  }
  void LogEffect(std::initializer_list<std::string_view> command);
  void LogEffect(std::span<const std::string_view> command);

  void ReadsWholeKeyspace();  // Gates the reply on the newest write.

 private:
  // The item, or null when its time has come.
  storage::Item* ExpireIfDue(int database, storage::Item* item, const storage::HashedKey& key);
  // Null also when the key holds another type: wrong_type_ tells which it was.
  storage::Item* FindTyped(const storage::HashedKey& key, storage::Type type);

  Context context_;
  storage::HashedKey first_key_;
  bool wrong_type_ = false;
};

// Brackets a change in place to a collection. The item pointer is dead afterwards if the collection
// became empty: the key is deleted then, as Redis does.
class Change {
 public:
  Change(Call& call, storage::Item* item, const storage::HashedKey& key)
      : database_(call.db()), item_(item), key_(key) {
    database_.BeginChange(item_, key_);
  }
  ~Change() { database_.EndChange(item_, key_); }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  storage::Database& database_;
  storage::Item* item_;
  storage::HashedKey key_;
};

}  // namespace server
