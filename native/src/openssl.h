// The functions of OpenSSL that packet-cipher.c uses, under names of our own, found by name at run time: OpenSSL's headers are
// not needed, and where Node hides its OpenSSL the other files of the addon still work.
#ifndef SALLYPORT_OPENSSL_H
#define SALLYPORT_OPENSSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// OpenSSL's types, which it never shows either.
typedef struct cipher cipher;
typedef struct cipher_context cipher_context;
typedef struct mac mac;
typedef struct mac_context mac_context;

typedef struct {
  // False: at least one of them is not there.
  bool found;
  cipher_context *(*cipher_context_new)(void);
  void (*cipher_context_free)(cipher_context *);
  int (*cipher_init)(cipher_context *, const cipher *, void *, const uint8_t *, const uint8_t *, int);
  int (*cipher_update)(cipher_context *, uint8_t *, int *, const uint8_t *, int);
  int (*cipher_final)(cipher_context *, uint8_t *, int *);
  int (*cipher_control)(cipher_context *, int, int, void *);
  const cipher *(*aes_128_gcm)(void);
  const cipher *(*aes_256_gcm)(void);
  const cipher *(*chacha20)(void);
  mac *(*mac_fetch)(void *, const char *, const char *);
  void (*mac_free)(mac *);
  mac_context *(*mac_context_new)(mac *);
  void (*mac_context_free)(mac_context *);
  int (*mac_init)(mac_context *, const uint8_t *, size_t, const void *);
  int (*mac_update)(mac_context *, const uint8_t *, size_t);
  int (*mac_final)(mac_context *, uint8_t *, size_t *, size_t);
  int (*memory_differs)(const void *, const void *, size_t);
  void (*wipe)(void *, size_t);
  void (*clear_errors)(void);
} openssl;

extern openssl ssl;

void find_openssl(void);

#endif
