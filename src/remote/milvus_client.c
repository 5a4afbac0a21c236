/* SPDX-License-Identifier: MIT
 * milvus_client.c - one call of a method, tried again while the server is away, busy or limits its clients. */
#include "remote/milvus_client.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PREFIX = 5, /* of a message of gRPC: 0, not compressed, and its length */
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 3000,
    SILENT_MS = 2000, /* a longer wait is said */
    GRPC_TOO_LARGE = 8,
    GRPC_FORBIDDEN = 7,
    GRPC_UNKNOWN_METHOD = 12,
    GRPC_UNAVAILABLE = 14,
    GRPC_NOT_AUTHENTICATED = 16,
    OLD_RATE_LIMIT = 49 /* Milvus's old code */
};

bool cs_milvus_is_since(const milvus_database *db, unsigned major, unsigned minor)
{
    return db->version[0] != major ? db->version[0] > major : db->version[1] >= minor;
}

cs_buf cs_milvus_request(void)
{
    static const char prefix[PREFIX];
    cs_buf request = cs_buf_make(CS_MILVUS_MESSAGE_MAX);
    cs_buf_append(&request, prefix, sizeof prefix);
    return request;
}

/* ---- waiting */

static bool ask_database(void *context)
{
    const milvus_database *db = context;
    return db->base.go_on(db->base.go_on_context);
}

cs_wait cs_milvus_wait(milvus_database *db, double seconds)
{
    return (cs_wait){
        .deadline = cs_clock_ms() + seconds * 1000, .go_on = db->base.go_on ? ask_database : NULL, .context = db};
}

clipsearch_status cs_milvus_pause(const milvus_database *db, double milliseconds, const cs_wait *wait,
                                  clipsearch_error *err)
{
    const double end = cs_clock_ms() + milliseconds;
    (void)db;
    for (;;) {
        clipsearch_status status = cs_wait_check(wait, err);
        const double left = end - cs_clock_ms();
        if (status != CLIPSEARCH_OK || left <= 0)
            return status;
        const struct timespec slice = {.tv_nsec = (long)((left < 50 ? left : 50) * 1e6)};
        nanosleep(&slice, NULL);
    }
}

/* ---- connections */

/* A connection that was used before, or a new one. */
static clipsearch_status borrow(milvus_database *db, const cs_wait *wait, bool fresh, cs_http2 **connection,
                                clipsearch_error *err)
{
    *connection = NULL;
    pthread_mutex_lock(&db->lock);
    if (db->idle_count && !fresh)
        *connection = db->idle[--db->idle_count];
    pthread_mutex_unlock(&db->lock);
    if (*connection && !cs_http2_is_usable(*connection))
        cs_http2_close(connection);
    return *connection ? CLIPSEARCH_OK : cs_http2_open(&db->address.server, wait, connection, err);
}

static void give_back(milvus_database *db, cs_http2 *connection)
{
    pthread_mutex_lock(&db->lock);
    db->reached = true;
    if (db->idle_count < CS_MILVUS_CONNECTIONS) {
        db->idle[db->idle_count++] = connection;
        connection = NULL;
    }
    pthread_mutex_unlock(&db->lock);
    cs_http2_close(&connection);
}

void cs_milvus_close_connections(milvus_database *db)
{
    while (db->idle_count)
        cs_http2_close(&db->idle[--db->idle_count]);
}

static bool was_reached(milvus_database *db)
{
    pthread_mutex_lock(&db->lock);
    const bool reached = db->reached;
    pthread_mutex_unlock(&db->lock);
    return reached;
}

/* ---- one try */

/* Find the message in the body: one, not compressed. */
static clipsearch_status unpack(const milvus_database *db, const cs_buf *body, cs_proto *answer, clipsearch_error *err)
{
    const uint8_t *bytes = (const uint8_t *)body->data;
    *answer = cs_proto_of(NULL, 0);
    if (body->len < PREFIX || bytes[0] != 0 ||
        ((size_t)bytes[1] << 24 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 8 | bytes[4]) != body->len - PREFIX)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the answer of the server at %s is cut off or no message of gRPC",
                       db->address.authority);
    *answer = cs_proto_of(bytes + PREFIX, body->len - PREFIX);
    return CLIPSEARCH_OK;
}

/* Read Milvus's own status. */
static bool read_status(cs_proto message, cs_milvus_refusal *refusal)
{
    cs_proto_field field;
    while (cs_proto_next(&message, &field)) {
        if (field.number == 1 && field.type == CS_PROTO_VARINT)
            refusal->old_code = field.value;
        else if (field.number == 2 && field.type == CS_PROTO_BYTES)
            cs_proto_copy_text(&field.bytes, refusal->reason, sizeof refusal->reason);
        else if (field.number == 3 && field.type == CS_PROTO_VARINT)
            refusal->code = field.value;
    }
    refusal->is = refusal->code || refusal->old_code;
    for (char *c = refusal->reason; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    return !message.failed;
}

static clipsearch_status read_answer(const milvus_database *db, const char *method, uint32_t status_field,
                                     const cs_http2_reply *reply, cs_proto *answer, cs_milvus_refusal *refusal,
                                     clipsearch_error *err)
{
    if (reply->http_status != 200 || reply->grpc_status == CS_GRPC_NONE)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server at %s is no Milvus: it answers %s with HTTP status %d",
                       db->address.authority, method, reply->http_status);
    *answer = cs_proto_of(NULL, 0);
    if (reply->grpc_status != CS_GRPC_OK) {
        refusal->is = true;
        refusal->grpc = reply->grpc_status;
        snprintf(refusal->reason, sizeof refusal->reason, "%s", reply->message);
        return CLIPSEARCH_OK;
    }
    clipsearch_status status = unpack(db, &reply->body, answer, err);
    if (status != CLIPSEARCH_OK)
        return status;
    bool sound = true;
    cs_proto rest = *answer;
    cs_proto_field field;
    if (status_field == 0)
        sound = read_status(rest, refusal);
    while (status_field && cs_proto_next(&rest, &field))
        if (field.number == status_field && field.type == CS_PROTO_BYTES)
            sound = read_status(field.bytes, refusal) && sound;
    return sound && !rest.failed
               ? CLIPSEARCH_OK
               : cs_fail(err, CLIPSEARCH_E_DATABASE, "the answer of the server at %s to %s is no message of Milvus",
                         db->address.authority, method);
}

/* One try. *lost: another may help. */
static clipsearch_status try_once(milvus_database *db, const char *method, const cs_buf *request, uint32_t status_field,
                                  bool fresh, const cs_wait *wait, cs_http2_reply *reply, cs_proto *answer,
                                  cs_milvus_refusal *refusal, bool *lost, clipsearch_error *err)
{
    char path[128];
    cs_http2 *connection;
    snprintf(path, sizeof path, "/milvus.proto.milvus.MilvusService/%s", method);
    const cs_http2_request call = {.path = path,
                                   .authority = db->address.authority,
                                   .authorization = db->authorization,
                                   .database = db->address.database[0] ? db->address.database : NULL,
                                   .body = request};
    cs_buf_clear(&reply->body);
    *refusal = (cs_milvus_refusal){0};
    clipsearch_status status = borrow(db, wait, fresh, &connection, err);
    if (status != CLIPSEARCH_OK) {
        *lost = status == CLIPSEARCH_E_IO && was_reached(db);
        return status;
    }
    status = cs_http2_call(connection, &call, wait, reply, lost, err);
    if (status != CLIPSEARCH_OK) {
        *lost = *lost && was_reached(db); /* a server that never answered may be none of Milvus */
        cs_http2_close(&connection);
        return status;
    }
    give_back(db, connection);
    return read_answer(db, method, status_field, reply, answer, refusal, err);
}

/* ---- tries */

static bool is_limited(const cs_milvus_refusal *refusal)
{
    return refusal->is && refusal->grpc == CS_GRPC_OK &&
           (refusal->code == CS_MILVUS_RATE_LIMIT || refusal->old_code == OLD_RATE_LIMIT);
}

static bool is_away(const cs_milvus_refusal *refusal)
{
    return refusal->is && refusal->grpc == GRPC_UNAVAILABLE;
}

/* Of several clients that wait, not all come back at the same moment. */
static double jitter(double milliseconds, unsigned number)
{
    const double share = (double)(((uint64_t)(cs_clock_ms() * 1000) * 2654435761U + number) % 1000) / 1000;
    return milliseconds * (0.5 + share / 2);
}

/* Before the answer to a call was given up: from which address it did not come. */
static clipsearch_status explain(const milvus_database *db, clipsearch_status status, const clipsearch_error *why,
                                 clipsearch_error *err)
{
    if (status == CLIPSEARCH_OK)
        return status;
    clipsearch_error own = *why;
    if (status == CLIPSEARCH_E_TIMEOUT || status == CLIPSEARCH_E_IO)
        return cs_fail(err, status == CLIPSEARCH_E_IO ? CLIPSEARCH_E_DATABASE : status, "the Milvus server at %s: %s",
                       db->address.authority, own.message);
    if (err)
        *err = own;
    return status;
}

clipsearch_status cs_milvus_try(milvus_database *db, const char *method, const cs_buf *request, uint32_t status_field,
                                cs_buf *body, cs_proto *answer, cs_milvus_refusal *refusal, clipsearch_error *err)
{
    const cs_wait wait = cs_milvus_wait(db, CS_MILVUS_WAIT_SECONDS);
    const double start = cs_clock_ms();
    double pause = FIRST_PAUSE_MS;
    cs_http2_reply reply = {.body = cs_buf_make(CS_MILVUS_MESSAGE_MAX)};
    clipsearch_error why;
    clipsearch_status status;
    bool lost = false, said = false;
    *body = (cs_buf){0};
    *answer = cs_proto_of(NULL, 0);
    *refusal = (cs_milvus_refusal){0};
    if (request->failed)
        return cs_fail_memory(err, "a request to a server");
    const size_t size = request->len - PREFIX;
    const unsigned char prefix[PREFIX] = {0, (unsigned char)(size >> 24), (unsigned char)(size >> 16),
                                          (unsigned char)(size >> 8), (unsigned char)size};
    memcpy(request->data, prefix, sizeof prefix);
    for (unsigned number = 0;; number++) {
        status = try_once(db, method, request, status_field, lost, &wait, &reply, answer, refusal, &lost, &why);
        if (!(status != CLIPSEARCH_OK && lost) && !is_limited(refusal) && !is_away(refusal))
            break;
        if (!said && cs_clock_ms() - start > SILENT_MS) {
            cs_database_note(&db->base,
                             is_limited(refusal) ? "the server at %s limits its clients; waiting"
                                                 : "the server at %s does not answer; waiting",
                             db->address.authority);
            said = true;
        }
        const clipsearch_error last = why;
        const clipsearch_status pausing = cs_milvus_pause(db, number || !lost ? jitter(pause, number) : 0, &wait, &why);
        if (pausing == CLIPSEARCH_E_TIMEOUT && status != CLIPSEARCH_OK)
            why = last; /* says more than that time is up */
        else if (pausing == CLIPSEARCH_E_CANCELLED)
            status = pausing;
        if (pausing != CLIPSEARCH_OK)
            break;
        if (number || !lost)
            pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
    }
    *body = reply.body;
    return explain(db, status, &why, err);
}

/* ---- refusals as errors */

clipsearch_status cs_milvus_refused(const milvus_database *db, const char *method, const cs_milvus_refusal *refusal,
                                    clipsearch_error *err)
{
    const char *server = db->address.authority, *reason = refusal->reason[0] ? refusal->reason : "no reason given";
    switch (refusal->grpc) {
    case CS_GRPC_OK:
        break;
    case GRPC_NOT_AUTHENTICATED:
    case GRPC_FORBIDDEN:
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the Milvus server at %s does not accept %s: %s", server,
                       db->authorization ? "the token" : "a client without a token", reason);
    case GRPC_UNKNOWN_METHOD:
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "the server at %s does not know %s: %s", server, method, reason);
    case GRPC_TOO_LARGE:
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "the Milvus server at %s: %s", server, reason);
    default:
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the Milvus server at %s: %s (gRPC status %d)", server, reason,
                       refusal->grpc);
    }
    if (refusal->code == CS_MILVUS_NO_DATABASE)
        return cs_fail(err, CLIPSEARCH_E_DATABASE,
                       "the Milvus server at %s has no database %s; an address without it is that of the default one",
                       server, db->address.database);
    const clipsearch_status status = refusal->code == CS_MILVUS_NO_COLLECTION   ? CLIPSEARCH_E_NOT_FOUND
                                     : refusal->code == CS_MILVUS_BAD_PARAMETER ? CLIPSEARCH_E_ARGUMENT
                                                                                : CLIPSEARCH_E_DATABASE;
    return cs_fail(err, status, "the Milvus server at %s refused %s: %s", server, method, reason);
}

clipsearch_status cs_milvus_call(milvus_database *db, const char *method, const cs_buf *request, uint32_t status_field,
                                 cs_buf *body, cs_proto *answer, clipsearch_error *err)
{
    cs_milvus_refusal refusal;
    clipsearch_status status = cs_milvus_try(db, method, request, status_field, body, answer, &refusal, err);
    return status == CLIPSEARCH_OK && refusal.is ? cs_milvus_refused(db, method, &refusal, err) : status;
}

clipsearch_status cs_milvus_do(milvus_database *db, const char *method, const cs_buf *request, clipsearch_error *err)
{
    cs_buf body;
    cs_proto answer;
    clipsearch_status status = cs_milvus_call(db, method, request, 0, &body, &answer, err);
    cs_buf_free(&body);
    return status;
}
