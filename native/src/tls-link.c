// TLS on a bare descriptor. Whoever owns the descriptor closes it, and ends its TLS before. None of these functions waits;
// those that give a number give -EAGAIN where the peer has to do something first, and -EPROTO when TLS failed for good.
//   openTls(context, descriptor, ticketsLast): the server's side of a connection
//   shakeHands(tls): 0 when it is done, else what to wait for, as watch.c has it
//   tlsResumed(tls): 1 for a session that had begun elsewhere
//   sendTls(tls, bytes, from, to, corked), flushTls(tls), endTls(tls): out
//   receiveTls(tls, into, used), pendingTls(tls): in
//   tlsProblem(tls): what failed last, in OpenSSL's words
//   closeTls(tls): frees it; the collector does it for those that were forgotten
#include "tls-context.h"
#include "tls-input.h"
#include "tls-output.h"

#include <errno.h>
#include <stdlib.h>

#define WAIT_READABLE 1
#define WAIT_WRITABLE 2

typedef struct {
  tls_context *context;
  // NULL once it is closed.
  tls_connection *connection;
  // Of the connection, in front of the socket.
  byte_stream *out;
  tls_input in;
  // Nothing may be asked of OpenSSL any more: it would answer as if the peer had ended well.
  bool failed;
  // The last read found nothing more: only the socket can tell when there is.
  bool drained;
  // Tickets of TLS 1.3 go out in front of the end. Who only sends reads none of them, and closes: the system then throws away
  // what of an upload it has not sent yet.
  bool tickets_last;
  // OpenSSL still has a close_notify for which there was no room in front of the socket.
  bool ending;
  // All else was the system's when the end was said. The client may have left with it by then, and misses nothing.
  bool only_end;
  unsigned long problem;
} tls_link;

static void close_link(tls_link *link) {
  if (link->connection == NULL) return;
  tls.connection_free(link->connection);
  link->connection = NULL;
  tls.clear_errors();
  release_tls_context(link->context);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  close_link(data);
  free(data);
}

// NULL for one that is closed; OpenSSL's queue of errors is empty then as well, as its functions want it.
static tls_link *link_at(const arguments *given) {
  void *found = NULL;
  if (napi_get_value_external(given->env, given->values[0], &found) != napi_ok) return NULL;
  tls_link *link = found;
  if (link == NULL || link->connection == NULL) return NULL;
  tls.clear_errors();
  return link;
}

static bool connect_streams(tls_link *link, int fd) {
  link->in.fd = fd;
  byte_stream *in = tls_input_stream(&link->in);
  link->out = tls_output_stream(fd);
  if (in == NULL || link->out == NULL || tls.connection_keep(link->connection, CONTEXT_INDEX, link->context) != 1) {
    tls.stream_free(in);
    tls.stream_free(link->out);
    return false;
  }
  tls.connection_streams(link->connection, in, link->out);
  tls.connection_control(link->connection, CONTROL_MESSAGES_ARGUMENT, 0, &link->in);
  tls.connection_accepts(link->connection);
  return true;
}

static napi_value open_tls(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_context *context = tls_context_at(&given, 0);
  napi_value result = NULL;
  napi_get_null(env, &result);
  // Without keys its tickets would be nobody's.
  if (context == NULL || context->find == NULL) return result;
  tls_link *link = calloc(1, sizeof *link);
  if (link == NULL) return result;
  tls.clear_errors();
  link->connection = tls.connection_new(context->settings);
  if (link->connection != NULL) {
    link->context = context;
    context->users += 1;
  }
  link->tickets_last = integer_at(&given, 2) != 0;
  bool usable = link->connection != NULL && connect_streams(link, (int)integer_at(&given, 1));
  if (usable && link->tickets_last) usable = tls.connection_tickets(link->connection, 0) == 1;
  if (!usable || napi_create_external(env, link, finalize, NULL, &result) != napi_ok) finalize(env, link, NULL);
  return result;
}

// OpenSSL does not know a close_notify of TLS 1.3 for the end when user_canceled came before it, as Java says it (RFC 8446
// section 6.1): a failure without a reason. Alerts that are failures leave one.
static bool ended_after_all(const tls_link *link, int error) {
  return error == ERROR_SYSCALL && (tls.ends(link->connection) & END_RECEIVED) != 0;
}

// What `result` of one of OpenSSL's functions means; a failure is for good, and its reason is kept.
static int error_of(tls_link *link, int result) {
  int error = tls.error_of(link->connection, result);
  if (link->in.flooded) error = ERROR_FAILED;
  else if (ended_after_all(link, error)) error = ERROR_ZERO_RETURN;
  if (error == ERROR_WANT_READ || error == ERROR_WANT_WRITE || error == ERROR_ZERO_RETURN) return error;
  unsigned long reason = tls.take_error();
  if (reason != 0) link->problem = reason;
  link->failed = true;
  tls.clear_errors();
  return error;
}

static bool waits(int error) {
  return error == ERROR_WANT_READ || error == ERROR_WANT_WRITE;
}

static napi_value shake_hands(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_link *link = link_at(&given);
  if (link == NULL) return refused(env, EINVAL);
  if (link->failed) return refused(env, EPROTO);
  begin_tls_turn(&link->in);
  int result = tls.handshake(link->connection);
  link->drained = result != 1;
  if (result == 1) content_follows(&link->in);
  // Tickets may still wait to be flushed; a client that has sent all and left will never read them (RFC 8446 section 4.6.1).
  if (result == 1) return answer(env, 0);
  int error = error_of(link, result);
  if (error == ERROR_WANT_READ) return answer(env, WAIT_READABLE);
  if (error == ERROR_WANT_WRITE) return answer(env, WAIT_WRITABLE);
  return refused(env, EPROTO);
}

static napi_value tls_resumed(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_link *link = link_at(&given);
  return link == NULL ? refused(env, EINVAL) : answer(env, tls.resumed(link->connection));
}

// One record after the other; gives the bytes that are in records, which may still be in the buffer, and with `corked` are.
static int64_t send_records(tls_link *link, const uint8_t *bytes, size_t length, bool corked) {
  size_t sent = 0;
  errno = EPROTO;
  if (link->failed) return -1;
  while (sent < length) {
    size_t written = 0;
    int result = tls.write(link->connection, bytes + sent, length - sent, &written);
    if (result == 1) {
      sent += written;
      continue;
    }
    if (waits(error_of(link, result))) break;
    errno = EPROTO;
    return -1;
  }
  if (!corked && flush_tls_output(link->out) < 0 && errno != EAGAIN) return -1;
  errno = EAGAIN;
  return sent == 0 && length > 0 ? -1 : (int64_t)sent;
}

static napi_value send_tls(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_link *link = link_at(&given);
  size_t length;
  const uint8_t *bytes = bytes_at(&given, 1, &length);
  int64_t from = integer_at(&given, 2), to = integer_at(&given, 3);
  if (link == NULL || bytes == NULL || from < 0 || to < from || (size_t)to > length) return refused(env, EINVAL);
  return answer(env, send_records(link, bytes + from, (size_t)(to - from), integer_at(&given, 4) != 0));
}

static int flush(tls_link *link) {
  int result = flush_tls_output(link->out);
  return link->only_end && result < 0 && errno == EPROTO ? 0 : result;
}

// As `flush`, of the end too.
static int end(tls_link *link) {
  bool nothing_waits = tls_output_waiting(link->out) == 0;
  int result = tls.shutdown(link->connection);
  link->ending = result < 0 && waits(error_of(link, result));
  errno = link->ending ? EAGAIN : EPROTO;
  if (result < 0) return -1;
  link->only_end = nothing_waits;
  return flush(link);
}

static napi_value flush_tls(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_link *link = link_at(&given);
  return link == NULL ? refused(env, EINVAL) : answer(env, link->ending ? end(link) : flush(link));
}

// As many as the handshake would have sent: two with a new session, one where who resumes needs another.
static void send_tickets(tls_link *link) {
  bool resumed = tls.resumed(link->connection) == 1;
  if (tls.version(link->connection) != TLS_1_3 || link->context->begins == resumed) return;
  for (int left = resumed ? 1 : 2; left > 0; left -= 1)
    if (tls.another_ticket(link->connection) != 1) break;
  // A client that has left does not want them.
  tls.handshake(link->connection);
  tls.clear_errors();
}

static napi_value end_tls(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_link *link = link_at(&given);
  if (link == NULL) return refused(env, EINVAL);
  if (link->failed) return refused(env, EPROTO);
  if (link->tickets_last) send_tickets(link);
  link->tickets_last = false;
  return answer(env, end(link));
}

// Fills the room, as far as whole records are here and others need not have their turn first. What failed behind bytes that
// are whole is told by the next call.
static int64_t receive_records(tls_link *link, uint8_t *into, size_t room) {
  size_t got = 0;
  errno = EPROTO;
  if (link->failed) return -1;
  begin_tls_turn(&link->in);
  while (got < room && link->in.records < TURN_RECORDS) {
    size_t read = 0;
    int result = tls.read(link->connection, into + got, room - got, &read);
    if (result == 1) {
      got += read;
      content_follows(&link->in);
      continue;
    }
    int error = error_of(link, result);
    // Never to be waited for: the descriptor is readable meanwhile, and the turns of the loop would go round and round.
    if (error == ERROR_WANT_WRITE) link->failed = true;
    link->drained = error == ERROR_WANT_READ;
    if (got > 0) return (int64_t)got;
    if (error == ERROR_ZERO_RETURN) return 0;
    errno = link->drained ? EAGAIN : EPROTO;
    return -1;
  }
  link->drained = false;
  return (int64_t)got;
}

static napi_value receive_tls(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_link *link = link_at(&given);
  size_t length;
  uint8_t *into = bytes_at(&given, 1, &length);
  int64_t used = integer_at(&given, 2);
  if (link == NULL || into == NULL || used < 0 || (size_t)used >= length) return refused(env, EINVAL);
  return answer(env, receive_records(link, into + used, length - (size_t)used));
}

static napi_value pending_tls(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_link *link = link_at(&given);
  return answer(env, link != NULL && !link->drained);
}

static napi_value tls_problem(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  void *found = NULL;
  napi_value result = NULL;
  napi_get_value_external(env, given.values[0], &found);
  const tls_link *link = found;
  const char *reason = link == NULL || link->problem == 0 ? NULL : tls.error_reason(link->problem);
  if (link != NULL && link->in.flooded) reason = "too many records without content";
  napi_create_string_utf8(env, reason == NULL ? "the connection was lost" : reason, NAPI_AUTO_LENGTH, &result);
  return result;
}

static napi_value close_tls(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  tls_link *link = link_at(&given);
  if (link == NULL) return refused(env, EINVAL);
  close_link(link);
  return answer(env, 0);
}

void add_tls_link(napi_env env, napi_value exports) {
  add_function(env, exports, "openTls", open_tls);
  add_function(env, exports, "shakeHands", shake_hands);
  add_function(env, exports, "tlsResumed", tls_resumed);
  add_function(env, exports, "sendTls", send_tls);
  add_function(env, exports, "flushTls", flush_tls);
  add_function(env, exports, "endTls", end_tls);
  add_function(env, exports, "receiveTls", receive_tls);
  add_function(env, exports, "pendingTls", pending_tls);
  add_function(env, exports, "tlsProblem", tls_problem);
  add_function(env, exports, "closeTls", close_tls);
}
