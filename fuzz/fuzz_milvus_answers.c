/* SPDX-License-Identifier: MIT
 * fuzz_milvus_answers.c - any bytes as what a server sends: frames of HTTP/2, their headers and trailers, and messages.
 *
 * The first byte says which. Even: the rest are the bytes of a connection, in pieces of as many as the second byte
 * says. Odd: bits 1 to 3 choose what is asked of the database, and the rest are answers in turn, each a status of gRPC
 * (one byte; from 128 on there is no body, only trailers), a length (two bytes, little-endian) and a message, in sound
 * frames.
 *
 * The functions of stream.c are replaced by those below, so nothing goes over a network and nothing waits. */
#include "remote/milvus.h"
#include "remote/milvus_collection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    DIM = 4,
    FRAME_HEADER = 9,
    LARGEST_FRAME = 16384,
    DATA = 0,
    HEADERS = 1,
    SETTINGS = 4,
    END_STREAM = 1,
    END_HEADERS = 4
};

/* ---- the server */

struct cs_stream {
    int unused;
};

static struct {
    const uint8_t *at, *end; /* of the input, what is not sent yet */
    bool raw;                /* it is the bytes of the connection */
    size_t piece;            /* bytes that are read at once */
    unsigned requests;       /* answered */
    cs_buf out;              /* for the client, from `taken` on */
    size_t taken;
    uint8_t header[FRAME_HEADER]; /* of the frame that the client is sending */
    size_t filled, left;          /* of the header; of the frame behind it */
    size_t preface;
} server;

static void put_frame(unsigned type, unsigned flags, uint32_t stream, const void *bytes, size_t size)
{
    const uint8_t header[FRAME_HEADER] = {(uint8_t)(size >> 16),   (uint8_t)(size >> 8),   (uint8_t)size,
                                          (uint8_t)type,           (uint8_t)flags,         (uint8_t)(stream >> 24),
                                          (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
    cs_buf_append(&server.out, header, sizeof header);
    cs_buf_append(&server.out, bytes, size);
}

/* A field of a header, as a literal that enters no table (RFC 7541, 6.2.2). */
static void put_field(cs_buf *block, const char *name, const void *value, size_t size)
{
    const size_t most = size < 120 ? size : 120;
    cs_buf_putc(block, '\0');
    cs_buf_putc(block, (char)strlen(name));
    cs_buf_puts(block, name);
    cs_buf_putc(block, (char)most);
    cs_buf_append(block, value, most);
}

static void put_trailers(uint32_t stream, unsigned status, bool only, const uint8_t *text, size_t size)
{
    char number[12];
    cs_buf block = cs_buf_make(4096);
    if (only)
        put_field(&block, ":status", "200", 3);
    snprintf(number, sizeof number, "%u", status);
    put_field(&block, "grpc-status", number, strlen(number));
    if (only)
        put_field(&block, "grpc-message", text, size);
    put_frame(HEADERS, END_STREAM | END_HEADERS, stream, block.data, block.len);
    cs_buf_free(&block);
}

static void put_answer(uint32_t stream, unsigned status, const uint8_t *bytes, size_t size)
{
    static const char status_200[] = "\0\7:status\3"
                                     "200";
    const uint8_t prefix[5] = {0, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    put_frame(HEADERS, END_HEADERS, stream, status_200, sizeof status_200 - 1);
    put_frame(DATA, 0, stream, prefix, sizeof prefix);
    for (size_t at = 0; at < size; at += LARGEST_FRAME)
        put_frame(DATA, 0, stream, bytes + at, size - at < LARGEST_FRAME ? size - at : LARGEST_FRAME);
    put_trailers(stream, status, false, NULL, 0);
}

/* The client has sent a request on this stream. */
static void answer(uint32_t stream)
{
    static const uint8_t version[] = "\x0a\0\x12\x08\x0a\x06v2.3.5";
    if (server.requests++ == 0) {
        put_answer(stream, 0, version, sizeof version - 1);
        return;
    }
    if (server.end - server.at < 3)
        return; /* the connection ends */
    const unsigned status = server.at[0];
    size_t size = (size_t)(server.at[1] | server.at[2] << 8), left = (size_t)(server.end - server.at) - 3;
    const uint8_t *message = server.at + 3;
    size = size < left ? size : left;
    server.at = message + size;
    if (status >= 128)
        put_trailers(stream, status - 128, true, message, size);
    else
        put_answer(stream, status, message, size);
}

/* What the client sends: whole frames, of which those that end a request count. */
static void take(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (server.preface < 24) {
            server.preface++;
        } else if (server.left) {
            server.left--;
        } else {
            server.header[server.filled++] = bytes[i];
            if (server.filled == FRAME_HEADER)
                server.left = (size_t)(server.header[0] << 16 | server.header[1] << 8 | server.header[2]);
        }
        if (server.filled == FRAME_HEADER && !server.left) {
            const uint8_t *h = server.header;
            server.filled = 0;
            if ((h[3] == DATA || h[3] == HEADERS) && h[4] & END_STREAM && !server.raw)
                answer((uint32_t)h[5] << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8]);
        }
    }
}

/* ---- instead of stream.c */

clipsearch_status cs_wait_check(const cs_wait *wait, clipsearch_error *err)
{
    (void)wait; /* only what waits for another try asks */
    return cs_fail(err, CLIPSEARCH_E_CANCELLED, "no more tries");
}

clipsearch_status cs_stream_open(const cs_server_address *address, const cs_wait *wait, cs_stream **stream, bool *plain,
                                 clipsearch_error *err)
{
    static struct cs_stream one;
    (void)address;
    (void)wait;
    (void)err;
    *plain = false;
    *stream = &one;
    server.filled = server.left = server.preface = server.taken = 0;
    cs_buf_clear(&server.out);
    if (!server.raw)
        put_frame(SETTINGS, 0, 0, "", 0);
    return CLIPSEARCH_OK;
}

void cs_stream_close(cs_stream **stream)
{
    *stream = NULL;
}

clipsearch_status cs_stream_write(cs_stream *stream, const void *bytes, size_t size, size_t *count,
                                  clipsearch_error *err)
{
    (void)stream;
    (void)err;
    take(bytes, size);
    *count = size;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_stream_read(cs_stream *stream, void *bytes, size_t size, size_t *count, clipsearch_error *err)
{
    const uint8_t *from = server.raw ? server.at : (const uint8_t *)server.out.data + server.taken;
    size_t there = server.raw ? (size_t)(server.end - server.at) : server.out.len - server.taken;
    (void)stream;
    (void)err;
    there = there < size ? there : size;
    there = there < server.piece ? there : server.piece;
    if (there)
        memcpy(bytes, from, there);
    if (server.raw)
        server.at += there;
    else
        server.taken += there;
    *count = there;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_stream_wait(cs_stream *stream, bool writing, const cs_wait *wait, clipsearch_error *err)
{
    (void)stream;
    (void)writing;
    (void)wait;
    const bool more = server.raw ? server.at < server.end : server.taken < server.out.len;
    return more ? CLIPSEARCH_OK : cs_fail(err, CLIPSEARCH_E_IO, "the server closed the connection");
}

/* ---- the client */

static void call_twice(void)
{
    const cs_server_address address = {.host = "fuzz", .port = "1"};
    const cs_wait wait = {.deadline = 1e18};
    cs_http2 *connection = NULL;
    cs_buf body = cs_buf_make(64);
    cs_http2_reply reply = {.body = cs_buf_make(1 << 16)};
    bool lost;
    cs_buf_append(&body, "\0\0\0\0\0", 5);
    const cs_http2_request request = {.path = "/x", .authority = "fuzz:1", .database = "d", .body = &body};
    if (cs_http2_open(&address, &wait, &connection, NULL) == CLIPSEARCH_OK)
        for (int i = 0; i < 2 && cs_http2_is_usable(connection); i++) {
            cs_buf_clear(&reply.body);
            if (cs_http2_call(connection, &request, &wait, &reply, &lost, NULL) != CLIPSEARCH_OK)
                break;
            if (strlen(reply.message) >= sizeof reply.message || reply.body.len > reply.body.max)
                abort();
        }
    cs_http2_close(&connection);
    cs_buf_free(&reply.body);
    cs_buf_free(&body);
}

static bool take_collection(void *context, const cs_collection_identity *identity, const cs_collection_state *state)
{
    (void)context;
    (void)state;
    return strlen(identity->name) < 1000;
}

static clipsearch_status take_path(void *context, const char *path, clipsearch_error *err)
{
    (void)err;
    *(size_t *)context += strlen(path);
    return CLIPSEARCH_OK;
}

static clipsearch_status take_hash(void *context, const uint8_t hash[32], clipsearch_error *err)
{
    (void)err;
    *(size_t *)context += hash[31];
    return CLIPSEARCH_OK;
}

static clipsearch_status take_source(void *context, const cs_source_record *source, clipsearch_error *err)
{
    (void)err;
    *(size_t *)context += strlen(source->path) + strlen(source->list) + source->options_size;
    return CLIPSEARCH_OK;
}

static const float some[2 * CS_ITEM_DIM_MAX] = {1, 0, 0.5F, -1};

static void look_up(clipsearch_collection *c)
{
    static const char *const paths[] = {"/a", "/b"};
    static const uint8_t hashes[1][32];
    static const int64_t ids[] = {1, 2, 3};
    cs_items items = {0};
    clipsearch_hits *hits = NULL;
    (void)cs_collection_by_paths(c, paths, 2, &items, NULL);
    (void)cs_collection_by_hashes(c, hashes, 1, 3, &items, NULL);
    cs_items_bind(&items);
    cs_items_free(&items);
    (void)cs_collection_by_ids(c, ids, 3, &hits, NULL);
    cs_hits_free(&hits);
}

static void search(clipsearch_collection *c, bool exact)
{
    clipsearch_hits *hits = NULL;
    const cs_search_request request = {.queries = some, .count = 2, .k = 3, .exact = exact};
    (void)cs_collection_search(c, &request, &hits, NULL);
    for (size_t i = 0; hits && i < cs_hits_count(hits, 0); i++)
        if (strlen(cs_hits_get(hits, 0, i)->path) > 1 << 20)
            abort();
    cs_hits_free(&hits);
}

static void walk(clipsearch_collection *c)
{
    size_t sum = 0;
    clipsearch_hits *hits = NULL;
    const cs_page page = {.after = INT64_MIN, .limit = 10};
    (void)cs_collection_where(c, NULL, &page, &hits, NULL);
    cs_hits_free(&hits);
    (void)cs_collection_each_path(c, "/", take_path, &sum, NULL);
    (void)cs_collection_each_hash(c, take_hash, &sum, NULL);
}

static void change(clipsearch_collection *c)
{
    static const int64_t id = 1;
    size_t sum = 0;
    float vector[CS_ITEM_DIM_MAX];
    cs_item_change changes[] = {{.kind = CS_ITEM_REMOVE, .item.id = 1},
                                {.kind = CS_ITEM_MERGE, .item = {.id = 2, .attributes = "{\"a\":1}"}},
                                {.kind = CS_ITEM_PUT, .item.path = "/c", .vector = some}};
    if (cs_collection_identify(c)->dim <= CS_ITEM_DIM_MAX)
        (void)cs_collection_vectors(c, &id, 1, vector, NULL);
    (void)cs_collection_each_source(c, take_source, &sum, NULL);
    (void)cs_collection_apply(c, changes, 3, NULL);
}

static void encode_anew(clipsearch_collection *c)
{
    const cs_encoder_identity encoder = {.name = "m", .fingerprint = "ab", .preprocessing = "p", .dim = DIM};
    const cs_new_vector vector = {.id = 1, .vector = some};
    cs_remodel_state state;
    cs_items items = {0};
    bool resumed, finished;
    (void)cs_collection_describe_remodel(c, &state, NULL);
    if (cs_collection_begin_remodel(c, &encoder, CLIPSEARCH_COSINE, &resumed, NULL) == CLIPSEARCH_OK &&
        cs_collection_items_to_remodel(c, 0, 10, &items, NULL) == CLIPSEARCH_OK &&
        cs_collection_put_new_vectors(c, &vector, 1, NULL) == CLIPSEARCH_OK)
        (void)cs_collection_finish_remodel(c, NULL, 0, &finished, NULL);
    cs_items_bind(&items);
    cs_items_free(&items);
}

static void ask(clipsearch_database *db, unsigned what)
{
    const cs_encoder_identity encoder = {.name = "m", .fingerprint = "ab", .preprocessing = "p", .dim = DIM};
    clipsearch_collection *c = NULL;
    clipsearch_check_report report = {0};
    if (what == 0) {
        (void)cs_database_each_collection(db, take_collection, NULL, NULL);
    } else if (what == 6) {
        (void)cs_collection_ensure(db, "photos", &encoder, CLIPSEARCH_L2, &(clipsearch_index_options){0}, &c, NULL);
    } else if (cs_collection_open(db, "photos", NULL, &c, NULL) == CLIPSEARCH_OK) {
        if (what == 1)
            look_up(c);
        else if (what == 2)
            search(c, false);
        else if (what == 3)
            walk(c);
        else if (what == 4)
            (void)cs_collection_check(c, 5, &report, NULL);
        else if (what == 5)
            change(c);
        else
            encode_anew(c);
        if (what == 2)
            search(c, true);
    }
    cs_collection_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clipsearch_database *db = NULL;
    if (size < 2)
        return 0;
    memset(&server, 0, sizeof server);
    server.out = cs_buf_make(1 << 26);
    server.raw = !(data[0] & 1);
    server.piece = server.raw && data[1] ? data[1] : SIZE_MAX;
    server.at = data + (server.raw ? 2 : 1);
    server.end = data + size;
    if (server.raw)
        call_twice();
    else if (cs_milvus_open("milvus://fuzz", 0, &db, NULL) == CLIPSEARCH_OK)
        ask(db, data[0] >> 1 & 7);
    cs_database_close(&db);
    cs_buf_free(&server.out);
    return 0;
}
