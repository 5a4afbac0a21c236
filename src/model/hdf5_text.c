/* SPDX-License-Identifier: MIT
 * hdf5_text.c - reads one kind of HDF5 attribute and checks every offset and length. */
#include "model/hdf5_text.h"

#include "model/hdf5_bytes.h"

#include <string.h>

/*
 * libhdf5 1.10 reads texts of variable length beyond the end of a damaged heap, so they are read here instead.
 * From the HDF5 File Format Specification, version 3: object headers IV.A.1.a, continuation IV.A.2.q, attributes
 * IV.A.2.m, variable-length data types IV.A.2.d, the global heap III.E. Offsets and lengths have 8 bytes here.
 */

enum {
    HEADER_BYTES = 16,
    MESSAGE_BYTES = 8,
    MESSAGE_ATTRIBUTE = 0x0c,
    MESSAGE_CONTINUATION = 0x10,
    MAX_MESSAGES = 4096,
    MAX_BLOCKS = 64,
    CLASS_VARIABLE = 9,
    REFERENCE_BYTES = 16, /* length, heap, index */
    HEAP_BYTES = 16,
    OBJECT_BYTES = 16
};

/* The bytes of object `index` of the global heap at `at`. */
static struct bytes heap_object(struct bytes file, uint64_t at, uint64_t index)
{
    struct bytes head = part(file, at, HEAP_BYTES);
    if (!head.size || memcmp(head.data, "GCOL\x01", 5) != 0)
        return (struct bytes){0};
    struct bytes rest = part(file, at, number(head.data + 8, 8));
    read_front(&rest, HEAP_BYTES, false);
    while (rest.size >= OBJECT_BYTES) {
        struct bytes object = read_front(&rest, OBJECT_BYTES, false);
        uint64_t found = number(object.data, 2), n = number(object.data + 8, 8);
        if (found == 0 || n > rest.size) /* 0: free space, to the end */
            break;
        struct bytes value = read_front(&rest, (size_t)n, true);
        if (found == index)
            return value;
    }
    return (struct bytes){0};
}

/* The text an attribute message holds, when it is the attribute `name`. */
static struct bytes attribute_text(struct bytes file, struct bytes message, const char *name)
{
    struct bytes head = read_front(&message, 8, false);
    if (!head.size || head.data[0] < 1 || head.data[0] > 3)
        return (struct bytes){0};
    unsigned version = head.data[0];
    if (version > 1 && head.data[1]) /* its type or shape is shared */
        return (struct bytes){0};
    if (version == 3)
        read_front(&message, 1, false); /* character set */
    struct bytes found = read_front(&message, (size_t)number(head.data + 2, 2), version == 1);
    struct bytes type = read_front(&message, (size_t)number(head.data + 4, 2), version == 1);
    struct bytes space = read_front(&message, (size_t)number(head.data + 6, 2), version == 1);
    size_t n = strlen(name) + 1;
    /* variable-length text (1 in the type's bit field), scalar (no dimensions) */
    if (found.size != n || memcmp(found.data, name, n) != 0 || type.size < 8 || (type.data[0] & 15) != CLASS_VARIABLE ||
        (type.data[1] & 15) != 1 || space.size < 2 || space.data[1] != 0)
        return (struct bytes){0};
    struct bytes reference = read_front(&message, REFERENCE_BYTES, false);
    if (!reference.size)
        return (struct bytes){0};
    struct bytes text = heap_object(file, number(reference.data + 4, 8), number(reference.data + 12, 4));
    return part(text, 0, number(reference.data, 4));
}

bool cs_hdf5_text(const uint8_t *data, size_t size, uint64_t at, const char *name, char *out, size_t room)
{
    struct bytes file = {data, size}, head = part(file, at, HEADER_BYTES), text = {0};
    if (!head.size || head.data[0] != 1)
        return false;
    struct bytes blocks[MAX_BLOCKS] = {part(file, at + HEADER_BYTES, number(head.data + 8, 4))};
    int block_count = 1, messages = 0;
    for (int i = 0; i < block_count && !text.size; i++)
        while (blocks[i].size >= MESSAGE_BYTES && !text.size && messages++ < MAX_MESSAGES) {
            struct bytes message_head = read_front(&blocks[i], MESSAGE_BYTES, false);
            uint64_t type = number(message_head.data, 2);
            struct bytes message = read_front(&blocks[i], (size_t)number(message_head.data + 2, 2), false);
            if (type == MESSAGE_ATTRIBUTE)
                text = attribute_text(file, message, name);
            else if (type == MESSAGE_CONTINUATION && message.size >= 16 && block_count < MAX_BLOCKS)
                blocks[block_count++] = part(file, number(message.data, 8), number(message.data + 8, 8));
        }
    if (!text.size || text.size >= room || memchr(text.data, '\0', text.size))
        return false;
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return true;
}
