// OpenSSL goes on reading as long as nothing came that it has to hand over. A peer that sends empty things without end, such
// as requests for other keys, would keep it at that, and everybody else from their turn. Bytes are no measure of it: a change
// of keys has 27 of them and costs as much as 64 KiB of content.
#include "tls-input.h"

#include <errno.h>
#include <sys/socket.h>

// Of a peer that sends files, a turn of the event loop.
#define TURN (128 * 1024)

// Records without content that follow one another. OpenSSL counts empty ones and warnings itself, to the like; who changes
// keys more often than content comes has no use for that.
#define IDLE_RECORDS 32

static stream_kind *kind;

static int read_input(byte_stream *stream, char *into, int room) {
  tls_input *input = tls.stream_data(stream);
  tls.stream_flags_off(stream, FLAGS_RETRY);
  errno = EAGAIN;
  ssize_t got = input->left > 0 ? recv(input->fd, into, (size_t)room, MSG_DONTWAIT) : -1;
  if (got > 0) input->left -= got;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) tls.stream_flags_on(stream, FLAGS_RETRY_READ);
  return (int)got;
}

// Knows no end, though it may have come: OpenSSL can be configured to take an end without close_notify for a good one, but
// not what it does not see to be the end. It fails then as with any other that is lost.
static long control_input(byte_stream *stream, int command, long number, void *data) {
  (void)stream, (void)command, (void)number, (void)data;
  return 0;
}

void prepare_tls_input(void) {
  if (!tls.found || kind != NULL) return;
  kind = tls.stream_kind_new(KIND_SOURCE, "turns");
  tls.found = kind != NULL && tls.stream_kind_read(kind, read_input) == 1 &&
              tls.stream_kind_control(kind, control_input) == 1;
}

byte_stream *tls_input_stream(tls_input *input) {
  byte_stream *stream = tls.stream_new(kind);
  if (stream == NULL) return NULL;
  tls.stream_set_data(stream, input);
  tls.stream_set_ready(stream, 1);
  return stream;
}

void begin_tls_turn(tls_input *input) {
  input->left = TURN;
  input->records = 0;
}

static void count_record(int sent, int version, int type, const void *bytes, size_t length, tls_connection *connection,
                         void *data) {
  (void)version, (void)bytes, (void)length;
  tls_input *input = data;
  if (input == NULL || sent || type != RECORD_HEADER || !input->counts) return;
  input->records += 1;
  input->idle_records += 1;
  if (input->idle_records <= IDLE_RECORDS + 1) return;
  input->flooded = true;
  tls.set_ends(connection, END_RECEIVED);
}

void count_tls_records(tls_settings *settings) {
  tls.settings_callback(settings, CONTROL_MESSAGES, (void (*)(void))count_record);
}

void content_follows(tls_input *input) {
  input->counts = true;
  input->idle_records = 0;
}
