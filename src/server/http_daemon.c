/* SPDX-License-Identifier: MIT
 * http_daemon.c - one thread with epoll serves all connections. A request is read as a whole, within limits; then its
 * connection rests while a thread of the work queue makes the answer. */
#include "server/http_daemon.h"

#include "base/clock.h"
#include "base/mem.h"
#include "server/http_library.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    HEADER_BYTES = 32 << 10, /* of a request's head; MHD answers 431 and 414 beyond */
    ALL_BODIES = 512 << 20,  /* bytes of bodies that are held at once */
    READ_PAST = 64 << 20,    /* bytes of a refused body that are read and dropped */
    SILENCE_SECONDS = 10,    /* of a connection; slow ones: connections.c */
    MAX_PATH = 1024
};

/* Its address in *kept says that the path has a NUL. */
static char nul_in_path;

static const char default_policy[] = "default-src 'none'; frame-ancestors 'none'; sandbox";

/* ---------------------------------------------------------------- answers */

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (value && *value)
        cs_mhd.MHD_add_response_header(response, name, value);
}

static struct MHD_Response *make_response(cs_reply *reply)
{
    if (reply->has_file) {
        struct MHD_Response *response = cs_mhd.MHD_create_response_from_fd64(reply->file_size, reply->file);
        if (response)
            reply->file = -1; /* MHD closes it */
        return response;
    }
    const void *bytes = reply->fixed;
    size_t size = reply->fixed_size;
    if (reply->shared) {
        bytes = cs_shared_bytes_data(reply->shared);
        size = cs_shared_bytes_size(reply->shared);
    } else if (!bytes) {
        bytes = reply->body.data;
        size = reply->body.len;
    }
    /* the bytes live until the request is completed; MHD does not write to them */
    union {
        const void *from;
        void *to;
    } pointer = {.from = size ? bytes : ""};
    return cs_mhd.MHD_create_response_from_buffer(size, pointer.to, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_reply(cs_request *request)
{
    cs_reply *reply = &request->reply;
    cs_server *server = request->server;
    char seconds[16] = "";
    const uint64_t size = reply->has_file ? reply->file_size
                          : reply->shared ? cs_shared_bytes_size(reply->shared)
                          : reply->fixed  ? reply->fixed_size
                                          : reply->body.len;
    struct MHD_Response *response = make_response(reply);
    if (!response)
        return MHD_NO;
    if (reply->retry_after)
        snprintf(seconds, sizeof seconds, "%u", reply->retry_after);
    add(response, "Content-Type", reply->type);
    add(response, "Cache-Control", reply->cache ? reply->cache : "no-store");
    add(response, "ETag", reply->etag);
    add(response, "Content-Disposition", reply->disposition);
    add(response, "Set-Cookie", reply->cookie);
    add(response, "Location", reply->location);
    add(response, "Allow", reply->allow);
    add(response, "WWW-Authenticate", reply->challenge);
    add(response, "Retry-After", seconds);
    add(response, "Connection", reply->closes ? "close" : NULL);
    add(response, "Content-Security-Policy", reply->policy ? reply->policy : default_policy);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Referrer-Policy", "no-referrer");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
    request->step_ms[CS_STEP_ALL] = cs_clock_ms() - request->arrived;
    cs_metrics_count(&server->metrics, request);
    cs_connection_enter(&server->connections, request->entry, CS_CONNECTION_ANSWER, size);
    const enum MHD_Result queued = cs_mhd.MHD_queue_response(request->connection, reply->status, response);
    cs_mhd.MHD_destroy_response(response);
    return queued;
}

/* ---------------------------------------------------------------- requests */

static const char *header(const cs_request *request, const char *name)
{
    return cs_mhd.MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static bool has_nul(const char *text, size_t size)
{
    return text && memchr(text, '\0', size);
}

static enum MHD_Result keep_argument(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                     const char *value, size_t value_size)
{
    (void)kind;
    cs_request *request = context;
    if (has_nul(name, name_size) || has_nul(value, value_size))
        request->argument_fault = "a field of the address has a NUL character";
    else if (request->argument_count == CS_REQUEST_ARGUMENTS)
        request->argument_fault = "the address has too many fields";
    if (request->argument_fault)
        return MHD_NO;
    request->arguments[request->argument_count++] = (cs_argument){name, value ? value : ""};
    return MHD_YES;
}

/* Find the route. */
static void find_route(cs_request *request)
{
    const char *allow = NULL;
    if (strlen(request->path) <= MAX_PATH)
        request->route = cs_route_find(request->head ? "GET" : request->method, request->path, request->places, &allow);
    if (request->route)
        return;
    if (!allow) {
        cs_reply_fail(&request->reply, 404, "not_found", "there is nothing at %.200s", request->path);
        return;
    }
    cs_reply_fail(&request->reply, 405, "method", "%.200s takes %s, not %.20s", request->path, allow, request->method);
    request->reply.allow = allow;
}

/* Refuse who may not ask. */
static void check_origin(cs_request *request)
{
    const cs_guard *guard = &request->server->guard;
    const cs_request_origin from = {.host = header(request, "Host"),
                                    .origin = header(request, "Origin"),
                                    .fetch_site = header(request, "Sec-Fetch-Site"),
                                    .cookie = header(request, "Cookie"),
                                    .authorization = header(request, "Authorization")};
    if (!cs_guard_knows_host(guard, from.host))
        cs_reply_fail(&request->reply, 421, "host",
                      "this server is not called %.200s; if it should be, start it with --host-name %.200s", from.host,
                      from.host);
    else if (!request->route->link && !cs_guard_is_same_site(guard, &from))
        cs_reply_fail(&request->reply, 403, "origin", "a page of another site has sent this request");
    else if (!request->route->open && !cs_guard_admits(guard, &from)) {
        cs_reply_fail(&request->reply, 401, "token",
                      "this server wants its token: as cookie, after its link was opened, or in the header "
                      "Authorization: Bearer TOKEN");
        request->reply.challenge = "Bearer realm=\"clipsearch\"";
    }
}

/* What a request's head says of where the request ends. */
typedef struct framing {
    unsigned lengths, encodings; /* Content-Length, Transfer-Encoding */
    bool other_encoding;         /* than chunked */
    bool spaced;                 /* a name with a space, which some programs take for the name without it */
} framing;

static enum MHD_Result note_framing(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                    const char *value, size_t value_size)
{
    (void)kind;
    (void)name_size;
    (void)value_size;
    framing *f = context;
    f->spaced |= name[strcspn(name, " \t")] != '\0';
    f->lengths += strcasecmp(name, "Content-Length") == 0;
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        f->encodings++;
        f->other_encoding |= !value || strcasecmp(value, "chunked") != 0;
    }
    return MHD_YES;
}

/* Refuse what leaves open where the request ends: a proxy in front may see another end than libmicrohttpd does, which
 * takes all this, and what one client sends behind it would be read as the request of another. */
static void check_framing(cs_request *request)
{
    framing f = {0};
    cs_mhd.MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, note_framing, &f);
    if (f.lengths + f.encodings <= 1 && !f.other_encoding && !f.spaced)
        return;
    cs_reply_fail(&request->reply, 400, "argument", "%s",
                  f.spaced           ? "there is a space in the name of a header"
                  : f.other_encoding ? "the only Transfer-Encoding that is taken is chunked"
                                     : "there is more than one Content-Length or Transfer-Encoding");
    request->reply.closes = true;
}

/* What Content-Length says; UINT64_MAX when it is more than can be told, 0 when it says nothing. */
static uint64_t announced_length(const cs_request *request)
{
    const char *length = header(request, "Content-Length");
    uint64_t announced = 0;
    for (const char *c = length ? length : ""; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(announced, 10, &announced) ||
            __builtin_add_overflow(announced, (uint64_t)(*c - '0'), &announced))
            return UINT64_MAX;
    return announced;
}

/* A part of what the address asks for is not answered as if it were all. */
static void check_arguments(cs_request *request)
{
    clipsearch_error err;
    if (request->reply.status)
        return;
    if (request->argument_fault)
        cs_reply_fail(&request->reply, 400, "argument", "%s", request->argument_fault);
    else if (cs_request_check_arguments(request, &err) != CLIPSEARCH_OK)
        cs_reply_error(&request->reply, &err);
}

static void check_body(cs_request *request)
{
    const uint64_t most = request->server->options.max_body;
    if (!request->reply.status && announced_length(request) > most)
        cs_reply_fail(&request->reply, 413, "limit", "the body has %.20s bytes; at most %llu are taken",
                      header(request, "Content-Length"), (unsigned long long)most);
}

/* A refused request is answered at once, which ends the connection, so that its body need not be read. But a client
 * that is sending it already finds a broken connection then, and no answer. So a body that was not asked for
 * (Expect: 100-continue) and is not too large is read to its end first. */
static bool reads_past(const cs_request *request)
{
    const uint64_t announced = announced_length(request);
    return announced && announced <= READ_PAST && !request->reply.closes && !header(request, "Expect");
}

/* Called with the address as it was sent, before it is decoded. What it returns is what `handle` finds in *kept. A
 * path ends at its first NUL for libmicrohttpd: /v1/items/1%00 would be item 1. */
static void *note_address(void *context, const char *address, struct MHD_Connection *connection)
{
    (void)context;
    (void)connection;
    const char *nul = strstr(address, "%00");
    return nul && nul < address + strcspn(address, "?") ? &nul_in_path : NULL;
}

static cs_request *begin(cs_server *server, struct MHD_Connection *connection, const char *path, const char *method,
                         bool is_cut)
{
    cs_request *request = cs_zalloc_array(1, sizeof *request);
    if (!request)
        return NULL;
    const union MHD_ConnectionInfo *socket =
                                       cs_mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD),
                                   *entry =
                                       cs_mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->server = server;
    request->connection = connection;
    request->socket = socket ? socket->connect_fd : -1;
    request->entry = entry ? entry->socket_context : NULL;
    request->method = method;
    request->path = path;
    request->head = strcmp(method, "HEAD") == 0;
    request->arrived = cs_clock_ms();
    request->body = cs_buf_make(server->options.max_body + 1);
    cs_reply_init(&request->reply);
    cs_connection_enter(&server->connections, request->entry, CS_CONNECTION_BODY, 0);
    cs_mhd.MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, keep_argument, request);
    if (is_cut)
        request->argument_fault = "the path has a NUL character";
    request->content_type = header(request, "Content-Type");
    request->none_match = header(request, "If-None-Match");
    check_framing(request);
    if (!request->reply.status)
        find_route(request);
    if (request->route)
        check_origin(request);
    check_arguments(request);
    check_body(request);
    return request;
}

/* MHD_NO ends the connection. */
static enum MHD_Result read_body(cs_request *request, const char *bytes, size_t size)
{
    cs_server *server = request->server;
    cs_connection_received(&server->connections, request->entry, size);
    if (request->reply.status) { /* refused already; what follows is not kept, and not read for ever */
        request->discarded += size;
        return request->discarded > READ_PAST ? MHD_NO : MHD_YES;
    }
    if (request->body.len + size > server->options.max_body) {
        cs_reply_fail(&request->reply, 413, "limit", "the body is longer than %llu bytes, which are taken at most",
                      (unsigned long long)server->options.max_body);
    } else if (atomic_fetch_add(&server->body_bytes, size) + size > ALL_BODIES) {
        atomic_fetch_sub(&server->body_bytes, size);
        cs_reply_fail(&request->reply, 503, "busy", "other uploads take all the memory for them; try again");
    } else {
        request->announced += size;
        if (!cs_buf_append(&request->body, bytes, size))
            cs_reply_fail(&request->reply, 503, "memory", "memory has run out; try again");
    }
    return MHD_YES;
}

static void answer(cs_request *request)
{
    request->route->answer(request);
    cs_reply_finish(&request->reply);
}

void cs_http_daemon_work(cs_request *request)
{
    request->step_ms[CS_STEP_WAIT] = cs_clock_ms() - request->queued_at;
    /* nobody waits for it any more: 64 uploads of a client that left would keep two processors busy for 9 seconds */
    if (cs_request_is_abandoned(request))
        cs_reply_fail(&request->reply, 503, "cancelled", "the request was given up");
    else
        answer(request);
    cs_mhd.MHD_resume_connection(request->connection);
}

/* The request is there as a whole. */
static enum MHD_Result finish(cs_request *request)
{
    cs_server *server = request->server;
    if (request->reply.status)
        return send_reply(request);
    if (request->route->fast) {
        answer(request);
        return send_reply(request);
    }
    cs_connection_enter(&server->connections, request->entry, CS_CONNECTION_WORK, 0);
    request->queued_at = cs_clock_ms();
    cs_mhd.MHD_suspend_connection(request->connection);
    if (!cs_work_queue_add(request->route->patient ? server->patient_queue : server->queue, request)) {
        cs_reply_fail(&request->reply, 503, "busy", "%zu requests are waiting already; try again",
                      server->options.max_waiting);
        cs_mhd.MHD_resume_connection(request->connection);
    }
    return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *bytes, size_t *size, void **kept)
{
    (void)version;
    const bool is_cut = *kept == &nul_in_path;
    cs_request *request = is_cut ? NULL : *kept;
    if (!request) {
        *kept = request = begin(context, connection, path, method, is_cut);
        if (!request)
            return MHD_NO;
        return request->reply.status && !reads_past(request) ? send_reply(request) : MHD_YES;
    }
    if (*size) {
        const size_t given = *size;
        *size = 0;
        return read_body(request, bytes, given);
    }
    return finish(request);
}

static void completed(void *context, struct MHD_Connection *connection, void **kept,
                      enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    cs_server *server = context;
    cs_request *request = *kept == &nul_in_path ? NULL : *kept;
    *kept = NULL;
    if (!request)
        return;
    atomic_fetch_sub(&server->body_bytes, request->announced);
    cs_connection_enter(&server->connections, request->entry, CS_CONNECTION_HEAD, 0);
    for (size_t i = 0; i < CS_REQUEST_PLACES; i++)
        cs_free(request->places[i]);
    cs_buf_free(&request->body);
    cs_reply_free(&request->reply);
    cs_free(request);
}

static void connection_changes(void *context, struct MHD_Connection *connection, void **entry,
                               enum MHD_ConnectionNotificationCode code)
{
    cs_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *socket =
            cs_mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *entry = cs_connections_add(&server->connections, socket ? socket->connect_fd : -1);
    } else {
        cs_connections_remove(&server->connections, *entry);
        *entry = NULL;
    }
}

/* ---------------------------------------------------------------- the daemon */

static void ignore_log(void *context, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
}

clipsearch_status cs_http_daemon_start(cs_server *server, clipsearch_error *err)
{
    const bool tls = server->cert.len != 0;
    if (tls && cs_mhd.MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "this libmicrohttpd has no TLS");
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (tls)
        flags |= MHD_USE_TLS;
    struct MHD_OptionItem tls_items[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert.data},
                                         {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key.data},
                                         {MHD_OPTION_END, 0, NULL}},
                          none[] = {{MHD_OPTION_END, 0, NULL}};
    server->daemon = cs_mhd.MHD_start_daemon(
        flags, 0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL, MHD_OPTION_LISTEN_SOCKET,
        server->socket.fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->options.max_connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)SILENCE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        connection_changes, server, MHD_OPTION_URI_LOG_CALLBACK, note_address, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
        1, MHD_OPTION_ARRAY, tls ? tls_items : none, MHD_OPTION_END);
    if (!server->daemon)
        return tls ? cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                             "TLS does not begin: --cert and --key should be PEM files that belong together")
                   : cs_fail(err, CLIPSEARCH_E_IO, "libmicrohttpd does not begin at %s", server->socket.address);
    return CLIPSEARCH_OK;
}

void cs_http_daemon_quiesce(cs_server *server)
{
    if (!server->daemon)
        return;
    const int fd = cs_mhd.MHD_quiesce_daemon(server->daemon);
    if (fd >= 0)
        close(fd);
    server->socket.fd = -1;
}

void cs_http_daemon_stop(cs_server *server)
{
    if (server->daemon)
        cs_mhd.MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
    server->socket.fd = -1; /* closed with it */
}
