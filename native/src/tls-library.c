// Looks up what tls-library.h names, in the process that the addon was loaded into.
#include "tls-library.h"

#include "symbols.h"

tls_library tls;

#define FIND(member, name) FIND_SYMBOL(tls, member, name)

static void find_settings(void) {
  FIND(server_method, "TLS_server_method");
  FIND(settings_new, "SSL_CTX_new");
  FIND(settings_free, "SSL_CTX_free");
  FIND(settings_control, "SSL_CTX_ctrl");
  FIND(settings_callback, "SSL_CTX_callback_ctrl");
  FIND(settings_options, "SSL_CTX_set_options");
  FIND(settings_ciphers, "SSL_CTX_set_cipher_list");
  FIND(settings_suites, "SSL_CTX_set_ciphersuites");
  FIND(settings_certificate, "SSL_CTX_use_certificate");
  FIND(settings_key, "SSL_CTX_use_PrivateKey");
  FIND(settings_fit, "SSL_CTX_check_private_key");
  FIND(settings_name, "SSL_CTX_set_session_id_context");
  FIND(settings_lifetime, "SSL_CTX_set_timeout");
  FIND(settings_find, "SSL_CTX_sess_set_get_cb");
  FIND(settings_buffer, "SSL_CTX_set_default_read_buffer_len");
  FIND(session_from, "d2i_SSL_SESSION");
}

static void find_connections(void) {
  FIND(connection_new, "SSL_new");
  FIND(connection_free, "SSL_free");
  FIND(connection_control, "SSL_ctrl");
  FIND(connection_keep, "SSL_set_ex_data");
  FIND(connection_kept, "SSL_get_ex_data");
  FIND(connection_streams, "SSL_set_bio");
  FIND(connection_accepts, "SSL_set_accept_state");
  FIND(connection_tickets, "SSL_set_num_tickets");
  FIND(another_ticket, "SSL_new_session_ticket");
  FIND(handshake, "SSL_do_handshake");
  FIND(read, "SSL_read_ex");
  FIND(write, "SSL_write_ex");
  FIND(shutdown, "SSL_shutdown");
  FIND(error_of, "SSL_get_error");
  FIND(ends, "SSL_get_shutdown");
  FIND(set_ends, "SSL_set_shutdown");
  FIND(resumed, "SSL_session_reused");
  FIND(version, "SSL_version");
  FIND(take_error, "ERR_get_error");
  FIND(error_reason, "ERR_reason_error_string");
  FIND(clear_errors, "ERR_clear_error");
}

static void find_streams(void) {
  FIND(memory_stream, "BIO_new_mem_buf");
  FIND(socket_stream, "BIO_new_socket");
  FIND(stream_new, "BIO_new");
  FIND(buffer_kind, "BIO_f_buffer");
  FIND(stream_kind_new, "BIO_meth_new");
  FIND(stream_kind_read, "BIO_meth_set_read");
  FIND(stream_kind_control, "BIO_meth_set_ctrl");
  FIND(stream_set_ready, "BIO_set_init");
  FIND(stream_set_data, "BIO_set_data");
  FIND(stream_data, "BIO_get_data");
  FIND(stream_flags_on, "BIO_set_flags");
  FIND(stream_flags_off, "BIO_clear_flags");
  FIND(stream_push, "BIO_push");
  FIND(stream_control, "BIO_ctrl");
  FIND(stream_control_with, "BIO_int_ctrl");
  FIND(stream_free, "BIO_free_all");
}

static void find_keys(void) {
  FIND(read_first_certificate, "PEM_read_bio_X509_AUX");
  FIND(read_certificate, "PEM_read_bio_X509");
  FIND(certificate_free, "X509_free");
  FIND(read_key, "PEM_read_bio_PrivateKey");
  FIND(key_free, "EVP_PKEY_free");
  FIND(aes_128_cbc, "EVP_aes_128_cbc");
  FIND(sha256, "EVP_sha256");
  FIND(encrypt_init, "EVP_EncryptInit_ex");
  FIND(decrypt_init, "EVP_DecryptInit_ex");
  FIND(mac_init, "HMAC_Init_ex");
  FIND(random_bytes, "RAND_bytes");
  FIND(memory_differs, "CRYPTO_memcmp");
  FIND(wipe, "OPENSSL_cleanse");
}

void find_tls(void) {
  tls.found = true;
  find_settings();
  find_connections();
  find_streams();
  find_keys();
}
