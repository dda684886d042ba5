// openPackets(keys, bytes, from, to, sequence, places): opens the whole packets of a read where they lie, up to the first that
// is no channel data: that one may change the keys. Gives their number; -EBADMSG when the first one is wrong.
#include "packet-keys.h"

#include <errno.h>
#include <string.h>

// As ssh2 has it.
#define MAX_PACKET 35000
#define CHANNEL_DATA 94
// Of a packet in `places`: where the payload begins and ends, and where the next packet begins.
#define PER_PACKET 3

// With length field and MAC; 0 for one that no packet has.
static size_t packet_size(packet_keys *keys, const uint8_t *packet, uint32_t sequence) {
  bool chacha = keys->kind == CHACHA20_POLY1305;
  uint8_t field[LENGTH_FIELD];
  memcpy(field, packet, LENGTH_FIELD);
  if (chacha && !chacha_length(keys, field, field, sequence)) return 0;
  // In 64 bits: the client says the length, and near 2^32 a sum in 32 bits would begin at 0 again.
  uint64_t length = number_at(field), block = chacha ? 8 : 16;
  if (length < block || length % block != 0 || length + LENGTH_FIELD + TAG > MAX_PACKET) return 0;
  return (size_t)(LENGTH_FIELD + length + TAG);
}

typedef struct {
  uint32_t *values;
  size_t room;
} place_list;

static place_list places_at(const arguments *given, size_t index) {
  napi_typedarray_type type;
  void *data = NULL;
  size_t length = 0;
  napi_status status =
      napi_get_typedarray_info(given->env, given->values[index], &type, &length, &data, NULL, NULL);
  bool usable = status == napi_ok && type == napi_uint32_array;
  return (place_list){.values = data, .room = usable ? length / PER_PACKET : 0};
}

// -1 when a packet is wrong and none stood before it.
static int open_run(packet_keys *keys, uint8_t *bytes, size_t from, size_t to, uint32_t sequence, place_list places) {
  int count = 0;
  for (size_t at = from; (size_t)count < places.room && to - at >= LENGTH_FIELD; count++, sequence++) {
    size_t size = packet_size(keys, bytes + at, sequence);
    if (size > to - at) break;
    uint8_t padding = 0;
    bool good = size > 0 && open_one(keys, bytes + at, size, sequence);
    if (good) padding = bytes[at + LENGTH_FIELD];
    if (!good || (size_t)LENGTH_FIELD + 1 + padding + TAG > size) {
      clear_keys(keys);
      ssl.clear_errors();
      return count > 0 ? count : -1;
    }
    uint32_t *place = places.values + (size_t)count * PER_PACKET;
    place[0] = (uint32_t)(at + LENGTH_FIELD + 1);
    place[1] = (uint32_t)(at + size - TAG - padding);
    place[2] = (uint32_t)(at + size);
    at += size;
    if (place[0] == place[1] || bytes[place[0]] != CHANNEL_DATA) return count + 1;
  }
  return count;
}

static napi_value open_packets(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  void *keys = NULL;
  size_t length;
  uint8_t *bytes = bytes_at(&given, 1, &length);
  int64_t from = integer_at(&given, 2), to = integer_at(&given, 3);
  bool usable = napi_get_value_external(env, given.values[0], &keys) == napi_ok && bytes != NULL && from >= 0 &&
                from <= to && (uint64_t)to <= length && length <= INT32_MAX;
  if (!usable || ((packet_keys *)keys)->main == NULL) return refused(env, EINVAL);
  int count = open_run(keys, bytes, (size_t)from, (size_t)to, (uint32_t)integer_at(&given, 4), places_at(&given, 5));
  return count < 0 ? refused(env, EBADMSG) : answer(env, count);
}

void add_packet_run(napi_env env, napi_value exports) {
  add_function(env, exports, "openPackets", open_packets);
}
