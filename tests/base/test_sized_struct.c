/* SPDX-License-Identifier: MIT
 * test_sized_struct.c - structs between a library and callers compiled with an older or newer header. */
#include "base/sized_struct.h"
#include "tap.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One struct as three versions of the header have it. The library is the one in the middle. */
typedef struct first {
    size_t struct_size;
    uint32_t limit;
} first;
typedef struct second {
    size_t struct_size;
    uint32_t limit;
    uint32_t unused;
    uint64_t width;
} second;
typedef struct third {
    size_t struct_size;
    uint32_t limit;
    uint32_t unused;
    uint64_t width;
    uint64_t height;
} third;

static const second defaults = {.limit = 7, .width = 9};
static const cs_struct_type type = {"clipsearch_thing", sizeof(second), offsetof(first, limit) + sizeof(uint32_t),
                                    &defaults};

/* A caller's struct with memory behind it that is not the library's to write. */
typedef union guarded {
    first first;
    second second;
    third third;
    unsigned char bytes[2 * sizeof(third)];
} guarded;

static guarded make_guarded(void)
{
    guarded g;
    memset(&g, 0xa5, sizeof g);
    return g;
}

static bool is_guarded(const guarded *g, size_t size)
{
    for (size_t i = size; i < sizeof *g; i++)
        if (g->bytes[i] != 0xa5)
            return false;
    return true;
}

static void test_init(void)
{
    guarded older = make_guarded(), equal = make_guarded(), newer = make_guarded(), tiny = make_guarded();
    cs_struct_init(&older, sizeof(first), &type);
    cs_struct_init(&equal, sizeof(second), &type);
    cs_struct_init(&newer, sizeof(third), &type);
    cs_struct_init(&tiny, 3, &type);
    TAP_OK(older.first.struct_size == sizeof(first) && older.first.limit == 7 && is_guarded(&older, sizeof(first)),
           "init of an older caller's struct");
    TAP_OK(equal.second.struct_size == sizeof(second) && equal.second.limit == 7 && equal.second.width == 9 &&
               is_guarded(&equal, sizeof(second)),
           "init of one of the same version");
    TAP_OK(newer.third.struct_size == sizeof(third) && newer.third.width == 9 && newer.third.height == 0 &&
               is_guarded(&newer, sizeof(third)),
           "init of a newer caller's struct: 0 where the library knows no field");
    TAP_OK(is_guarded(&tiny, 3), "init of 3 bytes writes 3 bytes");
}

static void test_read(void)
{
    clipsearch_error err;
    second own;
    guarded older = make_guarded();
    cs_struct_init(&older, sizeof(first), &type);
    older.first.limit = 1;
    TAP_OK(cs_struct_read(&own, &older, &type, "f", &err) == CLIPSEARCH_OK && own.limit == 1 && own.width == 9 &&
               own.struct_size == sizeof own,
           "an older caller's field, and the default of the one it does not have");
    third newer;
    cs_struct_init(&newer, sizeof newer, &type);
    newer.width = 2;
    TAP_OK(cs_struct_read(&own, &newer, &type, "f", &err) == CLIPSEARCH_OK && own.limit == 7 && own.width == 2 &&
               own.struct_size == sizeof own,
           "a newer caller that leaves the new field 0");
    newer.height = (uint64_t)1 << 40;
    TAP_OK(cs_struct_read(&own, &newer, &type, "f", &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "f: ") == err.message && strstr(err.message, "clipsearch_thing"),
           "a newer caller that sets it: %s", err.message);
    TAP_OK(cs_struct_read(&own, NULL, &type, "f", &err) == CLIPSEARCH_OK && own.limit == 7 && own.width == 9,
           "NULL: the defaults");
}

static void test_not_initialised(void)
{
    static const size_t sizes[] = {0, 1, sizeof(size_t), sizeof(first) - 5, (size_t)1 << 20, SIZE_MAX};
    clipsearch_error err;
    second own, theirs = {.limit = 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        theirs.struct_size = sizes[i];
        TAP_OK(cs_struct_read(&own, &theirs, &type, "f", &err) == CLIPSEARCH_E_ARGUMENT &&
                   cs_struct_check(&theirs, &type, "f", NULL) == CLIPSEARCH_E_ARGUMENT &&
                   strstr(err.message, "call clipsearch_thing_init"),
               "%s", err.message);
    }
}

static void test_write(void)
{
    const second own = {.struct_size = sizeof own, .limit = 3, .width = 4};
    guarded older = make_guarded(), newer = make_guarded();
    older.first.struct_size = sizeof(first);
    newer.third.struct_size = sizeof(third);
    cs_struct_write(&older, &own, &type);
    cs_struct_write(&newer, &own, &type);
    TAP_OK(older.first.struct_size == sizeof(first) && older.first.limit == 3 && is_guarded(&older, sizeof(first)),
           "a report for an older caller");
    TAP_OK(newer.third.struct_size == sizeof(third) && newer.third.limit == 3 && newer.third.width == 4 &&
               newer.third.height == 0 && is_guarded(&newer, sizeof(third)),
           "a report for a newer caller");
}

int main(void)
{
    test_init();
    test_read();
    test_not_initialised();
    test_write();
    return tap_done();
}
