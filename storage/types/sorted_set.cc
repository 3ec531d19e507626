#include "storage/types/sorted_set.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "storage/types/packed_score.h"
#include "storage/types/size_class.h"
#include "storage/types/unique_check.h"
#include "storage/types/varint.h"

namespace storage {

namespace {

enum : char { kPackedKind = 0, kFullKind = 1 };

// A member is one allocation: score f64 | length | bytes.
constexpr size_t kScoreSize = sizeof(double);

size_t NodeBytes(size_t member_size) {
  return AllocatedSize(kScoreSize + VarintSize(member_size) + member_size);
}

char* NewNode(std::string_view member, double score) {
  const size_t size = kScoreSize + VarintSize(member.size()) + member.size();
  char* node = static_cast<char*>(std::malloc(size));
  assert(node != nullptr);
  std::memcpy(node, &score, kScoreSize);
  std::copy(member.begin(), member.end(), PutVarint(node + kScoreSize, member.size()));
  return node;
}

double ScoreOf(const char* node) {
  double score;
  std::memcpy(&score, node, kScoreSize);
  return score;
}

}  // namespace

SortedSet::Full::Full(uint64_t seed) : table(seed, kScoreSize) {}

SortedSet::SortedSet(uint64_t seed) : packed_(), seed_((seed ^ seed >> 31) & 0x7fffffff) {}

SortedSet::~SortedSet() {
  if (!is_full_) {
    packed_.~Packed();
    return;
  }
  full_->table.ForEach([](char* node) { std::free(node); });
  delete full_;
}

void SortedSet::BecomeFull() {
  assert(!is_full_);
  packed_.~Packed();
  full_ = new Full(seed_);
  is_full_ = 1;
}

Packed::Place SortedSet::FindPacked(std::string_view member) const {
  const PackedElement wanted(member);
  for (Packed::Place at = packed_.begin(), end = packed_.end(); at != end;) {
    if (wanted.Equals(at)) return at;
    at = Packed::Next(Packed::Next(at));
  }
  return nullptr;
}

bool SortedSet::Set(std::string_view member, double score, const Thresholds& thresholds) {
  assert(!std::isnan(score));
  if (is_full_) return SetInFull(member, score);
  const Packed::Place at = FindPacked(member);
  if (at != nullptr) {
    const double old_score = PackedScore::Read(Packed::Next(at));
    // Equal, but for the sign of zero, which is kept as it was first given.
    if (old_score == score) return false;
    packed_.Erase(at, Packed::Next(Packed::Next(at)), 2);
    InsertPacked(member, score);
    return false;
  }
  if (size() >= thresholds.zset_entries_max || member.size() > thresholds.zset_value_max) {
    ConvertToFull();
    return SetInFull(member, score);
  }
  InsertPacked(member, score);
  return true;
}

void SortedSet::InsertPacked(std::string_view member, double score) {
  Packed::Place before = packed_.begin();
  IntegerBuffer digits;
  while (before != packed_.end()) {
    const Packed::Place score_place = Packed::Next(before);
    const double other = PackedScore::Read(score_place);
    if (other > score || (other == score && Packed::Read(before, digits) > member)) break;
    before = Packed::Next(score_place);
  }
  const Packed::Place placed = packed_.Insert(before, PackedElement(member));
  packed_.Insert(Packed::Next(placed), PackedScore(score).element());
}

bool SortedSet::SetInFull(std::string_view member, double score) {
  const uint64_t hash = full_->table.Hash(member);
  char* node = full_->table.Find(member, hash);
  if (node == nullptr) {
    node = NewNode(member, score);
    full_->node_bytes += NodeBytes(member.size());
    full_->table.Insert(node, hash);
    full_->tree.Insert({score, node});
    return true;
  }
  const double old_score = ScoreOf(node);
  if (old_score == score) return false;
  full_->tree.Erase({old_score, node});
  std::memcpy(node, &score, kScoreSize);
  full_->tree.Insert({score, node});
  return false;
}

void SortedSet::ConvertToFull() {
  const Packed packed = std::move(packed_);
  BecomeFull();
  IntegerBuffer digits;
  for (Packed::Place at = packed.begin(); at != packed.end();) {
    const Packed::Place score = Packed::Next(at);
    SetInFull(Packed::Read(at, digits), PackedScore::Read(score));
    at = Packed::Next(score);
  }
}

bool SortedSet::Remove(std::string_view member) {
  if (!is_full_) {
    const Packed::Place at = FindPacked(member);
    if (at == nullptr) return false;
    packed_.Erase(at, Packed::Next(Packed::Next(at)), 2);
    return true;
  }
  char* node = full_->table.Remove(member);
  if (node == nullptr) return false;
  full_->tree.Erase({ScoreOf(node), node});
  full_->node_bytes -= NodeBytes(member.size());
  std::free(node);
  return true;
}

std::optional<double> SortedSet::Score(std::string_view member) const {
  if (!is_full_) {
    const Packed::Place at = FindPacked(member);
    if (at == nullptr) return std::nullopt;
    return PackedScore::Read(Packed::Next(at));
  }
  const char* node = full_->table.Find(member);
  if (node == nullptr) return std::nullopt;
  return ScoreOf(node);
}

std::optional<size_t> SortedSet::Rank(std::string_view member) const {
  if (is_full_) {
    const char* node = full_->table.Find(member);
    if (node == nullptr) return std::nullopt;
    return full_->tree.Rank(ScoreOf(node), member);
  }
  const PackedElement wanted(member);
  size_t rank = 0;
  for (Packed::Place at = packed_.begin(); at != packed_.end(); ++rank) {
    if (wanted.Equals(at)) return rank;
    at = Packed::Next(Packed::Next(at));
  }
  return std::nullopt;
}

void SortedSet::ForRange(size_t first, size_t last, bool reverse,
                         FunctionRef<bool(std::string_view, double)> visit) const {
  assert(first <= last && last < size());
  size_t left = last - first + 1;
  if (is_full_) {
    const size_t from = reverse ? size() - 1 - first : first;
    return full_->tree.ForRange(from, left, reverse, [&](const ScoreTree::Entry& entry) {
      return visit(entry.member(), entry.score);
    });
  }
  IntegerBuffer digits;
  Packed::Place at = reverse ? packed_.end() : packed_.begin();
  for (size_t skip = 2 * first; skip > 0; --skip) {
    at = reverse ? Packed::Previous(at) : Packed::Next(at);
  }
  for (; left > 0; --left) {
    if (reverse) at = Packed::Previous(Packed::Previous(at));
    const Packed::Place score = Packed::Next(at);
    if (!visit(Packed::Read(at, digits), PackedScore::Read(score))) return;
    if (!reverse) at = Packed::Next(score);
  }
}

size_t SortedSet::CountWhile(FunctionRef<bool(std::string_view, double)> is_before) const {
  if (is_full_) {
    return full_->tree.CountWhile(
        [&](const ScoreTree::Entry& entry) { return is_before(entry.member(), entry.score); });
  }
  IntegerBuffer digits;
  size_t count = 0;
  for (Packed::Place at = packed_.begin(); at != packed_.end(); ++count) {
    const Packed::Place score = Packed::Next(at);
    if (!is_before(Packed::Read(at, digits), PackedScore::Read(score))) break;
    at = Packed::Next(score);
  }
  return count;
}

size_t SortedSet::CountBelow(double score) const {
  return CountWhile([score](std::string_view, double other) { return other < score; });
}

size_t SortedSet::CountAtOrBelow(double score) const {
  return CountWhile([score](std::string_view, double other) { return other <= score; });
}

size_t SortedSet::CountBelow(std::string_view member) const {
  return CountWhile([member](std::string_view other, double) { return other < member; });
}

size_t SortedSet::CountAtOrBelow(std::string_view member) const {
  return CountWhile([member](std::string_view other, double) { return other <= member; });
}

uint64_t SortedSet::Scan(uint64_t cursor, size_t count,
                         FunctionRef<void(std::string_view, double)> visit) const {
  if (is_full_) {
    return full_->table.Scan(cursor, count,
                             [&](char* node) { visit(full_->table.KeyOf(node), ScoreOf(node)); });
  }
  if (size() == 0) return 0;
  ForRange(0, size() - 1, false, [&](std::string_view member, double score) {
    visit(member, score);
    return true;
  });
  return 0;
}

size_t SortedSet::memory_bytes() const {
  const size_t own = AllocatedSize(sizeof(*this));
  if (!is_full_) return own + packed_.memory_bytes();
  return own + AllocatedSize(sizeof(Full)) + full_->table.memory_bytes() +
         full_->tree.memory_bytes() + full_->node_bytes;
}

// kind u8 | members varint | packed: the bytes; full, in order: score f64 | length varint | bytes
// of each
void SortedSet::EncodeTo(std::string& out) const {
  out.push_back(packed() ? kPackedKind : kFullKind);
  AppendVarint(out, size());
  if (packed()) {
    out.append(packed_.raw());
    return;
  }
  full_->tree.ForRange(0, size(), false, [&out](const ScoreTree::Entry& entry) {
    out.append(reinterpret_cast<const char*>(&entry.score), kScoreSize);
    AppendString(out, entry.member());
    return true;
  });
}

std::unique_ptr<SortedSet> SortedSet::Decode(std::string_view bytes, uint64_t seed) {
  if (bytes.empty()) return nullptr;
  const char kind = bytes.front();
  bytes.remove_prefix(1);
  const std::optional<uint64_t> count = TakeVarint(bytes);
  if (!count || *count > bytes.size() || (kind != kPackedKind && kind != kFullKind)) return nullptr;
  auto set = std::make_unique<SortedSet>(seed);
  // In order, a member once: what is found out of order was not written by us.
  std::string last_member;
  double last_score = 0;
  bool is_first = true;
  const auto follows = [&](std::string_view member, double score) {
    const bool in_order =
        is_first || last_score < score || (last_score == score && last_member < member);
    is_first = false;
    last_member = member;
    last_score = score;
    return in_order;
  };
  if (kind == kPackedKind) {
    std::optional<Packed> packed = Packed::FromRaw(bytes, *count * 2, /*odd_verbatim=*/true);
    if (!packed || !EveryNthIsUnique(*packed, 2)) return nullptr;
    IntegerBuffer digits;
    for (Packed::Place at = packed->begin(); at != packed->end();) {
      const Packed::Place score = Packed::Next(at);
      if (!PackedScore::IsValid(score)) return nullptr;
      if (!follows(Packed::Read(at, digits), PackedScore::Read(score))) return nullptr;
      at = Packed::Next(score);
    }
    set->packed_ = *std::move(packed);
    return set;
  }
  set->BecomeFull();
  for (uint64_t i = 0; i < *count; ++i) {
    if (bytes.size() < kScoreSize) return nullptr;
    const double score = ScoreOf(bytes.data());
    bytes.remove_prefix(kScoreSize);
    const std::optional<std::string_view> member = TakeString(bytes);
    if (!member || std::isnan(score) || !follows(*member, score)) return nullptr;
    if (!set->SetInFull(*member, score)) return nullptr;
  }
  return bytes.empty() ? std::move(set) : nullptr;
}

}  // namespace storage
