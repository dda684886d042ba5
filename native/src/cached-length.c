// cachedLength(fd, position, length): how many of the bytes from `position` on are in memory.
#include "addon.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/uio.h>
#include <sys/vfs.h>

// The kernel brings and drops pages in runs; one byte in so many is looked at. Its own read-ahead is as long.
#define STRIDE (128 * 1024)

// True where the byte is in memory, or the file ends before it.
static int is_cached(int fd, off_t position) {
  char byte;
  struct iovec piece = {.iov_base = &byte, .iov_len = 1};
  return preadv2(fd, &piece, 1, position, RWF_NOWAIT) >= 0;
}

// File systems without a disk do not answer the probe, and need not.
static int always_in_memory(int fd) {
  struct statfs system;
  return fstatfs(fd, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}

static int64_t cached_length(int fd, off_t position, int64_t length) {
  int64_t known = 0;
  while (known < length && is_cached(fd, position + known)) known += STRIDE;
  if (known >= length && (length <= 0 || is_cached(fd, position + length - 1))) return length;
  if (errno == EOPNOTSUPP && always_in_memory(fd)) return length;
  if (errno != EAGAIN) return -1;
  // What lies between the last two looks may be half there.
  return known > STRIDE ? known - STRIDE : 0;
}

static napi_value call(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  int fd = (int)integer_at(&given, 0);
  return answer(env, cached_length(fd, integer_at(&given, 1), integer_at(&given, 2)));
}

void add_cached_length(napi_env env, napi_value exports) {
  add_function(env, exports, "cachedLength", call);
}
