#include "raft/frame.h"

#include <xxhash.h>

#include <cassert>

#include "raft/bytes.h"

namespace raft {

void AppendFrame(const FrameHeader& header, std::string_view payload, std::string& out) {
  const size_t begin = BeginFrame(header, out);
  out.append(payload);
  EndFrame(begin, out);
}

size_t BeginFrame(const FrameHeader& header, std::string& out) {
  const size_t begin = out.size();
  out.append(kFramePrefixBytes, '\0');  // EndFrame knows what belongs here.
  PutInteger(header.version, out);
  PutInteger(header.kind, out);
  PutInteger(header.partition, out);
  PutInteger(header.incarnation, out);
  return begin;
}

void EndFrame(size_t begin, std::string& out) {
  const size_t body = begin + kFramePrefixBytes;
  assert(out.size() >= body + kFrameHeaderBytes);
  assert(out.size() - body <= UINT32_MAX);
  const auto length = static_cast<uint32_t>(out.size() - body);
  const uint64_t checksum = XXH3_64bits(out.data() + body, length);
  std::memcpy(out.data() + begin, &length, sizeof length);
  std::memcpy(out.data() + begin + sizeof length, &checksum, sizeof checksum);
}

void FrameReader::Feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_.append(bytes);
}

FrameReader::Outcome FrameReader::Next(Frame& frame) {
  if (corrupt_) return Outcome::kCorrupt;
  Reader in(std::string_view(buffer_).substr(begin_));
  const auto length = in.Take<uint32_t>();
  const auto checksum = in.Take<uint64_t>();
  // The length is judged as soon as it is there, before anything is gathered for it.
  if (begin_ + sizeof length <= buffer_.size()) {
    const auto announced = GetInteger<uint32_t>(buffer_.data() + begin_);
    corrupt_ = announced < kFrameHeaderBytes || announced - kFrameHeaderBytes > payload_bytes_max_;
    if (corrupt_) return Outcome::kCorrupt;
  }
  const std::string_view body = in.TakeBytes(length);
  if (!in.ok()) return Outcome::kNeedMore;

  corrupt_ = XXH3_64bits(body.data(), body.size()) != checksum;
  if (corrupt_) return Outcome::kCorrupt;

  Reader fields(body);
  frame.header.version = fields.Take<uint8_t>();
  frame.header.kind = fields.Take<uint8_t>();
  frame.header.partition = fields.Take<uint32_t>();
  frame.header.incarnation = fields.Take<uint64_t>();
  frame.payload = body.substr(kFrameHeaderBytes);
  begin_ += kFramePrefixBytes + length;
  return Outcome::kFrame;
}

}  // namespace raft
