/* SPDX-License-Identifier: MIT
 * test_safetensors_write.c - rounding to f16 and bf16 against their definition; files written and read back. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/narrow.h"
#include "model/safetensors_write.h"
#include "tap.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static clipsearch_error err;

/* The value of a short float by its definition: sign, exponent of so many bits, fraction of the rest. */
static double value_of(unsigned bits, int exponent_bits)
{
    int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    double fraction = bits & ((1U << fraction_bits) - 1), unit = ldexp(1, fraction_bits);
    double size = exponent ? ldexp(1 + fraction / unit, exponent - bias) : ldexp(fraction / unit, 1 - bias);
    return bits & 0x8000 ? -size : size;
}

static unsigned narrow_one(cs_dtype dtype, float value, cs_narrow_count *count)
{
    uint8_t out[2];
    cs_narrow(dtype, &value, 1, out, count);
    return out[0] | (unsigned)out[1] << 8;
}

/* Every finite number of the type: itself; halfway to the next one, which goes to the even one; a little to either
 * side of that. Both signs. */
static void test_rounding(cs_dtype dtype, int exponent_bits, unsigned infinity)
{
    bool exact = true, tie = true, near = true;
    cs_narrow_count count = {0}, rounded = {0};
    for (unsigned bits = 0; bits < infinity; bits++) {
        double here = value_of(bits, exponent_bits);
        exact = exact && narrow_one(dtype, (float)here, &count) == bits &&
                narrow_one(dtype, (float)-here, &count) == (bits | 0x8000);
        if (bits + 1 == infinity)
            break;
        float middle = (float)((here + value_of(bits + 1, exponent_bits)) / 2);
        tie = tie && narrow_one(dtype, middle, &rounded) == bits + (bits & 1) &&
              narrow_one(dtype, -middle, &rounded) == ((bits + (bits & 1)) | 0x8000);
        near = near && narrow_one(dtype, nextafterf(middle, 0), &rounded) == bits &&
               narrow_one(dtype, nextafterf(middle, INFINITY), &rounded) == bits + 1;
    }
    const char *name = cs_dtype_name(dtype);
    TAP_OK(exact && count.changed == 0 && count.overflow == 0, "%s: its own numbers stay", name);
    TAP_OK(tie, "%s: halfway goes to the even one", name);
    TAP_OK(near, "%s: else to the nearest", name);
    TAP_OK(rounded.changed == 4 * (uint64_t)(infinity - 1) && rounded.overflow == 0, "%s: changes are counted", name);
    cs_narrow_count over = {0};
    TAP_OK(narrow_one(dtype, INFINITY, &over) == infinity && narrow_one(dtype, -INFINITY, &over) == (infinity | 0x8000),
           "%s: infinities stay", name);
    unsigned nan = narrow_one(dtype, NAN, &over) & 0x7FFF;
    uint32_t low = 0x7F800001; /* cut short, this would be an infinity */
    float signalling;
    memcpy(&signalling, &low, sizeof low);
    TAP_OK(nan > infinity && (narrow_one(dtype, signalling, &over) & 0x7FFF) > infinity && over.changed == 0 &&
               over.overflow == 0,
           "%s: NaN stays NaN", name);
    TAP_OK(narrow_one(dtype, FLT_MAX, &over) == infinity && over.overflow == 1, "%s: overflow is counted", name);
}

static void test_f16_limit(void)
{
    cs_narrow_count count = {0};
    TAP_OK(narrow_one(CS_F16, 65519.996F, &count) == 0x7BFF && count.overflow == 0, "just below 65520: 65504");
    TAP_OK(narrow_one(CS_F16, 65520, &count) == 0x7C00 && count.overflow == 1, "65520: infinity");
}

static const cs_tensor_plan plans[] = {
    {.name = "scale", .dtype = CS_F32, .rank = 0},
    {.name = "b \"quoted\" \xC3\xA9", .dtype = CS_F16, .rank = 2, .shape = {2, 3}},
    {.name = "a", .dtype = CS_BF16, .rank = 4, .shape = {1, 2, 1, 2}},
    {.name = "none", .dtype = CS_F16, .rank = 1, .shape = {0}},
};
static const cs_metadata metadata[] = {{"format", "pt"}, {"source", "a \"file\"\n"}};

static void test_write(const char *path)
{
    cs_safetensors_writer writer;
    uint8_t bytes[4 + 12 + 8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    bool ok = cs_safetensors_create(path, plans, 4, metadata, 2, &writer, &err) == CLIPSEARCH_OK;
    TAP_OK(ok && access(path, F_OK) != 0, "nothing has the name while it is written");
    for (size_t i = 0; i < sizeof bytes; i++)
        ok = ok && cs_safetensors_write(&writer, bytes + i, 1, &err) == CLIPSEARCH_OK;
    TAP_OK(ok && cs_safetensors_finish(&writer, &err) == CLIPSEARCH_OK, "written");
    cs_weights *weights = NULL;
    TAP_OK(cs_weights_open(path, &weights, &err) == CLIPSEARCH_OK && cs_weights_count(weights) == 4, "read back: %s",
           weights ? "ok" : err.message);
    const cs_tensor *b = cs_weights_find(weights, plans[1].name), *a = cs_weights_find(weights, "a");
    const cs_tensor *scale = cs_weights_find(weights, "scale");
    TAP_OK(scale && scale->rank == 0 && scale->dtype == CS_F32 && memcmp(scale->data, bytes, 4) == 0, "the scalar");
    TAP_OK(b && b->rank == 2 && b->shape[1] == 3 && b->dtype == CS_F16 && memcmp(b->data, bytes + 4, 12) == 0 && a &&
               a->rank == 4 && a->dtype == CS_BF16 && memcmp(a->data, bytes + 16, 8) == 0,
           "names, shapes, types and bytes, in the order they were given");
    cs_weights_close(&weights);
    cs_map map;
    TAP_OK(cs_map_open(path, &map, &err) == CLIPSEARCH_OK, "map it");
    size_t header = 0;
    for (size_t i = 0; i < 8; i++)
        header |= (size_t)map.data[i] << (8 * i);
    cs_json_document *document = NULL;
    TAP_OK(header % 8 == 0 &&
               cs_json_parse((const char *)map.data + 8, header, "header", 1000, &document, &err) == CLIPSEARCH_OK,
           "the data begin at a multiple of 8");
    const cs_json *source = cs_json_get(cs_json_get(cs_json_root(document), "__metadata__"), "source");
    TAP_OK(source && strcmp(source->string, "a \"file\"\n") == 0, "metadata");
    cs_json_close(&document);
    cs_map_close(&map);
}

/* Given up, refused, unwritable: what was there stays, and nothing else is left. */
static void test_failure(const char *directory, const char *path)
{
    cs_safetensors_writer writer;
    struct stat before, after;
    TAP_OK(stat(path, &before) == 0 &&
               cs_safetensors_create(path, plans, 4, metadata, 2, &writer, &err) == CLIPSEARCH_OK &&
               cs_safetensors_write(&writer, "half", 4, &err) == CLIPSEARCH_OK,
           "begin to replace it");
    cs_safetensors_drop(&writer);
    TAP_OK(stat(path, &after) == 0 && after.st_ino == before.st_ino && after.st_size == before.st_size,
           "given up: the old file is there");
    const cs_tensor_plan huge = {.name = "huge", .dtype = CS_F32, .rank = 2, .shape = {SIZE_MAX / 2, 3}};
    TAP_OK(cs_safetensors_create(path, &huge, 1, NULL, 0, &writer, &err) == CLIPSEARCH_E_LIMIT &&
               strstr(err.message, "huge"),
           "a size that overflows: %s", err.message);
    char nowhere[300];
    snprintf(nowhere, sizeof nowhere, "%s/no/where", directory);
    TAP_OK(cs_safetensors_create(nowhere, plans, 4, NULL, 0, &writer, &err) == CLIPSEARCH_E_IO, "unwritable: %s",
           err.message);
    TAP_OK(cs_safetensors_create("/dev/full", plans, 4, NULL, 0, &writer, &err) == CLIPSEARCH_E_IO &&
               strstr(err.message, strerror(ENOSPC)),
           "a full disk: %s", err.message);
    uint64_t failures = 0;
    for (uint64_t n = 1; n < 20; n++) {
        cs_mem_fail_at(n);
        clipsearch_status status = cs_safetensors_create(path, plans, 4, metadata, 2, &writer, &err);
        cs_mem_fail_at(0);
        failures += status == CLIPSEARCH_E_MEMORY;
        if (status == CLIPSEARCH_OK)
            break;
    }
    cs_safetensors_drop(&writer);
    TAP_OK(failures >= 2, "the n-th allocation fails: %d places", (int)failures);
}

int main(void)
{
    char directory[] = "/tmp/clipsearch-test-XXXXXX";
    test_rounding(CS_F16, 5, 0x7C00);
    test_rounding(CS_BF16, 8, 0x7F80);
    test_f16_limit();
    if (TAP_OK(mkdtemp(directory) != NULL, "temporary directory")) {
        char path[100];
        snprintf(path, sizeof path, "%s/x.safetensors", directory);
        test_write(path);
        test_failure(directory, path);
        unlink(path);
        TAP_OK(rmdir(directory) == 0, "no temporary file is left behind");
    }
    return tap_done();
}
