// The functions and numbers of OpenSSL that the TLS files use, under names of our own, found by name at run time as in
// openssl.h and for the same reasons.
#ifndef SALLYPORT_TLS_LIBRARY_H
#define SALLYPORT_TLS_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// OpenSSL's types, which it never shows either.
typedef struct tls_settings tls_settings;
typedef struct tls_connection tls_connection;
typedef struct tls_method tls_method;
typedef struct tls_session tls_session;
typedef struct byte_stream byte_stream;
typedef struct stream_kind stream_kind;
typedef struct certificate certificate;
typedef struct private_key private_key;
typedef struct ticket_cipher ticket_cipher;
typedef struct ticket_mac ticket_mac;
typedef struct cipher_kind cipher_kind;
typedef struct digest_kind digest_kind;

typedef int ticket_key_callback(tls_connection *, uint8_t *, uint8_t *, ticket_cipher *, ticket_mac *, int);
typedef tls_session *find_session_callback(tls_connection *, const uint8_t *, int, int *);
typedef int passphrase_callback(char *, int, int, void *);
typedef int read_callback(byte_stream *, char *, int);
typedef long control_callback(byte_stream *, int, long, void *);

typedef struct {
  // False: at least one of them is not there.
  bool found;
  const tls_method *(*server_method)(void);
  tls_settings *(*settings_new)(const tls_method *);
  void (*settings_free)(tls_settings *);
  long (*settings_control)(tls_settings *, int, long, void *);
  long (*settings_callback)(tls_settings *, int, void (*)(void));
  uint64_t (*settings_options)(tls_settings *, uint64_t);
  int (*settings_ciphers)(tls_settings *, const char *);
  int (*settings_suites)(tls_settings *, const char *);
  int (*settings_certificate)(tls_settings *, certificate *);
  int (*settings_key)(tls_settings *, private_key *);
  int (*settings_fit)(const tls_settings *);
  int (*settings_name)(tls_settings *, const uint8_t *, unsigned int);
  long (*settings_lifetime)(tls_settings *, long);
  void (*settings_find)(tls_settings *, find_session_callback *);
  void (*settings_buffer)(tls_settings *, size_t);
  tls_connection *(*connection_new)(tls_settings *);
  void (*connection_free)(tls_connection *);
  long (*connection_control)(tls_connection *, int, long, void *);
  int (*connection_keep)(tls_connection *, int, void *);
  void *(*connection_kept)(const tls_connection *, int);
  void (*connection_streams)(tls_connection *, byte_stream *, byte_stream *);
  void (*connection_accepts)(tls_connection *);
  int (*ends)(const tls_connection *);
  void (*set_ends)(tls_connection *, int);
  int (*connection_tickets)(tls_connection *, size_t);
  int (*another_ticket)(tls_connection *);
  int (*handshake)(tls_connection *);
  int (*read)(tls_connection *, void *, size_t, size_t *);
  int (*write)(tls_connection *, const void *, size_t, size_t *);
  int (*shutdown)(tls_connection *);
  int (*error_of)(const tls_connection *, int);
  int (*resumed)(const tls_connection *);
  int (*version)(const tls_connection *);
  tls_session *(*session_from)(tls_session **, const uint8_t **, long);
  byte_stream *(*memory_stream)(const void *, int);
  byte_stream *(*socket_stream)(int, int);
  byte_stream *(*stream_new)(const stream_kind *);
  const stream_kind *(*buffer_kind)(void);
  stream_kind *(*stream_kind_new)(int, const char *);
  int (*stream_kind_read)(stream_kind *, read_callback *);
  int (*stream_kind_control)(stream_kind *, control_callback *);
  void (*stream_set_ready)(byte_stream *, int);
  void (*stream_set_data)(byte_stream *, void *);
  void *(*stream_data)(byte_stream *);
  void (*stream_flags_on)(byte_stream *, int);
  void (*stream_flags_off)(byte_stream *, int);
  byte_stream *(*stream_push)(byte_stream *, byte_stream *);
  long (*stream_control)(byte_stream *, int, long, void *);
  long (*stream_control_with)(byte_stream *, int, long, int);
  void (*stream_free)(byte_stream *);
  certificate *(*read_first_certificate)(byte_stream *, certificate **, passphrase_callback *, void *);
  certificate *(*read_certificate)(byte_stream *, certificate **, passphrase_callback *, void *);
  void (*certificate_free)(certificate *);
  private_key *(*read_key)(byte_stream *, private_key **, passphrase_callback *, void *);
  void (*key_free)(private_key *);
  const cipher_kind *(*aes_128_cbc)(void);
  const digest_kind *(*sha256)(void);
  int (*encrypt_init)(ticket_cipher *, const cipher_kind *, void *, const uint8_t *, const uint8_t *);
  int (*decrypt_init)(ticket_cipher *, const cipher_kind *, void *, const uint8_t *, const uint8_t *);
  int (*mac_init)(ticket_mac *, const void *, int, const digest_kind *, void *);
  int (*random_bytes)(uint8_t *, int);
  int (*memory_differs)(const void *, const void *, size_t);
  void (*wipe)(void *, size_t);
  unsigned long (*take_error)(void);
  const char *(*error_reason)(unsigned long);
  void (*clear_errors)(void);
} tls_library;

extern tls_library tls;

void find_tls(void);

// From here on OpenSSL's own numbers, by what they are for; its headers have them under the names behind.
enum {
  CONTROL_MESSAGES = 15,             // SSL_CTRL_SET_MSG_CALLBACK
  CONTROL_MESSAGES_ARGUMENT = 16,    // SSL_CTRL_SET_MSG_CALLBACK_ARG
  CONTROL_MODE = 33,                 // SSL_CTRL_MODE
  CONTROL_READ_AHEAD = 41,           // SSL_CTRL_SET_READ_AHEAD
  CONTROL_CACHE_MODE = 44,           // SSL_CTRL_SET_SESS_CACHE_MODE
  CONTROL_TICKET_KEYS = 72,          // SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB
  CONTROL_CHAIN_CERTIFICATE = 89,    // SSL_CTRL_CHAIN_CERT
  CONTROL_MIN_VERSION = 123,         // SSL_CTRL_SET_MIN_PROTO_VERSION
  MODE_PARTIAL_WRITE = 1,            // SSL_MODE_ENABLE_PARTIAL_WRITE
  MODE_MOVING_BUFFER = 2,            // SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
  MODE_AUTO_RETRY = 4,               // SSL_MODE_AUTO_RETRY
  MODE_NO_AUTO_CHAIN = 8,            // SSL_MODE_NO_AUTO_CHAIN
  CACHE_SERVER = 2,                  // SSL_SESS_CACHE_SERVER
  CACHE_NOT_INSIDE = 0x300,          // SSL_SESS_CACHE_NO_INTERNAL
  ERROR_FAILED = 1,                  // SSL_ERROR_SSL
  ERROR_WANT_READ = 2,               // SSL_ERROR_WANT_READ
  ERROR_WANT_WRITE = 3,              // SSL_ERROR_WANT_WRITE
  ERROR_SYSCALL = 5,                 // SSL_ERROR_SYSCALL
  ERROR_ZERO_RETURN = 6,             // SSL_ERROR_ZERO_RETURN
  END_RECEIVED = 2,                  // SSL_RECEIVED_SHUTDOWN
  RECORD_HEADER = 256,               // SSL3_RT_HEADER
  TLS_1_3 = 0x0304,                  // TLS1_3_VERSION
  STREAM_FLUSH = 11,                 // BIO_CTRL_FLUSH
  STREAM_WAITING = 13,               // BIO_CTRL_WPENDING
  STREAM_BUFFER_SIZE = 117,          // BIO_C_SET_BUFF_SIZE
  KIND_SOURCE = 0x400,               // BIO_TYPE_SOURCE_SINK
  FLAGS_RETRY = 0x0f,                // BIO_FLAGS_RWS, BIO_FLAGS_SHOULD_RETRY
  FLAGS_RETRY_READ = 0x09,           // BIO_FLAGS_READ, BIO_FLAGS_SHOULD_RETRY
};
#define OPTION_SERVER_CHOOSES ((uint64_t)1 << 22)     // SSL_OP_CIPHER_SERVER_PREFERENCE
#define OPTION_NO_SSL3 ((uint64_t)1 << 25)            // SSL_OP_NO_SSLv3
#define OPTION_NO_RENEGOTIATION ((uint64_t)1 << 30)   // SSL_OP_NO_RENEGOTIATION

#endif
