// Looks up what event-loop.h names, in the process that the addon was loaded into.
#include "event-loop.h"

#include "symbols.h"

#include <string.h>

event_loop uv;

#define FIND(member, name) FIND_SYMBOL(uv, member, name)

void find_event_loop(void) {
  uv.found = true;
  FIND(handle_size, "uv_handle_size");
  FIND(handle_type_name, "uv_handle_type_name");
  FIND(poll_init, "uv_poll_init");
  FIND(poll_start, "uv_poll_start");
  FIND(close, "uv_close");
  FIND(unref, "uv_unref");
  FIND(set_data, "uv_handle_set_data");
  FIND(get_data, "uv_handle_get_data");
  if (!uv.found) return;
  const char *name = uv.handle_type_name(POLL_HANDLE);
  uv.found = name != NULL && strcmp(name, "poll") == 0;
}
