#include "storage/types/set.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "storage/types/size_class.h"
#include "storage/types/unique_check.h"
#include "storage/types/varint.h"

namespace storage {

namespace {

// A member is one allocation: length | bytes.
char* NewNode(std::string_view member) {
  char* node = static_cast<char*>(std::malloc(VarintSize(member.size()) + member.size()));
  assert(node != nullptr);
  std::copy(member.begin(), member.end(), PutVarint(node, member.size()));
  return node;
}

size_t NodeBytes(size_t member_size) {
  return AllocatedSize(VarintSize(member_size) + member_size);
}

std::string_view MemberOf(const char* node) {
  uint64_t size;
  const char* member = GetVarint(node, size);
  return {member, size};
}

}  // namespace

Set::Set(uint64_t seed) : integers_(), seed_((seed ^ seed >> 30) & 0x3fffffff) {}

Set::~Set() {
  Become(Kind::kIntegers);
  integers_.~IntSet();
}

void Set::Become(Kind kind) {
  if (this->kind() == Kind::kIntegers) {
    integers_.~IntSet();
  } else if (this->kind() == Kind::kPacked) {
    packed_.~Packed();
  } else {
    full_->table.ForEach([](char* node) { std::free(node); });
    delete full_;
  }
  kind_ = static_cast<uint32_t>(kind) & 3;
  if (kind == Kind::kIntegers) {
    new (&integers_) IntSet();
  } else if (kind == Kind::kPacked) {
    new (&packed_) Packed();
  } else {
    full_ = new Full(seed_);
  }
}

size_t Set::size() const {
  if (kind() == Kind::kTable) return full_->table.size();
  return kind() == Kind::kPacked ? packed_.count() : integers_.size();
}

Packed::Place Set::FindPacked(std::string_view member) const {
  const PackedElement wanted(member);
  for (Packed::Place at = packed_.begin(), end = packed_.end(); at != end; at = Packed::Next(at)) {
    if (wanted.Equals(at)) return at;
  }
  return nullptr;
}

bool Set::Add(std::string_view member, const Thresholds& thresholds) {
  if (kind() == Kind::kIntegers) {
    const std::optional<int64_t> integer = ParseInteger(member);
    if (integer && integers_.size() < thresholds.set_intset_max) return integers_.Add(*integer);
    if (integer && integers_.Contains(*integer)) return false;
    ConvertFor(member, thresholds);
  }
  if (kind() == Kind::kPacked) {
    if (FindPacked(member) != nullptr) return false;
    if (packed_.count() < thresholds.set_packed_entries &&
        member.size() <= thresholds.set_packed_value) {
      packed_.PushBack(PackedElement(member));
      return true;
    }
    ConvertToTable();
  }
  return AddToTable(member);
}

void Set::ConvertFor(std::string_view member, const Thresholds& thresholds) {
  if (integers_.size() >= thresholds.set_packed_entries ||
      member.size() > thresholds.set_packed_value) {
    return ConvertToTable();
  }
  Packed packed;
  for (size_t i = 0; i < integers_.size(); ++i) packed.PushBack(PackedElement(integers_.At(i)));
  Become(Kind::kPacked);
  packed_ = std::move(packed);
}

void Set::ConvertToTable() {
  auto full = std::make_unique<Full>(uint64_t{seed_});
  ForEach([&](std::string_view member) {
    full->table.Insert(NewNode(member), full->table.Hash(member));
    full->node_bytes += NodeBytes(member.size());
  });
  Become(Kind::kTable);
  delete std::exchange(full_, full.release());
}

bool Set::AddToTable(std::string_view member) {
  const uint64_t hash = full_->table.Hash(member);
  if (full_->table.Find(member, hash) != nullptr) return false;
  full_->table.Insert(NewNode(member), hash);
  full_->node_bytes += NodeBytes(member.size());
  return true;
}

bool Set::Remove(std::string_view member) {
  if (kind() == Kind::kIntegers) {
    const std::optional<int64_t> integer = ParseInteger(member);
    return integer && integers_.Remove(*integer);
  }
  if (kind() == Kind::kPacked) {
    const Packed::Place at = FindPacked(member);
    if (at == nullptr) return false;
    packed_.Erase(at, Packed::Next(at), 1);
    return true;
  }
  // `member` may be a view of the node itself (SPOP: Random, then Remove), so its size is taken
  // first.
  const size_t bytes = NodeBytes(member.size());
  char* node = full_->table.Remove(member);
  if (node == nullptr) return false;
  full_->node_bytes -= bytes;
  std::free(node);
  return true;
}

bool Set::Contains(std::string_view member) const {
  if (kind() == Kind::kTable) return full_->table.Find(member) != nullptr;
  if (kind() == Kind::kPacked) return FindPacked(member) != nullptr;
  const std::optional<int64_t> integer = ParseInteger(member);
  return integer && integers_.Contains(*integer);
}

std::string_view Set::Random(uint64_t random) const {
  assert(size() > 0);
  if (kind() == Kind::kTable) return MemberOf(full_->table.Random(random));
  if (kind() == Kind::kIntegers) {
    return FormatInteger(integers_.At(random % integers_.size()), digits_);
  }
  Packed::Place at = packed_.begin();
  for (size_t skip = random % packed_.count(); skip > 0; --skip) at = Packed::Next(at);
  return Packed::Read(at, digits_);
}

void Set::ForEach(FunctionRef<void(std::string_view)> visit) const {
  if (kind() == Kind::kTable)
    return full_->table.ForEach([&](char* node) { visit(MemberOf(node)); });
  IntegerBuffer digits;
  if (kind() == Kind::kIntegers) {
    for (size_t i = 0; i < integers_.size(); ++i) visit(FormatInteger(integers_.At(i), digits));
    return;
  }
  for (Packed::Place at = packed_.begin(); at != packed_.end(); at = Packed::Next(at)) {
    visit(Packed::Read(at, digits));
  }
}

uint64_t Set::Scan(uint64_t cursor, size_t count, FunctionRef<void(std::string_view)> visit) const {
  if (kind() == Kind::kTable) {
    return full_->table.Scan(cursor, count, [&](char* node) { visit(MemberOf(node)); });
  }
  ForEach(visit);
  return 0;
}

size_t Set::memory_bytes() const {
  const size_t own = AllocatedSize(sizeof(*this));
  if (kind() == Kind::kIntegers) return own + integers_.memory_bytes();
  if (kind() == Kind::kPacked) return own + packed_.memory_bytes();
  return own + AllocatedSize(sizeof(Full)) + full_->table.memory_bytes() + full_->node_bytes;
}

// kind u8 | members varint | integers: 8 bytes each, rising; packed: the bytes; table: length and
// bytes each
void Set::EncodeTo(std::string& out) const {
  out.push_back(static_cast<char>(kind_));
  AppendVarint(out, size());
  if (kind() == Kind::kPacked) {
    out.append(packed_.raw());
  } else if (kind() == Kind::kTable) {
    ForEach([&out](std::string_view member) { AppendString(out, member); });
  } else {
    for (size_t i = 0; i < integers_.size(); ++i) {
      const int64_t value = integers_.At(i);
      out.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
  }
}

std::unique_ptr<Set> Set::Decode(std::string_view bytes, uint64_t seed) {
  if (bytes.empty()) return nullptr;
  const uint8_t kind_byte = static_cast<uint8_t>(bytes.front());
  if (kind_byte > static_cast<uint8_t>(Kind::kTable)) return nullptr;
  const Kind kind = static_cast<Kind>(kind_byte);
  bytes.remove_prefix(1);
  const std::optional<uint64_t> count = TakeVarint(bytes);
  if (!count || *count > bytes.size()) return nullptr;
  auto set = std::make_unique<Set>(seed);
  set->Become(kind);
  if (kind == Kind::kIntegers) return set->DecodeIntegers(bytes, *count) ? std::move(set) : nullptr;
  if (kind == Kind::kPacked) {
    std::optional<Packed> packed = Packed::FromRaw(bytes, *count);
    if (!packed || !EveryNthIsUnique(*packed, 1)) return nullptr;
    set->packed_ = *std::move(packed);
    return set;
  }
  for (uint64_t i = 0; i < *count; ++i) {
    const std::optional<std::string_view> member = TakeString(bytes);
    if (!member || !set->AddToTable(*member)) return nullptr;
  }
  return bytes.empty() ? std::move(set) : nullptr;
}

bool Set::DecodeIntegers(std::string_view bytes, uint64_t count) {
  if (bytes.size() != count * sizeof(int64_t)) return false;
  for (size_t i = 0; i < count; ++i) {
    int64_t value;
    std::memcpy(&value, bytes.data() + i * sizeof(value), sizeof(value));
    if (i > 0 && value <= integers_.At(i - 1)) return false;
    integers_.Add(value);
  }
  return true;
}

}  // namespace storage
