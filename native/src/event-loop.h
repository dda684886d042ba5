// The functions of libuv that watch.c uses, under names of our own, found by name at run time: libuv's headers do not come with
// every Node, and where Node hides its libuv the other files of the addon still work.
#ifndef SALLYPORT_EVENT_LOOP_H
#define SALLYPORT_EVENT_LOOP_H

#include <stdbool.h>
#include <stddef.h>

// libuv's types, of which nothing is used but their addresses.
typedef struct loop loop;
typedef struct poll_handle poll_handle;

typedef void (*on_poll)(poll_handle *, int status, int events);
typedef void (*on_close)(poll_handle *);

// Both are part of libuv's binary interface since 1.0; find_event_loop looks whether the first still is what it was.
#define POLL_HANDLE 8
#define POLL_READABLE 1

typedef struct {
  // False: at least one of them is not there.
  bool found;
  size_t (*handle_size)(int type);
  const char *(*handle_type_name)(int type);
  int (*poll_init)(loop *, poll_handle *, int fd);
  int (*poll_start)(poll_handle *, int events, on_poll);
  void (*close)(poll_handle *, on_close);
  // Keeps the loop from running for this handle alone.
  void (*unref)(poll_handle *);
  void (*set_data)(poll_handle *, void *);
  void *(*get_data)(const poll_handle *);
} event_loop;

extern event_loop uv;

void find_event_loop(void);

#endif
