// Owns a libuv handle: it lives until its close callback has run, and nobody else calls uv_close.
#pragma once

#include <uv.h>

#include <memory>

namespace server {

template <typename T>
struct HandleCloser {
  void operator()(T* handle) const {
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<T*>(closed); });
  }
};

// An accepted stream is a TCP or a pipe handle underneath, and must be freed as what it is.
template <>
struct HandleCloser<uv_stream_t> {
  void operator()(uv_stream_t* handle) const {
    uv_close(reinterpret_cast<uv_handle_t*>(handle), [](uv_handle_t* closed) {
      if (closed->type == UV_NAMED_PIPE) {
        delete reinterpret_cast<uv_pipe_t*>(closed);
      } else {
        delete reinterpret_cast<uv_tcp_t*>(closed);
      }
    });
  }
};

// Holds only handles that were initialised: uv_*_init first, then MakeHandle's result is safe to
// destroy.
template <typename T>
using Handle = std::unique_ptr<T, HandleCloser<T>>;

// `init(raw)` returns libuv's result; on failure the handle is freed and null returned.
template <typename T, typename Init>
Handle<T> MakeHandle(Init init, void* data) {
  auto raw = std::make_unique<T>();
  if (init(raw.get()) != 0) return nullptr;
  raw->data = data;
  return Handle<T>(raw.release());
}

}  // namespace server
