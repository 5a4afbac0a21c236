/* SPDX-License-Identifier: MIT
 * date.c - dates as ISO 8601 writes them. */
#include "filter/parser.h"

#include "base/file_time.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

/* Exactly `digits` digits at *text, which moves behind them, with a value of `least` to `greatest`. */
static bool read_digits(const char **text, int digits, int least, int greatest, int *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10 + (**text - '0');
    }
    return *value >= least && *value <= greatest;
}

static bool skip_char(const char **text, char c)
{
    bool there = **text == c;
    *text += there;
    return there;
}

/* "Z", "+02:00" or "-0530", or nothing: how far the clock is ahead of UTC. */
static bool read_zone(const char **text, int *ahead)
{
    int hours, minutes;
    *ahead = 0;
    if (!**text || skip_char(text, 'Z'))
        return true;
    bool west = **text == '-';
    if (!skip_char(text, '+') && !skip_char(text, '-'))
        return false;
    if (!read_digits(text, 2, 0, 23, &hours))
        return false;
    skip_char(text, ':');
    if (!read_digits(text, 2, 0, 59, &minutes))
        return false;
    *ahead = (hours * 60 + minutes) * (west ? -60 : 60);
    return true;
}

bool cs_filter_date(const char *text, double *seconds)
{
    int year, month, day, hour = 0, minute = 0, second = 0, ahead = 0;
    int64_t nanoseconds = 0;
    if (!read_digits(&text, 4, 0, 9999, &year) || !skip_char(&text, '-') || !read_digits(&text, 2, 1, 12, &month) ||
        !skip_char(&text, '-') || !read_digits(&text, 2, 1, 31, &day))
        return false;
    if (*text) {
        if (!skip_char(&text, 'T') && !skip_char(&text, ' '))
            return false;
        if (!read_digits(&text, 2, 0, 23, &hour) || !skip_char(&text, ':') || !read_digits(&text, 2, 0, 59, &minute))
            return false;
        if (skip_char(&text, ':')) {
            if (!read_digits(&text, 2, 0, 59, &second))
                return false;
            if (skip_char(&text, '.')) {
                if (*text < '0' || *text > '9')
                    return false;
                for (int64_t unit = CS_NANOSECONDS / 10; *text >= '0' && *text <= '9'; text++, unit /= 10)
                    nanoseconds += (*text - '0') * unit; /* digits behind the ninth add nothing */
            }
        }
        if (!read_zone(&text, &ahead) || *text)
            return false;
    }
    struct tm parts = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    time_t midnight = timegm(&parts);
    if (parts.tm_mday != day) /* timegm has made 31 February a day of March */
        return false;
    /* the double that mtime is; beyond the range of nanoseconds no time is stored */
    const int64_t whole = (int64_t)midnight + hour * 3600 + minute * 60 + second - ahead;
    int64_t time;
    if (__builtin_mul_overflow(whole, (int64_t)CS_NANOSECONDS, &time) ||
        __builtin_add_overflow(time, nanoseconds, &time))
        *seconds = (double)whole;
    else
        *seconds = cs_file_seconds(time);
    return true;
}
