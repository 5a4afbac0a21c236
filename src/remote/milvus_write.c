/* SPDX-License-Identifier: MIT
 * milvus_write.c - rows sent to a server, and removed, some thousands a call. */
#include "remote/milvus_write.h"

#include "base/digest.h"
#include "base/file_time.h"

#include <stdlib.h>
#include <string.h>

enum {
    BATCH_BYTES = 2 << 20, /* of one call; larger ones are no faster */
    REMOVED_AT_ONCE = 10000
};

/* ---- columns */

typedef struct columns {
    const milvus_collection *collection;
    const cs_milvus_row *rows;
    size_t count;
    cs_buf *out;
} columns;

/* Begin FieldData with the values as a packed or repeated field `kind` of its scalars. */
typedef struct begun {
    size_t field, scalars, list, packed;
} begun;

static begun begin_column(const columns *c, const char *name, cs_milvus_type type, uint32_t kind)
{
    begun b;
    b.field = cs_proto_begin(c->out, 5);
    cs_proto_put_number(c->out, 1, type);
    cs_proto_put_text(c->out, 2, name);
    b.scalars = cs_proto_begin(c->out, 3);
    b.list = cs_proto_begin(c->out, kind);
    return b;
}

static void end_column(const columns *c, const begun *b)
{
    cs_proto_end(c->out, b->list);
    cs_proto_end(c->out, b->scalars);
    cs_proto_end(c->out, b->field);
}

static void put_numbers(const columns *c, const char *name, int64_t (*value)(const cs_milvus_row *row))
{
    begun b = begin_column(c, name, CS_MILVUS_INT64, 3);
    b.packed = cs_proto_begin(c->out, 1);
    for (size_t i = 0; i < c->count; i++)
        cs_proto_put_varint(c->out, (uint64_t)value(&c->rows[i]));
    cs_proto_end(c->out, b.packed);
    end_column(c, &b);
}

static void put_texts(const columns *c, const char *name, const char *(*value)(const cs_milvus_row *row))
{
    const begun b = begin_column(c, name, CS_MILVUS_VARCHAR, 6);
    for (size_t i = 0; i < c->count; i++) {
        const char *text = value(&c->rows[i]);
        cs_proto_put_bytes(c->out, 1, text, strlen(text));
    }
    end_column(c, &b);
}

static int64_t id_of(const cs_milvus_row *row)
{
    return row->item.id;
}
static int64_t size_of(const cs_milvus_row *row)
{
    return (int64_t)row->item.size;
}
static int64_t width_of(const cs_milvus_row *row)
{
    return row->item.width;
}
static int64_t height_of(const cs_milvus_row *row)
{
    return row->item.height;
}
static int64_t mtime_of(const cs_milvus_row *row)
{
    return row->item.mtime_ns;
}
static int64_t ctime_of(const cs_milvus_row *row)
{
    return row->file.ctime_ns;
}
static int64_t gone_of(const cs_milvus_row *row)
{
    return row->file.gone_since;
}
static const char *path_of(const cs_milvus_row *row)
{
    return row->item.path;
}
static const char *name_of(const cs_milvus_row *row)
{
    const char *slash = strrchr(row->item.path, '/');
    return slash ? slash + 1 : row->item.path;
}

static void put_mtime(const columns *c)
{
    begun b = begin_column(c, "mtime", CS_MILVUS_DOUBLE, 5);
    b.packed = cs_proto_begin(c->out, 1);
    for (size_t i = 0; i < c->count; i++) {
        const double seconds = cs_file_seconds(c->rows[i].item.mtime_ns);
        cs_buf_append(c->out, &seconds, sizeof seconds); /* little-endian, as we are */
    }
    cs_proto_end(c->out, b.packed);
    end_column(c, &b);
}

static void put_hashes(const columns *c)
{
    const begun b = begin_column(c, "hash", CS_MILVUS_VARCHAR, 6);
    for (size_t i = 0; i < c->count; i++) {
        char hex[65];
        cs_digest_hex(c->rows[i].item.hash, 32, hex);
        cs_proto_put_bytes(c->out, 1, hex, cs_content_is_known(c->rows[i].item.hash) ? 64 : 0);
    }
    end_column(c, &b);
}

static void put_meta(const columns *c)
{
    const size_t field = cs_proto_begin(c->out, 5);
    cs_proto_put_number(c->out, 1, CS_MILVUS_JSON);
    cs_proto_put_text(c->out, 2, "$meta");
    const size_t scalars = cs_proto_begin(c->out, 3), list = cs_proto_begin(c->out, 9);
    for (size_t i = 0; i < c->count; i++)
        cs_proto_put_bytes(c->out, 1, c->rows[i].item.attributes, strlen(c->rows[i].item.attributes));
    cs_proto_end(c->out, list);
    cs_proto_end(c->out, scalars);
    cs_proto_put_number(c->out, 6, true);
    cs_proto_end(c->out, field);
}

static void put_vectors(const columns *c)
{
    const size_t dim = c->collection->schema->dim, bytes = dim * sizeof(float);
    const size_t field = cs_proto_begin(c->out, 5);
    cs_proto_put_number(c->out, 1, CS_MILVUS_VECTOR);
    cs_proto_put_text(c->out, 2, c->collection->schema->vector);
    const size_t vectors = cs_proto_begin(c->out, 4);
    cs_proto_put_number(c->out, 1, dim);
    const size_t list = cs_proto_begin(c->out, 2), packed = cs_proto_begin(c->out, 1);
    for (size_t i = 0; i < c->count; i++)
        cs_buf_append(c->out, c->rows[i].vector, bytes);
    cs_proto_end(c->out, packed);
    cs_proto_end(c->out, list);
    cs_proto_end(c->out, vectors);
    cs_proto_end(c->out, field);
}

/* ---- sending */

/* Remember the time of a change, so that what is read through this handle sees it. */
static void note_change(milvus_collection *c, cs_proto answer, bool removal)
{
    cs_proto_field field;
    c->dirty = true;
    if (removal)
        c->unseen_removals = true;
    while (cs_proto_next(&answer, &field))
        if (field.number == 9 && field.type == CS_PROTO_VARINT && field.value > c->written)
            c->written = field.value;
}

static clipsearch_status send_rows(milvus_collection *c, const cs_milvus_row *rows, size_t count, clipsearch_error *err)
{
    cs_buf body, request = cs_milvus_request_for(c->db, c->schema->name);
    const columns all = {c, rows, count, &request};
    cs_proto answer;
    put_numbers(&all, "id", id_of);
    put_texts(&all, "path", path_of);
    put_texts(&all, "name", name_of);
    put_numbers(&all, "size", size_of);
    put_numbers(&all, "width", width_of);
    put_numbers(&all, "height", height_of);
    put_mtime(&all);
    put_numbers(&all, "mtime_ns", mtime_of);
    put_numbers(&all, "ctime_ns", ctime_of);
    put_numbers(&all, "gone_since", gone_of);
    put_hashes(&all);
    put_vectors(&all);
    put_meta(&all);
    cs_proto_put_number(&request, 7, count);
    cs_milvus_refusal refusal;
    clipsearch_status status = cs_milvus_try(c->db, "Upsert", &request, 1, &body, &answer, &refusal, err);
    if (status == CLIPSEARCH_OK && refusal.is)
        status = cs_milvus_fail_refused(c, "Upsert", &refusal, err);
    if (status == CLIPSEARCH_OK)
        note_change(c, answer, false);
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}

static size_t bytes_of(const milvus_collection *c, const cs_milvus_row *row)
{
    return c->schema->dim * sizeof(float) + 2 * strlen(row->item.path) + strlen(row->item.attributes) + 256;
}

clipsearch_status cs_milvus_send_rows(milvus_collection *c, const cs_milvus_row *rows, size_t count,
                                      clipsearch_error *err)
{
    size_t most = SIZE_MAX; /* rows of a call, once the server has refused one */
    for (size_t first = 0; first < count;) {
        size_t bytes = 0, end = first;
        clipsearch_error why;
        while (end < count && end - first < most && (end == first || bytes + bytes_of(c, &rows[end]) <= BATCH_BYTES))
            bytes += bytes_of(c, &rows[end++]);
        clipsearch_status status = send_rows(c, rows + first, end - first, &why);
        if (status == CLIPSEARCH_E_LIMIT && end - first > 1) {
            most = (end - first) / 2;
            continue;
        }
        if (status != CLIPSEARCH_OK)
            return cs_fail(err, status, "%s", why.message);
        first = end;
    }
    return CLIPSEARCH_OK;
}

/* Nothing is ever removed by an empty expression: there is always a list of ids. */
clipsearch_status cs_milvus_send_removals(milvus_collection *c, const int64_t *ids, size_t count, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t first = 0; first < count && status == CLIPSEARCH_OK; first += REMOVED_AT_ONCE) {
        const size_t end = count - first < REMOVED_AT_ONCE ? count : first + REMOVED_AT_ONCE;
        cs_buf body, text = cs_buf_make(CS_MILVUS_MESSAGE_MAX), request = cs_milvus_request_for(c->db, c->schema->name);
        cs_proto answer;
        cs_buf_printf(&text, "%s in [", c->schema->key);
        for (size_t i = first; i < end; i++)
            cs_buf_printf(&text, "%s%lld", i > first ? "," : "", (long long)ids[i]);
        cs_buf_puts(&text, "]");
        cs_proto_put_text(&request, 5, text.data);
        request.failed = request.failed || text.failed;
        status = cs_milvus_call(c->db, "Delete", &request, 1, &body, &answer, err);
        if (status == CLIPSEARCH_OK)
            note_change(c, answer, true);
        cs_buf_free(&text);
        cs_buf_free(&body);
        cs_buf_free(&request);
    }
    return status;
}
