#include "raft/codec.h"

#include <cassert>
#include <utility>

#include "raft/bytes.h"
#include "raft/core/configuration.h"

namespace raft {
namespace {

// A message, little-endian: kind u8, then the fields of its struct in the order of message.h.
//
//   0 PreVoteRequest   term u64 | last (position)
//   1 PreVoteReply     term u64 | granted u8
//   2 VoteRequest      term u64 | last (position) | forced u8
//   3 VoteReply        term u64 | granted u8
//   4 Append           term u64 | prev (position) | commit u64 | round u64 | count u32 | entries
//   5 AppendReply      term u64 | round u64 | rejected u8 | match u64 | prev u64 | hint (position)
//   6 Heartbeat        term u64 | commit u64 | round u64
//   7 HeartbeatReply   term u64 | round u64
//   8 TimeoutNow       term u64
//   9 SnapshotChunk    term u64 | last (position) | configuration | hash_seed u64 | sequence u64 |
//                      done u8 | length u32 | bytes
//  10 SnapshotReply    term u64 | last (position) | sequence u64 | accepted u8
//
//   position           term u64 | index u64
//   configuration      length u32 | as EncodeConfiguration has it
//   entry              term u64 | kind u8 | length u32 | payload; its index is one more than that
//   of
//                      the one before, so that there can be no hole
constexpr size_t kEntryHeaderBytes = 8 + 1 + 4;

template <size_t I = 0, typename T>
constexpr size_t KindOf() {
  if constexpr (std::is_same_v<std::variant_alternative_t<I, Message>, T>) {
    return I;
  } else {
    return KindOf<I + 1, T>();
  }
}

void Put(uint64_t value, std::string& out) { PutInteger<uint64_t>(value, out); }
void PutFlag(bool value, std::string& out) { out.push_back(value ? 1 : 0); }

void PutPosition(const Position& position, std::string& out) {
  Put(position.term, out);
  Put(position.index, out);
}

void PutBytes(std::string_view bytes, std::string& out) {
  assert(bytes.size() <= UINT32_MAX);
  PutInteger(static_cast<uint32_t>(bytes.size()), out);
  out.append(bytes);
}

std::string_view View(const Payload& payload) {
  return payload ? std::string_view(*payload) : std::string_view();
}

void PutFields(const PreVoteRequest& m, std::string& out) { PutPosition(m.last, out); }
void PutFields(const PreVoteReply& m, std::string& out) { PutFlag(m.granted, out); }
void PutFields(const VoteRequest& m, std::string& out) {
  PutPosition(m.last, out);
  PutFlag(m.forced, out);
}
void PutFields(const VoteReply& m, std::string& out) { PutFlag(m.granted, out); }
void PutFields(const Append& m, std::string& out) {
  PutPosition(m.prev, out);
  Put(m.commit, out);
  Put(m.round, out);
  PutInteger(static_cast<uint32_t>(m.entries.size()), out);
  for (const Entry& entry : m.entries) {
    Put(entry.term, out);
    out.push_back(static_cast<char>(entry.kind));
    PutBytes(View(entry.payload), out);
  }
}
void PutFields(const AppendReply& m, std::string& out) {
  Put(m.round, out);
  PutFlag(m.rejected, out);
  Put(m.match, out);
  Put(m.prev, out);
  PutPosition(m.hint, out);
}
void PutFields(const Heartbeat& m, std::string& out) {
  Put(m.commit, out);
  Put(m.round, out);
}
void PutFields(const HeartbeatReply& m, std::string& out) { Put(m.round, out); }
void PutFields(const TimeoutNow&, std::string&) {}
void PutFields(const SnapshotChunk& m, std::string& out) {
  PutPosition(m.info.last, out);
  PutBytes(EncodeConfiguration(m.info.configuration), out);
  Put(m.hash_seed, out);
  Put(m.sequence, out);
  PutFlag(m.done, out);
  PutBytes(View(m.bytes), out);
}
void PutFields(const SnapshotReply& m, std::string& out) {
  PutPosition(m.last, out);
  Put(m.sequence, out);
  PutFlag(m.accepted, out);
}

Position TakePosition(Reader& in) {
  Position position;
  position.term = in.TakeAtMost(kTermMax);
  position.index = in.TakeAtMost(kIndexMax);
  return position;
}

Payload TakePayload(Reader& in) {
  const auto length = in.Take<uint32_t>();
  const std::string_view bytes = in.TakeBytes(length);
  return bytes.empty() ? nullptr : std::make_shared<const std::string>(bytes);
}

void TakeEntries(Reader& in, Append& m) {
  const auto count = in.Take<uint32_t>();
  if (count > in.rest() / kEntryHeaderBytes) return in.Fail();
  m.entries.reserve(count);
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    Entry entry;
    entry.term = in.TakeAtMost(kTermMax);
    entry.index = m.prev.index + 1 + i;
    const auto kind = in.Take<uint8_t>();
    if (kind > static_cast<uint8_t>(EntryKind::kConfiguration)) return in.Fail();
    entry.kind = static_cast<EntryKind>(kind);
    entry.payload = TakePayload(in);
    m.entries.push_back(std::move(entry));
  }
}

void TakeFields(Reader& in, PreVoteRequest& m) { m.last = TakePosition(in); }
void TakeFields(Reader& in, PreVoteReply& m) { m.granted = in.TakeBool(); }
void TakeFields(Reader& in, VoteRequest& m) {
  m.last = TakePosition(in);
  m.forced = in.TakeBool();
}
void TakeFields(Reader& in, VoteReply& m) { m.granted = in.TakeBool(); }
void TakeFields(Reader& in, Append& m) {
  m.prev = TakePosition(in);
  m.commit = in.TakeAtMost(kIndexMax);
  m.round = in.Take<uint64_t>();
  TakeEntries(in, m);
}
void TakeFields(Reader& in, AppendReply& m) {
  m.round = in.Take<uint64_t>();
  m.rejected = in.TakeBool();
  m.match = in.TakeAtMost(kIndexMax);
  m.prev = in.TakeAtMost(kIndexMax);
  m.hint = TakePosition(in);
}
void TakeFields(Reader& in, Heartbeat& m) {
  m.commit = in.TakeAtMost(kIndexMax);
  m.round = in.Take<uint64_t>();
}
void TakeFields(Reader& in, HeartbeatReply& m) { m.round = in.Take<uint64_t>(); }
void TakeFields(Reader&, TimeoutNow&) {}
void TakeFields(Reader& in, SnapshotChunk& m) {
  m.info.last = TakePosition(in);
  const auto length = in.Take<uint32_t>();
  auto configuration = DecodeConfiguration(in.TakeBytes(length));
  if (!configuration) return in.Fail();
  m.info.configuration = std::move(*configuration);
  m.hash_seed = in.Take<uint64_t>();
  m.sequence = in.Take<uint64_t>();
  m.done = in.TakeBool();
  m.bytes = TakePayload(in);
}
void TakeFields(Reader& in, SnapshotReply& m) {
  m.last = TakePosition(in);
  m.sequence = in.Take<uint64_t>();
  m.accepted = in.TakeBool();
}

template <size_t I = 0>
std::optional<Message> DecodeAs(uint8_t kind, Reader& in) {
  if constexpr (I == std::variant_size_v<Message>) {
    return std::nullopt;  // A kind that this version does not know.
  } else {
    if (kind != I) return DecodeAs<I + 1>(kind, in);
    std::variant_alternative_t<I, Message> m;
    m.term = in.TakeAtMost(kTermMax);
    TakeFields(in, m);
    if (!in.AtEnd()) return std::nullopt;
    return m;
  }
}

}  // namespace

void Encode(const Message& message, std::string& out) {
  std::visit(
      [&](const auto& m) {
        out.push_back(static_cast<char>(KindOf<0, std::decay_t<decltype(m)>>()));
        Put(m.term, out);
        PutFields(m, out);
      },
      message);
}

std::optional<Message> Decode(std::string_view bytes) {
  Reader in(bytes);
  const auto kind = in.Take<uint8_t>();
  if (!in.ok()) return std::nullopt;
  return DecodeAs(kind, in);
}

}  // namespace raft
