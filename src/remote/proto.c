/* SPDX-License-Identifier: MIT
 * proto.c - fields of protocol buffers written and read. */
#include "remote/proto.h"

#include <string.h>

/* A length is written in so many bytes before it is known. 5 hold any 32-bit length; the first four say with their top
 * bit that another follows, which every reader accepts, though fewer bytes would do. */
enum { LENGTH_BYTES = 5, MAX_VARINT_BYTES = 10 };

void cs_proto_put_varint(cs_buf *out, uint64_t number)
{
    char bytes[MAX_VARINT_BYTES];
    size_t count = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[count++] = (char)(number | 0x80);
    bytes[count++] = (char)number;
    cs_buf_append(out, bytes, count);
}

static void put_key(cs_buf *out, uint32_t field, cs_proto_type type)
{
    cs_proto_put_varint(out, (uint64_t)field << 3 | type);
}

void cs_proto_put_number(cs_buf *out, uint32_t field, uint64_t number)
{
    if (!number)
        return;
    put_key(out, field, CS_PROTO_VARINT);
    cs_proto_put_varint(out, number);
}

void cs_proto_put_bytes(cs_buf *out, uint32_t field, const void *bytes, size_t size)
{
    put_key(out, field, CS_PROTO_BYTES);
    cs_proto_put_varint(out, size);
    cs_buf_append(out, bytes, size);
}

void cs_proto_put_text(cs_buf *out, uint32_t field, const char *text)
{
    if (text && text[0])
        cs_proto_put_bytes(out, field, text, strlen(text));
}

size_t cs_proto_begin(cs_buf *out, uint32_t field)
{
    static const char length[LENGTH_BYTES];
    put_key(out, field, CS_PROTO_BYTES);
    cs_buf_append(out, length, sizeof length);
    return out->len;
}

void cs_proto_end(cs_buf *out, size_t begun)
{
    if (out->failed)
        return;
    size_t size = out->len - begun;
    char *length = out->data + begun - LENGTH_BYTES;
    for (int i = 0; i < LENGTH_BYTES; i++, size >>= 7)
        length[i] = (char)((size & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0));
}

cs_proto cs_proto_of(const void *bytes, size_t size)
{
    static const uint8_t none[1];
    const uint8_t *at = size ? bytes : none;
    return (cs_proto){.at = at, .end = at + size};
}

static bool fail(cs_proto *message)
{
    message->failed = true;
    message->at = message->end;
    return false;
}

static bool read_varint(cs_proto *message, uint64_t *number)
{
    *number = 0;
    for (unsigned i = 0; i < MAX_VARINT_BYTES && message->at < message->end; i++) {
        const uint8_t byte = *message->at++;
        *number |= (uint64_t)(byte & 0x7f) << (7 * i); /* of the tenth byte one bit counts */
        if (byte < 0x80)
            return true;
    }
    return fail(message);
}

static bool read_fixed(cs_proto *message, unsigned size, uint64_t *number)
{
    if (cs_proto_size(message) < size)
        return fail(message);
    *number = 0;
    for (unsigned i = 0; i < size; i++)
        *number |= (uint64_t)message->at[i] << (8 * i);
    message->at += size;
    return true;
}

bool cs_proto_next(cs_proto *message, cs_proto_field *field)
{
    uint64_t key;
    if (message->failed || message->at == message->end || !read_varint(message, &key))
        return false;
    if (key >> 3 == 0 || key >> 3 > 0x1fffffff)
        return fail(message);
    *field = (cs_proto_field){
        .number = (uint32_t)(key >> 3), .type = (cs_proto_type)(key & 7), .bytes = cs_proto_of(NULL, 0)};
    switch (field->type) {
    case CS_PROTO_VARINT:
        return read_varint(message, &field->value);
    case CS_PROTO_FIXED64:
        return read_fixed(message, 8, &field->value);
    case CS_PROTO_FIXED32:
        return read_fixed(message, 4, &field->value);
    case CS_PROTO_BYTES:
        if (!read_varint(message, &field->value) || field->value > cs_proto_size(message))
            return fail(message);
        field->bytes = cs_proto_of(message->at, (size_t)field->value);
        message->at += field->value;
        return true;
    }
    return fail(message); /* groups, which proto3 does not have, and what is nothing */
}

bool cs_proto_next_varint(cs_proto *list, uint64_t *number)
{
    return !list->failed && list->at < list->end && read_varint(list, number);
}

void cs_proto_copy_text(const cs_proto *bytes, char *text, size_t size)
{
    size_t n = cs_proto_size(bytes);
    n = n < size ? n : size - 1;
    memcpy(text, bytes->at, n);
    text[n] = '\0';
}

bool cs_proto_is_text(const cs_proto *bytes, const char *text)
{
    return cs_proto_size(bytes) == strlen(text) && memcmp(bytes->at, text, strlen(text)) == 0;
}
