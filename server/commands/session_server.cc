#include "server/commands/session_server.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "server/commands/errors.h"
#include "server/commands/node_api.h"
#include "server/commands/numbers.h"
#include "server/commands/session_replies.h"

namespace server::commands {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

// Asks the clock itself, not the turn's time: who asks for microseconds wants them.
void Time(SessionCall& call) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  call.reply.Array(2);
  call.reply.Bulk(us / 1'000'000);
  call.reply.Bulk(us % 1'000'000);
}

void Wait(SessionCall& call) {
  const std::optional<int64_t> replicas = ParseInteger(call.args[1]);
  if (!replicas) return call.reply.Error(kNotAnInteger);
  const std::optional<int64_t> timeout_ms = ParseInteger(call.args[2]);
  if (!timeout_ms) return call.reply.Error("ERR timeout is not an integer or out of range");
  if (*timeout_ms < 0) return call.reply.Error("ERR timeout is negative");
  call.session.Wait(call, *replicas, *timeout_ms);
}

void Save(SessionCall& call) {
  if (call.node.checkpoint_running()) {
    return call.reply.Error("ERR Background save already in progress");
  }
  auto answer = call.session.Defer();
  call.node.Checkpoint([answer = std::move(answer)](const std::string& error) {
    answer(error.empty() ? OkReply() : ErrorReply("ERR " + error));
  });
}

void BackgroundSave(SessionCall& call) {
  const bool scheduled = call.args.size() == 2 && EqualsIgnoreCase(call.args[1], "schedule");
  if (call.args.size() > 1 && !scheduled) return call.reply.Error(kSyntaxError);
  if (call.node.checkpoint_running()) {
    return call.reply.Error("ERR Background save already in progress");
  }
  call.node.Checkpoint([](const std::string&) {});  // The node logs how it ended.
  call.reply.Simple("Background saving started");
}

// A checkpoint is what makes the log shorter.
void BackgroundRewrite(SessionCall& call) {
  if (call.node.checkpoint_running()) {
    return call.reply.Error("ERR Background append only file rewriting already in progress");
  }
  call.node.Checkpoint([](const std::string&) {});
  call.reply.Simple("Background append only file rewriting started");
}

void LastSave(SessionCall& call) { call.reply.Integer(call.node.last_checkpoint_s()); }

// NOW does nothing by itself: there are no replicas to wait for but those of Raft, and what was
// acknowledged is on a majority already.
void Shutdown(SessionCall& call) {
  bool save = false;
  bool nosave = false;
  bool force = false;
  bool now = false;
  bool abort = false;
  for (const std::string_view option : call.args.subspan(1)) {
    if (EqualsIgnoreCase(option, "save")) {
      save = true;
    } else if (EqualsIgnoreCase(option, "nosave")) {
      nosave = true;
    } else if (EqualsIgnoreCase(option, "now")) {
      now = true;
    } else if (EqualsIgnoreCase(option, "force")) {
      force = true;
    } else if (EqualsIgnoreCase(option, "abort")) {
      abort = true;
    } else {
      return call.reply.Error(kSyntaxError);
    }
  }
  if ((save && nosave) || (abort && (save || nosave || now || force))) {
    return call.reply.Error(kSyntaxError);
  }
  if (abort) return call.reply.Error("ERR No shutdown in progress.");

  const bool saves = save || (!nosave && !call.node.settings().save.empty());
  auto answer = call.session.Defer();
  NodeApi& node = call.node;
  const auto refuse = [answer = std::move(answer)](const std::string&) {
    answer(ErrorReply("ERR Errors trying to SHUTDOWN. Check logs."));
  };
  node.Shutdown(saves, [force, &node, refuse](const std::string& error) {
    if (!force) return refuse(error);
    node.Shutdown(/*save=*/false, refuse);
  });
}

void Info(SessionCall& call) {
  std::vector<std::string> sections;
  for (const std::string_view section : call.args.subspan(1)) sections.push_back(Lower(section));
  auto answer = call.session.Defer();
  call.node.Info(std::move(sections),
                 [answer = std::move(answer), version = call.reply.version()](
                     const std::string& text) { answer(VerbatimReply(text, version)); });
}

// A master's form. Offsets are those of Raft logs, one for each partition: there is no single one
// to name, and no replica follows a stream.
void Role(SessionCall& call) {
  call.reply.Array(3);
  call.reply.Bulk("master");
  call.reply.Integer(0);
  call.reply.Array(0);
}

void Lolwut(SessionCall& call) {
  call.reply.Verbatim("Redis ver. " + std::string(kCompatibleRedisVersion) + "\n", "txt");
}

}  // namespace server::commands
