// The packet ciphers of SSH, in place, over the OpenSSL that the Node process has in it. Five functions:
//   createPacketKeys(cipher, key, iv): keys of one direction, null where there is no such cipher here
//   sealPacket(keys, packet, sequence), openPacket(keys, packet, sequence): 0, or -EBADMSG for a MAC that does not fit
//   packetLength(keys, field, sequence): the length field in clear
//   freePacketKeys(keys): wipes them; the collector does it for those that were forgotten
#include "packet-keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHACHA_KEY 32
#define CHACHA_BLOCK 64
// The part of the IV that counts packets, the last one first.
#define GCM_COUNTER 8
#define SET_TAG 0x11
#define GET_TAG 0x10

void clear_keys(packet_keys *keys) {
  if (keys->main != NULL) ssl.cipher_context_free(keys->main);
  if (keys->lengths != NULL) ssl.cipher_context_free(keys->lengths);
  if (keys->poly1305 != NULL) ssl.mac_context_free(keys->poly1305);
  ssl.wipe(keys, sizeof *keys);
}

static void finalize_keys(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  clear_keys(data);
  free(data);
}

static cipher_context *context_for(const cipher *with, const uint8_t *key) {
  cipher_context *made = ssl.cipher_context_new();
  if (made == NULL || ssl.cipher_init(made, with, NULL, key, NULL, 1) == 1) return made;
  ssl.cipher_context_free(made);
  return NULL;
}

static mac_context *new_poly1305(void) {
  mac *fetched = ssl.mac_fetch(NULL, "POLY1305", NULL);
  if (fetched == NULL) return NULL;
  mac_context *made = ssl.mac_context_new(fetched);
  ssl.mac_free(fetched);
  return made;
}

static bool set_up_gcm(packet_keys *keys, const uint8_t *key, size_t length, const uint8_t *iv, size_t iv_length) {
  bool short_key = keys->kind == AES_128_GCM;
  if (length != (short_key ? 16 : 32) || iv_length != GCM_IV) return false;
  memcpy(keys->iv, iv, GCM_IV);
  keys->main = context_for(short_key ? ssl.aes_128_gcm() : ssl.aes_256_gcm(), key);
  return keys->main != NULL;
}

// Two keys: the packet's, and behind it the length field's.
static bool set_up_chacha(packet_keys *keys, const uint8_t *key, size_t length) {
  if (length != 2 * CHACHA_KEY) return false;
  keys->main = context_for(ssl.chacha20(), key);
  keys->lengths = context_for(ssl.chacha20(), key + CHACHA_KEY);
  keys->poly1305 = new_poly1305();
  return keys->main != NULL && keys->lengths != NULL && keys->poly1305 != NULL;
}

static bool set_up(packet_keys *keys, const arguments *given) {
  size_t length, iv_length;
  uint8_t *key = bytes_at(given, 1, &length);
  uint8_t *iv = bytes_at(given, 2, &iv_length);
  if (key == NULL) return false;
  if (keys->kind == CHACHA20_POLY1305) return set_up_chacha(keys, key, length);
  if (keys->kind != AES_128_GCM && keys->kind != AES_256_GCM) return false;
  return iv != NULL && set_up_gcm(keys, key, length, iv, iv_length);
}

static napi_value create_packet_keys(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  napi_value result = NULL;
  napi_get_null(env, &result);
  if (!ssl.found) return result;
  packet_keys *keys = calloc(1, sizeof *keys);
  if (keys == NULL) return result;
  keys->kind = (int)integer_at(&given, 0);
  if (!set_up(keys, &given) || napi_create_external(env, keys, finalize_keys, NULL, &result) != napi_ok) {
    finalize_keys(env, keys, NULL);
    ssl.clear_errors();
  }
  return result;
}

// The same key stream from `counter` on as OpenSSH has it: both numbers of 64 bits, the first one the lowest byte first.
static bool chacha_seek(cipher_context *context, uint32_t sequence) {
  uint8_t iv[16] = {0};
  for (int at = 0; at < 4; at++) iv[15 - at] = (uint8_t)(sequence >> (8 * at));
  return ssl.cipher_init(context, NULL, NULL, NULL, iv, 1) == 1;
}

bool chacha_length(packet_keys *keys, const uint8_t *field, uint8_t *out, uint32_t sequence) {
  int written;
  return chacha_seek(keys->lengths, sequence) &&
         ssl.cipher_update(keys->lengths, out, &written, field, LENGTH_FIELD) == 1;
}

// Leaves the main key stream at block 1, where the packet begins.
static bool take_mac_key(packet_keys *keys, uint8_t block[CHACHA_BLOCK], uint32_t sequence) {
  int written;
  memset(block, 0, CHACHA_BLOCK);
  return chacha_seek(keys->main, sequence) &&
         ssl.cipher_update(keys->main, block, &written, block, CHACHA_BLOCK) == 1;
}

static bool poly1305(packet_keys *keys, const uint8_t *key, const uint8_t *message, size_t length, uint8_t *tag) {
  size_t written;
  return ssl.mac_init(keys->poly1305, key, CHACHA_KEY, NULL) == 1 &&
         ssl.mac_update(keys->poly1305, message, length) == 1 &&
         ssl.mac_final(keys->poly1305, tag, &written, TAG) == 1;
}

static bool chacha_seal(packet_keys *keys, uint8_t *packet, size_t length, uint32_t sequence) {
  uint8_t block[CHACHA_BLOCK];
  size_t end = length - TAG;
  uint8_t *body = packet + LENGTH_FIELD;
  int written;
  bool done = take_mac_key(keys, block, sequence) && chacha_length(keys, packet, packet, sequence) &&
              ssl.cipher_update(keys->main, body, &written, body, (int)(end - LENGTH_FIELD)) == 1 &&
              poly1305(keys, block, packet, end, packet + end);
  ssl.wipe(block, sizeof block);
  return done;
}

static bool chacha_open(packet_keys *keys, uint8_t *packet, size_t length, uint32_t sequence) {
  uint8_t block[CHACHA_BLOCK], tag[TAG];
  size_t end = length - TAG;
  uint8_t *body = packet + LENGTH_FIELD;
  int written;
  bool done = take_mac_key(keys, block, sequence) && poly1305(keys, block, packet, end, tag) &&
              ssl.memory_differs(tag, packet + end, TAG) == 0 &&
              ssl.cipher_update(keys->main, body, &written, body, (int)(end - LENGTH_FIELD)) == 1;
  ssl.wipe(block, sizeof block);
  return done;
}

static void count_packet(packet_keys *keys) {
  for (int at = GCM_IV - 1; at >= GCM_IV - GCM_COUNTER && ++keys->iv[at] == 0; at--) continue;
}

// `encrypts`: 1 or 0. The length field stays in clear, and the MAC is over it too.
static bool gcm(packet_keys *keys, uint8_t *packet, size_t length, int encrypts) {
  size_t end = length - TAG;
  uint8_t *body = packet + LENGTH_FIELD, rest[TAG];
  int written;
  if (ssl.cipher_init(keys->main, NULL, NULL, NULL, keys->iv, encrypts) != 1) return false;
  if (!encrypts && ssl.cipher_control(keys->main, SET_TAG, TAG, packet + end) != 1) return false;
  if (ssl.cipher_update(keys->main, NULL, &written, packet, LENGTH_FIELD) != 1) return false;
  if (ssl.cipher_update(keys->main, body, &written, body, (int)(end - LENGTH_FIELD)) != 1) return false;
  if (ssl.cipher_final(keys->main, rest, &written) != 1) return false;
  if (encrypts && ssl.cipher_control(keys->main, GET_TAG, TAG, packet + end) != 1) return false;
  count_packet(keys);
  return true;
}

bool open_one(packet_keys *keys, uint8_t *packet, size_t length, uint32_t sequence) {
  return keys->kind == CHACHA20_POLY1305 ? chacha_open(keys, packet, length, sequence)
                                         : gcm(keys, packet, length, 0);
}

bool seal_one(packet_keys *keys, uint8_t *packet, size_t length, uint32_t sequence) {
  return keys->kind == CHACHA20_POLY1305 ? chacha_seal(keys, packet, length, sequence)
                                         : gcm(keys, packet, length, 1);
}

typedef struct {
  packet_keys *keys;
  uint8_t *bytes;
  size_t length;
  uint32_t sequence;
} packet_call;

// False for keys that were freed, and for fewer than `least` bytes.
static bool take_call(napi_env env, napi_callback_info info, size_t least, packet_call *call) {
  arguments given = take_arguments(env, info);
  void *keys = NULL;
  if (napi_get_value_external(env, given.values[0], &keys) != napi_ok) return false;
  call->keys = keys;
  call->bytes = bytes_at(&given, 1, &call->length);
  call->sequence = (uint32_t)integer_at(&given, 2);
  return call->bytes != NULL && call->length >= least && call->length <= INT32_MAX && call->keys->main != NULL;
}

static napi_value crypt(napi_env env, napi_callback_info info, bool seals) {
  packet_call call;
  if (!take_call(env, info, LENGTH_FIELD + TAG, &call)) return refused(env, EINVAL);
  bool done = (seals ? seal_one : open_one)(call.keys, call.bytes, call.length, call.sequence);
  if (done) return answer(env, 0);
  // Node would take what is left there for an error of its own.
  ssl.clear_errors();
  return refused(env, EBADMSG);
}

static napi_value seal_packet(napi_env env, napi_callback_info info) { return crypt(env, info, true); }

static napi_value open_packet(napi_env env, napi_callback_info info) { return crypt(env, info, false); }

static napi_value packet_length(napi_env env, napi_callback_info info) {
  packet_call call;
  uint8_t field[LENGTH_FIELD];
  if (!take_call(env, info, LENGTH_FIELD, &call)) return refused(env, EINVAL);
  memcpy(field, call.bytes, LENGTH_FIELD);
  if (call.keys->kind == CHACHA20_POLY1305 && !chacha_length(call.keys, field, field, call.sequence)) {
    return refused(env, EBADMSG);
  }
  return answer(env, number_at(field));
}

static napi_value free_packet_keys(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  void *keys = NULL;
  if (napi_get_value_external(env, given.values[0], &keys) == napi_ok) clear_keys(keys);
  return answer(env, 0);
}

void add_packet_cipher(napi_env env, napi_value exports) {
  find_openssl();
  add_function(env, exports, "createPacketKeys", create_packet_keys);
  add_function(env, exports, "sealPacket", seal_packet);
  add_function(env, exports, "openPacket", open_packet);
  add_function(env, exports, "packetLength", packet_length);
  add_function(env, exports, "freePacketKeys", free_packet_keys);
}
