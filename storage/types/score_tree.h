// Members in order of (score, bytes of the member), with ranks: a B+-tree whose inner nodes count.
//
// It keeps the addresses of nodes that belong to its user; eight bytes into a node stand the
// member's length as a varint and the member. Scores are kept in the leaves, so that a search
// touches a node only where scores are equal.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/function_ref.h"
#include "storage/types/varint.h"

namespace storage {

class ScoreTree {
 public:
  struct Entry {
    double score;
    char* node;
    std::string_view member() const {
      uint64_t size;
      const char* member = GetVarint(node + 8, size);
      return {member, size};
    }
  };

  ScoreTree();
  ~ScoreTree();
  ScoreTree(const ScoreTree&) = delete;
  ScoreTree& operator=(const ScoreTree&) = delete;

  void Insert(const Entry& entry);  // Must not be there.
  void Erase(const Entry& entry);   // Must be there.
  // How many sort before (score, member).
  size_t Rank(double score, std::string_view member) const;
  // How many satisfy `is_before`, which holds for a prefix of the order and for nothing behind it.
  size_t CountWhile(FunctionRef<bool(const Entry&)> is_before) const;
  size_t size() const { return size_; }
  // Visits `count` entries from rank `first` on, downwards with `reverse`, while `visit` returns
  // true.
  void ForRange(size_t first, size_t count, bool reverse,
                FunctionRef<bool(const Entry&)> visit) const;
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Node;
  struct Leaf;
  struct Inner;
  struct Child {
    Node* node;
    size_t count;
    Entry first;  // The least below `node`.
  };

  static Entry FirstOf(const Node* node);
  static size_t CountOf(const Node* node);
  static Child ChildOf(Node* node);
  template <typename T>
  T* New();
  template <typename T>
  void Free(T* node);
  void FreeAll(Node* node);
  // The new right half if `node` had to be split, else null.
  Node* InsertInto(Node* node, const Entry& entry);
  Node* InsertIntoLeaf(Leaf* leaf, const Entry& entry);
  void EraseFrom(Node* node, const Entry& entry);
  void Rebalance(Inner* inner, uint32_t at);  // The child at `at` became small.

  Node* root_ = nullptr;
  size_t size_ = 0;
  size_t memory_bytes_ = 0;
};

}  // namespace storage
