/* SPDX-License-Identifier: MIT
 * thrift.c - the compact protocol, as its specification describes it
 * (thrift/doc/specs/thrift-compact-protocol.md of the Apache Thrift project). */
#include "exchange/thrift.h"

enum { MAX_DEPTH = 32 };

static uint8_t byte_of(cs_thrift *thrift)
{
    if (thrift->bad || thrift->at >= thrift->end) {
        thrift->bad = true;
        return 0;
    }
    return *thrift->at++;
}

static uint64_t varint(cs_thrift *thrift)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t byte = byte_of(thrift);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return thrift->bad ? 0 : value;
    }
    thrift->bad = true;
    return 0;
}

int64_t cs_thrift_integer(cs_thrift *thrift)
{
    const uint64_t value = varint(thrift);
    return (int64_t)(value >> 1 ^ (0 - (value & 1))); /* zigzag */
}

int cs_thrift_field(cs_thrift *thrift, int *id)
{
    const uint8_t byte = byte_of(thrift);
    const int type = byte & 15;
    if (thrift->bad || byte == CS_THRIFT_STOP)
        return CS_THRIFT_STOP;
    const int64_t next = byte >> 4 ? *id + (byte >> 4) : cs_thrift_integer(thrift);
    if (type < CS_THRIFT_TRUE || type > CS_THRIFT_STRUCT || next < 1 || next > INT16_MAX)
        thrift->bad = true;
    *id = thrift->bad ? 0 : (int)next;
    return thrift->bad ? CS_THRIFT_STOP : type;
}

const char *cs_thrift_binary(cs_thrift *thrift, size_t *size)
{
    const uint64_t length = varint(thrift);
    *size = 0;
    if (thrift->bad || length > (uint64_t)(thrift->end - thrift->at)) {
        thrift->bad = true;
        return "";
    }
    *size = (size_t)length;
    const char *bytes = (const char *)thrift->at;
    thrift->at += length;
    return bytes;
}

size_t cs_thrift_list(cs_thrift *thrift, int *type)
{
    const uint8_t byte = byte_of(thrift);
    *type = byte & 15;
    const uint64_t count = byte >> 4 == 15 ? varint(thrift) : byte >> 4;
    /* an element takes a byte at least; some writers give an empty list no type */
    if (thrift->bad || (count && *type < CS_THRIFT_TRUE) || *type > CS_THRIFT_STRUCT ||
        count > (uint64_t)(thrift->end - thrift->at)) {
        thrift->bad = true;
        return 0;
    }
    return (size_t)count;
}

/* What is still to be skipped at one depth: the fields of a struct, or elements. */
typedef struct level {
    bool is_struct;
    int id;                 /* of the last field */
    int types[2];           /* of elements; a map has two in turn */
    unsigned kinds;         /* how many of them */
    uint64_t left, skipped; /* elements */
} level;

static level begin_container(cs_thrift *thrift, int type)
{
    level begun = {.is_struct = type == CS_THRIFT_STRUCT, .kinds = 1};
    if (type == CS_THRIFT_MAP) {
        const uint64_t count = varint(thrift);
        const uint8_t types = count ? byte_of(thrift) : 0;
        begun.types[0] = types >> 4;
        begun.types[1] = types & 15;
        begun.kinds = 2;
        if (count > (uint64_t)(thrift->end - thrift->at))
            thrift->bad = true;
        else
            begun.left = 2 * count;
    } else if (type != CS_THRIFT_STRUCT) {
        begun.left = cs_thrift_list(thrift, &begun.types[0]);
    }
    return begun;
}

static void skip_plain(cs_thrift *thrift, int type, bool in_struct)
{
    size_t size;
    switch (type) {
    case CS_THRIFT_TRUE:
    case CS_THRIFT_FALSE:
        if (!in_struct) /* in a struct the type is the value */
            byte_of(thrift);
        break;
    case CS_THRIFT_BYTE:
        byte_of(thrift);
        break;
    case CS_THRIFT_I16:
    case CS_THRIFT_I32:
    case CS_THRIFT_I64:
        varint(thrift);
        break;
    case CS_THRIFT_DOUBLE:
        for (int i = 0; i < 8; i++)
            byte_of(thrift);
        break;
    case CS_THRIFT_BINARY:
        cs_thrift_binary(thrift, &size);
        break;
    default:
        thrift->bad = true;
    }
}

void cs_thrift_skip(cs_thrift *thrift, int type)
{
    level levels[MAX_DEPTH];
    size_t depth = 0;
    bool in_struct = true;
    for (;;) {
        if (type >= CS_THRIFT_LIST && type <= CS_THRIFT_STRUCT) {
            if (depth == MAX_DEPTH)
                thrift->bad = true;
            else
                levels[depth++] = begin_container(thrift, type);
        } else {
            skip_plain(thrift, type, in_struct);
        }
        for (type = CS_THRIFT_STOP; depth && !thrift->bad && type == CS_THRIFT_STOP;) {
            level *top = &levels[depth - 1];
            in_struct = top->is_struct;
            if (top->is_struct)
                type = cs_thrift_field(thrift, &top->id);
            else if (top->left) {
                type = top->types[top->skipped++ % top->kinds];
                top->left--;
            }
            if (type == CS_THRIFT_STOP)
                depth--;
        }
        if (!depth || thrift->bad)
            return;
    }
}
