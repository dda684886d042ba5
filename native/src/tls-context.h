// What the data connections of one FTPS control connection, or of all of a door, have in common.
#ifndef SALLYPORT_TLS_CONTEXT_H
#define SALLYPORT_TLS_CONTEXT_H

#include "addon.h"
#include "tls-library.h"

#define TICKET_KEY_BYTES 16

typedef struct {
  // The JavaScript object, and each connection under way.
  int users;
  napi_env env;
  tls_settings *settings;
  // A session that begins on a connection of this context can be resumed as well.
  bool begins;
  // Finds a TLS 1.2 session by its id.
  napi_ref find;
  // In the order in which Node has them in one buffer.
  uint8_t ticket_name[TICKET_KEY_BYTES];
  uint8_t ticket_mac[TICKET_KEY_BYTES];
  uint8_t ticket_cipher[TICKET_KEY_BYTES];
} tls_context;

// NULL for what is none. Who keeps it counts as a user.
tls_context *tls_context_at(const arguments *given, size_t index);

void release_tls_context(tls_context *context);

// The place in a connection of OpenSSL where its context is found.
#define CONTEXT_INDEX 0

#endif
