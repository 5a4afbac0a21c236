/* SPDX-License-Identifier: MIT
 * test_base.c - buffers, files, errors, the thread pool. */
#include "base/buf.h"
#include "base/consistency.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/name_list.h"
#include "base/pool.h"
#include "base/replace.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_buf(void)
{
    cs_buf buf = cs_buf_make(10);
    TAP_OK(cs_buf_puts(&buf, "hello") && buf.len == 5 && strcmp(buf.data, "hello") == 0, "puts");
    TAP_OK(cs_buf_printf(&buf, "%d", 12345) && strcmp(buf.data, "hello12345") == 0, "printf fills to the maximum");
    TAP_OK(!cs_buf_putc(&buf, 'x') && buf.failed, "one more byte is refused and latched");
    cs_buf_clear(&buf);
    TAP_OK(cs_buf_puts(&buf, "again") && !buf.failed, "clear unlatches");
    char *text = cs_buf_detach(&buf);
    TAP_OK(text && strcmp(text, "again") == 0 && buf.data == NULL, "take hands the text over");
    cs_free(text);
    text = cs_buf_detach(&buf);
    TAP_OK(text && text[0] == '\0', "taking an empty buffer gives an empty string");
    cs_free(text);
    cs_mem_fail_at(1);
    TAP_OK(!cs_buf_puts(&buf, "x") && buf.failed, "a failed allocation latches");
    cs_buf_free(&buf);
    cs_buf many = cs_buf_make(100000);
    uint64_t before = cs_mem_count();
    for (int i = 0; i < 100000; i++)
        cs_buf_putc(&many, 'x');
    TAP_OK(many.len == 100000 && cs_mem_count() - before < 20, "growing byte by byte doubles (%d allocations)",
           (int)(cs_mem_count() - before));
    cs_buf_free(&many);
}

static void test_mem(void)
{
    TAP_OK(cs_alloc_array(SIZE_MAX / 2, 3) == NULL, "count * size overflow gives NULL");
    void *block = cs_alloc_aligned(3, 5);
    TAP_OK(block && (uintptr_t)block % 64 == 0, "aligned blocks are");
    cs_free(block);
    uint64_t before = cs_mem_count();
    cs_mem_fail_at(2);
    void *first = cs_alloc_array(1, 1), *second = cs_zalloc_array(1, 1), *third = cs_alloc_array(1, 1);
    TAP_OK(first && !second && third, "exactly the chosen allocation fails");
    TAP_OK(cs_mem_count() - before == 3, "allocations are counted");
    cs_free(first);
    cs_free(third);
}

static void test_grow(void)
{
    size_t capacity = 0, moves = 0;
    uint32_t *numbers = NULL;
    bool room = true;
    for (uint32_t i = 0; i < 100000; i++) {
        size_t before = capacity;
        uint32_t *larger = cs_grow(numbers, &capacity, i + 1, sizeof *numbers);
        if (!larger)
            break;
        numbers = larger;
        moves += capacity != before;
        room = room && capacity > i;
        numbers[i] = i;
    }
    bool kept = true;
    for (uint32_t i = 0; i < 100000; i++)
        kept = kept && numbers[i] == i;
    TAP_OK(room && kept && moves < 20, "an array grows one by one to 100,000, moved %zu times, and keeps its numbers",
           moves);
    size_t many = capacity + 12345;
    numbers = cs_grow(numbers, &capacity, many * 4, sizeof *numbers);
    TAP_OK(numbers && capacity == many * 4 && numbers[99999] == 99999, "many at once are given exactly");
    cs_mem_fail_at(1);
    size_t before = capacity;
    void *none = cs_grow(numbers, &capacity, capacity + 1, sizeof *numbers);
    cs_mem_fail_at(0);
    TAP_OK(!none && capacity == before && numbers[99999] == 99999, "out of memory leaves it as it was");
    TAP_OK(!cs_grow(numbers, &capacity, SIZE_MAX / 2, sizeof *numbers) && capacity == before,
           "so does a size that overflows");
    cs_free(numbers);
    size_t huge = SIZE_MAX - 1;
    TAP_OK(!cs_grow(&moves, &huge, SIZE_MAX, 2) && huge == SIZE_MAX - 1, "so does a capacity that cannot double");
}

static void test_error(void)
{
    clipsearch_error err;
    TAP_OK(cs_fail(&err, CLIPSEARCH_E_IO, "%s: no", "file") == CLIPSEARCH_E_IO && err.code == CLIPSEARCH_E_IO &&
               strcmp(err.message, "file: no") == 0,
           "fail fills and returns");
    TAP_OK(cs_fail(NULL, CLIPSEARCH_E_IO, "x") == CLIPSEARCH_E_IO, "a NULL error is allowed");
    if (tap_set_comma_locale()) {
        cs_fail(&err, CLIPSEARCH_E_IO, "%g", 1.5);
        TAP_OK(strcmp(err.message, "1.5") == 0, "a decimal point in every locale: %s", err.message);
        setlocale(LC_ALL, "C");
    } else {
        tap_skip("a decimal point in every locale", TAP_NO_COMMA);
    }
    cs_fail_errno(&err, CLIPSEARCH_E_IO, ENOENT, "file");
    TAP_OK(strcmp(err.message, "file: No such file or directory") == 0, "the system's words: %s", err.message);
    char longer[2000];
    for (size_t i = 0; i + 3 < sizeof longer; i += 3)
        memcpy(longer + i, "\xE2\x82\xAC", 4);
    cs_fail(&err, CLIPSEARCH_E_IO, "x%s", longer);
    size_t n = strlen(err.message);
    TAP_OK(n > 1015 && n <= 1023 && (n - 4) % 3 == 0 && strstr(err.message, "\xAC...\xE2"),
           "a long message is cut between characters (%zu bytes)", n);
    cs_fail_errno(&err, CLIPSEARCH_E_IO, ENOENT, "x%s", longer);
    TAP_OK(strlen(err.message) <= 1023 && err.message[0] == 'x' && strstr(err.message, "...") &&
               strstr(err.message, ": No such file or directory"),
           "in the middle, so that the reason stays");
}

static void test_names(void)
{
    static const char *const names[] = {"exact", "fast", NULL}, *const more[] = {"f32", "f16", "bf16", NULL};
    cs_buf buf = cs_buf_make(100);
    cs_put_names(&buf, names);
    cs_buf_puts(&buf, "; ");
    cs_put_names(&buf, more);
    TAP_OK(strcmp(buf.data, "exact or fast; f32, f16 or bf16") == 0, "names in a sentence: %s", buf.data);
    cs_buf_free(&buf);
    TAP_OK(cs_name_index("fast", names) == 1 && cs_name_index("faster", names) == 2 && cs_name_count(more) == 3,
           "a name's place in a list, and how many there are");
    TAP_OK(cs_consistency_of("strong") == 0 && cs_consistency_of("bounded") == 2 &&
               cs_consistency_of("eventually") == 3 && cs_consistency_of(NULL) == 2,
           "consistency levels by Milvus's numbers");
}

static void test_variables(void)
{
    static const char *const names[] = {"exact", "fast", NULL};
    const char *value = "";
    clipsearch_error err;
    unsetenv("CLIPSEARCH_TEST");
    TAP_OK(!cs_variable("CLIPSEARCH_TEST") &&
               cs_variable_choice("CLIPSEARCH_TEST", names, &value, &err) == CLIPSEARCH_OK && !value,
           "a variable that is not set");
    setenv("CLIPSEARCH_TEST", "", 1);
    TAP_OK(!cs_variable("CLIPSEARCH_TEST") &&
               cs_variable_choice("CLIPSEARCH_TEST", names, &value, &err) == CLIPSEARCH_OK && !value,
           "an empty one counts as not set");
    setenv("CLIPSEARCH_TEST", "fast", 1);
    TAP_OK(cs_variable_choice("CLIPSEARCH_TEST", names, &value, &err) == CLIPSEARCH_OK && strcmp(value, "fast") == 0,
           "a variable with one of the names");
    setenv("CLIPSEARCH_TEST", "quick", 1);
    TAP_OK(cs_variable_choice("CLIPSEARCH_TEST", names, &value, &err) == CLIPSEARCH_E_ARGUMENT &&
               strcmp(err.message, "the environment variable CLIPSEARCH_TEST must be exact or fast, not \"quick\"") ==
                   0,
           "and with another: %s", err.message);
    unsetenv("CLIPSEARCH_TEST");
}

static bool is_absolute(const char *path, const char *expected)
{
    char *absolute = NULL;
    clipsearch_error err;
    const bool same = cs_path_make_absolute(path, &absolute, &err) == CLIPSEARCH_OK && strcmp(absolute, expected) == 0;
    if (!same)
        tap_note("%s: %s", path, absolute ? absolute : err.message);
    cs_free(absolute);
    return same;
}

static void test_absolute(void)
{
    char directory[] = "/tmp/clipsearch-test-XXXXXX", expected[64];
    char *before = getcwd(NULL, 0);
    TAP_OK(before && mkdtemp(directory) && chdir(directory) == 0 && mkdir("real", 0700) == 0 &&
               mkdir("real/below", 0700) == 0 && symlink("real/below", "link") == 0,
           "directories and a link");
    snprintf(expected, sizeof expected, "%s/link/x..y", directory);
    TAP_OK(is_absolute("link/x..y", expected) && is_absolute("real/../link/x..y", expected) &&
               is_absolute("/a/b", "/a/b") && is_absolute("/no such/../b", "/no such/../b"),
           "an absolute path: links stay");
    snprintf(expected, sizeof expected, "%s/real/x", directory);
    TAP_OK(is_absolute("link/../x", expected) && is_absolute("real/below/..//x", expected), "and .. is followed");
    TAP_OK(chdir("real/below") == 0 && is_absolute("../x", expected), "from a directory below");
    TAP_OK(before && chdir(before) == 0, "and back");
    free(before);
    unlink(strcat(strcpy(expected, directory), "/link"));
    rmdir(strcat(strcpy(expected, directory), "/real/below"));
    rmdir(strcat(strcpy(expected, directory), "/real"));
    rmdir(directory);
}

static void test_file(void)
{
    char directory[] = "/tmp/clipsearch-test-XXXXXX";
    if (!TAP_OK(mkdtemp(directory) != NULL, "temporary directory"))
        return;
    clipsearch_error err;
    char *path = cs_path_join(directory, "a");
    TAP_OK(cs_replace_file(path, "one", 3, &err) == CLIPSEARCH_OK, "write");
    TAP_OK(cs_replace_file(path, "three", 5, &err) == CLIPSEARCH_OK, "replace");
    cs_buf buf = cs_buf_make(5);
    cs_file_info info;
    TAP_OK(cs_file_read(path, &buf, &info, &err) == CLIPSEARCH_OK && buf.len == 5 && info.size == 5 &&
               memcmp(buf.data, "three", 5) == 0,
           "read back");
    cs_buf small = cs_buf_make(4);
    TAP_OK(cs_file_read(path, &small, NULL, &err) == CLIPSEARCH_E_LIMIT, "over the limit: %s", err.message);
    TAP_OK(cs_file_read(directory, &buf, NULL, &err) == CLIPSEARCH_E_IO, "a directory is no file: %s", err.message);
    cs_map map;
    TAP_OK(cs_map_open(path, &map, &err) == CLIPSEARCH_OK && map.size == 5 && map.data[0] == 't', "map");
    cs_map_close(&map);
    TAP_OK(cs_replace_file(path, "", 0, &err) == CLIPSEARCH_OK && cs_map_open(path, &map, &err) == CLIPSEARCH_OK &&
               map.size == 0 && map.data != NULL,
           "map of an empty file");
    cs_map_close(&map);
    unlink(path);
    TAP_OK(cs_map_open(path, &map, &err) == CLIPSEARCH_E_NOT_FOUND && strstr(err.message, path), "missing: %s",
           err.message);
    char *nowhere = cs_path_join(directory, "no/where");
    TAP_OK(cs_replace_file(nowhere, "x", 1, &err) == CLIPSEARCH_E_IO, "unwritable: %s", err.message);
    cs_free(nowhere);
    cs_replacement replacement;
    TAP_OK(cs_replacement_open(path, &replacement, &err) == CLIPSEARCH_OK && write(replacement.fd, "half", 4) == 4,
           "begin to replace");
    cs_replacement_drop(&replacement);
    TAP_OK(access(path, F_OK) != 0, "given up: nothing is there");
    TAP_OK(mkfifo(path, 0600) == 0, "a pipe");
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    char got[4] = "";
    struct stat st;
    TAP_OK(cs_replace_file(path, "abc", 3, &err) == CLIPSEARCH_OK && read(reader, got, 3) == 3 &&
               strcmp(got, "abc") == 0 && stat(path, &st) == 0 && S_ISFIFO(st.st_mode),
           "what is no regular file is written, not replaced");
    close(reader);
    unlink(path);
    cs_free(path);
    cs_buf_free(&buf);
    cs_buf_free(&small);
    TAP_OK(rmdir(directory) == 0, "no temporary file remains");
}

static void mark(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    ((unsigned char *)context)[piece]++;
}

static void test_pool(void)
{
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        cs_pool *pool;
        clipsearch_error err;
        if (!TAP_OK(cs_pool_open(threads, &pool, &err) == CLIPSEARCH_OK, "pool of %u", threads))
            continue;
        bool all = true;
        static unsigned char seen[1000];
        uint64_t before = cs_mem_count();
        for (size_t pieces = 0; pieces <= 1000; pieces += pieces < 10 ? 1 : 90) {
            memset(seen, 0, sizeof seen);
            cs_pool_run(pool, pieces, mark, seen);
            for (size_t i = 0; i < sizeof seen; i++)
                all = all && seen[i] == (i < pieces);
        }
        TAP_OK(all, "%u threads: each piece done exactly once", threads);
        TAP_OK(cs_mem_count() == before, "%u threads: a run allocates nothing", threads);
        cs_pool_close(&pool);
    }
}

int main(void)
{
    test_buf();
    test_mem();
    test_grow();
    test_error();
    test_names();
    test_variables();
    test_absolute();
    test_file();
    test_pool();
    return tap_done();
}
