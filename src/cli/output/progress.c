/* SPDX-License-Identifier: MIT
 * progress.c - progress as a bar or as lines. */
#include "cli/output/progress.h"

#include "cli/output/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double TERMINAL_SECONDS = 0.1, LINE_SECONDS = 5;

enum { MAX_COLUMNS = 120, DEFAULT_COLUMNS = 80, MIN_BAR = 10 };

double cs_progress_rate(const clipsearch_progress *progress)
{
    return progress->encode_seconds > 0 ? (double)(progress->done - progress->unchanged) / progress->encode_seconds
                                        : -1;
}

double cs_progress_seconds_left(const clipsearch_progress *progress)
{
    const double rate = cs_progress_rate(progress);
    return progress->walking_done && rate > 0 && progress->found >= progress->done
               ? (double)(progress->found - progress->done) / rate
               : -1;
}

/* ", 84.2/s, 6.1 s left" as far as it is known. */
static void put_rate(const clipsearch_progress *progress, cs_buf *buf)
{
    char left[32];
    const double rate = cs_progress_rate(progress), seconds = cs_progress_seconds_left(progress);
    if (rate >= 0)
        cs_buf_printf(buf, ", %.1f/s", rate);
    if (seconds >= 0)
        cs_buf_printf(buf, ", %s left", cs_format_duration(seconds, left));
}

static void put_counts(const clipsearch_progress *progress, cs_buf *buf)
{
    char done[27], found[27];
    if (progress->walking_done)
        cs_buf_printf(buf, "%s of %s images", cs_format_count(progress->done, done),
                      cs_format_count(progress->found, found));
    else
        cs_buf_printf(buf, "%s images, %s found so far", cs_format_count(progress->done, done),
                      cs_format_count(progress->found, found));
}

void cs_progress_line(const clipsearch_progress *progress, cs_buf *buf)
{
    put_counts(progress, buf);
    put_rate(progress, buf);
}

void cs_progress_bytes_line(const cs_bytes_progress *progress, cs_buf *buf)
{
    char done[32], total[32], speed[32], left[32];
    uint64_t moved = progress->done - progress->before;
    double rate = progress->seconds > 0 ? (double)moved / progress->seconds : 0;
    cs_buf_printf(buf, "%s: %s", progress->name, cs_format_bytes(progress->done, done));
    if (progress->total)
        cs_buf_printf(buf, " of %s", cs_format_bytes(progress->total, total));
    cs_buf_printf(buf, ", %s/s", cs_format_bytes((unsigned long long)rate, speed));
    if (rate > 0 && progress->total >= progress->done)
        cs_buf_printf(buf, ", %s left", cs_format_duration((double)(progress->total - progress->done) / rate, left));
}

/* A bar that shows `fraction` and then `words`. No bar when there is no room for it or `fraction` is below 0. At most
 * `columns` - 1 letters, since the last column would wrap on some terminals. */
static void put_bar(double fraction, const cs_buf *words, size_t columns, cs_buf *buf)
{
    size_t room = columns > 1 ? columns - 1 : 0;
    size_t bar = words->failed || room < words->len + 3 ? 0 : room - words->len - 3;
    if (bar >= MIN_BAR && fraction >= 0) {
        bar = bar > 40 ? 40 : bar;
        size_t full = (size_t)((double)bar * fraction);
        full = full > bar ? bar : full;
        cs_buf_putc(buf, '[');
        for (size_t i = 0; i < bar; i++)
            cs_buf_putc(buf, i < full ? '#' : '.');
        cs_buf_puts(buf, "] ");
        room -= bar + 3;
    }
    if (!words->failed)
        cs_buf_append(buf, words->data, words->len < room ? words->len : room);
}

static double fraction_done(const clipsearch_progress *progress)
{
    return progress->walking_done && progress->found ? (double)progress->done / (double)progress->found : -1;
}

void cs_progress_bar(const clipsearch_progress *progress, size_t columns, cs_buf *buf)
{
    cs_buf words = cs_buf_make(256);
    cs_progress_line(progress, &words);
    put_bar(fraction_done(progress), &words, columns, buf);
    cs_buf_free(&words);
}

cs_progress_view cs_progress_open(void)
{
    const char *kind = getenv("TERM");
    return (cs_progress_view){.terminal = isatty(STDERR_FILENO) && !(kind && strcmp(kind, "dumb") == 0), .drawn = -1};
}

static size_t terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return DEFAULT_COLUMNS;
    return size.ws_col < MAX_COLUMNS ? size.ws_col : MAX_COLUMNS;
}

/* Whether it is time to draw, `seconds` after the start. If so, records that it is drawn now. */
static bool is_time(cs_progress_view *view, double seconds)
{
    if (view->drawn < 0 || seconds < view->drawn) /* the first call, or the clock of another file or phase */
        view->drawn = view->terminal ? -TERMINAL_SECONDS : 0; /* a short run prints no line at all */
    if (seconds - view->drawn < (view->terminal ? TERMINAL_SECONDS : LINE_SECONDS))
        return false;
    view->drawn = seconds;
    return true;
}

static void draw(cs_progress_view *view, double fraction, const cs_buf *words)
{
    cs_buf buf = cs_buf_make(1024);
    if (view->terminal)
        put_bar(fraction, words, terminal_columns(), &buf);
    if (view->terminal && !buf.failed) {
        fprintf(stderr, "\r%s\033[K", buf.data ? buf.data : ""); /* the escape erases the end of a longer bar */
        fflush(stderr);
        view->bar_open = true;
    } else if (!view->terminal && !words->failed) {
        fprintf(stderr, "%s\n", words->data);
    }
    cs_buf_free(&buf);
}

void cs_progress_show(cs_progress_view *view, const clipsearch_progress *progress)
{
    if (!is_time(view, progress->seconds))
        return;
    cs_buf words = cs_buf_make(256);
    cs_progress_line(progress, &words);
    draw(view, fraction_done(progress), &words);
    cs_buf_free(&words);
}

void cs_progress_show_bytes(cs_progress_view *view, const cs_bytes_progress *progress)
{
    if (!is_time(view, progress->seconds))
        return;
    cs_buf words = cs_buf_make(512);
    cs_progress_bytes_line(progress, &words);
    draw(view, progress->total ? (double)progress->done / (double)progress->total : -1, &words);
    cs_buf_free(&words);
}

void cs_progress_duplicates_line(const clipsearch_duplicates_progress *progress, cs_buf *buf)
{
    static const char *const doing[] = {"", "looking for neighbours", "reading", "looking for turned images",
                                        "comparing"};
    static const char *const what[] = {"", "images", "images", "parts", "pairs"};
    char done[27], total[27];
    const unsigned phase = progress->phase <= CLIPSEARCH_DUPLICATES_COMPARE ? (unsigned)progress->phase : 0;
    cs_buf_printf(buf, "%s: %s of %s %s", doing[phase], cs_format_count(progress->done, done),
                  cs_format_count(progress->total, total), what[phase]);
}

void cs_progress_show_duplicates(cs_progress_view *view, const clipsearch_duplicates_progress *progress)
{
    if (!is_time(view, progress->seconds))
        return;
    cs_buf words = cs_buf_make(256);
    cs_progress_duplicates_line(progress, &words);
    draw(view, progress->total ? (double)progress->done / (double)progress->total : -1, &words);
    cs_buf_free(&words);
}

void cs_progress_clear(cs_progress_view *view)
{
    if (view->bar_open)
        fputs("\r\033[K", stderr);
    view->bar_open = false;
}
