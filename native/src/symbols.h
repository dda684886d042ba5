// Functions of the process that the addon was loaded into, by their names.
#ifndef SALLYPORT_SYMBOLS_H
#define SALLYPORT_SYMBOLS_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

static inline void *find_symbol(const char *name, bool *all_found) {
  void *symbol = dlsym(RTLD_DEFAULT, name);
  if (symbol == NULL) *all_found = false;
  return symbol;
}

// Sets a member of a table of functions, and its `found` to false where there is no such function. The cast is the one that
// POSIX has for dlsym.
#define FIND_SYMBOL(table, member, name) *(void **)(&(table).member) = find_symbol(name, &(table).found)

#endif
