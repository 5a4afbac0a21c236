/* SPDX-License-Identifier: MIT
 * units.c - numbers to text. */
#include "cli/output/units.h"

#include "base/buf.h"

#include <stddef.h>
#include <stdio.h>

const char *cs_format_count(unsigned long long number, char text[27])
{
    char digits[21];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%llu", number), at = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

const char *cs_format_bytes(unsigned long long bytes, char text[32])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        snprintf(text, 32, "%llu byte%s", bytes, bytes == 1 ? "" : "s");
        return text;
    }
    double amount = (double)bytes / 1024;
    size_t unit = 0;
    while (amount >= 1023.95 && unit < 5) {
        amount /= 1024;
        unit++;
    }
    cs_format(text, 32, "%.1f %s", amount, units[unit]);
    return text;
}

const char *cs_format_duration(double seconds, char text[32])
{
    if (!(seconds >= 0))
        seconds = 0;
    if (seconds > 1e9)
        seconds = 1e9;
    unsigned long whole = (unsigned long)(seconds + 0.5);
    if (seconds < 59.95)
        cs_format(text, 32, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(text, 32, "%lu min %02lu s", whole / 60, whole % 60);
    else
        snprintf(text, 32, "%lu h %02lu min", whole / 3600, whole / 60 % 60);
    return text;
}

const char *cs_plural(unsigned long long count)
{
    return count == 1 ? "" : "s";
}
