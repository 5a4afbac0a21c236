/* SPDX-License-Identifier: MIT
 * json.h - a strict JSON (RFC 8259) reader for untrusted text, and the writer of strings (numbers: base/decimal.h). */
#ifndef CS_BASE_JSON_H
#define CS_BASE_JSON_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Limits for every text. The number length is far above the 767 digits that can still change a double. */
enum { CS_JSON_MAX_BYTES = 256 << 20, CS_JSON_MAX_DEPTH = 64, CS_JSON_MAX_NUMBER = 1024 };

typedef enum cs_json_type {
    CS_JSON_NULL,
    CS_JSON_BOOL,
    CS_JSON_NUMBER,
    CS_JSON_STRING,
    CS_JSON_ARRAY,
    CS_JSON_OBJECT
} cs_json_type;

/* "null", "boolean", "number", "string", "array" or "object". */
const char *cs_json_type_name(cs_json_type type);

/* One value. Members and elements are a linked list in the order of the text. Strings are decoded UTF-8, NUL-terminated
 * and may hold NUL bytes inside (hence the lengths). */
typedef struct cs_json cs_json;
struct cs_json {
    cs_json_type type;
    bool boolean;
    double number;      /* rounded to nearest; exact for integers up to 2^53 */
    bool is_integer;    /* no fraction, no exponent, fits int64_t */
    int64_t integer;    /* when is_integer */
    const char *string; /* CS_JSON_STRING */
    size_t string_len;
    const char *key; /* of a member of an object, else NULL */
    size_t key_len;
    size_t count;         /* elements or members */
    const cs_json *first; /* first element or member */
    const cs_json *next;  /* next in the same array or object */
    size_t offset;        /* byte offset in the text where the value begins, for messages */
};

typedef struct cs_json_document cs_json_document;

/* Parse `size` bytes. `name` begins every message, which gives the byte offset. Refused: anything RFC 8259 does not
 * allow, a byte order mark, broken UTF-8, lone surrogates, duplicate keys (CLIPSEARCH_E_FORMAT); more than
 * CS_JSON_MAX_BYTES bytes, nesting deeper than CS_JSON_MAX_DEPTH, more than `max_values` values, a number longer than
 * CS_JSON_MAX_NUMBER characters or beyond the range of a double (_LIMIT); _MEMORY. No recursion; memory is at most
 * about 130 bytes a value and the text's own size. The locale does not matter. The document owns everything and does
 * not refer to `text`. */
clipsearch_status cs_json_parse(const char *text, size_t size, const char *name, size_t max_values,
                                cs_json_document **document, clipsearch_error *err);
void cs_json_close(cs_json_document **document);
const cs_json *cs_json_root(const cs_json_document *document);

/* The member of object `value` by name, or NULL when it is not an object or has no such member. */
const cs_json *cs_json_get(const cs_json *value, const char *key);

/* Append a JSON string literal with its quotes. Control characters, quote and backslash are escaped, valid UTF-8 is
 * kept as it is, and each byte that is not part of valid UTF-8 becomes a lone surrogate escape \udc80..\udcff (Python's
 * surrogateescape), so that any file name survives the round trip. */
void cs_json_put_string(cs_buf *buf, const char *text, size_t size);

#endif
