/* SPDX-License-Identifier: MIT
 * say.c - messages, and numbers in words. */
#include "cli/output/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void cs_say(const char *format, ...)
{
    char message[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    for (char *c = message; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7F)
            *c = '?';
    fprintf(stderr, "clipsearch: %s\n", message);
}

/* Bytes of the UTF-8 character at `s`, 0 when it is broken or a control character (C0, DEL, C1). */
static size_t printable_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7F;
    size_t n = s[0] >= 0xF0 && s[0] <= 0xF4 ? 4 : s[0] >= 0xE0 && s[0] < 0xF0 ? 3 : s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xC2 && s[1] < 0xA0) || (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] >= 0xA0) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] >= 0x90))
        return 0;
    return n;
}

void cs_put_printable(cs_buf *buf, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        size_t n = printable_length(s);
        if (n)
            cs_buf_append(buf, s, n);
        else
            cs_buf_putc(buf, '?');
        s += n ? n : 1;
    }
}

const char *cs_grouped(unsigned long long number, char room[27])
{
    char digits[21];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%llu", number), at = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            room[at++] = ',';
        room[at++] = digits[i];
    }
    room[at] = '\0';
    return room;
}

const char *cs_byte_words(unsigned long long bytes, char room[32])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        snprintf(room, 32, "%llu byte%s", bytes, bytes == 1 ? "" : "s");
        return room;
    }
    double amount = (double)bytes / 1024;
    size_t unit = 0;
    while (amount >= 1023.95 && unit < 5) {
        amount /= 1024;
        unit++;
    }
    snprintf(room, 32, "%.1f %s", amount, units[unit]);
    return room;
}

const char *cs_duration_words(double seconds, char room[32])
{
    if (!(seconds >= 0))
        seconds = 0;
    if (seconds > 1e9)
        seconds = 1e9;
    unsigned long whole = (unsigned long)(seconds + 0.5);
    if (seconds < 59.95)
        snprintf(room, 32, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(room, 32, "%lu min %02lu s", whole / 60, whole % 60);
    else
        snprintf(room, 32, "%lu h %02lu min", whole / 3600, whole / 60 % 60);
    return room;
}
