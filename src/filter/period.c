/* SPDX-License-Identifier: MIT
 * period.c - "from ... until ..." as a condition on the attribute `taken`.
 *
 * A time in that attribute is ISO 8601 text that begins with the year, so the order of texts is the order of times by
 * the camera's clock, and a period is known by how its texts begin: all times of July 2024 are from "2024-07" on and
 * before "2024-07~", because ~ is behind every character of a time. */
#include "filter/period.h"

#include "base/buf.h"

#include <string.h>

enum { MAX_MOMENT = 32 };

static bool is_digits(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

static int number_at(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

static bool is_date(const char *text, size_t size)
{
    static const char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int month = size >= 7 ? number_at(text + 5) : 1, day = size >= 10 ? number_at(text + 8) : 1;
    const int year = number_at(text) * 100 + number_at(text + 2);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] - (month == 2 && !leap);
}

/* Whether `text` is "2024", "2024-07", "2024-07-01", or the last with a time behind it. A space before the time becomes
 * a T. */
static bool check_moment(char *text)
{
    static const char shape[] = "0000-00-00T00:00:00";
    const size_t size = strlen(text);
    if (size > 10 && text[10] == ' ')
        text[10] = 'T';
    if (size != 4 && size != 7 && size != 10 && size != 13 && size != 16 && size < 19)
        return false;
    for (size_t i = 0; i < size && i < sizeof shape - 1; i++)
        if (shape[i] == '0' ? !is_digits(text + i, 1) : text[i] != shape[i])
            return false;
    if (size > 19 && (text[19] != '.' || size < 21 || !is_digits(text + 20, size - 20)))
        return false;
    return is_date(text, size) && (size < 13 || number_at(text + 11) < 24) &&
           (size < 16 || number_at(text + 14) < 60) && (size < 19 || number_at(text + 17) < 60);
}

static clipsearch_status read_moment(const char *which, const char *text, char moment[MAX_MOMENT],
                                     clipsearch_error *err)
{
    if (strlen(text) < MAX_MOMENT) {
        memcpy(moment, text, strlen(text) + 1);
        if (check_moment(moment))
            return CLIPSEARCH_OK;
    }
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "%s: \"%.64s\" is no date; write 2024, 2024-07, 2024-07-01 or 2024-07-01T18:30 (by the camera's "
                   "clock, without a time zone)",
                   which, text);
}

clipsearch_status cs_filter_period(const char *since, const char *until, char filter[CLIPSEARCH_PERIOD_SIZE],
                                   clipsearch_error *err)
{
    char first[MAX_MOMENT] = "0", last[MAX_MOMENT + 1] = ":"; /* which is behind 9 */
    clipsearch_status status = since ? read_moment("since", since, first, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && until)
        status = read_moment("until", until, last, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (until)
        memcpy(last + strlen(last), "~", 2);
    if (strcmp(first, last) > 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "since: %s is later than the end, %s: no image can match", since,
                       until);
    cs_format(filter, CLIPSEARCH_PERIOD_SIZE, since || until ? "\"%s\" <= taken < \"%s\"" : "true", first, last);
    return CLIPSEARCH_OK;
}
