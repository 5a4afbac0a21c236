/* SPDX-License-Identifier: MIT
 * test_json.c - the JSON reader and writers against RFC 8259. */
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tap.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* String literals with their length, so that NUL bytes can be inside. */
#define TEXT(literal) (literal), sizeof(literal) - 1

static const struct {
    const char *text;
    size_t size;
} accepted[] = {
    {TEXT("null")},
    {TEXT("true")},
    {TEXT(" \t\r\n false \t\r\n ")},
    {TEXT("0")},
    {TEXT("-0")},
    {TEXT("-0.0")},
    {TEXT("0e0")},
    {TEXT("0E+1")},
    {TEXT("1e-2")},
    {TEXT("123.456e78")},
    {TEXT("1e-400")}, /* underflows to 0 as strtod says */
    {TEXT("-237462374673276894279832749832423479823246327846")},
    {TEXT("\"\"")},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")},
    {TEXT("\"\\u0000\"")},
    {TEXT("\"\\uD834\\udd1e\"")},
    {TEXT("\"\\uDBFF\\uDFFF\"")},
    {TEXT("\"\\uFFFF\\uFFFE\"")},
    {TEXT("\"\x7f\"")}, /* DEL is no control character in the RFC's sense */
    {TEXT("\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"")},
    {TEXT("[]")},
    {TEXT("[ ]")},
    {TEXT("[[],{}]")},
    {TEXT("[null , 1,\"1\" ,{}]")},
    {TEXT("{}")},
    {TEXT("{ }")},
    {TEXT("{\"\":0}")},
    {TEXT("{\"a\":1,\"A\":2}")},
    {TEXT("{\"a\\u0000b\":1,\"a\":2}")},
    {TEXT("{\"a\":{\"a\":{\"a\":[]}}}")},
};

static const struct {
    const char *text;
    size_t size;
    size_t offset; /* the byte the message must name */
} rejected[] = {
    {TEXT(""), 0},
    {TEXT("   "), 3},
    {TEXT("\0"), 0},
    {TEXT("\xEF\xBB\xBF{}"), 0}, /* a byte order mark */
    {TEXT("nul"), 0},
    {TEXT("nullx"), 4},
    {TEXT("True"), 0},
    {TEXT("NaN"), 0},
    {TEXT("Infinity"), 0},
    {TEXT("-Infinity"), 0},
    {TEXT("+1"), 0},
    {TEXT("-"), 0},
    {TEXT("01"), 0},
    {TEXT("-01"), 0},
    {TEXT("00"), 0},
    {TEXT(".5"), 0},
    {TEXT("1."), 0},
    {TEXT("1.e1"), 0},
    {TEXT("1e"), 0},
    {TEXT("1e+"), 0},
    {TEXT("1eE2"), 0},
    {TEXT("0x10"), 1},
    {TEXT("1 2"), 2},
    {TEXT("1\f"), 1}, /* form feed is no white space here */
    {TEXT("\xC2\xA0"
          "1"),
     0},
    {TEXT("'a'"), 0},
    {TEXT("\"a"), 0},
    {TEXT("\"a\\\""), 0},
    {TEXT("\"\\"), 0},
    {TEXT("\"\\x\""), 1},
    {TEXT("\"\\U0041\""), 1},
    {TEXT("\"\\'\""), 1},
    {TEXT("\"\\u12\""), 1},
    {TEXT("\"\\u12G4\""), 1},
    {TEXT("\"\\u\""), 1},
    {TEXT("\"\\u00"), 0},
    {TEXT("\"a\nb\""), 2},
    {TEXT("\"a\tb\""), 2},
    {TEXT("\"a\0b\""), 2},
    {TEXT("\"\x1f\""), 1},
    {TEXT("\"\\ud800\""), 1},
    {TEXT("\"\\udc00\""), 1},
    {TEXT("\"\\ud800\\u0041\""), 1},
    {TEXT("\"\\ud800\\ud800\""), 1},
    {TEXT("\"\\ud800x\\udc00\""), 1},
    {TEXT("\"\\ud800\"\\udc00"), 1},
    {TEXT("\"\x80\""), 1},
    {TEXT("\"\xC0\x80\""), 1},
    {TEXT("\"\xC1\xBF\""), 1},
    {TEXT("\"\xC3\""), 1},
    {TEXT("\"\xE0\x9F\xBF\""), 1},
    {TEXT("\"\xED\xA0\x80\""), 1}, /* a surrogate in UTF-8 */
    {TEXT("\"\xE2\x82\""), 1},
    {TEXT("\"\xF0\x8F\xBF\xBF\""), 1},
    {TEXT("\"\xF4\x90\x80\x80\""), 1},
    {TEXT("\"\xF5\x80\x80\x80\""), 1},
    {TEXT("\"\xFF\""), 1},
    {TEXT("["), 1},
    {TEXT("[1"), 2},
    {TEXT("[1,"), 3},
    {TEXT("[1,]"), 3},
    {TEXT("[,1]"), 1},
    {TEXT("[1,,2]"), 3},
    {TEXT("[1 2]"), 3},
    {TEXT("[1}"), 2},
    {TEXT("]"), 0},
    {TEXT("[]]"), 2},
    {TEXT("[] // no"), 3},
    {TEXT("[/*no*/]"), 1},
    {TEXT("{"), 1},
    {TEXT("{,}"), 1},
    {TEXT("{\"a\"}"), 4},
    {TEXT("{\"a\":}"), 5},
    {TEXT("{\"a\":1"), 6},
    {TEXT("{\"a\":1,}"), 7},
    {TEXT("{\"a\":1 \"b\":2}"), 7},
    {TEXT("{\"a\" 1}"), 5},
    {TEXT("{a:1}"), 1},
    {TEXT("{1:1}"), 1},
    {TEXT("{null:1}"), 1},
    {TEXT("{\"a\":1]"), 6},
    {TEXT("{}}"), 2},
    {TEXT("{\"a\":1,\"a\":2}"), 11},
    {TEXT("{\"a\":1,\"\\u0061\":2}"), 16}, /* equal after decoding */
    {TEXT("[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]"), 23},
};

static void test_accepts(void)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        clipsearch_error err = {0};
        cs_json_document *document;
        clipsearch_status status = cs_json_parse(accepted[i].text, accepted[i].size, "t", 100, &document, &err);
        TAP_OK(status == CLIPSEARCH_OK && cs_json_root(document), "accepted text %zu %s", i, err.message);
        cs_json_close(&document);
    }
}

static void test_rejects(void)
{
    for (size_t i = 0; i < sizeof rejected / sizeof *rejected; i++) {
        /* a block of exactly this size, so that the sanitizer sees a read past the end */
        char *exact = cs_alloc_array(rejected[i].size, 1);
        memcpy(exact, rejected[i].text, rejected[i].size);
        clipsearch_error err = {0};
        cs_json_document *document = (cs_json_document *)&err;
        clipsearch_status status = cs_json_parse(exact, rejected[i].size, "t", 100, &document, &err);
        char expected[64];
        snprintf(expected, sizeof expected, "t: byte %zu: ", rejected[i].offset);
        TAP_OK(status == CLIPSEARCH_E_FORMAT && err.code == status && document == NULL &&
                   strncmp(err.message, expected, strlen(expected)) == 0,
               "rejected text %zu: %s", i, err.message);
        cs_json_close(&document);
        cs_free(exact);
    }
}

static const cs_json *parse(const char *text, cs_json_document **document)
{
    clipsearch_error err = {0};
    if (cs_json_parse(text, strlen(text), "t", 1000, document, &err) != CLIPSEARCH_OK) {
        tap_note("%s", err.message);
        return NULL;
    }
    return cs_json_root(*document);
}

static void test_tree(void)
{
    cs_json_document *document;
    const cs_json *root = parse("{\"model\": \"clip\", \"sizes\": [1, 2.5, -3, 1e2], \"ok\": true, \"none\": null, "
                                "\"\\u00e9\": \"\\ud83d\\ude00\\u0000z\"}",
                                &document);
    if (!TAP_OK(root != NULL, "an object parses"))
        return;
    TAP_OK(root->type == CS_JSON_OBJECT && root->count == 5 && !root->key, "its type and count");
    const cs_json *model = cs_json_get(root, "model");
    TAP_OK(model && model->type == CS_JSON_STRING && model->string_len == 4 && strcmp(model->string, "clip") == 0 &&
               strcmp(model->key, "model") == 0 && model->offset == 10,
           "a string member with its key and offset");
    const cs_json *sizes = cs_json_get(root, "sizes");
    TAP_OK(sizes && sizes->type == CS_JSON_ARRAY && sizes->count == 4, "an array member");
    const cs_json *item = sizes->first;
    TAP_OK(item->is_integer && item->integer == 1 && item->number == 1 && !item->key, "an integer");
    item = item->next;
    TAP_OK(!item->is_integer && item->number == 2.5, "a fraction");
    item = item->next;
    TAP_OK(item->is_integer && item->integer == -3, "a negative integer");
    item = item->next;
    TAP_OK(!item->is_integer && item->number == 100 && !item->next, "an exponent makes no integer");
    TAP_OK(cs_json_get(root, "ok")->boolean && cs_json_get(root, "none")->type == CS_JSON_NULL, "true and null");
    const cs_json *face = cs_json_get(root, "\xC3\xA9");
    TAP_OK(face && face->string_len == 6 && memcmp(face->string, "\xF0\x9F\x98\x80\0z", 7) == 0,
           "decoded escapes, a NUL inside");
    TAP_OK(!cs_json_get(root, "mode") && !cs_json_get(root, "models") && !cs_json_get(sizes, "model") &&
               !cs_json_get(NULL, "x"),
           "members that are not there");
    cs_json_close(&document);
    cs_json_close(&document);
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        double number;
        bool is_integer;
        int64_t integer;
    } cases[] = {
        {"-0", -0.0, true, 0},
        {"9007199254740993", 9007199254740992.0, true, 9007199254740993},
        {"9223372036854775807", 9223372036854775808.0, true, INT64_MAX},
        {"-9223372036854775808", -9223372036854775808.0, true, INT64_MIN},
        {"9223372036854775808", 9223372036854775808.0, false, 0},
        {"-9223372036854775809", -9223372036854775808.0, false, 0},
        {"0.1", 0.1, false, 0},
        {"0.48145466", 0.48145466, false, 0},
        {"1.7976931348623157e308", 1.7976931348623157e308, false, 0},
        {"4.9e-324", 4.9406564584124654e-324, false, 0},
        {"1e-999", 0.0, false, 0},
        {"2.2250738585072011e-308", 2.2250738585072011e-308, false, 0},
        {"1E2", 100, false, 0},
    };
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1 && !tap_set_comma_locale()) {
            tap_skip("numbers under a locale with a decimal comma", TAP_NO_COMMA);
            continue;
        }
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            cs_json_document *document = NULL;
            const cs_json *root = parse(cases[i].text, &document);
            TAP_OK(root && memcmp(&root->number, &cases[i].number, sizeof(double)) == 0 &&
                       root->is_integer == cases[i].is_integer && root->integer == cases[i].integer,
                   "number %s", cases[i].text);
            cs_json_close(&document);
        }
    }
    setlocale(LC_ALL, "C");
}

static clipsearch_status parse_status(const char *text, size_t size, size_t max_values, clipsearch_error *err)
{
    cs_json_document *document;
    clipsearch_status status = cs_json_parse(text, size, "t", max_values, &document, err);
    cs_json_close(&document);
    return status;
}

static void test_limits(void)
{
    clipsearch_error err = {0};
    char text[200000];
    memset(text, '[', CS_JSON_MAX_DEPTH);
    memset(text + CS_JSON_MAX_DEPTH, ']', CS_JSON_MAX_DEPTH);
    TAP_OK(parse_status(text, 2 * CS_JSON_MAX_DEPTH, 1000, &err) == CLIPSEARCH_OK, "as deep as allowed");
    memset(text, '[', sizeof text);
    TAP_OK(parse_status(text, sizeof text, SIZE_MAX, &err) == CLIPSEARCH_E_LIMIT && strstr(err.message, "byte 64"),
           "too deep: %s", err.message);
    TAP_OK(parse_status("[1,2,3]", 7, 4, &err) == CLIPSEARCH_OK, "as many values as allowed");
    TAP_OK(parse_status("[1,2,3]", 7, 3, &err) == CLIPSEARCH_E_LIMIT &&
               strstr(err.message, "byte 5: more than 3 values"),
           "too many: %s", err.message);
    memset(text, '1', CS_JSON_MAX_NUMBER + 1);
    text[1] = '.';
    TAP_OK(parse_status(text, CS_JSON_MAX_NUMBER, 1, &err) == CLIPSEARCH_OK, "as long a number as allowed");
    TAP_OK(parse_status(text, CS_JSON_MAX_NUMBER + 1, 1, &err) == CLIPSEARCH_E_LIMIT, "too long: %s", err.message);
    TAP_OK(parse_status("1e309", 5, 1, &err) == CLIPSEARCH_E_LIMIT, "too large: %s", err.message);
    TAP_OK(parse_status("[-1e999]", 8, 2, &err) == CLIPSEARCH_E_LIMIT, "too large: %s", err.message);
    TAP_OK(parse_status("0", (size_t)CS_JSON_MAX_BYTES + 1, 1, &err) == CLIPSEARCH_E_LIMIT,
           "too long a text is not even looked at: %s", err.message);
}

static void test_many_keys(void)
{
    cs_buf buf = cs_buf_make(1 << 20);
    cs_buf_putc(&buf, '{');
    for (int i = 0; i < 20000; i++)
        cs_buf_printf(&buf, "%s\"k%d\":%d", i ? "," : "", i * 7919 % 20011, i);
    size_t whole = buf.len;
    cs_buf_putc(&buf, '}');
    cs_json_document *document;
    clipsearch_error err = {0};
    TAP_OK(cs_json_parse(buf.data, buf.len, "t", 30000, &document, &err) == CLIPSEARCH_OK &&
               cs_json_root(document)->count == 20000,
           "20000 different keys");
    cs_json_close(&document);
    buf.len = whole;
    cs_buf_puts(&buf, ",\"k7919\":0}");
    TAP_OK(cs_json_parse(buf.data, buf.len, "t", 30000, &document, &err) == CLIPSEARCH_E_FORMAT &&
               strstr(err.message, "\"k7919\""),
           "one of them twice: %s", err.message);
    TAP_OK(strtoul(strstr(err.message, "byte ") + 5, NULL, 10) > whole, "the later one is named");
    cs_json_close(&document);
    cs_buf_free(&buf);
}

static void test_put_string(void)
{
    static const struct {
        const char *text;
        size_t size;
        const char *json;
    } cases[] = {
        {TEXT(""), "\"\""},
        {TEXT("a white dog"), "\"a white dog\""},
        {TEXT("\"\\/"), "\"\\\"\\\\/\""},
        {TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {TEXT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\""},
        {TEXT("\xC3\xA9\xE9\xB3\xA5\xF0\x9F\x98\x80"), "\"\xC3\xA9\xE9\xB3\xA5\xF0\x9F\x98\x80\""},
        /* what Python's os.fsdecode makes of these bytes, as json.dumps shows it */
        {TEXT("caf\xE9.jpg"), "\"caf\\udce9.jpg\""},
        {TEXT("\x80\xFF"), "\"\\udc80\\udcff\""},
        {TEXT("\xE2\x82"), "\"\\udce2\\udc82\""},
        {TEXT("\xED\xA0\x80"), "\"\\udced\\udca0\\udc80\""},
        {TEXT("\xC0\x80z"), "\"\\udcc0\\udc80z\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_buf buf = cs_buf_make(1000);
        cs_json_put_string(&buf, cases[i].text, cases[i].size);
        TAP_OK(!buf.failed && strcmp(buf.data, cases[i].json) == 0, "string %zu: %s", i, buf.data);
        cs_buf_free(&buf);
    }
    cs_buf small = cs_buf_make(3);
    cs_json_put_string(&small, "abc", 3);
    TAP_OK(small.failed, "over the buffer's maximum it is latched");
    cs_buf_free(&small);
}

/* The bytes a literal written by cs_json_put_string stands for, read the way Python does: a lone \udc80..\udcff is one
 * byte. The strict reader refuses such literals, so this little decoder stands in for the other side. */
static size_t surrogateescape_decode(const char *json, char *out)
{
    size_t n = 0;
    for (json++; *json != '"'; json++) {
        if (*json != '\\') {
            out[n++] = *json;
            continue;
        }
        static const char from[] = "\"\\bfnrt", to[] = "\"\\\b\f\n\r\t";
        json++;
        if (*json == 'u') {
            unsigned unit = (unsigned)strtoul((char[]){json[1], json[2], json[3], json[4], 0}, NULL, 16);
            out[n++] = (char)(unit >= 0xDC80 ? unit - 0xDC00 : unit);
            json += 4;
        } else {
            out[n++] = to[strchr(from, *json) - from];
        }
    }
    return n;
}

static void test_round_trip(void)
{
    /* random bytes, many of them high, so that valid and broken sequences mix */
    uint32_t state = 12345;
    bool same = true, strict = true;
    for (int round = 0; round < 20000; round++) {
        char bytes[12], back[sizeof bytes * 6];
        size_t size = round % sizeof bytes;
        bool valid = true;
        for (size_t i = 0; i < size; i++) {
            state = state * 1664525 + 1013904223;
            static const unsigned char interesting[] = {0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0x80,
                                                        0x9F, 0xA0, 0xBF, 'a',  '"',  0};
            bytes[i] = (char)((state >> 20) & 1 ? interesting[(state >> 24) % sizeof interesting]
                                                : (unsigned char)(state >> 24));
        }
        for (size_t i = 0, n; i < size; i += n)
            if ((n = cs_utf8_length(bytes + i, size - i)) == 0) {
                valid = false;
                break;
            }
        cs_buf buf = cs_buf_make(1000);
        cs_json_put_string(&buf, bytes, size);
        size_t n = surrogateescape_decode(buf.data, back);
        same = same && n == size && memcmp(back, bytes, n) == 0;
        cs_json_document *document;
        clipsearch_status status = cs_json_parse(buf.data, buf.len, "t", 1, &document, NULL);
        /* valid text must come back through our own reader too; broken text must not pass it */
        strict = strict && (valid ? status == CLIPSEARCH_OK && cs_json_root(document)->string_len == size &&
                                        memcmp(cs_json_root(document)->string, bytes, size) == 0
                                  : status == CLIPSEARCH_E_FORMAT);
        cs_json_close(&document);
        cs_buf_free(&buf);
    }
    TAP_OK(same, "any bytes survive as surrogate escapes");
    TAP_OK(strict, "valid UTF-8 survives the strict reader, broken text is refused by it");
}

static void test_memory(void)
{
    /* long enough for several arena blocks, an object with enough keys to be sorted among them */
    cs_buf buf = cs_buf_make(1 << 20);
    cs_buf_puts(&buf, "{");
    for (int i = 0; i < 200; i++)
        cs_buf_printf(&buf, "\"key%d\":[\"value %d\",%d.5,null],", i, i, i);
    cs_buf_puts(&buf, "\"end\":{}}");
    uint64_t before = cs_mem_count();
    clipsearch_error err;
    TAP_OK(parse_status(buf.data, buf.len, 10000, &err) == CLIPSEARCH_OK, "the text parses");
    uint64_t allocations = cs_mem_count() - before;
    TAP_OK(allocations >= 4 && allocations < 40, "with %d allocations", (int)allocations);
    bool all = true;
    for (uint64_t n = 1; n <= allocations; n++) {
        cs_mem_fail_at(n);
        all = all && parse_status(buf.data, buf.len, 10000, &err) == CLIPSEARCH_E_MEMORY;
    }
    cs_mem_fail_at(0);
    TAP_OK(all, "each allocation may fail");
    cs_buf_free(&buf);
}

int main(void)
{
    test_accepts();
    test_rejects();
    test_tree();
    test_numbers();
    test_limits();
    test_many_keys();
    test_put_string();
    test_round_trip();
    test_memory();
    return tap_done();
}
