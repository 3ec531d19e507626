// A callable borrowed for the length of one call: two words, no allocation. What it refers to must
// outlive it, so it is for parameters only.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace storage {

template <typename Signature>
class FunctionRef;

template <typename Return, typename... Args>
class FunctionRef<Return(Args...)> {
 public:
  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
           std::is_invocable_r_v<Return, F&, Args...>)
      FunctionRef(F&& callable)  // NOLINT: implicit, so that a lambda can be written at the call.
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Args... args) -> Return {
          return static_cast<Return>(
              (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...));
        }) {}

  Return operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  Return (*call_)(void*, Args...);
};

}  // namespace storage
