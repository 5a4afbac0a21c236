/* SPDX-License-Identifier: MIT
 * npy.c - the header of a NumPy file. */
#include "cli/output/npy.h"

#include <stdio.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are written byte for byte");

void cs_npy_put_header(cs_buf *buf, size_t rows, size_t columns)
{
    enum { PREFIX = 10, ALIGNMENT = 64 }; /* magic, version, two bytes of length */
    char words[128];
    int n =
        snprintf(words, sizeof words, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    size_t total = (PREFIX + (size_t)n + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, length = total - PREFIX;
    const unsigned char prefix[PREFIX] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)length, (unsigned char)(length >> 8)};
    cs_buf_append(buf, prefix, sizeof prefix);
    cs_buf_append(buf, words, (size_t)n);
    for (size_t i = PREFIX + (size_t)n; i + 1 < total; i++)
        cs_buf_putc(buf, ' ');
    cs_buf_putc(buf, '\n');
}
