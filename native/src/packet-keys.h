// Keys of one direction of an SSH connection, as packet-cipher.c makes them, and packet-run.c and packet-send.c use them.
#ifndef SALLYPORT_PACKET_KEYS_H
#define SALLYPORT_PACKET_KEYS_H

#include "addon.h"
#include "openssl.h"

#include <stdbool.h>

#define TAG 16
#define LENGTH_FIELD 4
#define GCM_IV 12

enum { AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305 };

// The contexts keep the keys and wipe them when they are freed.
typedef struct {
  int kind;
  // NULL: they were freed.
  cipher_context *main;
  // Of chacha20: the length field's.
  cipher_context *lengths;
  mac_context *poly1305;
  // Of AES-GCM: of the next packet.
  uint8_t iv[GCM_IV];
} packet_keys;

void clear_keys(packet_keys *keys);

// False for what OpenSSL refuses; its errors are then the caller's to clear.
bool chacha_length(packet_keys *keys, const uint8_t *field, uint8_t *out, uint32_t sequence);
bool open_one(packet_keys *keys, uint8_t *packet, size_t length, uint32_t sequence);
bool seal_one(packet_keys *keys, uint8_t *packet, size_t length, uint32_t sequence);

static inline uint32_t number_at(const uint8_t *field) {
  return (uint32_t)field[0] << 24 | (uint32_t)field[1] << 16 | (uint32_t)field[2] << 8 | field[3];
}

#endif
