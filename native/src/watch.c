// createWatch(told), watchDescriptor(watch, fd, id, events), unwatchDescriptor(watch, fd), closeWatch(watch): tells JavaScript
// which descriptors can be read from or written to.
//
// All descriptors of a watch are in one epoll of its own, and only that one is known to the event loop: watching another
// descriptor is one system call and no handle of libuv, and one that is closed is forgotten by the kernel itself.
#include "addon.h"
#include "event-loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

// Told in one turn of the event loop; the rest is still ready in the next.
#define MAX_READY 64
#define WANTS_READ 1
#define WANTS_WRITE 2

typedef struct {
  napi_env env;
  int epoll;
  // NULL when the watch is closed.
  poll_handle *handle;
  napi_ref told;
  napi_async_cleanup_hook_handle at_exit;
  // JavaScript's object, and the handle until libuv has let go of it; the last one frees.
  int users;
} watch;

static void let_go(watch *watched) {
  watched->users--;
  if (watched->users == 0) free(watched);
}

static void tell(watch *watched, uint64_t id) {
  napi_env env = watched->env;
  napi_handle_scope scope;
  napi_value told, self, argument, error;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, watched->told, &told) == napi_ok && napi_get_global(env, &self) == napi_ok &&
      napi_create_double(env, (double)id, &argument) == napi_ok &&
      napi_make_callback(env, NULL, self, told, 1, &argument, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

// An event may close the watch: its memory stays until the handle is closed, which is later.
static void on_ready(poll_handle *handle, int status, int events) {
  (void)status, (void)events;
  watch *watched = uv.get_data(handle);
  struct epoll_event ready[MAX_READY];
  int count = epoll_wait(watched->epoll, ready, MAX_READY, 0);
  for (int at = 0; at < count && watched->handle != NULL; at++) tell(watched, ready[at].data.u64);
}

static void on_closed(poll_handle *handle) {
  watch *watched = uv.get_data(handle);
  free(handle);
  close(watched->epoll);
  if (watched->at_exit != NULL) napi_remove_async_cleanup_hook(watched->at_exit);
  let_go(watched);
}

static void close_watch(watch *watched) {
  poll_handle *handle = watched->handle;
  if (handle == NULL) return;
  watched->handle = NULL;
  napi_delete_reference(watched->env, watched->told);
  uv.close(handle, on_closed);
}

static void on_exit_of_environment(napi_async_cleanup_hook_handle hook, void *data) {
  watch *watched = data;
  watched->at_exit = hook;
  close_watch(watched);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  let_go(data);
}

// Zero, or what libuv or the system says against it. On failure nothing is left.
static int start(watch *watched) {
  loop *of_node = NULL;
  if (napi_get_uv_event_loop(watched->env, (struct uv_loop_s **)&of_node) != napi_ok) return -1;
  watched->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (watched->epoll < 0) return -1;
  poll_handle *handle = calloc(1, uv.handle_size(POLL_HANDLE));
  if (handle == NULL || uv.poll_init(of_node, handle, watched->epoll) != 0) {
    free(handle);
    close(watched->epoll);
    return -1;
  }
  uv.set_data(handle, watched);
  watched->handle = handle;
  watched->users++;
  uv.unref(handle);
  return uv.poll_start(handle, POLL_READABLE, on_ready);
}

static napi_value create_watch(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  napi_value result = NULL;
  napi_get_null(env, &result);
  watch *watched = uv.found ? calloc(1, sizeof *watched) : NULL;
  if (watched == NULL) return result;
  watched->env = env;
  watched->users = 1;
  napi_value object;
  if (napi_create_external(env, watched, finalize, NULL, &object) != napi_ok) {
    free(watched);
    return result;
  }
  if (napi_create_reference(env, given.values[0], 1, &watched->told) != napi_ok) return result;
  if (start(watched) != 0) {
    if (watched->handle == NULL) napi_delete_reference(env, watched->told);
    close_watch(watched);
    return result;
  }
  napi_add_async_cleanup_hook(env, on_exit_of_environment, watched, &watched->at_exit);
  return object;
}

// Undefined, -1 and EINVAL for anything but a watch that is open.
static watch *watch_at(const arguments *given, size_t index) {
  void *found = NULL;
  errno = EINVAL;
  if (napi_get_value_external(given->env, given->values[index], &found) != napi_ok) return NULL;
  watch *watched = found;
  return watched->handle == NULL ? NULL : watched;
}

static napi_value watch_descriptor(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  watch *watched = watch_at(&given, 0);
  if (watched == NULL) return answer(env, -1);
  int fd = (int)integer_at(&given, 1);
  int64_t wanted = integer_at(&given, 3);
  struct epoll_event event = {.data.u64 = (uint64_t)integer_at(&given, 2)};
  if (wanted & WANTS_READ) event.events |= EPOLLIN;
  if (wanted & WANTS_WRITE) event.events |= EPOLLOUT;
  int done = epoll_ctl(watched->epoll, EPOLL_CTL_ADD, fd, &event);
  if (done < 0 && errno == EEXIST) done = epoll_ctl(watched->epoll, EPOLL_CTL_MOD, fd, &event);
  return answer(env, done);
}

static napi_value unwatch_descriptor(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  watch *watched = watch_at(&given, 0);
  if (watched == NULL) return answer(env, -1);
  return answer(env, epoll_ctl(watched->epoll, EPOLL_CTL_DEL, (int)integer_at(&given, 1), NULL));
}

static napi_value close_watch_of(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  watch *watched = watch_at(&given, 0);
  if (watched != NULL) close_watch(watched);
  return answer(env, 0);
}

void add_watch(napi_env env, napi_value exports) {
  find_event_loop();
  add_function(env, exports, "createWatch", create_watch);
  add_function(env, exports, "watchDescriptor", watch_descriptor);
  add_function(env, exports, "unwatchDescriptor", unwatch_descriptor);
  add_function(env, exports, "closeWatch", close_watch_of);
}
