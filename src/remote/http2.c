/* SPDX-License-Identifier: MIT
 * http2.c - unary calls with nghttp2, which is loaded when it is first needed. */
#include "remote/http2.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/symbol.h"

#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW = 16 << 20, /* bytes that the server may send before we have taken them */
    READ_BYTES = 64 << 10,
    MAX_HEADERS = 64, /* of an answer; gRPC's has half a dozen */
    SILENT_MS = 5000  /* a server of HTTP/2 speaks as soon as it is connected; one of another kind may wait for us */
};

struct cs_http2 {
    cs_stream *stream;
    nghttp2_session *session;
    bool tls;
    bool ended;    /* GOAWAY came, or the protocol was broken */
    bool heard;    /* the server has sent something */
    double opened; /* by cs_clock_ms */
    /* the call in progress */
    int32_t id;
    const cs_buf *sending;
    size_t sent;
    cs_http2_reply *reply;
    unsigned headers;
    bool closed, too_large;
    uint32_t reset;     /* the code with which the server ended the call; 0: it did not */
    const uint8_t *out; /* [out_size]: of frames, still to be written */
    size_t out_size;
    char buffer[READ_BYTES];
};

#define FUNCTIONS(F)                                                                                                   \
    F(nghttp2_session_callbacks_del)                                                                                   \
    F(nghttp2_session_callbacks_new)                                                                                   \
    F(nghttp2_session_callbacks_set_on_data_chunk_recv_callback)                                                       \
    F(nghttp2_session_callbacks_set_on_frame_recv_callback)                                                            \
    F(nghttp2_session_callbacks_set_on_header_callback)                                                                \
    F(nghttp2_session_callbacks_set_on_stream_close_callback)                                                          \
    F(nghttp2_session_client_new)                                                                                      \
    F(nghttp2_session_del)                                                                                             \
    F(nghttp2_session_mem_recv)                                                                                        \
    F(nghttp2_session_mem_send)                                                                                        \
    F(nghttp2_session_set_local_window_size)                                                                           \
    F(nghttp2_session_want_read)                                                                                       \
    F(nghttp2_strerror)                                                                                                \
    F(nghttp2_submit_request)                                                                                          \
    F(nghttp2_submit_settings)                                                                                         \
    F(nghttp2_version)

static struct {
    FUNCTIONS(CS_SYMBOL_FIELD)
} lib;
static const cs_symbol symbols[] = {FUNCTIONS(CS_SYMBOL_ENTRY)};
static bool loaded;

static void load(void)
{
    static const char *const names[] = {"libnghttp2.so.14", NULL};
    loaded = cs_symbols_load(names, symbols, sizeof symbols / sizeof *symbols) != NULL;
}

static bool is_loaded(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded;
}

const char *cs_http2_library(void)
{
    return is_loaded() ? lib.nghttp2_version(0)->version_str : "not loaded: it is not installed";
}

/* ---- what nghttp2 calls */

static ssize_t on_send_body(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t size, uint32_t *flags,
                            nghttp2_data_source *source, void *context)
{
    cs_http2 *c = context;
    (void)session;
    (void)source;
    if (id != c->id || !c->sending)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const size_t left = c->sending->len - c->sent, n = left < size ? left : size;
    memcpy(bytes, c->sending->data + c->sent, n);
    c->sent += n;
    if (c->sent == c->sending->len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* grpc-message: any byte may be written as % and two digits. Control characters become spaces: people see it. */
static void decode_message(const char *text, size_t size, char *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < size && n + 1 < room; i++) {
        char c = text[i];
        if (c == '%' && i + 2 < size && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        out[n++] = (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c;
    }
    out[n] = '\0';
}

static int read_status(const uint8_t *value, size_t size)
{
    char text[8] = "";
    if (size == 0 || size >= sizeof text)
        return CS_GRPC_NONE;
    memcpy(text, value, size);
    text[size] = '\0';
    return strspn(text, "0123456789") == size ? atoi(text) : CS_GRPC_NONE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                     const uint8_t *value, size_t size, uint8_t flags, void *context)
{
    cs_http2 *c = context;
    (void)session;
    (void)flags;
    if (!c->reply || frame->hd.stream_id != c->id)
        return 0;
    if (++c->headers > MAX_HEADERS)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (name_size == 7 && memcmp(name, ":status", 7) == 0)
        c->reply->http_status = read_status(value, size);
    else if (name_size == 11 && memcmp(name, "grpc-status", 11) == 0)
        c->reply->grpc_status = read_status(value, size);
    else if (name_size == 12 && memcmp(name, "grpc-message", 12) == 0)
        decode_message((const char *)value, size, c->reply->message, sizeof c->reply->message);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t size,
                   void *context)
{
    cs_http2 *c = context;
    (void)session;
    (void)flags;
    if (!c->reply || id != c->id)
        return 0;
    if (cs_buf_append(&c->reply->body, bytes, size))
        return 0;
    c->too_large = c->reply->body.max - c->reply->body.len < size;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    cs_http2 *c = context;
    (void)session;
    c->heard = true;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        c->ended = true;
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    cs_http2 *c = context;
    (void)session;
    if (id == c->id) {
        c->closed = true;
        c->reset = code;
    }
    return 0;
}

/* ---- opening */

static clipsearch_status start_session(cs_http2 *c, clipsearch_error *err)
{
    nghttp2_session_callbacks *callbacks;
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW}};
    if (lib.nghttp2_session_callbacks_new(&callbacks))
        return cs_fail_memory(err, "a connection");
    lib.nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    lib.nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    lib.nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    lib.nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    int code = lib.nghttp2_session_client_new(&c->session, callbacks, c);
    lib.nghttp2_session_callbacks_del(callbacks);
    if (code == 0)
        code = lib.nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings);
    if (code == 0)
        code = lib.nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, WINDOW);
    return code == 0 ? CLIPSEARCH_OK : cs_fail_memory(err, "a connection");
}

clipsearch_status cs_http2_open(const cs_server_address *address, const cs_wait *wait, cs_http2 **out,
                                clipsearch_error *err)
{
    bool plain = false;
    clipsearch_error why;
    *out = NULL;
    if (!is_loaded())
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "a Milvus database is reached through the library nghttp2 (libnghttp2.so.14), which is not "
                       "installed");
    cs_http2 *c = cs_zalloc_array(1, sizeof *c);
    if (!c)
        return cs_fail_memory(err, "a connection");
    c->tls = address->tls;
    clipsearch_status status = cs_stream_open(address, wait, &c->stream, &plain, &why);
    if (status != CLIPSEARCH_OK && plain)
        cs_fail(err, status, "the server at %s, port %s, speaks no TLS: it is reached by an address milvus://",
                address->host, address->port);
    else if (status == CLIPSEARCH_E_DATABASE)
        cs_fail(err, status, "the server at %s, port %s: %s", address->host, address->port, why.message);
    else if (status != CLIPSEARCH_OK && err)
        *err = why;
    c->opened = cs_clock_ms();
    if (status == CLIPSEARCH_OK)
        status = start_session(c, err);
    if (status == CLIPSEARCH_OK)
        *out = c;
    else
        cs_http2_close(&c);
    return status;
}

void cs_http2_close(cs_http2 **handle)
{
    cs_http2 *c = *handle;
    if (!c)
        return;
    if (c->session)
        lib.nghttp2_session_del(c->session);
    cs_stream_close(&c->stream);
    cs_free(c);
    *handle = NULL;
}

/* ---- a call */

static nghttp2_nv header(const char *name, const char *value)
{
    union { /* nghttp2 copies them and declares them as if it did not */
        const char *text;
        uint8_t *bytes;
    } n = {.text = name}, v = {.text = value};
    return (nghttp2_nv){n.bytes, v.bytes, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static clipsearch_status submit(cs_http2 *c, const cs_http2_request *request, const cs_wait *wait,
                                clipsearch_error *err)
{
    const nghttp2_data_provider provider = {.read_callback = on_send_body};
    char timeout[24];
    const double left = wait->deadline - cs_clock_ms();
    cs_format(timeout, sizeof timeout, "%ldm", left > 1 ? (long)left : 1);
    nghttp2_nv headers[10] = {header(":method", "POST"),
                              header(":scheme", c->tls ? "https" : "http"),
                              header(":path", request->path),
                              header(":authority", request->authority),
                              header("content-type", "application/grpc"),
                              header("te", "trailers"),
                              header("grpc-timeout", timeout)};
    size_t count = 7;
    if (request->authorization) {
        headers[count] = header("authorization", request->authorization);
        headers[count++].flags = NGHTTP2_NV_FLAG_NO_INDEX; /* it enters no table that an attacker could probe */
    }
    if (request->database)
        headers[count++] = header("dbname", request->database);
    c->id = lib.nghttp2_submit_request(c->session, NULL, headers, count, &provider, NULL);
    return c->id > 0 ? CLIPSEARCH_OK : cs_fail(err, CLIPSEARCH_E_IO, "HTTP/2: %s", lib.nghttp2_strerror(c->id));
}

static clipsearch_status fail_unheard(const cs_http2 *c, const char *what, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_IO, "%s: it is no Milvus server%s", what,
                   c->tls ? "" : ", or one that is reached with TLS (milvus+tls://)");
}

static clipsearch_status fail_broken(const cs_http2 *c, const char *what, clipsearch_error *err)
{
    if (!c->heard)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server speaks no HTTP/2, so it is no Milvus");
    return cs_fail(err, CLIPSEARCH_E_IO, "the server broke the rules of HTTP/2: %s", what);
}

/* Write what goes without waiting. *left: there is more. */
static clipsearch_status write_frames(cs_http2 *c, bool *left, clipsearch_error *err)
{
    for (;;) {
        size_t count;
        if (!c->out_size) {
            const ssize_t n = lib.nghttp2_session_mem_send(c->session, &c->out);
            if (n < 0)
                return cs_fail(err, CLIPSEARCH_E_IO, "HTTP/2: %s", lib.nghttp2_strerror((int)n));
            c->out_size = (size_t)n;
        }
        *left = c->out_size > 0;
        if (!*left)
            return CLIPSEARCH_OK;
        clipsearch_status status = cs_stream_write(c->stream, c->out, c->out_size, &count, err);
        if (status == CLIPSEARCH_E_IO && !c->heard)
            fail_unheard(c, "it closed the connection at once", err);
        if (status != CLIPSEARCH_OK || count == 0)
            return status;
        c->out += count;
        c->out_size -= count;
    }
}

/* Read what is there. *count 0: nothing. */
static clipsearch_status read_frames(cs_http2 *c, size_t *count, clipsearch_error *err)
{
    clipsearch_status status = cs_stream_read(c->stream, c->buffer, sizeof c->buffer, count, err);
    if (status == CLIPSEARCH_E_IO && !c->heard)
        fail_unheard(c, "it closed the connection at once", err);
    if (status != CLIPSEARCH_OK || *count == 0)
        return status;
    const ssize_t n = lib.nghttp2_session_mem_recv(c->session, (const uint8_t *)c->buffer, *count);
    if (n >= 0)
        return CLIPSEARCH_OK;
    c->ended = true;
    if (c->too_large)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "the server's answer is larger than %zu bytes", c->reply->body.max);
    if (c->reply && c->reply->body.failed)
        return cs_fail_memory(err, "the answer of a server");
    return fail_broken(c, lib.nghttp2_strerror((int)n), err);
}

/* Until the call is closed. */
static clipsearch_status exchange(cs_http2 *c, const cs_wait *wait, clipsearch_error *err)
{
    bool left = false;
    for (;;) {
        size_t count = 1;
        clipsearch_status status = write_frames(c, &left, err);
        while (status == CLIPSEARCH_OK && count && !c->closed)
            status = read_frames(c, &count, err);
        if (status != CLIPSEARCH_OK || c->closed)
            return status;
        status = write_frames(c, &left, err);
        if (status == CLIPSEARCH_OK && !c->closed && !lib.nghttp2_session_want_read(c->session))
            status = fail_broken(c, "it sent what is no frame", err); /* nghttp2 has said GOAWAY */
        if (status == CLIPSEARCH_OK && !c->heard && cs_clock_ms() - c->opened > SILENT_MS)
            status = fail_unheard(c, "it says nothing", err);
        if (status == CLIPSEARCH_OK)
            status = cs_stream_wait(c->stream, left, wait, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
}

clipsearch_status cs_http2_call(cs_http2 *c, const cs_http2_request *request, const cs_wait *wait,
                                cs_http2_reply *reply, bool *lost, clipsearch_error *err)
{
    c->sending = request->body;
    c->sent = 0;
    c->reply = reply;
    c->headers = 0;
    c->closed = c->too_large = false;
    c->reset = 0;
    reply->http_status = 0;
    reply->grpc_status = CS_GRPC_NONE;
    reply->message[0] = '\0';
    clipsearch_status status = submit(c, request, wait, err);
    if (status == CLIPSEARCH_OK)
        status = exchange(c, wait, err);
    if (status == CLIPSEARCH_OK && c->reset && reply->grpc_status == CS_GRPC_NONE)
        status = cs_fail(err, CLIPSEARCH_E_IO, "the server ended the call (HTTP/2 code %u)", c->reset);
    *lost = status == CLIPSEARCH_E_IO;
    c->ended = c->ended || status != CLIPSEARCH_OK;
    c->reply = NULL;
    c->sending = NULL;
    c->id = 0;
    return status;
}

bool cs_http2_is_usable(cs_http2 *c)
{
    size_t count = 1;
    bool left;
    while (!c->ended && count) /* pings, and an end that came meanwhile */
        if (read_frames(c, &count, NULL) != CLIPSEARCH_OK)
            c->ended = true;
    if (!c->ended && write_frames(c, &left, NULL) != CLIPSEARCH_OK)
        c->ended = true;
    return !c->ended && lib.nghttp2_session_want_read(c->session);
}
