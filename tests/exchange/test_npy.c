/* SPDX-License-Identifier: MIT
 * test_npy.c - .npy files as NumPy writes them, those that are refused, and damaged ones. */
#include "base/buf.h"
#include "base/mem.h"
#include "exchange/npy.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static clipsearch_status open_data(const char *name, cs_npy *npy, clipsearch_error *err)
{
    cs_buf path = cs_buf_make(4096);
    cs_buf_printf(&path, "%s/tests/data/vectors/%s.npy", getenv("CLIPSEARCH_SOURCE_ROOT"), name);
    clipsearch_status status = cs_npy_open(path.data, npy, err);
    cs_buf_free(&path);
    return status;
}

static void test_read(void)
{
    static const char *const names[] = {"f2", "f4", "f8", "version3"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        cs_npy npy;
        clipsearch_error err = {0};
        float row[4];
        bool same = open_data(names[n], &npy, &err) == CLIPSEARCH_OK && npy.rows == 3 && npy.columns == 4;
        for (size_t i = 0; same && i < 3; i++) {
            cs_npy_row(&npy, i, row);
            for (size_t d = 0; d < 4; d++)
                same &= row[d] == ((float)(4 * i + d) - 5) / 4;
        }
        TAP_OK(same, "%s.npy has the numbers that NumPy wrote %s", names[n], err.message);
        cs_npy_close(&npy);
    }
}

static void test_refused(void)
{
    static const char *const cases[][2] = {{"big-endian", "astype"},
                                           {"integers", "<i8"},
                                           {"fields", "astype"},
                                           {"fortran", "ascontiguousarray"},
                                           {"one-dimension", "dimensions"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_npy npy;
        clipsearch_error err = {0};
        TAP_OK(open_data(cases[i][0], &npy, &err) == CLIPSEARCH_E_UNSUPPORTED && strstr(err.message, cases[i][1]), "%s",
               err.message);
        cs_npy_close(&npy);
    }
}

/* A file of version 1.0 with `words` as its header and `size` bytes of numbers. */
static clipsearch_status parse_words(const char *words, size_t size, cs_npy *npy, clipsearch_error *err)
{
    cs_buf file = cs_buf_make(1 << 16);
    const size_t n = strlen(words);
    cs_buf_append(&file, "\x93NUMPY\x01\x00", 8);
    cs_buf_putc(&file, (char)n);
    cs_buf_putc(&file, (char)(n >> 8));
    cs_buf_append(&file, words, n);
    for (size_t i = 0; i < size; i++)
        cs_buf_putc(&file, 0);
    clipsearch_status status = cs_npy_parse(file.data, file.len, "words", npy, err);
    cs_buf_free(&file);
    return status;
}

static void test_headers(void)
{
    cs_npy npy;
    clipsearch_error err = {0};
    TAP_OK(parse_words("{\"shape\":(2L,3L),'descr':\"<f2\",'fortran_order':False}", 12, &npy, &err) == CLIPSEARCH_OK &&
               npy.rows == 2 && npy.columns == 3,
           "any order, either quote, numbers of Python 2: %s", err.message);
    TAP_OK(parse_words("{'descr': '<f4', 'fortran_order': True, 'shape': (5, 1), }", 20, &npy, &err) == CLIPSEARCH_OK,
           "one column is in both orders: %s", err.message);
    TAP_OK(parse_words("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 23, &npy, &err) ==
                   CLIPSEARCH_E_FORMAT &&
               strstr(err.message, "2 rows of 3"),
           "%s", err.message);
    static const char *const wrong[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 4), }",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (0, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), 'x': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, -4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4",
        "{'descr': '<f4",
        "",
        "{}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        TAP_OK(parse_words(wrong[i], 0, &npy, &err) == CLIPSEARCH_E_FORMAT, "refused: %s", wrong[i]);
    TAP_OK(cs_npy_parse("\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12, "long", &npy, &err) == CLIPSEARCH_E_LIMIT &&
               cs_npy_parse("\x93NUMPY\x04\x00\x00\x00\x00\x00", 12, "new", &npy, &err) == CLIPSEARCH_E_UNSUPPORTED &&
               cs_npy_parse("PK", 2, "zip", &npy, &err) == CLIPSEARCH_E_FORMAT,
           "a header that is too long, a version that is not known, another file");
}

static void test_written(void)
{
    cs_buf file = cs_buf_make(1 << 16);
    cs_npy npy;
    clipsearch_error err = {0};
    const float numbers[] = {1, -2.5f, 3, 4, 5, 6};
    float row[3];
    cs_npy_put_header(&file, 2, 3, false);
    cs_buf_append(&file, numbers, sizeof numbers);
    TAP_OK(file.len == CS_NPY_HEADER + sizeof numbers &&
               cs_npy_parse(file.data, file.len, "written", &npy, &err) == CLIPSEARCH_OK && npy.type == CS_NPY_F32,
           "what is written is read: %s", err.message);
    cs_npy_row(&npy, 0, row);
    TAP_OK(row[0] == 1 && row[1] == -2.5f && row[2] == 3, "with the same numbers");
    cs_buf_clear(&file);
    const double wide[] = {1e300, -1e300, NAN};
    cs_buf_append(&file, "\x93NUMPY\x01\x00\x3b\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }",
                  10 + 59);
    cs_buf_append(&file, wide, sizeof wide);
    TAP_OK(cs_npy_parse(file.data, file.len, "wide", &npy, &err) == CLIPSEARCH_OK, "float64: %s", err.message);
    cs_npy_row(&npy, 0, row);
    TAP_OK(isinf(row[0]) && isinf(row[1]) && isnan(row[2]), "numbers beyond float32 are infinities");
    cs_buf_free(&file);
}

int main(void)
{
    test_read();
    test_refused();
    test_headers();
    test_written();
    return tap_done();
}
