/**
 * C++ that is compiled in with the binding's sources, for several processes that train together. TensorFlow enables its
 * collective ops only where its context is made, because that renames its devices: `lofiEnableRanks` does it where
 * `LOFI_SERVER_DEF` holds a serialised ServerDef in hexadecimal digits, and nothing elsewhere. `lofiAddRanks` adds a
 * function to the module: `checkPeer(task, milliseconds)` throws unless the process of a task answers.
 */
export const ranksSource = `#include <node_api.h>
#include <cstdlib>
#include <cstring>
#include <string>
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/c_api_experimental.h"
#include "tensorflow/c/eager/c_api.h"

namespace {
TFE_Context *context = nullptr;

napi_value checkPeer(napi_env env, napi_callback_info info) {
  size_t count = 2, length = 0;
  napi_value args[2];
  char task[256];
  int64_t milliseconds = 0;
  napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
  if (context == nullptr || napi_get_value_string_utf8(env, args[0], task, sizeof task, &length) != napi_ok ||
      napi_get_value_int64(env, args[1], &milliseconds) != napi_ok) {
    napi_throw_type_error(env, nullptr, "checkPeer(task, milliseconds)");
    return nullptr;
  }
  TF_Status *status = TF_NewStatus();
  TFE_CollectiveOpsCheckPeerHealth(context, task, milliseconds, status);
  if (TF_GetCode(status) != TF_OK) napi_throw_error(env, nullptr, TF_Message(status));
  TF_DeleteStatus(status);
  return nullptr;
}
}  // namespace

void lofiEnableRanks(TFE_Context *made, TF_Status *status) {
  const char *hex = getenv("LOFI_SERVER_DEF");
  if (hex == nullptr || *hex == 0) return;
  std::string definition;
  for (size_t i = 0; i + 1 < strlen(hex); i += 2)
    definition.push_back(static_cast<char>(strtol(std::string(hex + i, 2).c_str(), nullptr, 16)));
  TFE_EnableCollectiveOps(made, definition.data(), definition.size(), status);
  context = made;
}

void lofiAddRanks(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, nullptr, 0, checkPeer, nullptr, &function);
  napi_set_named_property(env, exports, "checkPeer", function);
}
`;
