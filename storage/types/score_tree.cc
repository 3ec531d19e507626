#include "storage/types/score_tree.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "storage/types/size_class.h"

namespace storage {

namespace {

constexpr uint32_t kLeafMax = 62;   // A leaf is 1 KiB.
constexpr uint32_t kInnerMax = 31;  // An inner node as well.

bool IsBefore(const ScoreTree::Entry& entry, double score, std::string_view member) {
  if (entry.score != score) return entry.score < score;
  return entry.member() < member;
}

}  // namespace

struct ScoreTree::Node {
  bool is_leaf;
  uint32_t used = 0;
};

struct ScoreTree::Leaf : Node {
  Leaf() : Node{.is_leaf = true} {}
  Leaf* previous = nullptr;
  Leaf* next = nullptr;
  Entry entries[kLeafMax];
};

struct ScoreTree::Inner : Node {
  Inner() : Node{.is_leaf = false} {}
  Child children[kInnerMax];
};

template <typename T>
T* ScoreTree::New() {
  memory_bytes_ += AllocatedSize(sizeof(T));
  return new T;
}

template <typename T>
void ScoreTree::Free(T* node) {
  memory_bytes_ -= AllocatedSize(sizeof(T));
  delete node;
}

ScoreTree::ScoreTree() { root_ = New<Leaf>(); }

ScoreTree::~ScoreTree() { FreeAll(root_); }

void ScoreTree::FreeAll(Node* node) {
  if (node->is_leaf) return Free(static_cast<Leaf*>(node));
  auto* inner = static_cast<Inner*>(node);
  for (uint32_t i = 0; i < inner->used; ++i) FreeAll(inner->children[i].node);
  Free(inner);
}

ScoreTree::Entry ScoreTree::FirstOf(const Node* node) {
  if (node->is_leaf) return static_cast<const Leaf*>(node)->entries[0];
  return static_cast<const Inner*>(node)->children[0].first;
}

size_t ScoreTree::CountOf(const Node* node) {
  if (node->is_leaf) return node->used;
  const auto* inner = static_cast<const Inner*>(node);
  size_t count = 0;
  for (uint32_t i = 0; i < inner->used; ++i) count += inner->children[i].count;
  return count;
}

ScoreTree::Child ScoreTree::ChildOf(Node* node) {
  return {.node = node, .count = CountOf(node), .first = FirstOf(node)};
}

void ScoreTree::Insert(const Entry& entry) {
  Node* right = InsertInto(root_, entry);
  ++size_;
  if (right == nullptr) return;
  auto* root = New<Inner>();
  root->used = 2;
  root->children[0] = ChildOf(root_);
  root->children[1] = ChildOf(right);
  root_ = root;
}

ScoreTree::Node* ScoreTree::InsertIntoLeaf(Leaf* leaf, const Entry& entry) {
  const std::string_view member = entry.member();
  Entry* at = std::partition_point(leaf->entries, leaf->entries + leaf->used, [&](const Entry& e) {
    return IsBefore(e, entry.score, member);
  });
  Leaf* right = nullptr;
  if (leaf->used == kLeafMax) {
    right = New<Leaf>();
    right->previous = leaf;
    right->next = leaf->next;
    if (leaf->next != nullptr) leaf->next->previous = right;
    // Scores that only rise (times, counters) would leave half-empty leaves behind.
    const bool at_the_end = right->next == nullptr && at == leaf->entries + kLeafMax;
    const uint32_t keep = at_the_end ? kLeafMax : kLeafMax / 2;
    std::copy(leaf->entries + keep, leaf->entries + kLeafMax, right->entries);
    right->used = kLeafMax - keep;
    leaf->used = keep;
    leaf->next = right;
    if (at > leaf->entries + keep || at_the_end) {
      at = right->entries + (at - (leaf->entries + keep));
      leaf = right;
    }
  }
  std::copy_backward(at, leaf->entries + leaf->used, leaf->entries + leaf->used + 1);
  *at = entry;
  ++leaf->used;
  return right;
}

ScoreTree::Node* ScoreTree::InsertInto(Node* node, const Entry& entry) {
  if (node->is_leaf) return InsertIntoLeaf(static_cast<Leaf*>(node), entry);
  auto* inner = static_cast<Inner*>(node);
  const std::string_view member = entry.member();
  // The last child that begins before the entry; the first child takes what is before all.
  const Child* behind = std::partition_point(
      inner->children + 1, inner->children + inner->used,
      [&](const Child& child) { return IsBefore(child.first, entry.score, member); });
  const uint32_t at = static_cast<uint32_t>(behind - inner->children) - 1;
  Node* split = InsertInto(inner->children[at].node, entry);
  if (split == nullptr) {
    inner->children[at].first = FirstOf(inner->children[at].node);
    ++inner->children[at].count;
    return nullptr;
  }
  inner->children[at] = ChildOf(inner->children[at].node);
  Inner* target = inner;
  Inner* right = nullptr;
  uint32_t to = at + 1;
  if (inner->used == kInnerMax) {
    right = New<Inner>();
    const uint32_t keep = to == kInnerMax ? kInnerMax - 1 : kInnerMax / 2;
    std::copy(inner->children + keep, inner->children + kInnerMax, right->children);
    right->used = kInnerMax - keep;
    inner->used = keep;
    if (to > keep) {
      to -= keep;
      target = right;
    }
  }
  std::copy_backward(target->children + to, target->children + target->used,
                     target->children + target->used + 1);
  target->children[to] = ChildOf(split);
  ++target->used;
  return right;
}

void ScoreTree::Erase(const Entry& entry) {
  EraseFrom(root_, entry);
  --size_;
  while (!root_->is_leaf && root_->used == 1) {
    auto* inner = static_cast<Inner*>(root_);
    root_ = inner->children[0].node;
    Free(inner);
  }
}

void ScoreTree::EraseFrom(Node* node, const Entry& entry) {
  const std::string_view member = entry.member();
  if (node->is_leaf) {
    auto* leaf = static_cast<Leaf*>(node);
    Entry* end = leaf->entries + leaf->used;
    Entry* at = std::partition_point(
        leaf->entries, end, [&](const Entry& e) { return IsBefore(e, entry.score, member); });
    assert(at != end && at->node == entry.node);
    std::copy(at + 1, end, at);
    --leaf->used;
    return;
  }
  auto* inner = static_cast<Inner*>(node);
  const Child* behind = std::partition_point(
      inner->children + 1, inner->children + inner->used, [&](const Child& child) {
        return child.first.node == entry.node || IsBefore(child.first, entry.score, member);
      });
  const uint32_t at = static_cast<uint32_t>(behind - inner->children) - 1;
  Child& child = inner->children[at];
  EraseFrom(child.node, entry);
  --child.count;
  if (child.node->used < (child.node->is_leaf ? kLeafMax : kInnerMax) / 3)
    Rebalance(inner, at);
  else
    child.first = FirstOf(child.node);
}

// Joins the small child with a neighbour where both fit into one, with room left for insertions;
// where they do not, it takes half of what the neighbour has more. So no node is ever empty.
void ScoreTree::Rebalance(Inner* inner, uint32_t at) {
  if (inner->used == 1) {
    inner->children[0] = ChildOf(inner->children[0].node);
    return;
  }
  const uint32_t left_at = at > 0 ? at - 1 : 0;
  Node* left = inner->children[left_at].node;
  Node* right = inner->children[left_at + 1].node;
  const auto share = [&](auto* left_items, auto* right_items, uint32_t max) {
    const uint32_t total = left->used + right->used;
    const uint32_t keep = total <= max * 3 / 4 ? total : total / 2;
    if (keep > left->used) {
      const uint32_t moved = keep - left->used;
      std::copy_n(right_items, moved, left_items + left->used);
      std::copy(right_items + moved, right_items + right->used, right_items);
    } else {
      const uint32_t moved = left->used - keep;
      std::copy_backward(right_items, right_items + right->used, right_items + right->used + moved);
      std::copy_n(left_items + keep, moved, right_items);
    }
    left->used = keep;
    right->used = total - keep;
  };
  if (left->is_leaf) {
    auto* left_leaf = static_cast<Leaf*>(left);
    auto* right_leaf = static_cast<Leaf*>(right);
    share(left_leaf->entries, right_leaf->entries, kLeafMax);
    if (right->used == 0) {
      left_leaf->next = right_leaf->next;
      if (right_leaf->next != nullptr) right_leaf->next->previous = left_leaf;
      Free(right_leaf);
      right = nullptr;
    }
  } else {
    share(static_cast<Inner*>(left)->children, static_cast<Inner*>(right)->children, kInnerMax);
    if (right->used == 0) {
      Free(static_cast<Inner*>(right));
      right = nullptr;
    }
  }
  inner->children[left_at] = ChildOf(left);
  if (right != nullptr) {
    inner->children[left_at + 1] = ChildOf(right);
    return;
  }
  Child* gone = inner->children + left_at + 1;
  std::copy(gone + 1, inner->children + inner->used, gone);
  --inner->used;
}

size_t ScoreTree::Rank(double score, std::string_view member) const {
  return CountWhile([&](const Entry& entry) { return IsBefore(entry, score, member); });
}

size_t ScoreTree::CountWhile(FunctionRef<bool(const Entry&)> is_before) const {
  size_t count = 0;
  const Node* node = root_;
  while (!node->is_leaf) {
    const auto* inner = static_cast<const Inner*>(node);
    const Child* behind =
        std::partition_point(inner->children + 1, inner->children + inner->used,
                             [&](const Child& child) { return is_before(child.first); });
    for (const Child* child = inner->children; child != behind - 1; ++child) count += child->count;
    node = (behind - 1)->node;
  }
  const auto* leaf = static_cast<const Leaf*>(node);
  const Entry* at = std::partition_point(leaf->entries, leaf->entries + leaf->used,
                                         [&](const Entry& entry) { return is_before(entry); });
  return count + static_cast<size_t>(at - leaf->entries);
}

void ScoreTree::ForRange(size_t first, size_t count, bool reverse,
                         FunctionRef<bool(const Entry&)> visit) const {
  if (count == 0) return;
  assert(first < size_);
  const Node* node = root_;
  while (!node->is_leaf) {
    const auto* inner = static_cast<const Inner*>(node);
    const Child* child = inner->children;
    for (; first >= child->count; ++child) first -= child->count;
    node = child->node;
  }
  const auto* leaf = static_cast<const Leaf*>(node);
  while (visit(leaf->entries[first]) && --count > 0) {
    if (reverse) {
      if (first == 0) {
        leaf = leaf->previous;
        first = leaf->used;
      }
      --first;
    } else if (++first == leaf->used) {
      leaf = leaf->next;
      first = 0;
    }
  }
}

}  // namespace storage
