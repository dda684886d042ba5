#include "tls-output.h"

#include <errno.h>

// What is encrypted before one system call takes it.
#define WRITE_BUFFER (128 * 1024)

byte_stream *tls_output_stream(int fd) {
  byte_stream *socket = tls.socket_stream(fd, 0), *buffer = tls.stream_new(tls.buffer_kind());
  bool made = socket != NULL && buffer != NULL &&
              tls.stream_control_with(buffer, STREAM_BUFFER_SIZE, WRITE_BUFFER, 1) == 1;
  if (made) return tls.stream_push(buffer, socket);
  tls.stream_free(socket);
  tls.stream_free(buffer);
  return NULL;
}

long tls_output_waiting(byte_stream *stream) {
  return tls.stream_control(stream, STREAM_WAITING, 0, NULL);
}

int flush_tls_output(byte_stream *stream) {
  if (tls_output_waiting(stream) == 0) return 0;
  errno = 0;
  if (tls.stream_control(stream, STREAM_FLUSH, 0, NULL) == 1) return 0;
  bool full = errno == EAGAIN || errno == EINTR;
  tls.clear_errors();
  errno = full ? EAGAIN : EPROTO;
  return -1;
}
