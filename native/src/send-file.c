// sendFile(socket, fd, position, length): hands bytes of a file to a socket inside the kernel, as many as it takes now.
// Waits for the disk where they are not in memory: cachedLength says how far they are.
#include "addon.h"

#include <errno.h>
#include <sys/sendfile.h>

static napi_value send_file(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  int64_t length = integer_at(&given, 3);
  if (length < 0) return refused(env, EINVAL);
  // An offset of its own: the descriptor's stays where it is, whoever else reads.
  off_t position = integer_at(&given, 2);
  ssize_t sent;
  do {
    sent = sendfile((int)integer_at(&given, 0), (int)integer_at(&given, 1), &position, (size_t)length);
  } while (sent < 0 && errno == EINTR);
  return answer(env, sent);
}

void add_send_file(napi_env env, napi_value exports) { add_function(env, exports, "sendFile", send_file); }
