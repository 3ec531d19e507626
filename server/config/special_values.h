// Settings whose value is a list with a syntax of its own.
#pragma once

#include "server/config/setting_table.h"

namespace server {

SpecialKind BindValue();               // bind [-]address ...
SpecialKind SaveValue();               // save seconds changes ..., or save ""
SpecialKind OutputBufferLimitValue();  // client-output-buffer-limit class hard soft seconds ...
SpecialKind SeedsValue();              // seeds host:port,host:port,...
SpecialKind UnixSocketPermValue();     // unixsocketperm, an octal number

}  // namespace server
