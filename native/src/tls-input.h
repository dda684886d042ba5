// What OpenSSL reads from the socket, in turns, and how many records that is.
#ifndef SALLYPORT_TLS_INPUT_H
#define SALLYPORT_TLS_INPUT_H

#include "tls-library.h"

typedef struct {
  int fd;
  // May still be read before others get their turn; then it looks as if nothing were here.
  int64_t left;
  // In this turn.
  int records;
  // Since one was handed over that is content.
  int idle_records;
  // Records are to bring content now: the handshake is over.
  bool counts;
  // So many brought none that the peer means harm. OpenSSL reads no more then, and takes it for the peer's end.
  bool flooded;
} tls_input;

// What one turn takes in of records, however small they are.
#define TURN_RECORDS 32

// Sets `tls.found` to false where there can be none. Once for the process.
void prepare_tls_input(void);

// Reads what `input` says, which has to outlive the stream. NULL: no memory.
byte_stream *tls_input_stream(tls_input *input);

void begin_tls_turn(tls_input *input);

// Of settings whose connections tell of their input with CONTROL_MESSAGES_ARGUMENT, or not at all.
void count_tls_records(tls_settings *settings);

// The handshake is over, or a record of content was handed over.
void content_follows(tls_input *input);

#endif
