/*
 * A security key in software, for OpenSSH's client: what SSH_SK_PROVIDER names (sk-api.h, API version 10 of OpenSSH).
 * The key handle is the private key itself. Nobody is asked to touch anything: the flags asked for are those signed.
 */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALG_ECDSA = 0, ALG_ED25519 = 1, FAILED = -1, UNSUPPORTED = -2 };

struct sk_enroll_response {
  uint8_t flags;
  uint8_t *public_key;
  size_t public_key_len;
  uint8_t *key_handle;
  size_t key_handle_len;
  uint8_t *signature;
  size_t signature_len;
  uint8_t *attestation_cert;
  size_t attestation_cert_len;
  uint8_t *authdata;
  size_t authdata_len;
};

struct sk_sign_response {
  uint8_t flags;
  uint32_t counter;
  uint8_t *sig_r;
  size_t sig_r_len;
  uint8_t *sig_s;
  size_t sig_s_len;
};

struct sk_option;
struct sk_resident_key;

uint32_t sk_api_version(void) { return 0x000a0000; }

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application, uint8_t flags,
              const char *pin, struct sk_option **options, struct sk_enroll_response **out) {
  (void)challenge, (void)challenge_len, (void)application, (void)pin, (void)options;
  EVP_PKEY *key = alg == ALG_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen("P-256");
  struct sk_enroll_response *made = calloc(1, sizeof *made);
  if (key == NULL || made == NULL) return FAILED;
  made->flags = flags;
  if (alg == ALG_ED25519) {
    made->public_key_len = 32;
    made->public_key = calloc(1, made->public_key_len);
    if (EVP_PKEY_get_raw_public_key(key, made->public_key, &made->public_key_len) != 1) return FAILED;
  } else {
    made->public_key_len = EVP_PKEY_get1_encoded_public_key(key, &made->public_key);
  }
  int length = i2d_PrivateKey(key, &made->key_handle);
  EVP_PKEY_free(key);
  if (made->public_key_len == 0 || length <= 0) return FAILED;
  made->key_handle_len = (size_t)length;
  made->signature = calloc(1, 1);
  made->attestation_cert = calloc(1, 1);
  made->authdata = calloc(1, 1);
  *out = made;
  return 0;
}

static int put(const BIGNUM *number, uint8_t **bytes, size_t *length) {
  *length = (size_t)BN_num_bytes(number);
  *bytes = calloc(1, *length);
  return *bytes != NULL && BN_bn2bin(number, *bytes) == (int)*length;
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application, const uint8_t *handle,
            size_t handle_len, uint8_t flags, const char *pin, struct sk_option **options,
            struct sk_sign_response **out) {
  (void)pin, (void)options;
  const uint32_t counter = 0x01020304;
  uint8_t message[2 * SHA256_DIGEST_LENGTH + 5];
  SHA256((const uint8_t *)application, strlen(application), message);
  message[32] = flags;
  for (int byte = 0; byte < 4; byte++) message[33 + byte] = (uint8_t)(counter >> (24 - 8 * byte));
  SHA256(data, data_len, message + 37);
  EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &handle, (long)handle_len);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  struct sk_sign_response *made = calloc(1, sizeof *made);
  uint8_t signature[128];
  size_t length = sizeof signature;
  if (key == NULL || context == NULL || made == NULL) return FAILED;
  const EVP_MD *hash = alg == ALG_ED25519 ? NULL : EVP_sha256();
  if (EVP_DigestSignInit(context, NULL, hash, NULL, key) != 1 ||
      EVP_DigestSign(context, signature, &length, message, sizeof message) != 1)
    return FAILED;
  made->flags = flags;
  made->counter = counter;
  if (alg == ALG_ED25519) {
    made->sig_r = malloc(length);
    memcpy(made->sig_r, signature, length);
    made->sig_r_len = length;
  } else {
    const uint8_t *at = signature;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &at, (long)length);
    if (numbers == NULL || !put(ECDSA_SIG_get0_r(numbers), &made->sig_r, &made->sig_r_len) ||
        !put(ECDSA_SIG_get0_s(numbers), &made->sig_s, &made->sig_s_len))
      return FAILED;
    ECDSA_SIG_free(numbers);
  }
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  *out = made;
  return 0;
}

int sk_load_resident_keys(const char *pin, struct sk_option **options, struct sk_resident_key ***keys, size_t *count) {
  (void)pin, (void)options, (void)keys, (void)count;
  return UNSUPPORTED;
}
