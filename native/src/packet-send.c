// sealAndSend(keys, bytes, length, sequence, socket): makes a packet of the first bytes and hands it to the system. Gives how many
// of them that took: 0 too for a socket that takes none now, or none any more, which is for the writer of the rest to find out.
// Negative: it was not sealed, and not sent.
#include "packet-keys.h"

#include <errno.h>
#include <sys/socket.h>

static napi_value seal_and_send(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  void *keys = NULL;
  size_t room;
  uint8_t *bytes = bytes_at(&given, 1, &room);
  int64_t length = integer_at(&given, 2);
  bool usable = napi_get_value_external(env, given.values[0], &keys) == napi_ok && bytes != NULL &&
                length >= LENGTH_FIELD + TAG && (uint64_t)length <= room && length <= INT32_MAX;
  if (!usable || ((packet_keys *)keys)->main == NULL) return refused(env, EINVAL);
  if (!seal_one(keys, bytes, (size_t)length, (uint32_t)integer_at(&given, 3))) {
    ssl.clear_errors();
    return refused(env, EBADMSG);
  }
  ssize_t sent = send((int)integer_at(&given, 4), bytes, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return answer(env, sent < 0 ? 0 : sent);
}

void add_packet_send(napi_env env, napi_value exports) {
  add_function(env, exports, "sealAndSend", seal_and_send);
}
