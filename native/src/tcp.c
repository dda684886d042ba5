// TCP connections as bare descriptors, for who does without Node's sockets: listenTcp, acceptPeer, dropWaiting, sendBytes,
// sendText, receiveInto, peerEnded, endSending, closeSocket. None of them ever waits.
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64
// Looked at in one call; who is left is still there for the next.
#define MAX_AT_ONCE (2 * BACKLOG)
// Longer texts are for Node.
#define MAX_TEXT 2048
// Reads at the end of a connection: what a peer can have sent that nobody wants.
#define MAX_DISCARDS 16

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address;

// The bytes as IPv6 has them, so that one host is one text of 16 bytes; false for what is no address.
static bool host_of(const address *from, struct in6_addr *host) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  if (from->any.sa_family == AF_INET6) {
    *host = from->v6.sin6_addr;
    return true;
  }
  if (from->any.sa_family != AF_INET) return false;
  memcpy(host->s6_addr, mapped, sizeof mapped);
  memcpy(host->s6_addr + sizeof mapped, &from->v4.sin_addr, sizeof from->v4.sin_addr);
  return true;
}

// Zero, and EINVAL in errno, for what is no address; else how long it is.
static socklen_t address_at(const arguments *given, size_t index, address *to) {
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE];
  memset(to, 0, sizeof *to);
  errno = EINVAL;
  if (napi_get_value_string_utf8(given->env, given->values[index], text, sizeof text, NULL) != napi_ok) return 0;
  if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
    to->v4.sin_family = AF_INET;
    return sizeof to->v4;
  }
  char *zone = strchr(text, '%');
  if (zone != NULL) *zone++ = '\0';
  if (inet_pton(AF_INET6, text, &to->v6.sin6_addr) != 1) return 0;
  to->v6.sin6_family = AF_INET6;
  // 0 for an interface that is gone, which the system refuses for an address that needs one.
  if (zone != NULL) to->v6.sin6_scope_id = if_nametoindex(zone);
  errno = EINVAL;
  return sizeof to->v6;
}

// Closes and keeps the errno that told why.
static int64_t give_up(int fd) {
  int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

static int64_t listen_at(const address *at, socklen_t length) {
  int on = 1;
  int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // Ports whose last connection has not timed out are free. What is accepted has TCP_NODELAY from its listener.
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return give_up(fd);
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) return give_up(fd);
  if (bind(fd, &at->any, length) < 0 || listen(fd, BACKLOG) < 0) return give_up(fd);
  return fd;
}

static napi_value listen_tcp(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  int64_t port = integer_at(&given, 1);
  address at;
  socklen_t length = address_at(&given, 0, &at);
  if (length == 0 || port < 1 || port > UINT16_MAX) return refused(env, EINVAL);
  // The same place in both.
  at.v4.sin_port = htons((uint16_t)port);
  return answer(env, listen_at(&at, length));
}

static int accept_one(int listener, address *from) {
  socklen_t length = sizeof *from;
  memset(from, 0, sizeof *from);
  return accept4(listener, &from->any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// `wanted` NULL: nobody is.
static int64_t accept_from(int listener, const struct in6_addr *wanted) {
  for (int count = 0; count < MAX_AT_ONCE; count++) {
    address from;
    struct in6_addr host;
    int fd = accept_one(listener, &from);
    if (fd < 0 && errno != EINTR && errno != ECONNABORTED) return -1;
    if (fd < 0) continue;
    if (wanted != NULL && host_of(&from, &host) && memcmp(&host, wanted, sizeof host) == 0) return fd;
    close(fd);
  }
  errno = EAGAIN;
  return -1;
}

static napi_value accept_peer(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  address peer;
  struct in6_addr host;
  if (address_at(&given, 1, &peer) == 0 || !host_of(&peer, &host)) return answer(env, -1);
  return answer(env, accept_from((int)integer_at(&given, 0), &host));
}

static napi_value drop_waiting(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  int64_t left = accept_from((int)integer_at(&given, 0), NULL);
  return answer(env, errno == EAGAIN ? 0 : left);
}

static napi_value send_bytes(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t length;
  uint8_t *bytes = bytes_at(&given, 1, &length);
  int64_t from = integer_at(&given, 2), to = integer_at(&given, 3);
  if (bytes == NULL || from < 0 || to < from || (size_t)to > length) return refused(env, EINVAL);
  // What is corked waits for what follows, or 200 ms.
  int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (integer_at(&given, 4) != 0 ? MSG_MORE : 0);
  return answer(env, send((int)integer_at(&given, 0), bytes + from, (size_t)(to - from), flags));
}

static napi_value send_text(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  char text[MAX_TEXT];
  size_t length = 0;
  const napi_status got = napi_get_value_string_utf8(env, given.values[1], text, sizeof text, &length);
  if (got != napi_ok) return refused(env, EINVAL);
  // As long as the room: it may have been longer.
  if (length >= sizeof text - 4) return refused(env, EMSGSIZE);
  ssize_t sent = send((int)integer_at(&given, 0), text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return answer(env, sent < 0 ? sent : (int64_t)length - sent);
}

static napi_value receive_into(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t length;
  uint8_t *into = bytes_at(&given, 1, &length);
  int64_t from = integer_at(&given, 2);
  // No room would look like the end of the connection.
  if (into == NULL || from < 0 || (size_t)from >= length) return refused(env, EINVAL);
  return answer(env, recv((int)integer_at(&given, 0), into + from, length - (size_t)from, MSG_DONTWAIT));
}

static napi_value peer_ended(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  char byte;
  int fd = (int)integer_at(&given, 0);
  ssize_t got = recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && errno != EAGAIN) return answer(env, -1);
  if (got <= 0) return answer(env, got == 0);
  struct pollfd end = {.fd = fd, .events = POLLRDHUP};
  return answer(env, poll(&end, 1, 0) > 0 ? 2 : 0);
}

static napi_value end_sending(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  return answer(env, shutdown((int)integer_at(&given, 0), SHUT_WR));
}

// What lies there unread would make the kernel reset the connection, and take from the peer what is still on its way.
static void discard(int fd) {
  for (int count = 0; count < MAX_DISCARDS; count++) {
    if (recv(fd, NULL, INT_MAX, MSG_TRUNC | MSG_DONTWAIT) <= 0) return;
  }
}

static napi_value close_socket(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  int fd = (int)integer_at(&given, 0);
  if (integer_at(&given, 1) != 0) discard(fd);
  return answer(env, close(fd));
}

void add_tcp(napi_env env, napi_value exports) {
  add_function(env, exports, "listenTcp", listen_tcp);
  add_function(env, exports, "acceptPeer", accept_peer);
  add_function(env, exports, "dropWaiting", drop_waiting);
  add_function(env, exports, "sendBytes", send_bytes);
  add_function(env, exports, "sendText", send_text);
  add_function(env, exports, "receiveInto", receive_into);
  add_function(env, exports, "peerEnded", peer_ended);
  add_function(env, exports, "endSending", end_sending);
  add_function(env, exports, "closeSocket", close_socket);
}
