// readCached(fd, into, length, position): reads what is in memory already, and never waits for the disk.
#include "addon.h"

#include <errno.h>
#include <sys/uio.h>

static napi_value read_cached(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t room;
  uint8_t *into = bytes_at(&given, 1, &room);
  int64_t length = integer_at(&given, 2);
  if (into == NULL || length < 0 || (size_t)length > room) return refused(env, EINVAL);
  struct iovec piece = {.iov_base = into, .iov_len = (size_t)length};
  return answer(env, preadv2((int)integer_at(&given, 0), &piece, 1, integer_at(&given, 3), RWF_NOWAIT));
}

void add_read_cached(napi_env env, napi_value exports) {
  add_function(env, exports, "readCached", read_cached);
}
