// What OpenSSL reads from the socket, in turns.
#ifndef SALLYPORT_TLS_INPUT_H
#define SALLYPORT_TLS_INPUT_H

#include "tls-library.h"

typedef struct {
  int fd;
  // May still be read before others get their turn; then it looks as if nothing were here.
  int64_t left;
} tls_input;

// Sets `tls.found` to false where there can be none. Once for the process.
void prepare_tls_input(void);

// Reads what `input` says, which has to outlive the stream. NULL: no memory.
byte_stream *tls_input_stream(tls_input *input);

void begin_tls_turn(tls_input *input);

#endif
