// The module: registers the functions of the other files, one job each.
#include "addon.h"

#include <errno.h>

arguments take_arguments(napi_env env, napi_callback_info info) {
  arguments given = {.env = env};
  size_t count = MAX_ARGUMENTS;
  napi_get_cb_info(env, info, &count, given.values, NULL, NULL);
  return given;
}

int64_t integer_at(const arguments *given, size_t index) {
  int64_t value = 0;
  if (napi_get_value_int64(given->env, given->values[index], &value) != napi_ok) return 0;
  return value;
}

uint8_t *bytes_at(const arguments *given, size_t index, size_t *length) {
  napi_typedarray_type type;
  void *data = NULL;
  napi_status status =
      napi_get_typedarray_info(given->env, given->values[index], &type, length, &data, NULL, NULL);
  if (status == napi_ok && type == napi_uint8_array) return data;
  *length = 0;
  return NULL;
}

napi_value answer(napi_env env, int64_t result) {
  napi_value value = NULL;
  napi_create_int64(env, result < 0 ? -(int64_t)errno : result, &value);
  return value;
}

napi_value refused(napi_env env, int reason) {
  errno = reason;
  return answer(env, -1);
}

void add_function(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value) != napi_ok) return;
  napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  add_cached_length(env, exports);
  add_read_cached(env, exports);
  add_directories(env, exports);
  add_send_file(env, exports);
  add_line_ends(env, exports);
  add_packet_cipher(env, exports);
  add_tcp(env, exports);
  add_watch(env, exports);
  add_packet_run(env, exports);
  add_packet_send(env, exports);
  add_tls_context(env, exports);
  add_tls_link(env, exports);
  return exports;
}
