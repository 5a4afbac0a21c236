/* SPDX-License-Identifier: MIT
 * proto.h - the encoding of protocol buffers, written and read by hand: a dozen messages need no generated code. */
#ifndef CS_REMOTE_PROTO_H
#define CS_REMOTE_PROTO_H

#include "base/buf.h"

#include <stdint.h>

/* Source: "Encoding", protobuf.dev/programming-guides/encoding. A message is a row of fields: a varint (number << 3 |
 * type), then a varint (type 0), 8 bytes (1), a length and as many bytes (2), or 4 bytes (5). */
typedef enum cs_proto_type {
    CS_PROTO_VARINT = 0,
    CS_PROTO_FIXED64 = 1,
    CS_PROTO_BYTES = 2,
    CS_PROTO_FIXED32 = 5
} cs_proto_type;

/* ---- writing. A buffer that is full or without memory says so in `failed`. */

/* Numbers, also enums and booleans. A field that is 0 is not written: that is its default. */
void cs_proto_put_number(cs_buf *out, uint32_t field, uint64_t number);
void cs_proto_put_bytes(cs_buf *out, uint32_t field, const void *bytes, size_t size);
/* Empty text is not written. */
void cs_proto_put_text(cs_buf *out, uint32_t field, const char *text);
/* A bare varint, as in a packed list. */
void cs_proto_put_varint(cs_buf *out, uint64_t number);

/* A message within the message: begin it, write its fields, end it with what cs_proto_begin returned. */
size_t cs_proto_begin(cs_buf *out, uint32_t field);
void cs_proto_end(cs_buf *out, size_t begun);

/* ---- reading. Nothing is copied and nothing allocated; any bytes are safe. */

typedef struct cs_proto {
    const uint8_t *at, *end;
    bool failed; /* the bytes are no message */
} cs_proto;

typedef struct cs_proto_field {
    uint32_t number;
    cs_proto_type type;
    uint64_t value; /* of a varint or of fixed bits */
    cs_proto bytes; /* of CS_PROTO_BYTES: a message, a text or a packed list; empty for other types */
} cs_proto_field;

cs_proto cs_proto_of(const void *bytes, size_t size);
/* The next field. False at the end, and where the bytes are no message: `failed`. */
bool cs_proto_next(cs_proto *message, cs_proto_field *field);
/* The next number of a packed list of varints. False at the end, or `failed`. */
bool cs_proto_next_varint(cs_proto *list, uint64_t *number);

static inline size_t cs_proto_size(const cs_proto *bytes)
{
    return (size_t)(bytes->end - bytes->at);
}

/* Copy a text, cut to `size` - 1 bytes, with a NUL behind it. */
void cs_proto_copy_text(const cs_proto *bytes, char *text, size_t size);
/* Whether the bytes are those of `text`. */
bool cs_proto_is_text(const cs_proto *bytes, const char *text);

#endif
