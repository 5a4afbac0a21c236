/* SPDX-License-Identifier: MIT
 * values.c - keeps values, in clean UTF-8 and within limits. */
#include "metadata/values.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

enum { MAX_TEXTS = 1 << 20 }; /* above what the limits on each value let through */

static const char *const names[CS_META_FIELDS] = {
    [CS_META_ALTITUDE] = "altitude",
    [CS_META_CAMERA] = "camera",
    [CS_META_CAPTION] = "caption",
    [CS_META_CITY] = "city",
    [CS_META_COUNTRY] = "country",
    [CS_META_EXPOSURE_TIME] = "exposure_time",
    [CS_META_F_NUMBER] = "f_number",
    [CS_META_FOCAL_LENGTH] = "focal_length",
    [CS_META_FOCAL_LENGTH_35MM] = "focal_length_35mm",
    [CS_META_ISO] = "iso",
    [CS_META_KEYWORDS] = "keywords",
    [CS_META_LATITUDE] = "latitude",
    [CS_META_LENS] = "lens",
    [CS_META_LONGITUDE] = "longitude",
    [CS_META_MAKE] = "make",
    [CS_META_RATING] = "rating",
    [CS_META_TAKEN] = "taken",
    [CS_META_TITLE] = "title",
};

const char *cs_metadata_field_name(cs_metadata_field field)
{
    return (size_t)field < CS_META_FIELDS ? names[field] : NULL;
}

bool cs_metadata_is_text(cs_metadata_field field)
{
    switch (field) {
    case CS_META_CAMERA:
    case CS_META_CAPTION:
    case CS_META_CITY:
    case CS_META_COUNTRY:
    case CS_META_LENS:
    case CS_META_MAKE:
    case CS_META_TAKEN:
    case CS_META_TITLE:
        return true;
    default:
        return false;
    }
}

void cs_metadata_clear(cs_metadata *metadata)
{
    metadata->texts.max = metadata->keywords.max = MAX_TEXTS;
    cs_buf_clear(&metadata->texts);
    cs_buf_clear(&metadata->keywords);
    memset(metadata->fields, 0, sizeof metadata->fields);
    metadata->keyword_rank = 0;
    metadata->keyword_count = 0;
    metadata->extended.bytes.max = CS_XMP_MAX_PACKET;
    cs_buf_clear(&metadata->extended.bytes);
    metadata->extended.is_named = false;
}

void cs_metadata_free(cs_metadata *metadata)
{
    cs_buf_free(&metadata->texts);
    cs_buf_free(&metadata->keywords);
    cs_buf_free(&metadata->extended.bytes);
}

bool cs_metadata_failed(const cs_metadata *metadata)
{
    return metadata->texts.failed || metadata->keywords.failed || metadata->extended.bytes.failed;
}

/* ---- texts ---- */

/* Whether the bytes begin a character of UTF-8 that goes on behind them. */
static bool is_cut_character(const char *text, size_t size)
{
    const unsigned char lead = (unsigned char)text[0];
    const size_t length = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < size; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return false;
    return size < length;
}

/* Whether a text is UTF-8. The limits of IPTC, and ours on XMP, count bytes, so that the last character may be cut:
 * *size becomes that of the characters before it. With no other character of several bytes, it is one of ISO 8859-1. */
static bool is_utf8(const char *text, size_t *size)
{
    bool has_long = false;
    for (size_t i = 0, n; i < *size; i += n) {
        n = cs_utf8_length(text + i, *size - i);
        if (n == 0 && has_long && is_cut_character(text + i, *size - i))
            *size = i;
        else if (n == 0)
            return false;
        has_long |= n > 1;
    }
    return true;
}

/* Append a character of `n` bytes. False: the text, which begins at `start`, would become longer than `max`. */
static bool put_character(cs_buf *out, size_t start, size_t max, const char *bytes, size_t n)
{
    const unsigned char first = (unsigned char)bytes[0];
    const bool control =
        (n == 1 && (first < 0x20 || first == 0x7f)) || (first == 0xc2 && (unsigned char)bytes[1] < 0xa0);
    if (control && first == '\r')
        return true;
    if (control && first != '\n') {
        bytes = " ";
        n = 1;
    }
    const bool space = *bytes == ' ' || *bytes == '\n';
    if (space && out->len == start)
        return true; /* at the beginning */
    return out->len - start + n <= max && cs_buf_append(out, bytes, n);
}

static void trim_end(cs_buf *out, size_t start)
{
    while (!out->failed && out->len > start && (out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\n'))
        out->data[--out->len] = '\0';
}

/* Append the text as clean UTF-8 of at most `max` bytes. */
static void put_clean(cs_buf *out, size_t max, const char *text, size_t size)
{
    const size_t start = out->len;
    const char *end = size ? memchr(text, 0, size) : NULL;
    if (end)
        size = (size_t)(end - text);
    const bool utf8 = is_utf8(text, &size);
    for (size_t i = 0; i < size;) {
        char latin[4];
        size_t n = utf8 ? cs_utf8_length(text + i, size - i) : cs_utf8_put((unsigned char)text[i], latin);
        if (!put_character(out, start, max, utf8 ? text + i : latin, n))
            break;
        i += utf8 ? n : 1;
    }
    trim_end(out, start);
}

static void put_clean_utf16(cs_buf *out, size_t max, const uint8_t *text, size_t size)
{
    const size_t start = out->len;
    for (size_t i = 0; i + 1 < size; i += 2) {
        uint32_t c = (uint32_t)text[i] | (uint32_t)text[i + 1] << 8;
        if (c == 0)
            break;
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < size && (text[i + 3] & 0xfc) == 0xdc) {
            c = 0x10000 + ((c & 0x3ff) << 10) + (((uint32_t)text[i + 2] | (uint32_t)text[i + 3] << 8) & 0x3ff);
            i += 2;
        } else if (c >= 0xd800 && c < 0xe000) {
            continue; /* half of a character */
        }
        char bytes[4];
        if (!put_character(out, start, max, bytes, cs_utf8_put(c, bytes)))
            break;
    }
    trim_end(out, start);
}

static bool is_wanted(const cs_metadata *metadata, cs_metadata_field field, unsigned rank)
{
    return metadata->fields[field].rank == 0 || rank < metadata->fields[field].rank;
}

/* What was appended to the texts from `start` becomes the field's value, unless it is nothing. */
static void keep_value(cs_metadata *metadata, cs_metadata_field field, unsigned rank, size_t start)
{
    if (metadata->texts.failed || metadata->texts.len == start)
        return;
    metadata->fields[field].at = start;
    metadata->fields[field].length = metadata->texts.len - start;
    metadata->fields[field].rank = rank;
}

static size_t most_bytes(cs_metadata_field field)
{
    return field == CS_META_CAPTION ? CS_META_MAX_CAPTION : CS_META_MAX_TEXT;
}

void cs_metadata_put_text(cs_metadata *metadata, cs_metadata_field field, unsigned rank, const void *text, size_t size)
{
    if (!is_wanted(metadata, field, rank))
        return;
    const size_t start = metadata->texts.len;
    put_clean(&metadata->texts, most_bytes(field), text, size);
    keep_value(metadata, field, rank, start);
}

void cs_metadata_put_utf16(cs_metadata *metadata, cs_metadata_field field, unsigned rank, const uint8_t *text,
                           size_t size)
{
    if (!is_wanted(metadata, field, rank))
        return;
    const size_t start = metadata->texts.len;
    put_clean_utf16(&metadata->texts, most_bytes(field), text, size);
    keep_value(metadata, field, rank, start);
}

/* Make room for a keyword of this rank. False: it is not wanted. */
static bool begin_keyword(cs_metadata *metadata, unsigned rank)
{
    if (metadata->keyword_rank && rank > metadata->keyword_rank)
        return false;
    if (rank != metadata->keyword_rank) {
        cs_buf_clear(&metadata->keywords);
        metadata->keyword_rank = rank;
        metadata->keyword_count = 0;
    }
    return metadata->keyword_count < CS_META_MAX_KEYWORDS;
}

/* Add what was appended to the texts from `start`, and take it away from there. */
static void end_keyword(cs_metadata *metadata, size_t start)
{
    cs_buf *list = &metadata->keywords, *texts = &metadata->texts;
    if (texts->failed || texts->len == start)
        return;
    const size_t before = list->len;
    if (before)
        cs_buf_putc(list, ',');
    const size_t quoted = list->len;
    cs_json_put_string(list, texts->data + start, texts->len - start);
    texts->data[texts->len = start] = '\0';
    if (list->failed)
        return;
    /* a quote inside of a string has a backslash before it, so a whole string is found only as a whole string */
    if (before && memmem(list->data, before, list->data + quoted, list->len - quoted))
        list->data[list->len = before] = '\0';
    else
        metadata->keyword_count++;
}

void cs_metadata_add_keyword(cs_metadata *metadata, unsigned rank, const void *text, size_t size)
{
    const size_t start = metadata->texts.len;
    if (!begin_keyword(metadata, rank))
        return;
    put_clean(&metadata->texts, CS_META_MAX_KEYWORD, text, size);
    end_keyword(metadata, start);
}

void cs_metadata_add_keyword_utf16(cs_metadata *metadata, unsigned rank, const uint8_t *text, size_t size)
{
    const size_t start = metadata->texts.len;
    if (!begin_keyword(metadata, rank))
        return;
    put_clean_utf16(&metadata->texts, CS_META_MAX_KEYWORD, text, size);
    end_keyword(metadata, start);
}

/* ---- numbers ---- */

void cs_metadata_put_number(cs_metadata *metadata, cs_metadata_field field, unsigned rank, double number, double least,
                            double most)
{
    if (!is_wanted(metadata, field, rank) || !(number >= least && number <= most)) /* NaN is in no range */
        return;
    const size_t start = metadata->texts.len;
    cs_put_double(&metadata->texts, number == 0 ? 0 : number); /* no -0 */
    keep_value(metadata, field, rank, start);
}

void cs_metadata_put_angle(cs_metadata *metadata, cs_metadata_field field, unsigned rank, double degrees, char letter,
                           const char letters[2], double most)
{
    const char upper = letter >= 'a' && letter <= 'z' ? (char)(letter - 32) : letter;
    if (upper != letters[0] && upper != letters[1])
        return;
    const double rounded = round(degrees * 1e7) / 1e7;
    cs_metadata_put_number(metadata, field, rank, upper == letters[0] ? rounded : -rounded, -most, most);
}

bool cs_metadata_is_below(double altitude_ref)
{
    return altitude_ref == 1 || altitude_ref == 3;
}

void cs_metadata_put_altitude(cs_metadata *metadata, unsigned rank, double metres)
{
    cs_metadata_put_number(metadata, CS_META_ALTITUDE, rank, round(metres * 1e3) / 1e3, -12000, 1e6);
}

/* ---- times ---- */

/* Exactly `digits` digits at *at, which moves behind them. */
static bool read_digits(const char **at, const char *end, int digits, int *value)
{
    *value = 0;
    if (end - *at < digits)
        return false;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (**at - '0');
    }
    return true;
}

static bool skip_any(const char **at, const char *end, const char *characters)
{
    if (*at == end || !**at || !strchr(characters, **at))
        return false;
    (*at)++;
    return true;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));
}

void cs_metadata_read_zone(const char *text, size_t size, cs_metadata_time *time)
{
    const char *at = text, *end = text + size;
    int hours = 0, minutes = 0;
    while (skip_any(&at, end, " "))
        ;
    if (at == end)
        return;
    const bool west = *at == '-';
    if (!skip_any(&at, end, "Zz")) {
        if (!skip_any(&at, end, "+-") || !read_digits(&at, end, 2, &hours))
            return;
        skip_any(&at, end, ":");
        if (!read_digits(&at, end, 2, &minutes) || hours > 14 || minutes > 59)
            return;
    }
    time->has_zone = true;
    time->zone = (hours * 60 + minutes) * (west ? -1 : 1);
}

/* The time of day from *at. */
static bool read_clock(const char *at, const char *end, cs_metadata_time *time)
{
    if (!read_digits(&at, end, 2, &time->hour) || !skip_any(&at, end, ":") || !read_digits(&at, end, 2, &time->minute))
        return false;
    time->second = 0;
    if (skip_any(&at, end, ":")) {
        if (!read_digits(&at, end, 2, &time->second))
            return false;
        size_t n = 0;
        if (skip_any(&at, end, ".,"))
            for (; at < end && *at >= '0' && *at <= '9'; at++)
                if (n < sizeof time->fraction - 1)
                    time->fraction[n++] = *at;
    }
    if (time->hour > 23 || time->minute > 59 || time->second > 59)
        return false;
    cs_metadata_read_zone(at, (size_t)(end - at), time);
    return true;
}

bool cs_metadata_read_time(const char *text, size_t size, cs_metadata_time *time)
{
    const char *at = text, *end = text + size;
    *time = (cs_metadata_time){.parts = 1};
    while (skip_any(&at, end, " \t\r\n"))
        ;
    if (!read_digits(&at, end, 4, &time->year) || time->year == 0 || (at < end && *at >= '0' && *at <= '9'))
        return false;
    if (!skip_any(&at, end, ":-/.") || !read_digits(&at, end, 2, &time->month) || time->month == 0)
        return time->month == 0;
    if (time->month > 12)
        return false;
    time->parts = 2;
    if (!skip_any(&at, end, ":-/.") || !read_digits(&at, end, 2, &time->day) || time->day == 0)
        return time->day == 0;
    if (time->day > days_of_month(time->year, time->month))
        return false;
    time->parts = 3;
    cs_metadata_time whole = *time;
    if (skip_any(&at, end, "T ") && read_clock(at, end, &whole)) {
        *time = whole;
        time->parts = 6;
    }
    return true;
}

void cs_metadata_put_time(cs_metadata *metadata, cs_metadata_field field, unsigned rank, const cs_metadata_time *time)
{
    if (!is_wanted(metadata, field, rank))
        return;
    cs_buf *out = &metadata->texts;
    const size_t start = out->len;
    cs_buf_printf(out, "%04d", time->year);
    if (time->parts >= 2)
        cs_buf_printf(out, "-%02d", time->month);
    if (time->parts >= 3)
        cs_buf_printf(out, "-%02d", time->day);
    if (time->parts >= 6) {
        size_t digits = strspn(time->fraction, "0123456789");
        while (digits && time->fraction[digits - 1] == '0')
            digits--;
        cs_buf_printf(out, "T%02d:%02d:%02d", time->hour, time->minute, time->second);
        if (digits)
            cs_buf_printf(out, ".%.*s", (int)digits, time->fraction);
        const int zone = time->zone < 0 ? -time->zone : time->zone;
        if (time->has_zone)
            cs_buf_printf(out, "%c%02d:%02d", time->zone < 0 ? '-' : '+', zone / 60, zone % 60);
    }
    keep_value(metadata, field, rank, start);
}
