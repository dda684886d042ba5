// addReturns(text, into, previous), dropReturns(text): the line ends of text that changes between disk (LF) and wire (CR LF).
#include "addon.h"

#include <errno.h>
#include <string.h>

// The bytes up to `wanted`, or up to the end.
static size_t run_until(const uint8_t *text, size_t length, int wanted) {
  const uint8_t *found = memchr(text, wanted, length);
  return found == NULL ? length : (size_t)(found - text);
}

static size_t add_all(const uint8_t *text, size_t length, uint8_t *into, int previous) {
  size_t at = 0;
  for (size_t from = 0; from < length; from++) {
    size_t run = run_until(text + from, length - from, '\n');
    memcpy(into + at, text + from, run);
    at += run;
    from += run;
    if (from == length) break;
    int before = from > 0 ? text[from - 1] : previous;
    if (before != '\r') into[at++] = '\r';
    into[at++] = '\n';
  }
  return at;
}

static napi_value add_returns(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t length, room;
  uint8_t *text = bytes_at(&given, 0, &length), *into = bytes_at(&given, 1, &room);
  if (text == NULL || into == NULL || room / 2 < length) return refused(env, EINVAL);
  return answer(env, (int64_t)add_all(text, length, into, (int)integer_at(&given, 2)));
}

static size_t drop_all(uint8_t *text, size_t length) {
  size_t at = 0;
  for (size_t from = 0; from < length; from++) {
    size_t run = run_until(text + from, length - from, '\r');
    if (at != from) memmove(text + at, text + from, run);
    at += run;
    from += run;
    if (from == length) break;
    int is_pair = from + 1 < length && text[from + 1] == '\n';
    if (!is_pair) text[at++] = '\r';
  }
  return at;
}

static napi_value drop_returns(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t length;
  uint8_t *text = bytes_at(&given, 0, &length);
  if (text == NULL) return refused(env, EINVAL);
  return answer(env, (int64_t)drop_all(text, length));
}

void add_line_ends(napi_env env, napi_value exports) {
  add_function(env, exports, "addReturns", add_returns);
  add_function(env, exports, "dropReturns", drop_returns);
}
