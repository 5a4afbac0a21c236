/* SPDX-License-Identifier: MIT
 * test_output.c - numbers as people read them, progress, the list of bad files, the header of .npy. */
#include "cli/output/bad_files.h"
#include "cli/output/message.h"
#include "exchange/npy.h"
#include "cli/output/progress.h"
#include "cli/output/units.h"
#include "tap.h"

#include <string.h>

static void test_numbers(void)
{
    char room[32];
    TAP_OK(strcmp(cs_format_count(0, room), "0") == 0 && strcmp(cs_format_count(999, room), "999") == 0 &&
               strcmp(cs_format_count(1000, room), "1,000") == 0 &&
               strcmp(cs_format_count(18446744073709551615ULL, room), "18,446,744,073,709,551,615") == 0,
           "thousands");
    TAP_OK(strcmp(cs_format_bytes(1, room), "1 byte") == 0 && strcmp(cs_format_bytes(1023, room), "1023 bytes") == 0 &&
               strcmp(cs_format_bytes(1536, room), "1.5 KiB") == 0 &&
               strcmp(cs_format_bytes(1048575, room), "1.0 MiB") == 0,
           "bytes");
    TAP_OK(strcmp(cs_format_duration(0.42, room), "0.4 s") == 0 &&
               strcmp(cs_format_duration(59.96, room), "1 min 00 s") == 0 &&
               strcmp(cs_format_duration(3599.6, room), "1 h 00 min") == 0 &&
               strcmp(cs_format_duration(7384, room), "2 h 03 min") == 0 &&
               strcmp(cs_format_duration(-1, room), "0.0 s") == 0,
           "durations");
    TAP_OK(strcmp(cs_plural(0), "s") == 0 && strcmp(cs_plural(1), "") == 0 && strcmp(cs_plural(2), "s") == 0,
           "plurals");
    cs_buf buf = cs_buf_make(100);
    cs_put_printable(&buf, "a\x1b[1m\n\xc3\xa9\xff\xc2\x9b.");
    TAP_OK(strcmp(buf.data, "a?[1m?\xc3\xa9???.") == 0, "control characters and broken UTF-8 are shown as ?");
    cs_buf_free(&buf);
}

static void test_npy(void)
{
    /* numpy.lib.format.write_array_header_1_0 of a (3, 512) float32 array: the same words, padded to 128 bytes */
    cs_buf buf = cs_buf_make(1000);
    cs_npy_put_header(&buf, 3, 512, false);
    TAP_OK(buf.len == 128 &&
               memcmp(buf.data,
                      "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 512), }",
                      71) == 0 &&
               buf.data[127] == '\n' && buf.data[126] == ' ',
           "header of [3, 512]");
    cs_buf_clear(&buf);
    cs_npy_put_header(&buf, SIZE_MAX, SIZE_MAX, false);
    TAP_OK(buf.len == 128, "the longest header");
    cs_buf_free(&buf);
}

/* What is wrong with the bar in `buf` for that many columns, NULL when nothing is. `line` is the plain line. */
static const char *wrong_with_bar(const cs_buf *buf, size_t columns, const char *line, double fraction)
{
    enum { MIN_BAR = 10, MAX_BAR = 40, FRAME = 3 }; /* '[', ']' and a space */
    const char *text = buf->len ? buf->data : "";
    const size_t room = columns ? columns - 1 : 0, length = strlen(line);
    if (buf->len > room)
        return "too wide";
    if (fraction < 0 || room < length + FRAME + MIN_BAR) /* no bar: as much of the line as there is room for */
        return strncmp(text, line, buf->len) == 0 && buf->len == (length < room ? length : room) ? NULL
                                                                                                 : "not the line";
    const size_t wanted = room - length - FRAME < MAX_BAR ? room - length - FRAME : MAX_BAR;
    const char *end = strchr(text, ']');
    if (text[0] != '[' || !end || (size_t)(end - text) != wanted + 1)
        return "the bar has the wrong width";
    const size_t full = strspn(text + 1, "#");
    if (full != (size_t)((double)wanted * fraction) || strspn(text + 1 + full, ".") != wanted - full)
        return "the bar is filled wrongly";
    return end[1] == ' ' && strcmp(end + 2, line) == 0 ? NULL : "not the whole line";
}

/* Bars of every width: a run at its start, in the middle, at its end, and one whose total is not known yet. */
static void test_bar_width(void)
{
    const clipsearch_progress runs[] = {
        {.found = 2000, .done = 0, .encode_seconds = 1, .walking_done = true, .path = "x"},
        {.found = 2000, .done = 500, .stored = 400, .encode_seconds = 10, .walking_done = true, .path = "x"},
        {.found = 123456789, .done = 123456789, .encode_seconds = 1e6, .walking_done = true, .path = "x"},
        {.found = 2000, .done = 500, .seconds = 10, .path = "x"},
    };
    for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
        const clipsearch_progress *p = &runs[r];
        const double fraction = p->walking_done ? (double)p->done / (double)p->found : -1;
        const char *wrong = NULL;
        size_t columns = 0, bars = 0;
        cs_buf line = cs_buf_make(1000), buf = cs_buf_make(1000);
        cs_progress_line(p, &line);
        for (; columns < 300 && !wrong; columns++) {
            cs_buf_clear(&buf);
            cs_progress_bar(p, columns, &buf);
            wrong = wrong_with_bar(&buf, columns, line.data, fraction);
            bars += buf.len && buf.data[0] == '[';
        }
        TAP_OK(!wrong && columns == 300 && (bars > 200) == p->walking_done, "run %zu in 0 to %zu columns: %s", r,
               columns - 1, wrong ? wrong : "as documented");
        cs_buf_free(&line);
        cs_buf_free(&buf);
    }
}

static void test_progress(void)
{
    cs_buf buf = cs_buf_make(1000);
    clipsearch_progress p = {
        .found = 2000, .done = 500, .stored = 400, .encode_seconds = 10, .walking_done = true, .path = "x"};
    cs_progress_line(&p, &buf);
    TAP_OK(strcmp(buf.data, "500 of 2,000 images, 50.0/s, 30.0 s left") == 0, "plain line: %s", buf.data);
    cs_buf_clear(&buf);
    cs_progress_bar(&p, 80, &buf);
    TAP_OK(strcmp(buf.data, "[#########...........................] 500 of 2,000 images, 50.0/s, 30.0 s left") == 0,
           "bar in 80 columns: %s", buf.data);
    p.unchanged = 300;
    cs_buf_clear(&buf);
    cs_progress_line(&p, &buf);
    TAP_OK(strcmp(buf.data, "500 of 2,000 images, 20.0/s, 1 min 15 s left") == 0,
           "files that have not changed do not count for the rate: %s", buf.data);
    p.walking_done = false;
    p.encode_seconds = 0;
    cs_buf_clear(&buf);
    cs_progress_bar(&p, 80, &buf);
    TAP_OK(strcmp(buf.data, "500 images, 2,000 found so far") == 0,
           "no bar and no time left while directories are still walked");
    cs_bytes_progress bytes = {
        .name = "ViT.pt", .done = 30 << 20, .total = 100 << 20, .before = 10 << 20, .seconds = 4};
    cs_buf_clear(&buf);
    cs_progress_bytes_line(&bytes, &buf);
    TAP_OK(strcmp(buf.data, "ViT.pt: 30.0 MiB of 100.0 MiB, 5.0 MiB/s, 14.0 s left") == 0,
           "bytes that were there before do not count for the speed: %s", buf.data);
    bytes = (cs_bytes_progress){.name = "x", .done = 5};
    cs_buf_clear(&buf);
    cs_progress_bytes_line(&bytes, &buf);
    TAP_OK(strcmp(buf.data, "x: 5 bytes, 0 bytes/s") == 0, "an unknown total, at the start: %s", buf.data);
    p = (clipsearch_progress){0};
    cs_buf_clear(&buf);
    cs_progress_line(&p, &buf);
    TAP_OK(strcmp(buf.data, "0 images, 0 found so far") == 0, "the start");
    const clipsearch_duplicates_progress reading = {
        .phase = CLIPSEARCH_DUPLICATES_READ, .done = 1024, .total = 100000, .seconds = 3};
    cs_buf_clear(&buf);
    cs_progress_duplicates_line(&reading, &buf);
    TAP_OK(strcmp(buf.data, "reading: 1,024 of 100,000 images") == 0, "a search for duplicates: %s", buf.data);
    cs_buf_free(&buf);
}

static void test_bad_files(void)
{
    cs_bad_files few = cs_bad_files_make(false), all = cs_bad_files_make(true);
    for (int i = 0; i < 25; i++) {
        cs_bad_files_add(&few, "a.jpg", "a.jpg: damaged");
        cs_bad_files_add(&all, "b.jpg", "damaged");
    }
    TAP_OK(few.count == 25 && few.shown == 20 && all.shown == 25, "twenty are kept, or all");
    TAP_OK(strncmp(few.lines.data, "  a.jpg: damaged\n", 17) == 0 &&
               strncmp(all.lines.data, "  b.jpg: damaged\n", 17) == 0,
           "the path is printed once");
    cs_bad_files_free(&few);
    cs_bad_files_free(&all);
}

int main(void)
{
    test_numbers();
    test_npy();
    test_bar_width();
    test_progress();
    test_bad_files();
    return tap_done();
}
