// What the files of the addon share. Node-API only: one build serves every major version of Node.
//
// A function answers with one number: what it did, or the negative errno. It throws nothing, keeps nothing between two
// calls but the keys of packet-cipher.c, the connections of tls-link.c and the watches of watch.c, and checks nothing that
// its TypeScript signature already says (src/native/native.ts).
#ifndef SALLYPORT_ADDON_H
#define SALLYPORT_ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ARGUMENTS 6

typedef struct {
  napi_env env;
  napi_value values[MAX_ARGUMENTS];
} arguments;

// Arguments that were not given are undefined.
arguments take_arguments(napi_env env, napi_callback_info info);

// 0 where the argument is no number.
int64_t integer_at(const arguments *given, size_t index);

// The bytes of a Uint8Array; NULL and 0 for anything else.
uint8_t *bytes_at(const arguments *given, size_t index, size_t *length);

// -reason, an errno.
napi_value refused(napi_env env, int reason);

// The answer of a system call: `result`, or -errno when it is negative.
napi_value answer(napi_env env, int64_t result);

void add_function(napi_env env, napi_value exports, const char *name, napi_callback function);

// One per file of the addon, called once at load.
void add_cached_length(napi_env env, napi_value exports);
void add_read_cached(napi_env env, napi_value exports);
void add_directories(napi_env env, napi_value exports);
void add_send_file(napi_env env, napi_value exports);
void add_line_ends(napi_env env, napi_value exports);
void add_packet_cipher(napi_env env, napi_value exports);
void add_tcp(napi_env env, napi_value exports);
void add_watch(napi_env env, napi_value exports);
void add_packet_run(napi_env env, napi_value exports);
void add_packet_send(napi_env env, napi_value exports);
void add_tls_context(napi_env env, napi_value exports);
void add_tls_link(napi_env env, napi_value exports);

#endif
