/* SPDX-License-Identifier: MIT
 * json.c - the JSON reader: one pass, an explicit stack of open containers, all memory from an arena. */
#include "base/json.h"

#include "base/decimal.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_FIRST = 4096,   /* bytes of the first block; each further one doubles, so a small text costs little */
    ARENA_MOST = 1 << 20, /* and a large one few allocations */
    ARENA_ALIGN = 16,
    FEW_MEMBERS = 8 /* up to here comparing every pair of keys is cheaper than sorting */
};

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(ARENA_ALIGN) char data[];
};

struct cs_json_document {
    struct arena_block *blocks; /* the newest first */
    cs_json *root;
};

/* A container that is being read. */
struct open_container {
    cs_json *value;
    cs_json *last; /* its last child so far */
};

struct parser {
    const char *text, *name;
    size_t size, at;
    size_t values, max_values;
    cs_json_document *document;
    struct open_container stack[CS_JSON_MAX_DEPTH];
    size_t depth;
    clipsearch_error *err;
};

const char *cs_json_type_name(cs_json_type type)
{
    static const char *const names[] = {"null", "boolean", "number", "string", "array", "object"};
    return names[type];
}

/* ---------------------------------------------------------------- arena */

static void *arena_alloc(cs_json_document *document, size_t size)
{
    struct arena_block *block = document->blocks;
    size_t rounded = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (!block || rounded > block->size - block->used) {
        size_t want = !block ? ARENA_FIRST : block->size >= ARENA_MOST ? ARENA_MOST : block->size * 2;
        if (want < rounded)
            want = rounded;
        block = cs_alloc_array(sizeof *block + want, 1);
        if (!block)
            return NULL;
        *block = (struct arena_block){.next = document->blocks, .size = want};
        document->blocks = block;
    }
    void *taken = block->data + block->used;
    block->used += rounded;
    return taken;
}

/* ---------------------------------------------------------------- errors */

static clipsearch_status bad(struct parser *p, size_t offset, const char *what)
{
    return cs_fail(p->err, CLIPSEARCH_E_FORMAT, "%s: byte %zu: %s", p->name, offset, what);
}

static clipsearch_status no_memory(struct parser *p)
{
    return cs_fail_memory(p->err, p->name);
}

/* ---------------------------------------------------------------- strings */

/* The value of four hexadecimal digits at `at`, or -1. */
static long hex4(const struct parser *p, size_t at)
{
    if (p->size - at < 4)
        return -1;
    long value = 0;
    for (size_t i = 0; i < 4; i++) {
        char c = p->text[at + i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Read the escape whose backslash is at p->at into `out` (room for 4 bytes); *n receives the bytes written. */
static clipsearch_status read_escape(struct parser *p, char *out, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t start = p->at;
    char c = p->size - start > 1 ? p->text[start + 1] : '\0';
    const char *simple = c ? strchr(from, c) : NULL;
    if (simple) {
        *out = to[simple - from];
        *n = 1;
        p->at += 2;
        return CLIPSEARCH_OK;
    }
    if (c != 'u')
        return bad(p, start, "an unknown escape in a string");
    long unit = hex4(p, start + 2);
    if (unit < 0)
        return bad(p, start, "\\u must be followed by four hexadecimal digits");
    p->at += 6;
    uint32_t code_point = (uint32_t)unit;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
        bool escaped = p->size - p->at >= 6 && p->text[p->at] == '\\' && p->text[p->at + 1] == 'u';
        long low = unit <= 0xDBFF && escaped ? hex4(p, p->at + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return bad(p, start, "half of a surrogate pair is alone");
        code_point = 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        p->at += 6;
    }
    *n = cs_utf8_put(code_point, out);
    return CLIPSEARCH_OK;
}

/* The offset of the quote that closes the string whose first character is at `start`, or the text's size. */
static size_t find_quote(const struct parser *p, size_t start)
{
    size_t at = start;
    while (at < p->size && p->text[at] != '"')
        at += p->text[at] == '\\' && at + 1 < p->size ? 2 : 1;
    return at;
}

/* Read the string whose opening quote is at p->at. */
static clipsearch_status read_string(struct parser *p, const char **string, size_t *length)
{
    size_t open = p->at, close = find_quote(p, open + 1);
    if (close >= p->size)
        return bad(p, open, "a string is not closed");
    /* decoding never lengthens: the shortest escape, two bytes, stands for one; six for at most three */
    char *out = arena_alloc(p->document, close - open);
    if (!out)
        return no_memory(p);
    size_t n = 0;
    p->at = open + 1;
    while (p->at < close) {
        char c = p->text[p->at];
        size_t bytes = 0;
        if (c == '\\') {
            clipsearch_status status = read_escape(p, out + n, &bytes);
            if (status != CLIPSEARCH_OK)
                return status;
            n += bytes;
            continue;
        }
        if ((unsigned char)c < 0x20)
            return bad(p, p->at, "a control character in a string is not escaped");
        bytes = cs_utf8_length(p->text + p->at, close - p->at);
        if (bytes == 0)
            return bad(p, p->at, "broken UTF-8");
        memcpy(out + n, p->text + p->at, bytes);
        n += bytes;
        p->at += bytes;
    }
    out[n] = '\0';
    p->at = close + 1;
    *string = out;
    *length = n;
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- numbers */

static size_t skip_digits(const struct parser *p, size_t at)
{
    while (at < p->size && p->text[at] >= '0' && p->text[at] <= '9')
        at++;
    return at;
}

static void set_integer(cs_json *value, const char *digits)
{
    bool negative = *digits == '-';
    int64_t integer = 0;
    for (digits += negative; *digits; digits++) {
        int digit = *digits - '0';
        if (__builtin_mul_overflow(integer, 10, &integer) ||
            __builtin_add_overflow(integer, negative ? -digit : digit, &integer))
            return;
    }
    value->is_integer = true;
    value->integer = integer;
}

static clipsearch_status read_number(struct parser *p, cs_json *value)
{
    size_t start = p->at, at = start, digits;
    bool whole = true;
    at += p->text[at] == '-';
    digits = at;
    at = skip_digits(p, at);
    if (at == digits)
        return bad(p, start, "a number must have a digit");
    if (p->text[digits] == '0' && at - digits > 1)
        return bad(p, start, "a number has a leading 0");
    if (at < p->size && p->text[at] == '.') {
        whole = false;
        digits = ++at;
        at = skip_digits(p, at);
        if (at == digits)
            return bad(p, start, "a number must have a digit after its point");
    }
    if (at < p->size && (p->text[at] == 'e' || p->text[at] == 'E')) {
        whole = false;
        at++;
        if (at < p->size && (p->text[at] == '+' || p->text[at] == '-'))
            at++;
        digits = at;
        at = skip_digits(p, at);
        if (at == digits)
            return bad(p, start, "a number must have a digit in its exponent");
    }
    char copy[CS_JSON_MAX_NUMBER + 1];
    if (at - start > CS_JSON_MAX_NUMBER)
        return cs_fail(p->err, CLIPSEARCH_E_LIMIT, "%s: byte %zu: a number longer than %d characters", p->name, start,
                       CS_JSON_MAX_NUMBER);
    memcpy(copy, p->text + start, at - start);
    copy[at - start] = '\0';
    if (!cs_read_double(copy, &value->number)) /* the grammar above is narrower */
        return no_memory(p);
    if (isinf(value->number))
        return cs_fail(p->err, CLIPSEARCH_E_LIMIT, "%s: byte %zu: a number too large for a double", p->name, start);
    if (whole)
        set_integer(value, copy);
    p->at = at;
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- keys */

static int compare_keys(const cs_json *a, const cs_json *b)
{
    size_t n = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, n);
    return order ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

/* By key, then by place in the text, so that of two equal keys the later one is named. */
static int compare_members(const void *a, const void *b)
{
    const cs_json *x = *(const cs_json *const *)a, *y = *(const cs_json *const *)b;
    int order = compare_keys(x, y);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static clipsearch_status duplicate(struct parser *p, const cs_json *member)
{
    return cs_fail(p->err, CLIPSEARCH_E_FORMAT, "%s: byte %zu: the key \"%.100s\" appears twice in one object", p->name,
                   member->offset, member->key);
}

static clipsearch_status check_keys(struct parser *p, const cs_json *object)
{
    if (object->count <= FEW_MEMBERS) {
        for (const cs_json *b = object->first; b; b = b->next)
            for (const cs_json *a = object->first; a != b; a = a->next)
                if (compare_keys(a, b) == 0)
                    return duplicate(p, b);
        return CLIPSEARCH_OK;
    }
    const cs_json **members = cs_alloc_array(object->count, sizeof *members);
    if (!members)
        return no_memory(p);
    clipsearch_status status = CLIPSEARCH_OK;
    size_t n = 0;
    for (const cs_json *member = object->first; member; member = member->next)
        members[n++] = member;
    qsort(members, n, sizeof *members, compare_members);
    for (size_t i = 1; i < n && status == CLIPSEARCH_OK; i++)
        if (compare_keys(members[i - 1], members[i]) == 0)
            status = duplicate(p, members[i]);
    cs_free(members);
    return status;
}

/* ---------------------------------------------------------------- values */

static void skip_space(struct parser *p)
{
    while (p->at < p->size &&
           (p->text[p->at] == ' ' || p->text[p->at] == '\n' || p->text[p->at] == '\r' || p->text[p->at] == '\t'))
        p->at++;
}

/* The character at p->at, or 0 at the end (a NUL in the text is an error wherever this is asked). */
static char peek(const struct parser *p)
{
    return p->at < p->size ? p->text[p->at] : '\0';
}

static bool read_word(struct parser *p, const char *word)
{
    size_t n = strlen(word);
    if (p->size - p->at < n || memcmp(p->text + p->at, word, n) != 0)
        return false;
    p->at += n;
    return true;
}

/* Add `value` to the container being read, or make it the root. */
static void attach(struct parser *p, cs_json *value)
{
    if (p->depth == 0) {
        p->document->root = value;
        return;
    }
    struct open_container *top = &p->stack[p->depth - 1];
    if (top->last)
        top->last->next = value;
    else
        top->value->first = value;
    top->last = value;
    top->value->count++;
}

static clipsearch_status open_container(struct parser *p, cs_json *value)
{
    if (p->depth == CS_JSON_MAX_DEPTH)
        return cs_fail(p->err, CLIPSEARCH_E_LIMIT, "%s: byte %zu: nested deeper than %d", p->name, p->at,
                       CS_JSON_MAX_DEPTH);
    p->stack[p->depth++] = (struct open_container){.value = value};
    p->at++;
    return CLIPSEARCH_OK;
}

/* Read the value that begins at p->at: whole when it is a scalar, its bracket only when it is a container. */
static clipsearch_status read_value(struct parser *p, const char *key, size_t key_len)
{
    if (p->values == p->max_values)
        return cs_fail(p->err, CLIPSEARCH_E_LIMIT, "%s: byte %zu: more than %zu values", p->name, p->at, p->max_values);
    p->values++;
    cs_json *value = arena_alloc(p->document, sizeof *value);
    if (!value)
        return no_memory(p);
    *value = (cs_json){.key = key, .key_len = key_len, .offset = p->at};
    attach(p, value);
    switch (peek(p)) {
    case '{':
        value->type = CS_JSON_OBJECT;
        return open_container(p, value);
    case '[':
        value->type = CS_JSON_ARRAY;
        return open_container(p, value);
    case '"':
        value->type = CS_JSON_STRING;
        return read_string(p, &value->string, &value->string_len);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        value->type = CS_JSON_NUMBER;
        return read_number(p, value);
    default:
        value->type = CS_JSON_BOOL;
        value->boolean = read_word(p, "true");
        if (value->boolean || read_word(p, "false"))
            return CLIPSEARCH_OK;
        value->type = CS_JSON_NULL;
        return read_word(p, "null")
                   ? CLIPSEARCH_OK
                   : bad(p, p->at,
                         p->at < p->size ? "no JSON value begins like this" : "the text ends where a value should be");
    }
}

/* Read the member or element that comes next in the container on top. */
static clipsearch_status read_child(struct parser *p)
{
    if (p->stack[p->depth - 1].value->type == CS_JSON_ARRAY)
        return read_value(p, NULL, 0);
    if (peek(p) != '"')
        return bad(p, p->at, "expected a key in double quotes");
    const char *key;
    size_t key_len;
    clipsearch_status status = read_string(p, &key, &key_len);
    if (status != CLIPSEARCH_OK)
        return status;
    skip_space(p);
    if (peek(p) != ':')
        return bad(p, p->at, "expected a colon after a key");
    p->at++;
    skip_space(p);
    return read_value(p, key, key_len);
}

/* One step inside the container on top: its end, or a comma (unless this is the first) and the next child. */
static clipsearch_status step(struct parser *p)
{
    cs_json *container = p->stack[p->depth - 1].value;
    bool object = container->type == CS_JSON_OBJECT;
    skip_space(p);
    if (peek(p) == (object ? '}' : ']')) {
        p->at++;
        p->depth--;
        return object ? check_keys(p, container) : CLIPSEARCH_OK;
    }
    if (container->count) {
        if (peek(p) != ',')
            return bad(p, p->at, object ? "expected a comma or } in an object" : "expected a comma or ] in an array");
        p->at++;
        skip_space(p);
    }
    return read_child(p);
}

clipsearch_status cs_json_parse(const char *text, size_t size, const char *name, size_t max_values,
                                cs_json_document **document, clipsearch_error *err)
{
    *document = NULL;
    if (size > CS_JSON_MAX_BYTES)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: %zu bytes of JSON, more than the limit of %d", name, size,
                       CS_JSON_MAX_BYTES);
    struct parser p = {.text = text, .name = name, .size = size, .max_values = max_values, .err = err};
    p.document = cs_zalloc_array(1, sizeof *p.document);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!p.document) {
        status = no_memory(&p);
        goto done;
    }
    skip_space(&p);
    status = read_value(&p, NULL, 0);
    while (status == CLIPSEARCH_OK && p.depth)
        status = step(&p);
    if (status != CLIPSEARCH_OK)
        goto done;
    skip_space(&p);
    if (p.at < size)
        status = bad(&p, p.at, "there is more text after the JSON value");
done:
    if (status != CLIPSEARCH_OK)
        cs_json_close(&p.document);
    *document = p.document;
    return status;
}

void cs_json_close(cs_json_document **document)
{
    if (!document || !*document)
        return;
    for (struct arena_block *block = (*document)->blocks, *next; block; block = next) {
        next = block->next;
        cs_free(block);
    }
    cs_free(*document);
    *document = NULL;
}

const cs_json *cs_json_root(const cs_json_document *document)
{
    return document->root;
}

const cs_json *cs_json_get(const cs_json *value, const char *key)
{
    if (!value || value->type != CS_JSON_OBJECT)
        return NULL;
    size_t n = strlen(key);
    for (const cs_json *member = value->first; member; member = member->next)
        if (member->key_len == n && memcmp(member->key, key, n) == 0)
            return member;
    return NULL;
}
