/* SPDX-License-Identifier: MIT
 * taken.c - dates to seconds. */
#include "duplicates/taken.h"

#include "base/json.h"

#include <string.h>

enum { MOST_VALUES = 100000 };

static bool read_digits(const char *text, size_t count, int64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

/* Days from 1970-01-01 in the Gregorian calendar: years begin with March, so that a leap day is the last of its
 * year. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static bool read_date(const char *text, int64_t *seconds)
{
    int64_t year, month, day, hour, minute, second;
    const bool whole = read_digits(text, 4, &year) && text[4] == '-' && read_digits(text + 5, 2, &month) &&
                       text[7] == '-' && read_digits(text + 8, 2, &day) && text[10] == 'T' &&
                       read_digits(text + 11, 2, &hour) && text[13] == ':' && read_digits(text + 14, 2, &minute) &&
                       text[16] == ':' && read_digits(text + 17, 2, &second);
    if (!whole || year < 1 || month < 1 || month > 12)
        return false;
    *seconds = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

bool cs_taken_seconds(const char *attributes, int64_t *seconds)
{
    cs_json_document *document = NULL;
    if (!attributes || !strstr(attributes, "\"taken\"") ||
        cs_json_parse(attributes, strlen(attributes), "attributes", MOST_VALUES, &document, NULL) != CLIPSEARCH_OK)
        return false;
    const cs_json *taken = cs_json_get(cs_json_root(document), "taken");
    const bool found =
        taken && taken->type == CS_JSON_STRING && taken->string_len >= 19 && read_date(taken->string, seconds);
    cs_json_close(&document);
    return found;
}
