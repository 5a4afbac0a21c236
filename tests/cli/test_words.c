/* SPDX-License-Identifier: MIT
 * test_words.c - nearest words, option parsing, numbers in words, progress lines, floats as text, the npy header. */
#include "base/mem.h"
#include "cli/output/bad_files.h"
#include "config/nearest.h"
#include "output/npy.h"
#include "config/options.h"
#include "cli/output/progress.h"
#include "cli/output/say.h"
#include "config/yaml_keys.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_nearest(void)
{
    TAP_OK(cs_edit_distance("", "") == 0 && cs_edit_distance("", "abc") == 3 && cs_edit_distance("abc", "") == 3,
           "empty");
    TAP_OK(cs_edit_distance("kitten", "sitting") == 3, "Levenshtein's example");
    TAP_OK(cs_edit_distance("ab", "ba") == 1 && cs_edit_distance("ingets", "ingest") == 1, "a swap is one edit");
    TAP_OK(cs_edit_distance("ca", "abc") == 3,
           "optimal string alignment, not full Damerau-Levenshtein (which gives 2)");
    char longer[80];
    memset(longer, 'a', sizeof longer);
    longer[64] = '\0';
    TAP_OK(cs_edit_distance(longer, "a") == SIZE_MAX, "64 bytes are too long");
    longer[63] = '\0';
    TAP_OK(cs_edit_distance(longer, "") == 63, "63 are not");
    static const char *const words[] = {"path", "include", "exclude"};
    TAP_OK(cs_nearest("includes", words, 3) == words[1], "includes: include");
    TAP_OK(cs_nearest("exlcude", words, 3) == words[2], "exlcude: exclude");
    TAP_OK(cs_nearest("colour", words, 3) == NULL, "colour: none");
    TAP_OK(cs_nearest("pth", words, 3) == words[0] && cs_nearest("x", words, 3) == NULL, "short words");
}

static void test_count(void)
{
    size_t value = 7;
    TAP_OK(cs_read_count("0", 10, &value) && value == 0 && cs_read_count("10", 10, &value) && value == 10, "0 to 10");
    TAP_OK(!cs_read_count("11", 10, &value) && !cs_read_count("", 10, &value) && !cs_read_count("-1", 10, &value) &&
               !cs_read_count("1 ", 10, &value) && !cs_read_count("0x1", 10, &value) && value == 10,
           "what is no count leaves the value");
    TAP_OK(cs_read_count("18446744073709551615", SIZE_MAX, &value) && value == SIZE_MAX &&
               !cs_read_count("18446744073709551616", SIZE_MAX, &value) &&
               !cs_read_count("99999999999999999999", SIZE_MAX, &value),
           "the largest, and beyond");
}

/* Parse the words up to NULL as `command`'s. */
static clipsearch_status parse(unsigned command, char **argv, cs_args *args, clipsearch_error *err)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return cs_options_parse(command, argc, argv, args, err);
}

static char *line[16];

/* The words of `text` behind the program's name, NULL-ended. */
static char **split(const char *text)
{
    static char room[512];
    size_t n = 0;
    snprintf(room, sizeof room, "clipsearch %s", text);
    for (char *word = strtok(room, " "); word && n < 15; word = strtok(NULL, " "))
        line[n++] = word;
    line[n] = NULL;
    return line;
}

static void test_options(void)
{
    cs_args a;
    clipsearch_error err = {0};
    TAP_OK(parse(CS_SEARCH, split("dog -k 3 --image x.jpg cat --min-score=-0.5 -qv -k5 --db d -- -k --json"), &a,
                 &err) == CLIPSEARCH_OK,
           "options among words: %s", err.message);
    TAP_OK(a.words.count == 5 && !a.words.items[0].is_image && a.words.items[1].is_image &&
               strcmp(a.words.items[2].text, "cat") == 0 && strcmp(a.words.items[3].text, "-k") == 0,
           "words and pictures keep their order; what follows -- is words");
    TAP_OK(a.k.given && a.k.value == 5 && a.min_score.given && fabsf(a.min_score.value + 0.5F) < 1e-9F && a.quiet &&
               a.verbose && !a.json && strcmp(a.db, "d") == 0,
           "values: separate, joined, with =, negative, flags in one word");
    cs_args_free(&a);

    static const struct {
        unsigned command;
        const char *words, *message;
    } cases[] = {
        {CS_SEARCH, "dog --shet x", "unknown option --shet; did you mean --sheet?"},
        {CS_SEARCH, "dog --imgae x", "unknown option --imgae; did you mean --image?"},
        {CS_SEARCH, "dog --wobble",
         "unknown option --wobble; clipsearch help search lists the options. What follows -- is taken as words"},
        {CS_SEARCH, "dog --prune", "--prune is an option of ingest, not of search"},
        {CS_INGEST, "dog -k 3",
         "-k is an option of search and query, not of ingest (to search for the word \"ingest\": clipsearch search "
         "ingest)"},
        {CS_SEARCH, "dog -z",
         "unknown option -z; clipsearch help search lists the options. What follows -- is taken as words"},
        {CS_SEARCH, "dog -k", "-k needs a value: -k N"},
        {CS_SEARCH, "dog --image", "--image needs a value: --image FILE"},
        {CS_SEARCH, "dog --json=1", "--json takes no value"},
        {CS_SEARCH, "dog --db=", "--db needs a value (FILE), not an empty one"},
        {CS_SEARCH, "dog -k 0", "-k must be a whole number from 1 to 1000000, not \"0\""},
        {CS_SEARCH, "dog -k ten", "-k must be a whole number from 1 to 1000000, not \"ten\""},
        {CS_SEARCH, "dog --min-score high", "--min-score must be a number, not \"high\""},
        {CS_SEARCH, "dog --min-score nan", "--min-score must be a number, not \"nan\""},
        {CS_SEARCH, "dog --min-score inf", "--min-score must be a number, not \"inf\""},
        {CS_INGEST, "d --metric cosin", "--metric must be cosine, ip or l2, not \"cosin\"; did you mean cosine?"},
        {CS_INGEST, "d --on-bad cry", "--on-bad must be skip or stop, not \"cry\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clipsearch_status status = parse(cases[i].command, split(cases[i].words), &a, &err);
        if (!TAP_OK(status == CLIPSEARCH_E_ARGUMENT && strcmp(err.message, cases[i].message) == 0, "%s",
                    cases[i].words))
            tap_note("got: %s", err.message);
        cs_args_free(&a);
    }
    TAP_OK(cs_options_first_word(3, split("ingest x")) == 1 &&
               cs_options_first_word(5, split("-k 3 --json info")) == 4 &&
               cs_options_first_word(4, split("-k3 --db=x info")) == 3 &&
               cs_options_first_word(4, split("-q -- info")) == 0,
           "the first word, behind options and their values, not behind --");
}

static void test_option_memory(void)
{
    uint64_t n = 1;
    for (clipsearch_status status = CLIPSEARCH_E_MEMORY; status != CLIPSEARCH_OK && n < 100; n++) {
        cs_args a;
        cs_mem_fail_at(n);
        status = parse(CS_SEARCH, split("dog --image x"), &a, NULL);
        cs_mem_fail_at(0);
        cs_args_free(&a);
        if (status != CLIPSEARCH_OK && status != CLIPSEARCH_E_MEMORY)
            break;
    }
    TAP_OK(n == 6, "each of 4 allocations may fail");
}

static void test_numbers(void)
{
    char room[32];
    TAP_OK(strcmp(cs_grouped(0, room), "0") == 0 && strcmp(cs_grouped(999, room), "999") == 0 &&
               strcmp(cs_grouped(1000, room), "1,000") == 0 &&
               strcmp(cs_grouped(18446744073709551615ULL, room), "18,446,744,073,709,551,615") == 0,
           "thousands");
    TAP_OK(strcmp(cs_byte_words(1, room), "1 byte") == 0 && strcmp(cs_byte_words(1023, room), "1023 bytes") == 0 &&
               strcmp(cs_byte_words(1536, room), "1.5 KiB") == 0 &&
               strcmp(cs_byte_words(1048575, room), "1.0 MiB") == 0,
           "bytes");
    TAP_OK(strcmp(cs_duration_words(0.42, room), "0.4 s") == 0 &&
               strcmp(cs_duration_words(59.96, room), "1 min 00 s") == 0 &&
               strcmp(cs_duration_words(3599.6, room), "1 h 00 min") == 0 &&
               strcmp(cs_duration_words(7384, room), "2 h 03 min") == 0 &&
               strcmp(cs_duration_words(-1, room), "0.0 s") == 0,
           "durations");
    cs_buf buf = cs_buf_make(100);
    cs_put_printable(&buf, "a\x1b[1m\n\xc3\xa9\xff\xc2\x9b.");
    TAP_OK(strcmp(buf.data, "a?[1m?\xc3\xa9???.") == 0, "what a terminal would obey is shown as ?");
    cs_buf_free(&buf);
}

static void test_npy(void)
{
    /* numpy.lib.format.write_array_header_1_0 of a (3, 512) float32 array: the same words, padded to 128 bytes */
    cs_buf buf = cs_buf_make(1000);
    cs_npy_put_header(&buf, 3, 512);
    TAP_OK(buf.len == 128 &&
               memcmp(buf.data,
                      "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 512), }",
                      71) == 0 &&
               buf.data[127] == '\n' && buf.data[126] == ' ',
           "header of [3, 512]");
    cs_buf_clear(&buf);
    cs_npy_put_header(&buf, SIZE_MAX, SIZE_MAX);
    TAP_OK(buf.len == 128, "the longest header");
    cs_buf_free(&buf);
}

static void test_progress(void)
{
    cs_buf buf = cs_buf_make(1000);
    clipsearch_progress p = {
        .found = 2000, .done = 500, .stored = 400, .seconds = 10, .walking_done = true, .path = "x"};
    cs_progress_line(&p, &buf);
    TAP_OK(strcmp(buf.data, "500 of 2,000 pictures, 50.0/s, 30.0 s left") == 0, "plain line: %s", buf.data);
    for (size_t columns = 0; columns < 200; columns++) {
        cs_buf_clear(&buf);
        cs_progress_bar(&p, columns, &buf);
        if (buf.len > (columns ? columns - 1 : 0))
            break;
        if (columns == 199)
            TAP_OK(true, "a bar fits any terminal");
    }
    cs_buf_clear(&buf);
    cs_progress_bar(&p, 80, &buf);
    TAP_OK(strcmp(buf.data, "[########..........................] 500 of 2,000 pictures, 50.0/s, 30.0 s left") == 0,
           "bar in 80 columns: %s", buf.data);
    p.walking_done = false;
    cs_buf_clear(&buf);
    cs_progress_bar(&p, 80, &buf);
    TAP_OK(strcmp(buf.data, "500 pictures, 2,000 found so far, 50.0/s") == 0, "no bar and no time while still looking");
    cs_bytes_progress bytes = {
        .name = "ViT.pt", .done = 30 << 20, .total = 100 << 20, .before = 10 << 20, .seconds = 4};
    cs_buf_clear(&buf);
    cs_progress_bytes_line(&bytes, &buf);
    TAP_OK(strcmp(buf.data, "ViT.pt: 30.0 MiB of 100.0 MiB, 5.0 MiB/s, 14.0 s left") == 0,
           "what was there before is no part of the speed: %s", buf.data);
    bytes = (cs_bytes_progress){.name = "x", .done = 5};
    cs_buf_clear(&buf);
    cs_progress_bytes_line(&bytes, &buf);
    TAP_OK(strcmp(buf.data, "x: 5 bytes, 0 bytes/s") == 0, "of an unknown total at once: %s", buf.data);
    p = (clipsearch_progress){0};
    cs_buf_clear(&buf);
    cs_progress_line(&p, &buf);
    TAP_OK(strcmp(buf.data, "0 pictures, 0 found so far, 0.0/s") == 0, "the very beginning");
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
           "the path is said once");
    cs_bad_files_free(&few);
    cs_bad_files_free(&all);
}

int main(void)
{
    test_nearest();
    test_count();
    test_options();
    test_option_memory();
    test_numbers();
    test_npy();
    test_progress();
    test_bad_files();
    return tap_done();
}
