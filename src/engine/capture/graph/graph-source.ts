/**
 * Names by which the sources of TensorFlow.js's binding are compiled, so that {@link graphSource} stands in front of
 * their entry and of the making of their context.
 */
export const graphRenames = ['-DTFE_NewContext=lofi_NewContext', '-Dnapi_register_module_v1=tfjs_register_module'];

/**
 * C++ that is compiled in with the binding's sources. It keeps TensorFlow's context, which the binding hides, and adds
 * a function to the module: `defineFunction(name, graph, inputs, outputs)` makes an op `name` of a serialised GraphDef,
 * whose placeholders are `i0`, `i1`, … and whose outputs are given as pairs of a node's number and an output's, in one
 * list; its nodes are `n0`, `n1`, …. `removeFunction(name)` forgets it. `opDefinition(op)` is the serialised OpDef of
 * an op of TensorFlow's, and `usesOneDnn` says whether the kernels of oneDNN run on this processor.
 */
export const graphSource = `#undef TFE_NewContext
#undef napi_register_module_v1
#include <node_api.h>
#include <string>
#include <vector>
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"

namespace tensorflow {
bool IsMKLEnabled();
}
void lofiEnableRanks(TFE_Context *, TF_Status *);
void lofiAddRanks(napi_env, napi_value);

namespace {
TFE_Context *context = nullptr;

struct Status {
  TF_Status *status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  bool ok(napi_env env) {
    if (TF_GetCode(status) == TF_OK) return true;
    napi_throw_error(env, nullptr, TF_Message(status));
    return false;
  }
};

std::string text(napi_env env, napi_value value) {
  size_t length = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string result(length, 0);
  napi_get_value_string_utf8(env, value, &result[0], length + 1, &length);
  return result;
}

napi_value defineFunction(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value args[4];
  napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
  const std::string name = text(env, args[0]);
  void *bytes = nullptr;
  size_t length = 0;
  int32_t inputs = 0;
  uint32_t outputs = 0;
  if (context == nullptr || napi_get_typedarray_info(env, args[1], nullptr, &length, &bytes, nullptr, nullptr) != napi_ok ||
      napi_get_value_int32(env, args[2], &inputs) != napi_ok ||
      napi_get_array_length(env, args[3], &outputs) != napi_ok) {
    napi_throw_type_error(env, nullptr, "defineFunction(name, graph, inputs, outputs)");
    return nullptr;
  }
  Status status;
  TF_Graph *graph = TF_NewGraph();
  TF_ImportGraphDefOptions *options = TF_NewImportGraphDefOptions();
  TF_Buffer *buffer = TF_NewBufferFromString(bytes, length);
  TF_GraphImportGraphDef(graph, buffer, options, status.status);
  TF_DeleteBuffer(buffer);
  TF_DeleteImportGraphDefOptions(options);
  TF_Function *function = nullptr;
  if (TF_GetCode(status.status) == TF_OK) {
    std::vector<TF_Output> from, to;
    for (int32_t i = 0; i < inputs; i++)
      from.push_back({TF_GraphOperationByName(graph, ("i" + std::to_string(i)).c_str()), 0});
    for (uint32_t i = 0; i + 1 < outputs; i += 2) {
      int32_t pair[2];
      for (int j = 0; j < 2; j++) {
        napi_value element;
        napi_get_element(env, args[3], i + j, &element);
        napi_get_value_int32(env, element, &pair[j]);
      }
      to.push_back({TF_GraphOperationByName(graph, ("n" + std::to_string(pair[0])).c_str()), pair[1]});
    }
    function = TF_GraphToFunction(graph, name.c_str(), 0, -1, nullptr, from.size(), from.data(), to.size(), to.data(),
                                  nullptr, nullptr, nullptr, status.status);
  }
  if (TF_GetCode(status.status) == TF_OK) TFE_ContextAddFunction(context, function, status.status);
  if (function != nullptr) TF_DeleteFunction(function);
  TF_DeleteGraph(graph);
  status.ok(env);
  return nullptr;
}

napi_value opDefinition(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value args[1];
  napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
  Status status;
  TF_Graph *graph = TF_NewGraph();
  TF_Buffer *definition = TF_NewBuffer();
  TF_GraphGetOpDef(graph, text(env, args[0]).c_str(), definition, status.status);
  napi_value result = nullptr;
  if (status.ok(env)) napi_create_buffer_copy(env, definition->length, definition->data, nullptr, &result);
  TF_DeleteBuffer(definition);
  TF_DeleteGraph(graph);
  return result;
}

napi_value removeFunction(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value args[1];
  napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
  Status status;
  TFE_ContextRemoveFunction(context, text(env, args[0]).c_str(), status.status);
  status.ok(env);
  return nullptr;
}
}  // namespace

extern "C" {
// The binding asks for no options. A function must give the bits of its ops, so nothing in it may be rewritten:
// ConfigProto { graph_options { optimizer_options { opt_level: L0 } rewrite_options { disable_meta_optimizer: true } } }
TFE_Context *lofi_NewContext(const TFE_ContextOptions *, TF_Status *status) {
  const unsigned char config[] = {0x52, 0x12, 0x1a, 0x0b, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0x01, 0x52, 0x03, 0x98, 0x01, 0x01};
  TFE_ContextOptions *options = TFE_NewContextOptions();
  TFE_ContextOptionsSetConfig(options, config, sizeof config, status);
  if (TF_GetCode(status) == TF_OK) context = TFE_NewContext(options, status);
  if (TF_GetCode(status) == TF_OK) lofiEnableRanks(context, status);
  TFE_DeleteContextOptions(options);
  return context;
}

napi_value tfjs_register_module(napi_env env, napi_value exports);

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  exports = tfjs_register_module(env, exports);
  lofiAddRanks(env, exports);
  napi_value function;
  napi_create_function(env, nullptr, 0, defineFunction, nullptr, &function);
  napi_set_named_property(env, exports, "defineFunction", function);
  napi_create_function(env, nullptr, 0, opDefinition, nullptr, &function);
  napi_set_named_property(env, exports, "opDefinition", function);
  napi_create_function(env, nullptr, 0, removeFunction, nullptr, &function);
  napi_set_named_property(env, exports, "removeFunction", function);
  napi_value isEnabled;
  napi_get_boolean(env, tensorflow::IsMKLEnabled(), &isEnabled);
  napi_set_named_property(env, exports, "usesOneDnn", isEnabled);
  return exports;
}
}
`;
