// Looks up what openssl.h names, in the process that the addon was loaded into.
#include "openssl.h"

#include "symbols.h"

openssl ssl;

#define FIND(member, name) FIND_SYMBOL(ssl, member, name)

void find_openssl(void) {
  ssl.found = true;
  FIND(cipher_context_new, "EVP_CIPHER_CTX_new");
  FIND(cipher_context_free, "EVP_CIPHER_CTX_free");
  FIND(cipher_init, "EVP_CipherInit_ex");
  FIND(cipher_update, "EVP_CipherUpdate");
  FIND(cipher_final, "EVP_CipherFinal_ex");
  FIND(cipher_control, "EVP_CIPHER_CTX_ctrl");
  FIND(aes_128_gcm, "EVP_aes_128_gcm");
  FIND(aes_256_gcm, "EVP_aes_256_gcm");
  FIND(chacha20, "EVP_chacha20");
  FIND(mac_fetch, "EVP_MAC_fetch");
  FIND(mac_free, "EVP_MAC_free");
  FIND(mac_context_new, "EVP_MAC_CTX_new");
  FIND(mac_context_free, "EVP_MAC_CTX_free");
  FIND(mac_init, "EVP_MAC_init");
  FIND(mac_update, "EVP_MAC_update");
  FIND(mac_final, "EVP_MAC_final");
  FIND(memory_differs, "CRYPTO_memcmp");
  FIND(wipe, "OPENSSL_cleanse");
  FIND(clear_errors, "ERR_clear_error");
}
