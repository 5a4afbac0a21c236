/* SPDX-License-Identifier: MIT
 * buf.h - a growable string of bytes with a fixed maximum size. */
#ifndef CS_BASE_BUF_H
#define CS_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* `data` is NUL-terminated after `len` bytes once anything was added, else NULL. A failed append (over `max`, or
 * out of memory) sets `failed`, and later appends do nothing: check once at the end. */
typedef struct cs_buf {
    char *data;
    size_t len, cap, max;
    bool failed;
} cs_buf;

/* vsnprintf, but numbers have a decimal point in every locale, as in the files and options that they go to or come
 * from. */
int cs_vformat(char *text, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));
/* The same with the arguments themselves, as snprintf. */
int cs_format(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* An empty buffer that will never hold more than `max` bytes. */
cs_buf cs_buf_make(size_t max);
bool cs_buf_append(cs_buf *buf, const void *bytes, size_t n);
bool cs_buf_puts(cs_buf *buf, const char *text);
bool cs_buf_putc(cs_buf *buf, char c);
/* Formats as cs_vformat does. */
bool cs_buf_printf(cs_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Make room for `n` more bytes, which are not part of the buffer yet. */
bool cs_buf_reserve(cs_buf *buf, size_t n);
/* Empty it and clear `failed`, keeping the memory. */
void cs_buf_clear(cs_buf *buf);
void cs_buf_free(cs_buf *buf);
/* Return the text ("" when empty) and empty the buffer. The caller frees the text with cs_free. NULL when `failed`. */
char *cs_buf_detach(cs_buf *buf);

#endif
