/* SPDX-License-Identifier: MIT
 * npy.c - .npy files: the header is the text of a Python dictionary, of which only what NumPy writes is understood. */
#include "exchange/npy.h"

#include "base/half.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied byte for byte");

enum { PREFIX = 10, MAX_HEADER = 1 << 16 }; /* magic, version, two bytes of length */

void cs_npy_put_header(cs_buf *buf, size_t rows, size_t columns, bool half)
{
    char words[CS_NPY_HEADER];
    int n = snprintf(words, sizeof words, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%zu, %zu), }",
                     half ? 2 : 4, rows, columns);
    const unsigned char prefix[PREFIX] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, CS_NPY_HEADER - PREFIX, 0};
    cs_buf_append(buf, prefix, sizeof prefix);
    cs_buf_append(buf, words, (size_t)n);
    for (size_t i = PREFIX + (size_t)n; i + 1 < CS_NPY_HEADER; i++)
        cs_buf_putc(buf, ' ');
    cs_buf_putc(buf, '\n');
}

/* ---- the dictionary */

typedef struct header {
    const char *at, *end;
    char type[8];
    bool fortran, has_type, has_order, has_shape;
    size_t shape[2];
    size_t dimensions;
} header;

static void skip_blanks(header *h)
{
    while (h->at < h->end && strchr(" \t\r\n", *h->at) && *h->at)
        h->at++;
}

static bool take(header *h, char c)
{
    skip_blanks(h);
    if (h->at >= h->end || *h->at != c)
        return false;
    h->at++;
    return true;
}

/* A string in single or double quotes, without escapes, into `text`. */
static bool take_string(header *h, char *text, size_t room)
{
    skip_blanks(h);
    if (h->at >= h->end || (*h->at != '\'' && *h->at != '"'))
        return false;
    const char quote = *h->at++;
    size_t n = 0;
    for (; h->at < h->end && *h->at != quote; h->at++) {
        if (*h->at == '\\' || n + 1 >= room)
            return false;
        text[n++] = *h->at;
    }
    text[n] = '\0';
    return take(h, quote);
}

static bool take_word(header *h, const char *word)
{
    const size_t n = strlen(word);
    skip_blanks(h);
    if ((size_t)(h->end - h->at) < n || memcmp(h->at, word, n) != 0)
        return false;
    h->at += n;
    return true;
}

static bool take_count(header *h, size_t *count)
{
    skip_blanks(h);
    const char *begin = h->at;
    *count = 0;
    for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++)
        if (__builtin_mul_overflow(*count, (size_t)10, count) ||
            __builtin_add_overflow(*count, (size_t)(*h->at - '0'), count))
            return false;
    if (h->at < h->end && *h->at == 'L') /* as Python 2 wrote it */
        h->at++;
    return h->at > begin;
}

static bool take_shape(header *h)
{
    if (!take(h, '('))
        return false;
    for (h->dimensions = 0; !take(h, ')'); h->dimensions++) {
        size_t count;
        if (!take_count(h, &count))
            return false;
        if (h->dimensions < 2)
            h->shape[h->dimensions] = count;
        if (!take(h, ',')) {
            h->dimensions++;
            return take(h, ')');
        }
    }
    return true;
}

static bool take_member(header *h)
{
    char key[32];
    if (!take_string(h, key, sizeof key) || !take(h, ':'))
        return false;
    if (strcmp(key, "descr") == 0 && !h->has_type) {
        h->has_type = true;
        if (take_string(h, h->type, sizeof h->type))
            return true;
        if (!take(h, '['))
            return false;
        memcpy(h->type, "?", 2); /* a list of fields: the file is refused for its type, and the rest does not matter */
        h->has_order = h->has_shape = true;
        h->at = h->end;
        return true;
    }
    if (strcmp(key, "fortran_order") == 0 && !h->has_order) {
        h->has_order = true;
        h->fortran = take_word(h, "True");
        return h->fortran || take_word(h, "False");
    }
    if (strcmp(key, "shape") == 0 && !h->has_shape) {
        h->has_shape = true;
        return take_shape(h);
    }
    return false;
}

static bool read_dictionary(header *h)
{
    if (!take(h, '{'))
        return false;
    while (!take(h, '}')) {
        if (!take_member(h))
            return false;
        if (h->at == h->end && h->type[0] == '?')
            break;
        if (!take(h, ',')) {
            if (!take(h, '}'))
                return false;
            break;
        }
    }
    return h->has_type && h->has_order && h->has_shape;
}

/* ---- the file */

/* Where the dictionary is; CLIPSEARCH_E_FORMAT, _UNSUPPORTED or _LIMIT. */
static clipsearch_status find_header(const uint8_t *data, size_t size, const char *name, header *h, size_t *numbers,
                                     clipsearch_error *err)
{
    if (size < PREFIX || memcmp(data, "\x93NUMPY", 6) != 0)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: not a .npy file: it does not begin as numpy.save begins one",
                       name);
    const bool wide = data[6] > 1; /* versions 2 and 3 have four bytes of length */
    if (data[6] < 1 || data[6] > 3)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: version %u.%u of the .npy format; 1 to 3 are known", name,
                       data[6], data[7]);
    if (wide && size < PREFIX + 2)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the file ends in the header", name);
    size_t length = (size_t)data[8] | (size_t)data[9] << 8, begin = PREFIX;
    if (wide) {
        length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
        begin += 2;
    }
    if (length > MAX_HEADER)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: a header of %zu bytes; the limit is %d", name, length, MAX_HEADER);
    if (length > size - begin)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the file ends in the header", name);
    *h = (header){.at = (const char *)data + begin, .end = (const char *)data + begin + length};
    *numbers = begin + length;
    return CLIPSEARCH_OK;
}

/* The type by its name in the header: "<f4". */
static clipsearch_status read_type(const header *h, const char *name, cs_npy *npy, clipsearch_error *err)
{
    static const char *const names[] = {[CS_NPY_F16] = "<f2", [CS_NPY_F32] = "<f4", [CS_NPY_F64] = "<f8"};
    for (int type = CS_NPY_F16; type <= CS_NPY_F64; type++)
        if (strcmp(h->type, names[type]) == 0) {
            npy->type = (cs_npy_type)type;
            return CLIPSEARCH_OK;
        }
    return cs_fail(
        err, CLIPSEARCH_E_UNSUPPORTED,
        "%s: an array of the type \"%s\"; vectors must be little-endian float16, float32 or float64. In Python: "
        "numpy.save(FILE, array.astype('<f4'))",
        name, h->type);
}

clipsearch_status cs_npy_parse(const void *data, size_t size, const char *name, cs_npy *npy, clipsearch_error *err)
{
    static const size_t widths[] = {[CS_NPY_F16] = 2, [CS_NPY_F32] = 4, [CS_NPY_F64] = 8};
    header h;
    size_t numbers = 0, bytes;
    *npy = (cs_npy){0};
    clipsearch_status status = find_header(data, size, name, &h, &numbers, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!read_dictionary(&h))
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the header of the .npy file is damaged", name);
    status = read_type(&h, name, npy, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (h.dimensions != 2)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: an array of %zu dimensions; vectors need two: rows and numbers of a row", name,
                       h.dimensions);
    if (h.fortran && h.shape[0] > 1 && h.shape[1] > 1)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: the array is stored column by column (Fortran order). In Python: numpy.save(FILE, "
                       "numpy.ascontiguousarray(array))",
                       name);
    if (__builtin_mul_overflow(h.shape[0], h.shape[1], &bytes) ||
        __builtin_mul_overflow(bytes, widths[npy->type], &bytes) || bytes > size - numbers)
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "%s: the header says %zu rows of %zu numbers, but the file has only %zu bytes of numbers; is it "
                       "complete?",
                       name, h.shape[0], h.shape[1], size - numbers);
    npy->numbers = (const uint8_t *)data + numbers;
    npy->rows = h.shape[0];
    npy->columns = h.shape[1];
    return CLIPSEARCH_OK;
}

clipsearch_status cs_npy_open(const char *path, cs_npy *npy, clipsearch_error *err)
{
    cs_map map;
    *npy = (cs_npy){0};
    clipsearch_status status = cs_map_open(path, &map, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_npy_parse(map.data, map.size, path, npy, err);
    npy->map = map;
    return status;
}

void cs_npy_close(cs_npy *npy)
{
    if (npy->map.data)
        cs_map_close(&npy->map);
    *npy = (cs_npy){0};
}

void cs_npy_row(const cs_npy *npy, size_t row, float *vector)
{
    const size_t n = npy->columns;
    if (npy->type == CS_NPY_F32) {
        memcpy(vector, npy->numbers + row * n * sizeof *vector, n * sizeof *vector);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        double wide;
        if (npy->type == CS_NPY_F16) {
            memcpy(&half, npy->numbers + (row * n + i) * sizeof half, sizeof half);
            vector[i] = cs_float_from_f16(half);
        } else {
            memcpy(&wide, npy->numbers + (row * n + i) * sizeof wide, sizeof wide);
            vector[i] = fabs(wide) > (double)FLT_MAX ? INFINITY : (float)wide;
        }
    }
}
