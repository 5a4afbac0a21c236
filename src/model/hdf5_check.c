/* SPDX-License-Identifier: MIT
 * hdf5_check.c - walks the structures of an HDF5 file and checks every offset and length. */
#include "model/hdf5_check.h"

#include "base/mem.h"
#include "model/hdf5_bytes.h"

#include <stdlib.h>
#include <string.h>

/* Structures and message numbers: HDF5 File Format Specification, version 3. */
enum {
    SUPERBLOCK_BYTES = 56,
    ENTRY_BYTES = 40, /* of a symbol table: name, header, cache type, reserved, 16 of scratch */
    HEADER_BYTES = 16,
    MESSAGE_BYTES = 8,
    TREE_BYTES = 24,
    NODE_BYTES = 8,
    HEAP_BYTES = 32,
    FREE_BYTES = 16,
    MAX_BLOCKS = 1 << 16, /* structures of all kinds */
    MAX_PARTS = 64,       /* of one object header */
    MAX_LEVEL = 8,
    MAX_K = 1024,
    MAX_RANK = 32, /* the format's own */
    MAX_NUMBER_BYTES = 16,
    MAX_TEXT_BYTES = 1 << 16,
    MAX_MEMBERS = 256
};

enum message {
    NIL = 0x00,
    SPACE = 0x01,
    TYPE = 0x03,
    OLD_FILL = 0x04,
    FILL = 0x05,
    EXTERNAL = 0x07,
    LAYOUT = 0x08,
    FILTERS = 0x0b,
    ATTRIBUTE = 0x0c,
    COMMENT = 0x0d,
    OLD_TIME = 0x0e,
    CONTINUATION = 0x10,
    TABLE = 0x11,
    TIME = 0x12
};

static const uint64_t NOWHERE = UINT64_MAX;

/* A part of the file that belongs to one structure. For an object that is still queued: where its header begins. */
struct block {
    uint64_t at, end;
};

/* A queued object, still to be checked. */
struct object {
    uint64_t at;
    bool cached;         /* the entry that names it also has the offsets of its group's tree and heap */
    uint64_t tree, heap; /* there */
};

struct check {
    struct bytes file; /* as far as the superblock says */
    const char *path;
    unsigned leaf_k, internal_k;
    struct block *blocks;   /* [block_count] */
    struct object *objects; /* [object_count] */
    size_t block_count, block_room, object_count, object_room;
    bool no_memory; /* a block could not be recorded: claim() then returned size 0 */
    clipsearch_error *err;
};

/* A group's names. */
struct heap {
    struct bytes names;
};

static clipsearch_status bad(const struct check *check, uint64_t at, const char *what)
{
    if (check->no_memory)
        return cs_fail_memory(check->err, check->path);
    return cs_fail(check->err, CLIPSEARCH_E_MODEL, "%s: byte %llu: damaged HDF5 file: %s", check->path,
                   (unsigned long long)at, what);
}

static clipsearch_status other(const struct check *check, uint64_t at, const char *what)
{
    if (check->no_memory)
        return cs_fail_memory(check->err, check->path);
    return cs_fail(
        check->err, CLIPSEARCH_E_UNSUPPORTED,
        "%s: byte %llu: HDF5: %s, which Keras never writes and is not read; load the model in Python and save "
        "its weights again",
        check->path, (unsigned long long)at, what);
}

/* The bytes [at, at + n), which from now on belong to one structure; size 0: outside the file, or too many blocks. */
static struct bytes claim(struct check *check, uint64_t at, uint64_t n)
{
    struct bytes found = part(check->file, at, n);
    if (!found.size || check->block_count == MAX_BLOCKS)
        return (struct bytes){0};
    struct block *blocks = cs_grow(check->blocks, &check->block_room, check->block_count + 1, sizeof *blocks);
    if (!blocks) {
        check->no_memory = true;
        return (struct bytes){0};
    }
    check->blocks = blocks;
    check->blocks[check->block_count++] = (struct block){at, at + n};
    return found;
}

/* ---------------------------------------------------------------- types and shapes */

static bool number_type(struct bytes type, unsigned class, uint64_t size)
{
    uint64_t bits = size * 8;
    if (size < 1 || size > MAX_NUMBER_BYTES || type.size < (class == 0 ? 12U : 20U))
        return false;
    uint64_t offset = number(type.data + 8, 2), precision = number(type.data + 10, 2);
    if (!precision || offset + precision > bits)
        return false;
    if (class == 0)
        return true;
    /* a float's sign, exponent and mantissa inside its bits */
    uint64_t exponent = type.data[12], exponent_bits = type.data[13], mantissa = type.data[14],
             mantissa_bits = type.data[15];
    return type.data[2] < bits && exponent_bits && mantissa_bits && exponent + exponent_bits <= bits &&
           mantissa + mantissa_bits <= bits;
}

/* Numbers and texts: the types that other types are made of. */
static bool plain_type(struct bytes type, uint64_t *size)
{
    if (type.size < 8 || type.data[0] >> 4 != 1)
        return false;
    *size = number(type.data + 4, 4);
    unsigned class = type.data[0] & 15;
    return class == 3 ? *size >= 1 && *size <= MAX_TEXT_BYTES : class <= 1 && number_type(type, class, *size);
}

/* Flags are an enumeration of two names over a number; texts of variable length lie elsewhere. */
static bool good_type(struct bytes type, uint64_t *size)
{
    if (type.size < 16)
        return plain_type(type, size);
    unsigned class = type.data[0] & 15, version = type.data[0] >> 4;
    struct bytes rest = part(type, 8, type.size - 8);
    uint64_t inner, members = number(type.data + 1, 2);
    *size = number(type.data + 4, 4);
    if (class == 9)
        return version == 1 && *size == 16 && (type.data[1] & 15) <= 1 && plain_type(rest, &inner);
    if (class != 8)
        return plain_type(type, size);
    if (version < 1 || version > 3 || members < 1 || members > MAX_MEMBERS || !plain_type(rest, &inner) ||
        (rest.data[0] & 15) != 0 || inner != *size)
        return false;
    read_front(&rest, 12, 0);
    for (uint64_t i = 0; i < members; i++) {
        size_t n = rest.size ? strnlen((const char *)rest.data, rest.size) : 0;
        if (n == 0 || n == rest.size)
            return false;
        read_front(&rest, n + 1, version < 3);
    }
    return rest.size >= members * inner;
}

/* How many elements a shape has; false: it is damaged, or the number overflows. */
static bool good_space(struct bytes space, uint64_t *count)
{
    *count = 1;
    if (space.size < 4 || space.data[0] < 1 || space.data[0] > 2 || space.data[1] > MAX_RANK || space.data[2] > 1)
        return false;
    size_t rank = space.data[1], sizes = space.data[2] ? 2 : 1, at = space.data[0] == 1 ? 8 : 4;
    if (space.data[0] == 2 && (space.data[3] > 1 || (space.data[3] == 0) != (rank == 0)))
        return false;
    if (space.size < at + 8 * rank * sizes)
        return false;
    for (size_t i = 0; i < rank; i++)
        if (__builtin_mul_overflow(*count, number(space.data + at + 8 * i, 8), count))
            return false;
    return true;
}

/* ---------------------------------------------------------------- messages */

static bool good_attribute(struct bytes message)
{
    struct bytes head = read_front(&message, 8, 0);
    if (!head.size || head.data[0] < 1 || head.data[0] > 3 || (head.data[0] > 1 && head.data[1]))
        return false;
    int padded = head.data[0] == 1;
    if (head.data[0] == 3)
        read_front(&message, 1, 0);
    struct bytes name = read_front(&message, (size_t)number(head.data + 2, 2), padded);
    struct bytes type = read_front(&message, (size_t)number(head.data + 4, 2), padded);
    struct bytes space = read_front(&message, (size_t)number(head.data + 6, 2), padded);
    uint64_t size, count, all;
    return name.size > 1 && name.data[name.size - 1] == '\0' && good_type(type, &size) && good_space(space, &count) &&
           !__builtin_mul_overflow(size, count, &all) && all <= message.size;
}

static bool good_fill(struct bytes fill)
{
    if (fill.size < 4 || fill.data[0] < 1 || fill.data[0] > 2 || fill.data[1] > 3 || fill.data[2] > 2 ||
        fill.data[3] > 1)
        return false;
    if (fill.data[0] == 2 && !fill.data[3])
        return true;
    return fill.size >= 8 && number(fill.data + 4, 4) <= MAX_NUMBER_BYTES && number(fill.data + 4, 4) <= fill.size - 8;
}

/* What all messages of an object describe together. */
struct header {
    uint64_t at;
    bool space, type, layout, table;
    uint64_t count, size;        /* of a data set */
    uint64_t data_at, data_size; /* of its values */
    uint64_t tree, heap;         /* of a group */
    struct bytes parts[MAX_PARTS];
    size_t part_count, messages;
};

/* Note that the object has one of these; false: it has one already. */
static bool once(bool *seen)
{
    bool first = !*seen;
    *seen = true;
    return first;
}

static clipsearch_status read_layout(const struct check *check, struct header *header, struct bytes layout)
{
    if (layout.size < 18 || layout.data[0] != 3 || layout.data[1] != 1)
        return cs_fail(check->err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: byte %llu: HDF5: an array is compressed, in pieces or virtual, and weights are used where "
                       "they lie; load the model in Python and save its weights again without compression",
                       check->path, (unsigned long long)header->at);
    header->data_at = number(layout.data + 2, 8);
    header->data_size = number(layout.data + 10, 8);
    return once(&header->layout) ? CLIPSEARCH_OK : bad(check, header->at, "an object with two layouts");
}

static clipsearch_status read_continuation(struct check *check, struct header *header, struct bytes message)
{
    if (message.size < 16 || header->part_count == MAX_PARTS)
        return bad(check, header->at, "an object header in too many parts");
    struct bytes found = claim(check, number(message.data, 8), number(message.data + 8, 8));
    if (!found.size)
        return bad(check, header->at, "an object header goes on where the file does not");
    header->parts[header->part_count++] = found;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_message(struct check *check, struct header *header, uint64_t type, struct bytes message)
{
    bool good = true;
    switch (type) {
    case NIL:
    case COMMENT:
    case OLD_TIME:
        break;
    case TIME:
        good = message.size >= 8;
        break;
    case SPACE:
        good = once(&header->space) && good_space(message, &header->count);
        break;
    case TYPE:
        good = once(&header->type) && good_type(message, &header->size);
        break;
    case OLD_FILL:
        good = message.size >= 4 && number(message.data, 4) <= message.size - 4;
        break;
    case FILL:
        good = good_fill(message);
        break;
    case ATTRIBUTE:
        good = good_attribute(message);
        break;
    case LAYOUT:
        return read_layout(check, header, message);
    case CONTINUATION:
        return read_continuation(check, header, message);
    case TABLE:
        good = once(&header->table) && message.size >= 16;
        if (good) {
            header->tree = number(message.data, 8);
            header->heap = number(message.data + 8, 8);
        }
        break;
    case EXTERNAL:
        return other(check, header->at, "an array in another file");
    case FILTERS:
        return other(check, header->at, "a compressed array");
    default:
        return other(check, header->at, "an object of the newer form (libver \"latest\")");
    }
    return good ? CLIPSEARCH_OK
                : bad(check, header->at, "an object's description is broken, or of no type that is read");
}

static clipsearch_status read_messages(struct check *check, struct header *header, uint64_t expected)
{
    for (size_t i = 0; i < header->part_count; i++) {
        struct bytes rest = header->parts[i];
        while (rest.size) {
            struct bytes head = read_front(&rest, MESSAGE_BYTES, 0);
            size_t n = head.size ? (size_t)number(head.data + 2, 2) : 0;
            if (!head.size || n > rest.size || n % 8 || head.data[4] & ~5)
                return bad(check, header->at, "an object header's message does not fit");
            struct bytes message = n ? read_front(&rest, n, 0) : (struct bytes){0};
            clipsearch_status status = read_message(check, header, number(head.data, 2), message);
            if (status != CLIPSEARCH_OK)
                return status;
            header->messages++;
        }
    }
    return header->messages == expected ? CLIPSEARCH_OK
                                        : bad(check, header->at, "an object header with another number of messages");
}

/* ---------------------------------------------------------------- groups */

/* The heap of a group's names, and its list of free pieces. */
static clipsearch_status read_heap(struct check *check, uint64_t at, struct heap *heap)
{
    struct bytes head = claim(check, at, HEAP_BYTES);
    if (!head.size || memcmp(head.data, "HEAP\0\0\0\0", 8) != 0)
        return bad(check, at, "no heap where one should be");
    uint64_t free_at = number(head.data + 16, 8);
    heap->names = claim(check, number(head.data + 24, 8), number(head.data + 8, 8));
    if (!heap->names.size)
        return bad(check, at, "a heap that is not all there");
    /* 1: the end of the list */
    for (size_t steps = 0; free_at != 1; steps++) {
        struct bytes piece = part(heap->names, free_at, FREE_BYTES);
        if (steps > heap->names.size / FREE_BYTES || !piece.size || number(piece.data + 8, 8) < FREE_BYTES ||
            number(piece.data + 8, 8) > heap->names.size - free_at)
            return bad(check, at, "a heap whose free pieces are broken");
        free_at = number(piece.data, 8);
    }
    return CLIPSEARCH_OK;
}

static bool good_name(const struct heap *heap, uint64_t at, bool may_be_empty)
{
    if (at >= heap->names.size)
        return false;
    const uint8_t *name = heap->names.data + at, *end = memchr(name, '\0', heap->names.size - at);
    return end && (may_be_empty || end > name);
}

/* One entry of a symbol table: queue its object. `heap` is NULL for the root's, which has no name. */
static clipsearch_status read_entry(struct check *check, const uint8_t *entry, const struct heap *heap, uint64_t at)
{
    uint64_t cached = number(entry + 16, 4);
    if (heap && !good_name(heap, number(entry, 8), false))
        return bad(check, at, "a member's name is not in its group's heap");
    if (cached == 2)
        return other(check, at, "a member is a link to another place or file");
    if (cached > 1 || check->object_count == MAX_BLOCKS)
        return bad(check, at, "a member of no known kind, or too many");
    struct object *objects = cs_grow(check->objects, &check->object_room, check->object_count + 1, sizeof *objects);
    if (!objects)
        return cs_fail_memory(check->err, check->path);
    check->objects = objects;
    check->objects[check->object_count++] = (struct object){.at = number(entry + 8, 8),
                                                            .cached = cached == 1,
                                                            .tree = number(entry + 24, 8),
                                                            .heap = number(entry + 32, 8)};
    return CLIPSEARCH_OK;
}

static clipsearch_status read_node(struct check *check, uint64_t at, const struct heap *heap)
{
    struct bytes node = claim(check, at, NODE_BYTES + (uint64_t)2 * check->leaf_k * ENTRY_BYTES);
    if (!node.size || memcmp(node.data, "SNOD\1\0", 6) != 0)
        return bad(check, at, "no symbol table where one should be");
    uint64_t count = number(node.data + 6, 2);
    if (count > 2 * check->leaf_k)
        return bad(check, at, "a symbol table with more entries than room");
    clipsearch_status status = CLIPSEARCH_OK;
    for (uint64_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = read_entry(check, node.data + NODE_BYTES + i * ENTRY_BYTES, heap, at);
    return status;
}

static bool elsewhere(const struct check *check, uint64_t at)
{
    return at == NOWHERE || at < check->file.size;
}

/* A group's tree, from its root down. Every node is claimed, so that a cycle overlaps itself; depth is limited by the
 * levels, which must decrease by one. */
static clipsearch_status read_tree(struct check *check, uint64_t root, const struct heap *heap)
{
    struct {
        struct bytes node;
        uint64_t at, next, count;
        unsigned level;
    } path[MAX_LEVEL + 1];
    uint64_t bytes = TREE_BYTES + (2 * (uint64_t)check->internal_k + 1) * 8 + 2 * (uint64_t)check->internal_k * 8;
    uint64_t enter = root;
    for (int depth = 0;;) {
        if (enter != NOWHERE) {
            struct bytes node = depth <= MAX_LEVEL ? claim(check, enter, bytes) : (struct bytes){0};
            if (!node.size || memcmp(node.data, "TREE\0", 5) != 0)
                return bad(check, enter, "no tree where one should be");
            unsigned level = node.data[5];
            uint64_t count = number(node.data + 6, 2);
            if (count > 2 * (uint64_t)check->internal_k || level > MAX_LEVEL ||
                (depth && level + 1 != path[depth - 1].level) || !elsewhere(check, number(node.data + 8, 8)) ||
                !elsewhere(check, number(node.data + 16, 8)))
                return bad(check, enter, "a tree's node is broken");
            for (uint64_t i = 0; i <= count; i++)
                if (!good_name(heap, number(node.data + TREE_BYTES + 16 * i, 8), true))
                    return bad(check, enter, "a tree's name is not in its group's heap");
            path[depth].node = node;
            path[depth].at = enter;
            path[depth].next = 0;
            path[depth].count = count;
            path[depth++].level = level;
            enter = NOWHERE;
        } else if (path[depth - 1].next == path[depth - 1].count) {
            if (--depth == 0)
                return CLIPSEARCH_OK;
        } else {
            uint64_t child = number(path[depth - 1].node.data + TREE_BYTES + 8 + 16 * path[depth - 1].next++, 8);
            if (child == NOWHERE)
                return bad(check, path[depth - 1].at, "a tree's branch leads nowhere");
            if (path[depth - 1].level) {
                enter = child;
            } else {
                clipsearch_status status = read_node(check, child, heap);
                if (status != CLIPSEARCH_OK)
                    return status;
            }
        }
    }
}

/* ---------------------------------------------------------------- the file */

static clipsearch_status read_object(struct check *check, const struct object *object)
{
    struct header header = {.at = object->at};
    struct bytes head = claim(check, object->at, HEADER_BYTES);
    if (!head.size || head.data[0] != 1)
        return other(check, object->at, "an object header that is not of version 1");
    header.parts[0] = claim(check, object->at + HEADER_BYTES, number(head.data + 8, 4));
    header.part_count = 1;
    if (!header.parts[0].size || number(head.data + 4, 4) != 1)
        return bad(check, object->at, "an object header that is not all there, or of an object with two names");
    clipsearch_status status = read_messages(check, &header, number(head.data + 2, 2));
    if (status != CLIPSEARCH_OK)
        return status;
    if (header.table == header.layout || header.layout != header.space || header.layout != header.type)
        return bad(check, object->at, "an object that is neither a group nor an array");
    if (object->cached && (!header.table || header.tree != object->tree || header.heap != object->heap))
        return bad(check, object->at, "a group that is said to lie in two places");
    if (header.table) {
        struct heap heap;
        status = read_heap(check, header.heap, &heap);
        return status == CLIPSEARCH_OK ? read_tree(check, header.tree, &heap) : status;
    }
    uint64_t bytes;
    if (__builtin_mul_overflow(header.count, header.size, &bytes))
        return bad(check, object->at, "the product of an array's dimensions overflows");
    if (header.data_at == NOWHERE || bytes == 0)
        return CLIPSEARCH_OK;
    if (header.data_size != bytes || !claim(check, header.data_at, bytes).size)
        return bad(check, object->at,
                   "an array reaches beyond the end of the file, or has another size than its values");
    return CLIPSEARCH_OK;
}

static int compare_blocks(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static clipsearch_status check_overlaps(struct check *check)
{
    qsort(check->blocks, check->block_count, sizeof *check->blocks, compare_blocks);
    for (size_t i = 1; i < check->block_count; i++)
        if (check->blocks[i].at < check->blocks[i - 1].end)
            return bad(check, check->blocks[i].at,
                       "two of its structures overlap, or an object is there under two names");
    return CLIPSEARCH_OK;
}

/* The superblock; the root's entry follows it. */
static clipsearch_status read_superblock(struct check *check, struct bytes whole)
{
    const uint8_t *data = whole.data;
    if (whole.size < SUPERBLOCK_BYTES + ENTRY_BYTES)
        return cs_fail(check->err, CLIPSEARCH_E_MODEL,
                       "%s: an HDF5 file of %zu bytes; it was cut short, fetch it again", check->path, whole.size);
    if (data[8] != 0)
        return cs_fail(
            check->err, CLIPSEARCH_E_UNSUPPORTED,
            "%s: byte 8: an HDF5 superblock of version %u; read is version 0, which h5py writes unless it is "
            "told otherwise (libver)",
            check->path, data[8]);
    check->leaf_k = (unsigned)number(data + 16, 2);
    check->internal_k = (unsigned)number(data + 18, 2);
    /* versions of its parts, places and lengths of 8 bytes, nothing in front, no list of free space, no driver */
    if (data[9] || data[10] || data[12] || data[13] != 8 || data[14] != 8 || !check->leaf_k || check->leaf_k > MAX_K ||
        !check->internal_k || check->internal_k > MAX_K || number(data + 20, 4) || number(data + 24, 8) ||
        number(data + 32, 8) != NOWHERE || number(data + 48, 8) != NOWHERE)
        return other(check, 9, "a superblock of another kind");
    uint64_t end = number(data + 40, 8);
    if (end > whole.size)
        return cs_fail(
            check->err, CLIPSEARCH_E_MODEL,
            "%s: byte 40: the HDF5 file should have %llu bytes and has %zu; it was cut short, fetch it again",
            check->path, (unsigned long long)end, whole.size);
    check->file = part(whole, 0, end);
    if (!claim(check, 0, SUPERBLOCK_BYTES + ENTRY_BYTES).size)
        return bad(check, 40, "it ends inside its first block");
    return read_entry(check, data + SUPERBLOCK_BYTES, NULL, SUPERBLOCK_BYTES);
}

clipsearch_status cs_hdf5_check(const uint8_t *data, size_t size, const char *path, clipsearch_error *err)
{
    struct check check = {.path = path, .err = err};
    clipsearch_status status = read_superblock(&check, (struct bytes){data, size});
    /* objects are queued while others are checked; a cycle ends when there are too many blocks */
    for (size_t i = 0; status == CLIPSEARCH_OK && i < check.object_count; i++) {
        const struct object object = check.objects[i]; /* the queue moves when it grows */
        status = read_object(&check, &object);
    }
    if (status == CLIPSEARCH_OK)
        status = check_overlaps(&check);
    cs_free(check.blocks);
    cs_free(check.objects);
    return status;
}
