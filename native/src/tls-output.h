// What OpenSSL writes to the socket, through a buffer.
#ifndef SALLYPORT_TLS_OUTPUT_H
#define SALLYPORT_TLS_OUTPUT_H

#include "tls-library.h"

// The socket behind a buffer. NULL: no memory.
byte_stream *tls_output_stream(int fd);

// Bytes that the system has not taken.
long tls_output_waiting(byte_stream *stream);

// 0 when the system has all of it, or -1 with the reason in errno: EAGAIN for a full socket, EPROTO for a lost one.
int flush_tls_output(byte_stream *stream);

#endif
