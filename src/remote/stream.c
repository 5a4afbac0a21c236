/* SPDX-License-Identifier: MIT
 * stream.c - a socket that never blocks, and TLS over it. */
#include "remote/stream.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/stop.h"
#include "remote/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SLICE_MS = 50,          /* between two looks at whether to go on */
    BUFFER_BYTES = 64 << 10 /* of TLS that is read or written at once */
};

struct cs_stream {
    int fd;
    cs_tls *tls; /* NULL: plain */
    char buffer[BUFFER_BYTES];
    char sending[BUFFER_BYTES]; /* [sent, filled): of TLS, still to be sent */
    size_t sent, filled;
};

clipsearch_status cs_wait_check(const cs_wait *wait, clipsearch_error *err)
{
    clipsearch_status status = cs_stop_check(err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (wait->go_on && !wait->go_on(wait->context))
        return cs_fail(err, CLIPSEARCH_E_CANCELLED, "stopped while waiting for the server");
    return cs_clock_ms() < wait->deadline ? CLIPSEARCH_OK
                                          : cs_fail(err, CLIPSEARCH_E_TIMEOUT, "the server did not answer in time");
}

static clipsearch_status wait_for(int fd, short events, const cs_wait *wait, clipsearch_error *err)
{
    struct pollfd poller = {.fd = fd, .events = events};
    clipsearch_status status = cs_wait_check(wait, err);
    if (status == CLIPSEARCH_OK && poll(&poller, 1, SLICE_MS) < 0 && errno != EINTR)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "waiting for a server");
    return status;
}

/* ---- connecting */

/* Connect the socket; *connected false without an error: the address does not answer, for the reason `why`. */
static clipsearch_status connect_one(int fd, const struct addrinfo *to, const cs_wait *wait, bool *connected, int *why,
                                     clipsearch_error *err)
{
    const double slice_end = cs_clock_ms() + 10000; /* of several addresses, one that is silent is left for the next */
    *connected = connect(fd, to->ai_addr, to->ai_addrlen) == 0;
    *why = *connected ? 0 : errno;
    if (*connected || *why != EINPROGRESS)
        return CLIPSEARCH_OK;
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLOUT};
        clipsearch_status status = cs_wait_check(wait, err);
        if (status != CLIPSEARCH_OK)
            return status;
        const int ready = poll(&poller, 1, SLICE_MS);
        socklen_t size = sizeof *why;
        if (ready > 0) {
            *connected = getsockopt(fd, SOL_SOCKET, SO_ERROR, why, &size) == 0 && *why == 0;
            return CLIPSEARCH_OK;
        }
        if (to->ai_next && cs_clock_ms() > slice_end) {
            *why = ETIMEDOUT;
            return CLIPSEARCH_OK;
        }
    }
}

static clipsearch_status connect_any(const cs_server_address *address, const struct addrinfo *list, const cs_wait *wait,
                                     int *out, clipsearch_error *err)
{
    int why = ECONNREFUSED;
    for (const struct addrinfo *to = list; to; to = to->ai_next) {
        bool connected = false;
        int one = 1, fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol);
        if (fd < 0) {
            why = errno;
            continue;
        }
        clipsearch_status status = connect_one(fd, to, wait, &connected, &why, err);
        if (status == CLIPSEARCH_OK && connected) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            *out = fd;
            return CLIPSEARCH_OK;
        }
        close(fd);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return cs_fail_errno(err, CLIPSEARCH_E_IO, why, "no server answers at %s, port %s", address->host, address->port);
}

static clipsearch_status connect_socket(const cs_server_address *address, const cs_wait *wait, int *fd,
                                        clipsearch_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    int code = getaddrinfo(address->host, address->port, &hints, &list);
    if (code == EAI_NONAME || code == EAI_ADDRFAMILY) { /* AI_ADDRCONFIG does not count the loopback's addresses */
        const struct addrinfo plain = {.ai_socktype = SOCK_STREAM};
        code = getaddrinfo(address->host, address->port, &plain, &list);
    }
    if (code)
        return cs_fail(err, CLIPSEARCH_E_IO, "the host %s is not found: %s", address->host, gai_strerror(code));
    clipsearch_status status = connect_any(address, list, wait, fd, err);
    freeaddrinfo(list);
    return status;
}

/* ---- bytes of the network */

/* *count 0: nothing goes now. */
static clipsearch_status send_bytes(cs_stream *stream, const void *bytes, size_t size, size_t *count,
                                    clipsearch_error *err)
{
    const ssize_t n = send(stream->fd, bytes, size, MSG_NOSIGNAL);
    *count = n > 0 ? (size_t)n : 0;
    if (n >= 0 || errno == EAGAIN || errno == EINTR)
        return CLIPSEARCH_OK;
    return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "the connection to the server is lost");
}

static clipsearch_status receive_bytes(cs_stream *stream, void *bytes, size_t size, size_t *count,
                                       clipsearch_error *err)
{
    const ssize_t n = recv(stream->fd, bytes, size, 0);
    *count = n > 0 ? (size_t)n : 0;
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return CLIPSEARCH_OK;
    return n == 0 ? cs_fail(err, CLIPSEARCH_E_IO, "the server closed the connection")
                  : cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "the connection to the server is lost");
}

/* Send what TLS has to send. *left: some of it is not sent yet. */
static clipsearch_status flush_tls(cs_stream *stream, bool *left, clipsearch_error *err)
{
    for (;;) {
        size_t count;
        if (stream->sent == stream->filled) {
            stream->sent = 0;
            stream->filled = cs_tls_take(stream->tls, stream->sending, sizeof stream->sending);
        }
        *left = stream->sent < stream->filled;
        if (!*left)
            return CLIPSEARCH_OK;
        clipsearch_status status =
            send_bytes(stream, stream->sending + stream->sent, stream->filled - stream->sent, &count, err);
        if (status != CLIPSEARCH_OK || count == 0)
            return status;
        stream->sent += count;
    }
}

static clipsearch_status feed_tls(cs_stream *stream, size_t *count, clipsearch_error *err)
{
    clipsearch_status status = receive_bytes(stream, stream->buffer, sizeof stream->buffer, count, err);
    return status == CLIPSEARCH_OK && *count ? cs_tls_feed(stream->tls, stream->buffer, *count, err) : status;
}

static clipsearch_status shake_hands(cs_stream *stream, const cs_wait *wait, bool *plain, clipsearch_error *err)
{
    bool done = false, left = false;
    for (;;) {
        size_t count;
        clipsearch_status status = cs_tls_shake_hands(stream->tls, &done, plain, err);
        if (status == CLIPSEARCH_OK)
            status = flush_tls(stream, &left, err);
        if (status != CLIPSEARCH_OK || (done && !left))
            return status;
        status = wait_for(stream->fd, left ? POLLIN | POLLOUT : POLLIN, wait, err);
        if (status == CLIPSEARCH_OK)
            status = feed_tls(stream, &count, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
}

/* ---- the interface */

clipsearch_status cs_stream_open(const cs_server_address *address, const cs_wait *wait, cs_stream **out, bool *plain,
                                 clipsearch_error *err)
{
    *out = NULL;
    *plain = false;
    cs_stream *stream = cs_alloc_array(1, sizeof *stream);
    if (!stream)
        return cs_fail_memory(err, "a connection");
    stream->fd = -1;
    stream->tls = NULL;
    stream->sent = stream->filled = 0;
    clipsearch_status status = connect_socket(address, wait, &stream->fd, err);
    if (status == CLIPSEARCH_OK && address->tls)
        status = cs_tls_open(address->host, address->ca, &stream->tls, err);
    if (status == CLIPSEARCH_OK && address->tls)
        status = shake_hands(stream, wait, plain, err);
    if (status == CLIPSEARCH_OK)
        *out = stream;
    else
        cs_stream_close(&stream);
    return status;
}

void cs_stream_close(cs_stream **handle)
{
    cs_stream *stream = *handle;
    if (!stream)
        return;
    cs_tls_close(&stream->tls);
    if (stream->fd >= 0)
        close(stream->fd);
    cs_free(stream);
    *handle = NULL;
}

clipsearch_status cs_stream_write(cs_stream *stream, const void *bytes, size_t size, size_t *count,
                                  clipsearch_error *err)
{
    bool left = false;
    if (!stream->tls)
        return send_bytes(stream, bytes, size, count, err);
    *count = 0;
    clipsearch_status status = flush_tls(stream, &left, err);
    if (status == CLIPSEARCH_OK && !left) {
        status = cs_tls_write(stream->tls, bytes, size < BUFFER_BYTES ? size : BUFFER_BYTES, count, err);
        if (status == CLIPSEARCH_OK)
            status = flush_tls(stream, &left, err);
    }
    return status;
}

clipsearch_status cs_stream_read(cs_stream *stream, void *bytes, size_t size, size_t *count, clipsearch_error *err)
{
    bool ended = false, left = false;
    size_t fed;
    if (!stream->tls)
        return receive_bytes(stream, bytes, size, count, err);
    clipsearch_status status = flush_tls(stream, &left, err);
    if (status == CLIPSEARCH_OK)
        status = cs_tls_read(stream->tls, bytes, size, count, &ended, err);
    if (status == CLIPSEARCH_OK && *count == 0 && !ended) {
        status = feed_tls(stream, &fed, err);
        if (status == CLIPSEARCH_OK && fed)
            status = cs_tls_read(stream->tls, bytes, size, count, &ended, err);
    }
    if (status == CLIPSEARCH_OK && ended)
        status = cs_fail(err, CLIPSEARCH_E_IO, "the server closed the connection");
    return status;
}

clipsearch_status cs_stream_wait(cs_stream *stream, bool writing, const cs_wait *wait, clipsearch_error *err)
{
    writing = writing || stream->sent < stream->filled;
    return wait_for(stream->fd, writing ? POLLIN | POLLOUT : POLLIN, wait, err);
}
