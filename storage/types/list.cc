#include "storage/types/list.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "storage/types/size_class.h"
#include "storage/types/varint.h"

namespace storage {

namespace {

bool HasRoom(const Packed& block, size_t bytes, const Thresholds& thresholds) {
  return block.bytes() + bytes <= thresholds.list_block_bytes &&
         block.count() < thresholds.list_block_entries;
}

}  // namespace

template <typename Change>
void List::ChangeBlock(size_t at, Change change) {
  block_bytes_ -= blocks_[at].memory_bytes();
  change(blocks_[at]);
  block_bytes_ += blocks_[at].memory_bytes();
}

void List::InsertBlock(size_t at, Packed block) {
  block_bytes_ += block.memory_bytes();
  if (at == head_ && head_ == 0 && !blocks_.empty()) {
    // Room for as many as there are, so that growing at the front is amortised like at the back.
    std::vector<Packed> wider;
    const size_t room = blocks_.size();
    wider.resize(room);
    wider.reserve(2 * room);
    std::move(blocks_.begin(), blocks_.end(), std::back_inserter(wider));
    blocks_.swap(wider);
    at = room;
    head_ = static_cast<uint32_t>(room);
  }
  if (at == head_ && head_ > 0) {
    blocks_[--head_] = std::move(block);
  } else {
    blocks_.insert(blocks_.begin() + static_cast<ptrdiff_t>(at), std::move(block));
  }
}

void List::EraseBlocks(size_t first, size_t last) {
  for (size_t i = first; i < last; ++i) {
    block_bytes_ -= blocks_[i].memory_bytes();
    const Packed dropped = std::move(blocks_[i]);
  }
  const auto begin = blocks_.begin();
  if (first == head_) {
    head_ = static_cast<uint32_t>(last);
  } else {
    blocks_.erase(begin + static_cast<ptrdiff_t>(first), begin + static_cast<ptrdiff_t>(last));
  }
  if (head_ == blocks_.size()) {
    blocks_.clear();
    head_ = 0;
  }
  if (blocks_.capacity() > 8 && blocks_.size() - head_ < blocks_.capacity() / 4) {
    std::vector<Packed> fitting;
    fitting.reserve(2 * (blocks_.size() - head_));
    std::move(blocks_.begin() + static_cast<ptrdiff_t>(head_), blocks_.end(),
              std::back_inserter(fitting));
    blocks_.swap(fitting);
    head_ = 0;
  }
}

void List::PushFront(std::string_view element, const Thresholds& thresholds) {
  const PackedElement packed(element);
  if (size_ == 0 || !HasRoom(blocks_[head_], packed.stored_size(), thresholds)) {
    InsertBlock(head_, Packed());
  }
  ChangeBlock(head_, [&](Packed& block) { block.PushFront(packed); });
  ++size_;
}

void List::PushBack(std::string_view element, const Thresholds& thresholds) {
  const PackedElement packed(element);
  if (size_ == 0 || !HasRoom(blocks_.back(), packed.stored_size(), thresholds)) {
    InsertBlock(blocks_.size(), Packed());
  }
  ChangeBlock(blocks_.size() - 1, [&](Packed& block) { block.PushBack(packed); });
  ++size_;
}

std::string List::PopFront() {
  assert(size_ > 0);
  std::string element;
  ChangeBlock(head_, [&](Packed& block) {
    const Packed::Place place = block.begin();
    element = Packed::Read(place, digits_);
    block.Erase(place, Packed::Next(place), 1);
  });
  --size_;
  if (blocks_[head_].count() == 0) EraseBlocks(head_, head_ + 1);
  return element;
}

std::string List::PopBack() {
  assert(size_ > 0);
  std::string element;
  ChangeBlock(blocks_.size() - 1, [&](Packed& block) {
    const Packed::Place place = Packed::Previous(block.end());
    element = Packed::Read(place, digits_);
    block.Erase(place, block.end(), 1);
  });
  --size_;
  if (blocks_.back().count() == 0) EraseBlocks(blocks_.size() - 1, blocks_.size());
  return element;
}

List::Spot List::Find(size_t index) const {
  assert(index < size_);
  if (index < size_ / 2) {
    size_t block = head_;
    for (; index >= blocks_[block].count(); ++block) index -= blocks_[block].count();
    return {block, index};
  }
  size_t from_end = size_ - index;  // 1 is the last.
  size_t block = blocks_.size() - 1;
  for (; from_end > blocks_[block].count(); --block) from_end -= blocks_[block].count();
  return {block, blocks_[block].count() - from_end};
}

Packed::Place List::PlaceIn(const Packed& block, size_t index) const {
  if (index <= block.count() / 2) {
    Packed::Place place = block.begin();
    for (; index > 0; --index) place = Packed::Next(place);
    return place;
  }
  Packed::Place place = block.end();
  for (size_t i = block.count(); i > index; --i) place = Packed::Previous(place);
  return place;
}

std::optional<std::string_view> List::At(size_t index) const {
  if (index >= size_) return std::nullopt;
  const Spot spot = Find(index);
  return Packed::Read(PlaceIn(blocks_[spot.block], spot.index), digits_);
}

void List::Replace(size_t index, std::string_view element, const Thresholds& thresholds) {
  const Spot spot = Find(index);
  const PackedElement packed(element);
  const Packed& block = blocks_[spot.block];
  const Packed::Place place = PlaceIn(block, spot.index);
  const size_t old_size = static_cast<size_t>(Packed::Next(place) - place);
  const size_t new_bytes = block.bytes() - old_size + packed.stored_size();
  if (block.count() == 1 || new_bytes <= std::max(thresholds.list_block_bytes, block.bytes())) {
    return ChangeBlock(spot.block, [&](Packed& changed) { changed.Replace(place, packed); });
  }
  // Too large for this block: the element moves into another.
  InsertBefore(index, element, thresholds);
  Erase(index + 1, 1);
}

void List::InsertBefore(size_t index, std::string_view element, const Thresholds& thresholds) {
  assert(index <= size_);
  if (index == 0) return PushFront(element, thresholds);
  if (index == size_) return PushBack(element, thresholds);
  const PackedElement packed(element);
  const Spot spot = Find(index);
  const Packed::Place place = PlaceIn(blocks_[spot.block], spot.index);
  ++size_;
  if (HasRoom(blocks_[spot.block], packed.stored_size(), thresholds)) {
    return ChangeBlock(spot.block, [&](Packed& block) { block.Insert(place, packed); });
  }
  size_t before = spot.block;  // The element goes to this block's end.
  if (spot.index > 0) {
    Packed tail;
    ChangeBlock(before,
                [&](Packed& block) { tail = block.SplitOff(place, block.count() - spot.index); });
    InsertBlock(before + 1, std::move(tail));
    if (HasRoom(blocks_[before], packed.stored_size(), thresholds)) {
      return ChangeBlock(before, [&](Packed& block) { block.PushBack(packed); });
    }
    ++before;
  }
  if (HasRoom(blocks_[before], packed.stored_size(), thresholds)) {
    return ChangeBlock(before, [&](Packed& block) { block.PushFront(packed); });
  }
  Packed alone;
  alone.PushBack(packed);
  InsertBlock(before, std::move(alone));
}

void List::Erase(size_t first, size_t count) {
  if (first >= size_) return;
  count = std::min(count, size_ - first);
  if (count == 0) return;
  Spot spot = Find(first);
  size_ -= count;
  if (spot.index > 0) {
    const size_t here = std::min(count, blocks_[spot.block].count() - spot.index);
    ChangeBlock(spot.block, [&](Packed& block) {
      const Packed::Place from = PlaceIn(block, spot.index);
      block.Erase(from, PlaceIn(block, spot.index + here), here);
    });
    count -= here;
    ++spot.block;
  }
  size_t last = spot.block;
  for (; count > 0 && count >= blocks_[last].count(); ++last) count -= blocks_[last].count();
  if (count > 0) {
    ChangeBlock(last,
                [&](Packed& block) { block.Erase(block.begin(), PlaceIn(block, count), count); });
  }
  if (last > spot.block) EraseBlocks(spot.block, last);
}

void List::ForRange(size_t first, size_t last, FunctionRef<void(std::string_view)> visit) const {
  ForRangeWhile(first, last, false, [&](std::string_view element) {
    visit(element);
    return true;
  });
}

void List::ForRangeWhile(size_t first, size_t last, bool reverse,
                         FunctionRef<bool(std::string_view)> visit) const {
  assert(first <= last);
  IntegerBuffer digits;
  size_t left = last - first + 1;
  const Spot spot = Find(reverse ? last : first);
  size_t block = spot.block;
  Packed::Place place = PlaceIn(blocks_[block], spot.index);
  for (; visit(Packed::Read(place, digits)) && --left > 0;) {
    if (reverse) {
      if (place == blocks_[block].begin()) place = blocks_[--block].end();
      place = Packed::Previous(place);
    } else {
      place = Packed::Next(place);
      if (place == blocks_[block].end()) place = blocks_[++block].begin();
    }
  }
}

size_t List::memory_bytes() const {
  return AllocatedSize(sizeof(*this)) + AllocatedSize(blocks_.capacity() * sizeof(Packed)) +
         block_bytes_;
}

// blocks varint, then of each: elements varint | bytes varint | the bytes
void List::EncodeTo(std::string& out) const {
  AppendVarint(out, blocks_.size() - head_);
  for (size_t i = head_; i < blocks_.size(); ++i) {
    AppendVarint(out, blocks_[i].count());
    AppendString(out, blocks_[i].raw());
  }
}

std::unique_ptr<List> List::Decode(std::string_view bytes) {
  const std::optional<uint64_t> count = TakeVarint(bytes);
  if (!count || *count > bytes.size()) return nullptr;
  auto list = std::make_unique<List>();
  list->blocks_.reserve(*count);
  for (uint64_t i = 0; i < *count; ++i) {
    const std::optional<uint64_t> elements = TakeVarint(bytes);
    if (!elements || *elements == 0) return nullptr;
    const std::optional<std::string_view> raw = TakeString(bytes);
    if (!raw) return nullptr;
    std::optional<Packed> block = Packed::FromRaw(*raw, *elements);
    if (!block) return nullptr;
    list->size_ += *elements;
    list->block_bytes_ += block->memory_bytes();
    list->blocks_.push_back(*std::move(block));
  }
  return bytes.empty() ? std::move(list) : nullptr;
}

}  // namespace storage
