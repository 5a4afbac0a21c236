/* SPDX-License-Identifier: MIT
 * caption.c - attributes with their units. */
#include "output/caption.h"

#include "base/decimal.h"
#include "base/error.h"
#include "base/item_limits.h"
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_VALUES = CS_ITEM_ATTRIBUTES_MAX, DATE = 10, DATE_AND_MINUTE = 16 };

/* The numbers that are written with a unit. */
static const struct {
    const char *name, *before, *behind;
} units[] = {
    {"f_number", "f/", ""},
    {"focal_length", "", " mm"},
    {"focal_length_35mm", "", " mm (35 mm film)"},
    {"iso", "ISO ", ""},
    {"altitude", "", " m"},
    {"latitude", "latitude ", "\302\260"},
    {"rating", "rating ", " of 5"},
    {"longitude", "longitude ", "\302\260"},
};

static void put_number(cs_buf *buf, const cs_json *value)
{
    if (value->is_integer)
        cs_buf_printf(buf, "%" PRId64, value->integer);
    else
        cs_put_double(buf, value->number);
}

/* Seconds, as cameras show them: "1/250 s". */
static void put_exposure(cs_buf *buf, double seconds)
{
    if (seconds > 0 && seconds <= 0.3) {
        cs_buf_printf(buf, "1/%.0f s", 1 / seconds);
    } else {
        cs_put_double(buf, seconds);
        cs_buf_puts(buf, " s");
    }
}

static void put_named_number(cs_buf *buf, const char *name, const cs_json *value)
{
    if (strcmp(name, "exposure_time") == 0) {
        put_exposure(buf, value->number);
        return;
    }
    if (strcmp(name, "rating") == 0 && value->number < 0) {
        cs_buf_puts(buf, "rejected");
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, name) == 0) {
            cs_buf_puts(buf, units[i].before);
            put_number(buf, value);
            cs_buf_puts(buf, units[i].behind);
            return;
        }
    cs_buf_printf(buf, "%s: ", name);
    put_number(buf, value);
}

/* A text; of "2024-07-01T18:30:05.25+02:00" what a person wants to know. */
static void put_text(cs_buf *buf, const char *name, const cs_json *value)
{
    const char *text = value->string;
    if (strcmp(name, "taken") != 0 || value->string_len < DATE_AND_MINUTE || text[DATE] != 'T') {
        cs_buf_puts(buf, text);
        return;
    }
    cs_buf_append(buf, text, DATE);
    cs_buf_putc(buf, ' ');
    cs_buf_append(buf, text + DATE + 1, DATE_AND_MINUTE - DATE - 1);
}

static void put_list(cs_buf *buf, const char *name, const cs_json *list)
{
    bool any = false;
    for (const cs_json *at = list->first; at; at = at->next) {
        if (at->type != CS_JSON_STRING && at->type != CS_JSON_NUMBER && at->type != CS_JSON_BOOL)
            continue;
        cs_buf_puts(buf, any ? ", " : "");
        if (at->type == CS_JSON_STRING)
            put_text(buf, name, at);
        else if (at->type == CS_JSON_NUMBER)
            put_number(buf, at);
        else
            cs_buf_puts(buf, at->boolean ? "true" : "false");
        any = true;
    }
}

static void put_place(cs_buf *buf, const cs_json *root)
{
    const cs_json *latitude = cs_json_get(root, "latitude"), *longitude = cs_json_get(root, "longitude");
    if (latitude && longitude && latitude->type == CS_JSON_NUMBER && longitude->type == CS_JSON_NUMBER) {
        char text[80];
        cs_format(text, sizeof text, "%.5f, %.5f", latitude->number, longitude->number);
        cs_buf_puts(buf, text);
    }
}

void cs_put_caption(cs_buf *buf, const char *attributes, const char *name)
{
    cs_json_document *document = NULL;
    const char *text = attributes ? attributes : "{}";
    clipsearch_status status = cs_json_parse(text, strlen(text), "attributes", MAX_VALUES, &document, NULL);
    if (status == CLIPSEARCH_E_MEMORY) /* says nothing about the attributes */
        buf->failed = true;
    if (status != CLIPSEARCH_OK)
        return; /* another program wrote it */
    const cs_json *root = cs_json_root(document), *value = cs_json_get(root, name);
    if (!value && strcmp(name, "gps") == 0)
        put_place(buf, root);
    else if (value && value->type == CS_JSON_STRING)
        put_text(buf, name, value);
    else if (value && value->type == CS_JSON_NUMBER)
        put_named_number(buf, name, value);
    else if (value && value->type == CS_JSON_ARRAY)
        put_list(buf, name, value);
    else if (value && value->type == CS_JSON_BOOL)
        cs_buf_printf(buf, "%s: %s", name, value->boolean ? "true" : "false");
    cs_json_close(&document);
}
