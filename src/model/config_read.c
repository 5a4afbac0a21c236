/* SPDX-License-Identifier: MIT
 * config_read.c - typed values out of a JSON configuration. */
#include "model/config_read.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

cs_config_reader cs_config_reader_make(const char *file, const char *section, const cs_json *object,
                                       clipsearch_error *err)
{
    return (cs_config_reader){.file = file, .section = section, .object = object, .err = err};
}

void cs_config_fail(cs_config_reader *reader, clipsearch_status code, const char *key, const char *format, ...)
{
    if (reader->status != CLIPSEARCH_OK)
        return;
    char what[512];
    va_list args;
    va_start(args, format);
    cs_vformat(what, sizeof what, format, args);
    va_end(args);
    reader->status = cs_fail(reader->err, code, "%s: %s%s%s: %s", reader->file, reader->section,
                             reader->section[0] ? "." : "", key, what);
}

const cs_json *cs_config_get(const cs_config_reader *reader, const char *key)
{
    const cs_json *value = reader->status == CLIPSEARCH_OK ? cs_json_get(reader->object, key) : NULL;
    return value && value->type != CS_JSON_NULL ? value : NULL;
}

static bool is_size(const cs_json *value, size_t max)
{
    return value->type == CS_JSON_NUMBER && value->is_integer && value->integer >= 1 && (uint64_t)value->integer <= max;
}

static void fail_size(cs_config_reader *reader, const char *key, const cs_json *value, size_t max)
{
    if (value->type == CS_JSON_NUMBER)
        cs_config_fail(reader, CLIPSEARCH_E_MODEL, key, "expected a whole number from 1 to %zu, found %.17g", max,
                       value->number);
    else
        cs_config_fail(reader, CLIPSEARCH_E_MODEL, key, "expected a whole number from 1 to %zu, found %s %s", max,
                       value->type == CS_JSON_OBJECT || value->type == CS_JSON_ARRAY ? "an" : "a",
                       cs_json_type_name(value->type));
}

static void fail_type(cs_config_reader *reader, const char *key, const char *expected, const cs_json *value)
{
    cs_config_fail(reader, CLIPSEARCH_E_MODEL, key, "expected %s, found %s %s", expected,
                   value->type == CS_JSON_OBJECT || value->type == CS_JSON_ARRAY ? "an" : "a",
                   cs_json_type_name(value->type));
}

size_t cs_config_size(cs_config_reader *reader, const char *key, size_t fallback, size_t max)
{
    const cs_json *value = cs_config_get(reader, key);
    if (!value) {
        if (fallback == 0)
            cs_config_fail(reader, CLIPSEARCH_E_MODEL, key, "is missing; expected a whole number from 1 to %zu", max);
        return fallback;
    }
    if (is_size(value, max))
        return (size_t)value->integer;
    fail_size(reader, key, value, max);
    return fallback;
}

size_t cs_config_square(cs_config_reader *reader, const char *key, size_t fallback, size_t max)
{
    const cs_json *value = cs_config_get(reader, key);
    if (!value || value->type != CS_JSON_ARRAY || value->count != 2)
        return cs_config_size(reader, key, fallback, max);
    for (const cs_json *side = value->first; side; side = side->next)
        if (!is_size(side, max)) {
            fail_size(reader, key, side, max);
            return fallback;
        }
    if (value->first->integer != value->first->next->integer) {
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, key, "%lld x %lld is no square, and only squares are read",
                       (long long)value->first->integer, (long long)value->first->next->integer);
        return fallback;
    }
    return (size_t)value->first->integer;
}

double cs_config_number(cs_config_reader *reader, const char *key, double fallback)
{
    const cs_json *value = cs_config_get(reader, key);
    if (value && value->type != CS_JSON_NUMBER)
        fail_type(reader, key, "a number", value);
    return value && value->type == CS_JSON_NUMBER ? value->number : fallback;
}

bool cs_config_bool(cs_config_reader *reader, const char *key, bool fallback)
{
    const cs_json *value = cs_config_get(reader, key);
    if (value && value->type != CS_JSON_BOOL)
        fail_type(reader, key, "true or false", value);
    return value && value->type == CS_JSON_BOOL ? value->boolean : fallback;
}

const char *cs_config_string(cs_config_reader *reader, const char *key, const char *fallback)
{
    const cs_json *value = cs_config_get(reader, key);
    if (value && value->type != CS_JSON_STRING)
        fail_type(reader, key, "a string", value);
    return value && value->type == CS_JSON_STRING ? value->string : fallback;
}

const cs_json *cs_config_object(cs_config_reader *reader, const char *key)
{
    const cs_json *value = cs_config_get(reader, key);
    if (value && value->type != CS_JSON_OBJECT)
        fail_type(reader, key, "an object", value);
    return value && value->type == CS_JSON_OBJECT ? value : NULL;
}

void cs_config_triple(cs_config_reader *reader, const char *key, bool one_for_all, float out[3])
{
    const cs_json *value = cs_config_get(reader, key);
    if (!value)
        return;
    bool one = one_for_all && value->type == CS_JSON_NUMBER;
    if (!one && (value->type != CS_JSON_ARRAY || value->count != 3)) {
        cs_config_fail(reader, CLIPSEARCH_E_MODEL, key, "expected a list of three numbers");
        return;
    }
    const cs_json *item = one ? value : value->first;
    for (int i = 0; i < 3; i++) {
        float number = item->type == CS_JSON_NUMBER ? (float)item->number : NAN;
        if (!isfinite(number)) {
            cs_config_fail(reader, CLIPSEARCH_E_MODEL, key, "expected three numbers in the range of a float");
            return;
        }
        out[i] = number;
        item = one ? item : item->next;
    }
}
