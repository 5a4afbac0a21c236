/* SPDX-License-Identifier: MIT
 * item_row.c - items from rows and as rows. */
#include "exchange/item_row.h"

#include "base/base64.h"
#include "base/digest.h"
#include "base/item_limits.h"
#include "base/json.h"
#include "base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- from rows */

static const cs_field *find(const cs_row *row, const char *name)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->fields[i].kind != CS_FIELD_NULL && strcmp(row->fields[i].name, name) == 0)
            return &row->fields[i];
    return NULL;
}

static bool is_named(const cs_field *field, const char *name)
{
    return strcmp(field->name, name) == 0;
}

/* A whole number from 0 to `most`, as JSON or, from CSV, as text. */
static bool read_integer(const cs_field *field, uint64_t most, uint64_t *number)
{
    char text[24];
    char *end;
    if (field->length == 0 || field->length >= sizeof text || field->text[0] < '0' || field->text[0] > '9')
        return false;
    memcpy(text, field->text, field->length);
    text[field->length] = '\0';
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    *number = value;
    return !*end && !errno && value <= most;
}

/* The same with a minus before it: a time before 1970. */
static bool read_time(const cs_field *field, int64_t *time)
{
    uint64_t number;
    cs_field rest = *field;
    const bool before = rest.length && rest.text[0] == '-';
    rest.text += before;
    rest.length -= before;
    if (!read_integer(&rest, INT64_MAX, &number))
        return false;
    *time = before ? -(int64_t)number : (int64_t)number;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool read_hash(const cs_field *field, uint8_t hash[32])
{
    uint8_t bytes[32];
    if (field->kind != CS_FIELD_TEXT || field->length != 64)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++) {
        const int high = hex_digit(field->text[2 * i]), low = hex_digit(field->text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(hash, bytes, sizeof bytes);
    return true;
}

/* The field that names the image. */
static const cs_field *find_path(const cs_row *row, const char *path_field)
{
    static const char *const names[] = {"path_b64", "path", "image_path", "url", "file", "filename", "key"};
    if (path_field)
        return find(row, path_field);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cs_field *field = find(row, names[i]);
        if (field)
            return field;
    }
    return NULL;
}

static clipsearch_status read_path(const cs_row *row, const cs_field *field, const char *path_field, cs_buf *path,
                                   clipsearch_error *err)
{
    if (!field && path_field)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "there is no %s", path_field);
    if (!field)
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "nothing names the image: there is no path, image_path, url, file, filename or key%s%.60s",
                       row->count ? "; the first field is " : "", row->count ? row->fields[0].name : "");
    const bool is_base64 = !path_field && is_named(field, "path_b64");
    if (is_base64 ? !cs_put_base64_bytes(path, field->text, field->length)
                  : !cs_buf_append(path, field->text, field->length))
        return path->failed ? cs_fail_memory(err, "a path")
                            : cs_fail(err, CLIPSEARCH_E_FORMAT, "%s is not base64", field->name);
    if (path->failed)
        return cs_fail_memory(err, "a path");
    if (!path->len || path->len > CS_ITEM_PATH_MAX || memchr(path->data, 0, path->len))
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s must have 1 to %d bytes, none of them NUL", field->name,
                       CS_ITEM_PATH_MAX);
    return CLIPSEARCH_OK;
}

/* Whether the field is a part of the item, which then receives it. */
static bool take_item_field(const cs_field *field, clipsearch_item *item)
{
    uint64_t number;
    if (is_named(field, "size") && read_integer(field, INT64_MAX, &number))
        item->size = number;
    else if (is_named(field, "mtime_ns") && read_time(field, &item->mtime_ns))
        return true;
    else if (is_named(field, "width") && read_integer(field, UINT32_MAX, &number))
        item->width = (uint32_t)number;
    else if (is_named(field, "height") && read_integer(field, UINT32_MAX, &number))
        item->height = (uint32_t)number;
    else
        return (is_named(field, "hash") || is_named(field, "sha256")) && read_hash(field, item->hash);
    return true;
}

static void put_attribute(cs_buf *attributes, const cs_field *field)
{
    cs_buf_puts(attributes, attributes->len > 1 ? "," : "");
    cs_json_put_string(attributes, field->name, strlen(field->name));
    cs_buf_putc(attributes, ':');
    if (field->kind == CS_FIELD_TEXT)
        cs_json_put_string(attributes, field->text, field->length);
    else
        cs_buf_append(attributes, field->text, field->length);
}

/* What the field "attributes" of a row as we write it has: a JSON object, in CSV as text. */
static clipsearch_status open_attributes(const cs_field *field, cs_json_document **document, clipsearch_error *err)
{
    clipsearch_status status =
        cs_json_parse(field->text, field->length, "attributes", CS_ITEM_ATTRIBUTES_MAX, document, err);
    if (status == CLIPSEARCH_OK && cs_json_root(*document)->type != CS_JSON_OBJECT)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "attributes must be a JSON object");
    return status;
}

/* Put the attributes of the object at `field`, without its braces. */
static void put_members(cs_buf *attributes, const cs_field *field)
{
    const char *begin = field->text, *end = begin + field->length;
    while (*begin != '{')
        begin++;
    while (end[-1] != '}')
        end--;
    cs_buf_append(attributes, begin + 1, (size_t)(end - begin) - 2);
}

/* Whether the row is one of ours, whose other fields are no attributes. */
static bool is_own_row(const cs_row *row)
{
    const cs_field *attributes = find(row, "attributes");
    return attributes && find(row, "mtime_ns") && attributes->length && attributes->text[0] == '{';
}

clipsearch_status cs_item_from_row(const cs_row *row, const char *path_field, cs_buf *path, cs_buf *attributes,
                                   clipsearch_item *item, clipsearch_error *err)
{
    const cs_field *named = find_path(row, path_field), *own = is_own_row(row) ? find(row, "attributes") : NULL;
    cs_json_document *document = NULL;
    *item = (clipsearch_item){0};
    cs_buf_clear(path);
    cs_buf_clear(attributes);
    clipsearch_status status = read_path(row, named, path_field, path, err);
    if (status == CLIPSEARCH_OK && own)
        status = open_attributes(own, &document, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    cs_buf_putc(attributes, '{');
    if (own && cs_json_root(document)->count)
        put_members(attributes, own);
    for (size_t i = 0; i < row->count; i++) {
        const cs_field *field = &row->fields[i];
        if (field->kind == CS_FIELD_NULL || field == named || field == own || take_item_field(field, item))
            continue;
        if (own && (is_named(field, "id") || is_named(field, "path") || is_named(field, "gone") ||
                    cs_json_get(cs_json_root(document), field->name)))
            continue;
        put_attribute(attributes, field);
    }
    cs_buf_putc(attributes, '}');
    if (attributes->failed)
        status = cs_fail_memory(err, "attributes");
    else if (attributes->len > CS_ITEM_ATTRIBUTES_MAX)
        status = cs_fail(err, CLIPSEARCH_E_LIMIT, "the attributes take %zu bytes; the limit is %d", attributes->len,
                         CS_ITEM_ATTRIBUTES_MAX);
    item->path = path->data;
    item->attributes = attributes->data;
done:
    cs_json_close(&document);
    return status;
}

/* ---- as rows */

const char *cs_item_hash_text(const clipsearch_hit *item, char text[65])
{
    static const uint8_t unknown[sizeof item->hash];
    if (memcmp(item->hash, unknown, sizeof unknown) == 0)
        return "";
    cs_digest_hex(item->hash, sizeof item->hash, text);
    return text;
}

/* Put attributes as they are stored, but in one line. Line ends, which stand between JSON's tokens only, become tabs,
 * not spaces: those tell whose attributes they are (base/stored_attributes.h). */
static void put_in_one_line(cs_buf *buf, const char *attributes)
{
    for (; *attributes; attributes++)
        cs_buf_putc(buf, *attributes == '\n' || *attributes == '\r' ? '\t' : *attributes);
}

void cs_put_item_row(cs_buf *buf, const clipsearch_hit *item)
{
    char hash[65];
    const size_t size = strlen(item->path);
    cs_buf_printf(buf, "{\"id\":%" PRId64 ",\"path\":", item->id);
    if (cs_is_utf8(item->path, size)) {
        cs_json_put_string(buf, item->path, size);
    } else {
        cs_buf_puts(buf, "null,\"path_b64\":\"");
        cs_put_base64(buf, item->path, strlen(item->path));
        cs_buf_putc(buf, '"');
    }
    cs_buf_printf(buf, ",\"size\":%" PRIu64 ",\"mtime_ns\":%" PRId64, item->size, item->mtime_ns);
    if (*cs_item_hash_text(item, hash))
        cs_buf_printf(buf, ",\"hash\":\"%s\"", hash);
    cs_buf_printf(buf, ",\"width\":%" PRIu32 ",\"height\":%" PRIu32 "%s,\"attributes\":", item->width, item->height,
                  item->gone ? ",\"gone\":true" : "");
    put_in_one_line(buf, item->attributes && *item->attributes ? item->attributes : "{}");
    cs_buf_puts(buf, "}\n");
}

static void put_csv_field(cs_buf *buf, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        cs_buf_puts(buf, text);
        return;
    }
    cs_buf_putc(buf, '"');
    for (; *text; text++) {
        if (*text == '"')
            cs_buf_putc(buf, '"');
        cs_buf_putc(buf, *text);
    }
    cs_buf_putc(buf, '"');
}

const char cs_item_csv_header[] = "id,path,path_b64,size,mtime_ns,hash,width,height,gone,attributes\n";

void cs_put_item_csv(cs_buf *buf, const clipsearch_hit *item)
{
    char hash[65];
    const bool utf8 = cs_is_utf8(item->path, strlen(item->path));
    cs_buf_printf(buf, "%" PRId64 ",", item->id);
    put_csv_field(buf, utf8 ? item->path : "");
    cs_buf_putc(buf, ',');
    if (!utf8)
        cs_put_base64(buf, item->path, strlen(item->path));
    cs_buf_printf(buf, ",%" PRIu64 ",%" PRId64 ",%s,%" PRIu32 ",%" PRIu32 ",%s,", item->size, item->mtime_ns,
                  cs_item_hash_text(item, hash), item->width, item->height, item->gone ? "true" : "");
    put_csv_field(buf, item->attributes && *item->attributes ? item->attributes : "{}");
    cs_buf_putc(buf, '\n');
}
