#include "server/commands/session_transaction.h"

#include "server/commands/session.h"

namespace server::commands {

void Multi(SessionCall& call) {
  if (call.session.in_multi) return call.reply.Error("ERR MULTI calls can not be nested");
  call.session.in_multi = true;
  call.reply.Ok();
}

void Exec(SessionCall& call) {
  if (!call.session.in_multi) return call.reply.Error("ERR EXEC without MULTI");
  if (call.session.multi_failed) {
    call.session.ForgetTransaction();
    return call.reply.Error("EXECABORT Transaction discarded because of previous errors.");
  }
  call.session.Exec(call);
}

void Discard(SessionCall& call) {
  if (!call.session.in_multi) return call.reply.Error("ERR DISCARD without MULTI");
  call.session.ForgetTransaction();
  call.reply.Ok();
}

void Watch(SessionCall& call) {
  if (call.session.in_multi) return call.reply.Error("ERR WATCH inside MULTI is not allowed");
  call.session.Watch(call);
}

void Unwatch(SessionCall& call) {
  call.session.Unwatch();
  call.reply.Ok();
}

}  // namespace server::commands
