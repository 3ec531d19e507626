#include "storage/types/hash.h"

#include <cassert>
#include <cstdlib>
#include <cstring>

#include "storage/types/size_class.h"
#include "storage/types/unique_check.h"
#include "storage/types/varint.h"

namespace storage {

namespace {

enum : char { kPackedKind = 0, kTableKind = 1 };

// A pair is one allocation: length of the field | field | length of the value | value.
size_t NodeSize(size_t field, size_t value) {
  return VarintSize(field) + field + VarintSize(value) + value;
}

char* NewNode(std::string_view field, std::string_view value) {
  char* node = static_cast<char*>(std::malloc(NodeSize(field.size(), value.size())));
  assert(node != nullptr);
  char* at = PutVarint(node, field.size());
  at = std::copy(field.begin(), field.end(), at);
  at = PutVarint(at, value.size());
  std::copy(value.begin(), value.end(), at);
  return node;
}

std::string_view FieldOf(const char* node) {
  uint64_t size;
  const char* field = GetVarint(node, size);
  return {field, size};
}

std::string_view ValueOf(const char* node) {
  const std::string_view field = FieldOf(node);
  uint64_t size;
  const char* value = GetVarint(field.data() + field.size(), size);
  return {value, size};
}

size_t NodeBytes(const char* node) {
  return AllocatedSize(NodeSize(FieldOf(node).size(), ValueOf(node).size()));
}

}  // namespace

Hash::Hash(uint64_t seed) : packed_(), seed_((seed ^ seed >> 31) & 0x7fffffff) {}

Hash::~Hash() {
  if (!is_full_) {
    packed_.~Packed();
    return;
  }
  full_->table.ForEach([](char* node) { std::free(node); });
  delete full_;
}

void Hash::BecomeFull() {
  assert(!is_full_);
  packed_.~Packed();
  full_ = new Full(seed_);
  is_full_ = 1;
}

Packed::Place Hash::FindPacked(std::string_view field) const {
  const PackedElement wanted(field);
  for (Packed::Place at = packed_.begin(), end = packed_.end(); at != end;) {
    if (wanted.Equals(at)) return at;
    at = Packed::Next(Packed::Next(at));
  }
  return nullptr;
}

bool Hash::Set(std::string_view field, std::string_view value, const Thresholds& thresholds) {
  if (!is_full_) {
    if (field.size() <= thresholds.hash_value_max && value.size() <= thresholds.hash_value_max) {
      if (const Packed::Place at = FindPacked(field)) {
        packed_.Replace(Packed::Next(at), PackedElement(value));
        return false;
      }
      if (size() < thresholds.hash_entries_max) {
        packed_.PushBack(PackedElement(field));
        packed_.PushBack(PackedElement(value));
        return true;
      }
    }
    ConvertToTable();
  }
  return SetInTable(field, value);
}

bool Hash::SetInTable(std::string_view field, std::string_view value) {
  const uint64_t hash = full_->table.Hash(field);
  char* old_node = full_->table.Find(field, hash);
  if (old_node != nullptr) {
    const std::string_view old_value = ValueOf(old_node);
    if (old_value.size() == value.size()) {
      std::memmove(const_cast<char*>(old_value.data()), value.data(), value.size());
      return false;
    }
    full_->node_bytes -= NodeBytes(old_node);
  }
  char* node = NewNode(field, value);
  full_->node_bytes += AllocatedSize(NodeSize(field.size(), value.size()));
  if (old_node == nullptr) {
    full_->table.Insert(node, hash);
    return true;
  }
  full_->table.Replace(old_node, node, hash);
  std::free(old_node);
  return false;
}

void Hash::ConvertToTable() {
  const Packed packed = std::move(packed_);
  BecomeFull();
  IntegerBuffer field_digits;
  IntegerBuffer value_digits;
  for (Packed::Place at = packed.begin(); at != packed.end();) {
    const Packed::Place value = Packed::Next(at);
    SetInTable(Packed::Read(at, field_digits), Packed::Read(value, value_digits));
    at = Packed::Next(value);
  }
}

bool Hash::Delete(std::string_view field) {
  if (!is_full_) {
    const Packed::Place at = FindPacked(field);
    if (at == nullptr) return false;
    packed_.Erase(at, Packed::Next(Packed::Next(at)), 2);
    return true;
  }
  char* node = full_->table.Remove(field);
  if (node == nullptr) return false;
  full_->node_bytes -= NodeBytes(node);
  std::free(node);
  return true;
}

std::optional<std::string_view> Hash::Get(std::string_view field) const {
  if (!is_full_) {
    const Packed::Place at = FindPacked(field);
    if (at == nullptr) return std::nullopt;
    return Packed::Read(Packed::Next(at), digits_);
  }
  const char* node = full_->table.Find(field);
  if (node == nullptr) return std::nullopt;
  return ValueOf(node);
}

bool Hash::Contains(std::string_view field) const {
  return is_full_ ? full_->table.Find(field) != nullptr : FindPacked(field) != nullptr;
}

void Hash::ForEach(FunctionRef<void(std::string_view, std::string_view)> visit) const {
  if (is_full_)
    return full_->table.ForEach([&](char* node) { visit(FieldOf(node), ValueOf(node)); });
  IntegerBuffer field_digits;
  IntegerBuffer value_digits;
  for (Packed::Place at = packed_.begin(); at != packed_.end();) {
    const Packed::Place value = Packed::Next(at);
    visit(Packed::Read(at, field_digits), Packed::Read(value, value_digits));
    at = Packed::Next(value);
  }
}

uint64_t Hash::Scan(uint64_t cursor, size_t count,
                    FunctionRef<void(std::string_view, std::string_view)> visit) const {
  if (is_full_) {
    return full_->table.Scan(cursor, count,
                             [&](char* node) { visit(FieldOf(node), ValueOf(node)); });
  }
  ForEach(visit);
  return 0;
}

void Hash::Random(uint64_t random,
                  FunctionRef<void(std::string_view, std::string_view)> visit) const {
  assert(size() > 0);
  if (is_full_) {
    const char* node = full_->table.Random(random);
    return visit(FieldOf(node), ValueOf(node));
  }
  Packed::Place at = packed_.begin();
  for (size_t skip = random % size() * 2; skip > 0; --skip) at = Packed::Next(at);
  IntegerBuffer field_digits;
  visit(Packed::Read(at, field_digits), Packed::Read(Packed::Next(at), digits_));
}

size_t Hash::memory_bytes() const {
  const size_t own = AllocatedSize(sizeof(*this));
  if (!is_full_) return own + packed_.memory_bytes();
  return own + AllocatedSize(sizeof(Full)) + full_->table.memory_bytes() + full_->node_bytes;
}

// kind u8 | pairs varint | packed: the bytes; table: field and value of each, as varint length and
// bytes
void Hash::EncodeTo(std::string& out) const {
  out.push_back(packed() ? kPackedKind : kTableKind);
  AppendVarint(out, size());
  if (packed()) {
    out.append(packed_.raw());
    return;
  }
  ForEach([&out](std::string_view field, std::string_view value) {
    AppendString(out, field);
    AppendString(out, value);
  });
}

std::unique_ptr<Hash> Hash::Decode(std::string_view bytes, uint64_t seed) {
  if (bytes.empty()) return nullptr;
  const char kind = bytes.front();
  bytes.remove_prefix(1);
  const std::optional<uint64_t> count = TakeVarint(bytes);
  if (!count || *count > bytes.size()) return nullptr;
  auto hash = std::make_unique<Hash>(seed);
  if (kind == kPackedKind) {
    std::optional<Packed> packed = Packed::FromRaw(bytes, *count * 2);
    if (!packed || !EveryNthIsUnique(*packed, 2)) return nullptr;
    hash->packed_ = *std::move(packed);
    return hash;
  }
  if (kind != kTableKind) return nullptr;
  hash->BecomeFull();
  for (uint64_t i = 0; i < *count; ++i) {
    const std::optional<std::string_view> field = TakeString(bytes);
    if (!field) return nullptr;
    const std::optional<std::string_view> value = TakeString(bytes);
    if (!value || !hash->SetInTable(*field, *value)) return nullptr;
  }
  return bytes.empty() ? std::move(hash) : nullptr;
}

}  // namespace storage
