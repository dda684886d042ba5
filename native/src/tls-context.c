// The server's side of TLS for connections without Node's sockets. Three functions:
//   knowsTls(): 1 where Node's OpenSSL can be reached
//   createTlsContext(certificates, key, ciphers, suites, version): PEM in, null where it cannot be used
//   resumeSessions(context, ticketKeys, name, seconds, find, begins): sessions that Node's contexts with the same keys and
//     name began
#include "tls-context.h"

#include "tls-input.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CIPHERS 2048
#define MAX_NAME 32
#define MAX_SESSION_ID 32
// What one system call takes from the peer, several records.
#define READ_BUFFER (64 * 1024)
// About what OpenSSL allocates for its own part, so that the collector knows what it would give back.
#define WEIGHT (32 * 1024)

// OpenSSL would ask at the terminal.
static int no_passphrase(char *to, int size, int writing, void *data) {
  (void)to;
  (void)size;
  (void)writing;
  (void)data;
  return -1;
}

void release_tls_context(tls_context *context) {
  context->users -= 1;
  if (context->users > 0) return;
  if (context->settings != NULL) tls.settings_free(context->settings);
  if (context->find != NULL) napi_delete_reference(context->env, context->find);
  tls.wipe(context, sizeof *context);
  free(context);
}

static void finalize(napi_env env, void *data, void *hint) {
  int64_t total;
  (void)hint;
  napi_adjust_external_memory(env, -WEIGHT, &total);
  release_tls_context(data);
}

tls_context *tls_context_at(const arguments *given, size_t index) {
  void *found = NULL;
  return napi_get_value_external(given->env, given->values[index], &found) == napi_ok ? found : NULL;
}

static byte_stream *pem_at(const arguments *given, size_t index) {
  size_t length;
  uint8_t *bytes = bytes_at(given, index, &length);
  return bytes == NULL || length > INT_MAX ? NULL : tls.memory_stream(bytes, (int)length);
}

static bool use_certificates(tls_settings *settings, byte_stream *pem) {
  certificate *first = tls.read_first_certificate(pem, NULL, no_passphrase, NULL);
  if (first == NULL) return false;
  bool used = tls.settings_certificate(settings, first) == 1;
  tls.certificate_free(first);
  while (used) {
    certificate *next = tls.read_certificate(pem, NULL, no_passphrase, NULL);
    if (next == NULL) break;
    // The settings own it from here on.
    used = tls.settings_control(settings, CONTROL_CHAIN_CERTIFICATE, 0, next) == 1;
    if (!used) tls.certificate_free(next);
  }
  return used;
}

static bool use_key(tls_settings *settings, byte_stream *pem) {
  private_key *key = tls.read_key(pem, NULL, no_passphrase, NULL);
  if (key == NULL) return false;
  bool used = tls.settings_key(settings, key) == 1;
  tls.key_free(key);
  return used && tls.settings_fit(settings) == 1;
}

static bool use_identity(tls_settings *settings, const arguments *given) {
  byte_stream *certificates = pem_at(given, 0), *key = pem_at(given, 1);
  bool used = certificates != NULL && key != NULL && use_certificates(settings, certificates) && use_key(settings, key);
  tls.stream_free(certificates);
  tls.stream_free(key);
  return used;
}

static bool text_at(const arguments *given, size_t index, char *text, size_t room) {
  size_t length = 0;
  napi_status status = napi_get_value_string_utf8(given->env, given->values[index], text, room, &length);
  return status == napi_ok && length < room - 1;
}

static bool use_ciphers(tls_settings *settings, const arguments *given) {
  char text[MAX_CIPHERS];
  if (!text_at(given, 2, text, sizeof text) || tls.settings_ciphers(settings, text) != 1) return false;
  return text_at(given, 3, text, sizeof text) && tls.settings_suites(settings, text) == 1;
}

static bool set_up(tls_settings *settings, const arguments *given) {
  tls.settings_options(settings, OPTION_NO_SSL3 | OPTION_SERVER_CHOOSES | OPTION_NO_RENEGOTIATION);
  tls.settings_control(settings, CONTROL_MODE,
                       MODE_PARTIAL_WRITE | MODE_MOVING_BUFFER | MODE_AUTO_RETRY | MODE_NO_AUTO_CHAIN, NULL);
  tls.settings_control(settings, CONTROL_CACHE_MODE, CACHE_SERVER | CACHE_NOT_INSIDE, NULL);
  tls.settings_control(settings, CONTROL_READ_AHEAD, 1, NULL);
  tls.settings_buffer(settings, READ_BUFFER);
  count_tls_records(settings);
  if (tls.settings_control(settings, CONTROL_MIN_VERSION, (long)integer_at(given, 4), NULL) != 1) return false;
  return use_ciphers(settings, given) && use_identity(settings, given);
}

static napi_value create_tls_context(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  napi_value result = NULL;
  int64_t total;
  napi_get_null(env, &result);
  if (!tls.found) return result;
  tls_context *context = calloc(1, sizeof *context);
  if (context == NULL) return result;
  context->users = 1;
  context->env = env;
  tls.clear_errors();
  context->settings = tls.settings_new(tls.server_method());
  bool usable = context->settings != NULL && set_up(context->settings, &given);
  // The end of a file of certificates is an error as well.
  tls.clear_errors();
  if (!usable || napi_create_external(env, context, finalize, NULL, &result) != napi_ok) release_tls_context(context);
  else napi_adjust_external_memory(env, WEIGHT, &total);
  return result;
}

// Tickets as Node makes and reads them, whose contexts have the same keys: name, AES-128-CBC, HMAC-SHA-256 (RFC 5077
// section 4). 1: done, 2: the same, and the client gets another ticket, 0: a ticket of other keys, or none to be made,
// -1: failed.
static int ticket_keys(tls_connection *connection, uint8_t *name, uint8_t *iv, ticket_cipher *cipher, ticket_mac *mac,
                       int making) {
  const tls_context *context = tls.connection_kept(connection, CONTEXT_INDEX);
  if (context == NULL) return -1;
  int set;
  // Anybody can connect and begin a session, even where only those of the control connection are good enough. Its ticket
  // would make it one of those.
  if (making && !context->begins && tls.resumed(connection) != 1) return 0;
  if (making) {
    memcpy(name, context->ticket_name, TICKET_KEY_BYTES);
    if (tls.random_bytes(iv, TICKET_KEY_BYTES) != 1) return -1;
    set = tls.encrypt_init(cipher, tls.aes_128_cbc(), NULL, context->ticket_cipher, iv);
  } else {
    if (tls.memory_differs(name, context->ticket_name, TICKET_KEY_BYTES) != 0) return 0;
    set = tls.decrypt_init(cipher, tls.aes_128_cbc(), NULL, context->ticket_cipher, iv);
  }
  if (set != 1) return -1;
  if (tls.mac_init(mac, context->ticket_mac, TICKET_KEY_BYTES, tls.sha256(), NULL) != 1) return -1;
  // RFC 8446 appendix C.4: clients use a ticket once. Who has to resume would have none after two connections.
  return !making && !context->begins && tls.version(connection) == TLS_1_3 ? 2 : 1;
}

// What `find` gives for the id: bytes, or anything else for a session that is not known.
static uint8_t *stored(const tls_context *context, const uint8_t *id, size_t length, size_t *found) {
  napi_value find, self, argument, session;
  void *copy;
  *found = 0;
  if (napi_get_reference_value(context->env, context->find, &find) != napi_ok) return NULL;
  if (napi_get_global(context->env, &self) != napi_ok) return NULL;
  if (napi_create_buffer_copy(context->env, length, id, &copy, &argument) != napi_ok) return NULL;
  if (napi_call_function(context->env, self, find, 1, &argument, &session) != napi_ok) {
    // In a handshake there is nobody to throw to: the client makes a new session.
    napi_get_and_clear_last_exception(context->env, &session);
    return NULL;
  }
  const arguments answered = {.env = context->env, .values = {session}};
  return bytes_at(&answered, 0, found);
}

static tls_session *find_session(tls_connection *connection, const uint8_t *id, int length, int *shared) {
  const tls_context *context = tls.connection_kept(connection, CONTEXT_INDEX);
  napi_handle_scope scope;
  *shared = 0;
  if (context == NULL || length <= 0 || length > MAX_SESSION_ID) return NULL;
  if (napi_open_handle_scope(context->env, &scope) != napi_ok) return NULL;
  size_t size;
  const uint8_t *bytes = stored(context, id, (size_t)length, &size);
  tls_session *session = bytes == NULL || size > LONG_MAX ? NULL : tls.session_from(NULL, &bytes, (long)size);
  napi_close_handle_scope(context->env, scope);
  // One that cannot be read is as good as none, and must not look like what became of the handshake.
  if (session == NULL) tls.clear_errors();
  return session;
}

static napi_value resume_sessions(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_context *context = tls_context_at(&given, 0);
  size_t length;
  const uint8_t *keys = bytes_at(&given, 1, &length);
  char name[MAX_NAME + 2];
  if (context == NULL || context->find != NULL || keys == NULL || length != 3 * TICKET_KEY_BYTES ||
      !text_at(&given, 2, name, sizeof name))
    return refused(env, EINVAL);
  if (tls.settings_name(context->settings, (const uint8_t *)name, (unsigned int)strlen(name)) != 1)
    return refused(env, EINVAL);
  if (napi_create_reference(env, given.values[4], 1, &context->find) != napi_ok) return refused(env, EINVAL);
  memcpy(context->ticket_name, keys, sizeof context->ticket_name);
  memcpy(context->ticket_mac, keys + TICKET_KEY_BYTES, sizeof context->ticket_mac);
  memcpy(context->ticket_cipher, keys + 2 * TICKET_KEY_BYTES, sizeof context->ticket_cipher);
  context->begins = integer_at(&given, 5) != 0;
  tls.settings_lifetime(context->settings, (long)integer_at(&given, 3));
  tls.settings_callback(context->settings, CONTROL_TICKET_KEYS, (void (*)(void))ticket_keys);
  tls.settings_find(context->settings, find_session);
  return answer(env, 0);
}

static napi_value knows_tls(napi_env env, napi_callback_info info) {
  (void)info;
  return answer(env, tls.found);
}

void add_tls_context(napi_env env, napi_value exports) {
  find_tls();
  prepare_tls_input();
  add_function(env, exports, "knowsTls", knows_tls);
  add_function(env, exports, "createTlsContext", create_tls_context);
  add_function(env, exports, "resumeSessions", resume_sessions);
}
