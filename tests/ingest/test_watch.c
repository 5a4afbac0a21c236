/* SPDX-License-Identifier: MIT
 * test_watch.c - which changes a watch hands out; the table of watched directories; files that are being written. */
#include "base/mem.h"
#include "ingest/watch.h"
#include "ingest/watch_internal.h"
#include "support/folder.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static clipsearch_error err;

/* ---- the table of directories */

static void test_places(void)
{
    enum { MANY = 3000 };
    cs_watch_places places = {0};
    char path[32];
    bool good = true;
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "/d/%d", i);
        good = good && cs_watch_places_add(&places, i * 7 + 1, (size_t)i % 3, path, NULL, &err) == CLIPSEARCH_OK;
    }
    for (int i = 0; i < MANY; i += 2) { /* one more for every second, and one that is there */
        good = good && cs_watch_places_add(&places, i * 7 + 1, 5, "/e", NULL, &err) == CLIPSEARCH_OK &&
               cs_watch_places_add(&places, i * 7 + 1, 5, "/e", NULL, &err) == CLIPSEARCH_OK;
    }
    TAP_OK(good && places.used == MANY + MANY / 2, "%zu places", places.used);
    for (int i = 0; i < MANY; i += 3) {
        const size_t at = cs_watch_places_next(&places, i * 7 + 1, SIZE_MAX);
        good = good && at != SIZE_MAX;
        if (good)
            cs_watch_places_remove(&places, at);
    }
    for (int i = 0; i < MANY; i++) {
        int found = 0;
        for (size_t at = SIZE_MAX; (at = cs_watch_places_next(&places, i * 7 + 1, at)) != SIZE_MAX;)
            found++;
        good = good && found == 1 + (i % 2 == 0) - (i % 3 == 0);
    }
    TAP_OK(good && cs_watch_places_next(&places, 2, SIZE_MAX) == SIZE_MAX, "found after a third was removed");
    const size_t count = places.count;
    for (int i = 0; i < 100; i++)
        good = good && cs_watch_places_add(&places, 100000 + i, 0, "/f", NULL, &err) == CLIPSEARCH_OK;
    TAP_OK(good && places.count == count, "free places are used again");
    cs_watch_places_free(&places);
}

/* ---- the list of files */

static void test_files(void)
{
    cs_watch_files files = {0};
    bool good = true;
    for (int i = 0; i < 20000; i++)
        good = good && cs_watch_files_add(&files, (size_t)i % 2, i % 3 ? "/a" : "/b", i == 7, &err) == CLIPSEARCH_OK;
    TAP_OK(good && files.count < 5000, "repeats do not fill the memory: %zu", files.count);
    cs_watch_files_sort(&files);
    TAP_OK(files.count == 4 && files.files[0].source == 0 && strcmp(files.files[0].path, "/a") == 0 &&
               files.files[2].closed && !files.files[0].closed && files.files[3].source == 1,
           "each once, by source and path");
    cs_watch_files_drop(&files, 0);
    TAP_OK(files.count == 2 && files.files[0].source == 1, "those of one source");
    cs_watch_files_free(&files);
}

static void test_being_written(void)
{
    folder f;
    folder_make(&f);
    folder_write_text(&f, "a.jpg", "x");
    char path[4096];
    snprintf(path, sizeof path, "%s", folder_path(&f, "a.jpg"));
    cs_watch_file file = {.path = path, .closed = true};
    TAP_OK(!cs_file_is_being_written(&file, 1), "nobody writes it");
    const int fd = open(path, O_WRONLY);
    const bool written = cs_file_is_being_written(&file, 1);
    close(fd);
    const int reader = open(path, O_RDONLY);
    TAP_OK(!cs_file_is_being_written(&file, 1), "reading is not writing");
    close(reader);
    file.path = f.path;
    TAP_OK(!cs_file_is_being_written(&file, 1), "nor is a directory");
    snprintf(path, sizeof path, "%s", folder_path(&f, "none"));
    file.path = path;
    TAP_OK(!cs_file_is_being_written(&file, 1), "nor is a file that is gone");
    if (written)
        TAP_OK(true, "somebody writes it");
    else
        tap_skip("somebody writes it", "this file system has no leases");
    folder_remove(&f);
}

/* ---- changes */

typedef struct watched {
    folder f;
    clipsearch_source sources[2];
    clipsearch_watch *watch;
    int calls_left; /* of go_on */
    char notes[1024];
} watched;

static bool go_on(void *context)
{
    watched *w = context;
    return w->calls_left-- > 0;
}

static void note(void *context, const char *line)
{
    watched *w = context;
    snprintf(w->notes, sizeof w->notes, "%s", line);
}

static clipsearch_status open_watch(watched *w, size_t count)
{
    const clipsearch_watch_options options = {
        .settle = 0.05, .longest = 2, .scan = 0.1, .go_on = go_on, .note = note, .context = w};
    return cs_watch_open(w->sources, count, &options, &w->watch, &err);
}

/* What has changed: "source:name,name;" with * for a whole source, "" when nothing did in `calls` seconds. */
static const char *changes_of(watched *w, int calls)
{
    static char text[2048];
    const clipsearch_change *changes;
    size_t count;
    w->calls_left = calls;
    text[0] = '\0';
    clipsearch_status status = cs_watch_wait(w->watch, &changes, &count, &err);
    if (status != CLIPSEARCH_OK)
        return status == CLIPSEARCH_E_CANCELLED ? "" : err.message;
    for (size_t i = 0; i < count; i++) {
        sprintf(text + strlen(text), "%zu:%s", changes[i].source, changes[i].files ? "" : "*");
        for (size_t k = 0; k < changes[i].file_count; k++)
            sprintf(text + strlen(text), "%s%s", k ? "," : "", changes[i].files[k] + strlen(w->f.path) + 1);
        strcat(text, ";");
    }
    return text;
}

#define CHANGES(w, expected, what)                                                                                     \
    do {                                                                                                               \
        const char *got = changes_of(w, expected[0] ? 20 : 2);                                                         \
        TAP_OK(strcmp(got, expected) == 0, "%s: %s", what, got);                                                       \
    } while (0)

static void test_changes(void)
{
    static watched w;
    folder_make(&w.f);
    folder_write_text(&w.f, "a/one.jpg", "x");
    folder_write_text(&w.f, "b/old.jpg", "x");
    char a[4096], b[4096], from[4096], to[4096];
    snprintf(a, sizeof a, "%s", folder_path(&w.f, "a"));
    snprintf(b, sizeof b, "%s", folder_path(&w.f, "b"));
    for (int i = 0; i < 2; i++)
        clipsearch_source_init(&w.sources[i]);
    static const char *const exclude[] = {"out"};
    w.sources[0].path = a;
    w.sources[0].exclude = exclude;
    w.sources[0].exclude_count = 1;
    w.sources[1].path = b;
    TAP_OK(open_watch(&w, 2) == CLIPSEARCH_OK, "open: %s", w.notes);
    folder_write_text(&w.f, "a/two.jpg", "x");
    folder_write_text(&w.f, "b/three.JPG", "x");
    folder_write_text(&w.f, "b/notes.txt", "x");
    folder_write_text(&w.f, "b/.hidden.jpg", "x");
    CHANGES(&w, "0:a/two.jpg;1:b/three.JPG;", "new files");
    folder_write_text(&w.f, "a/new/deep/x.jpg", "x");
    folder_write_text(&w.f, "a/out/y.jpg", "x");
    CHANGES(&w, "0:a/new/deep/x.jpg;", "new directories, but not one that is left out");
    folder_write_text(&w.f, "a/new/deep/z.jpg", "x");
    CHANGES(&w, "0:a/new/deep/z.jpg;", "which are watched too");
    snprintf(from, sizeof from, "%s", folder_path(&w.f, "a/two.jpg"));
    snprintf(to, sizeof to, "%s", folder_path(&w.f, "b/two.jpg"));
    rename(from, to);
    CHANGES(&w, "0:*;1:b/two.jpg;", "a file moved from one source to the other");
    rename(to, folder_path(&w.f, "b/2.jpg"));
    CHANGES(&w, "1:b/2.jpg;", "a file moved in a source");
    rename(folder_path(&w.f, "b/2.jpg"), to);
    CHANGES(&w, "1:b/two.jpg;", "and back");
    unlink(to);
    CHANGES(&w, "1:*;", "a file that was removed");
    snprintf(from, sizeof from, "%s", folder_path(&w.f, "a/new"));
    snprintf(to, sizeof to, "%s", folder_path(&w.f, "b/newer"));
    rename(from, to);
    CHANGES(&w, "0:*;1:b/newer/deep/x.jpg,b/newer/deep/z.jpg;", "a directory moved to the other");
    folder_write_text(&w.f, "b/newer/deep/w.jpg", "x");
    CHANGES(&w, "1:b/newer/deep/w.jpg;", "is watched where it is now");
    unlink(folder_path(&w.f, "b/notes.txt"));
    rename(b, from);
    CHANGES(&w,
            "0:a/new/newer/deep/w.jpg,a/new/newer/deep/x.jpg,a/new/newer/deep/z.jpg,a/new/old.jpg,a/new/three.JPG;1:*;",
            "a source that was moved into the other");
    mkdir(b, 0700);
    folder_write_text(&w.f, "b/again.jpg", "x");
    CHANGES(&w, "1:*;", "and came back");
    folder_write_text(&w.f, "b/more.jpg", "x");
    CHANGES(&w, "1:b/more.jpg;", "is watched again");
    CHANGES(&w, "", "nothing more");
    cs_watch_close(&w.watch);
    TAP_OK(!w.watch, "closed");
    folder_remove(&w.f);
}

/* A rename alone hands out the new name. With anything else at the same time the source is read whole: the old name may
 * be one of the changes, or the content another one than that of the item. */
static void test_renames(void)
{
    static watched w;
    folder_make(&w.f);
    folder_write_text(&w.f, "one.jpg", "x");
    clipsearch_source_init(&w.sources[0]);
    w.sources[0].path = w.f.path;
    TAP_OK(open_watch(&w, 1) == CLIPSEARCH_OK, "open: %s", w.notes);
    char one[4096], two[4096], three[4096];
    snprintf(one, sizeof one, "%s", folder_path(&w.f, "one.jpg"));
    snprintf(two, sizeof two, "%s", folder_path(&w.f, "two.jpg"));
    snprintf(three, sizeof three, "%s", folder_path(&w.f, "three.jpg"));
    rename(one, two);
    CHANGES(&w, "0:two.jpg;", "renamed");
    rename(two, three);
    rename(three, one);
    CHANGES(&w, "0:*;", "renamed twice");
    folder_write_text(&w.f, "one.jpg", "y");
    rename(one, two);
    CHANGES(&w, "0:*;", "written, then renamed");
    rename(two, one);
    folder_write_text(&w.f, "one.jpg", "z");
    CHANGES(&w, "0:*;", "renamed, then written");
    rename(one, two);
    CHANGES(&w, "0:two.jpg;", "renamed alone again");
    cs_watch_close(&w.watch);
    folder_remove(&w.f);
}

/* A file of XMP hands out its image, if that is one of the source. */
static void test_sidecars(void)
{
    static watched w;
    folder_make(&w.f);
    folder_write_text(&w.f, "a/one.jpg", "x");
    folder_write_text(&w.f, "a/film.mp4", "x");
    folder_write_text(&w.f, "a/out.jpg", "x");
    folder_write_text(&w.f, "b/two.jpg", "x");
    folder_write_text(&w.f, "b/three.jpg", "x");
    char a[4096], two[4096];
    snprintf(a, sizeof a, "%s", folder_path(&w.f, "a"));
    snprintf(two, sizeof two, "%s", folder_path(&w.f, "b/two.jpg"));
    static const char *const exclude[] = {"out.*"};
    for (int i = 0; i < 2; i++)
        clipsearch_source_init(&w.sources[i]);
    w.sources[0].path = a;
    w.sources[0].exclude = exclude;
    w.sources[0].exclude_count = 1;
    w.sources[1].path = two;
    TAP_OK(open_watch(&w, 2) == CLIPSEARCH_OK, "open: %s", w.notes);
    folder_write_text(&w.f, "a/one.jpg.xmp", "x");
    CHANGES(&w, "0:a/one.jpg;", "of an image");
    folder_write_text(&w.f, "a/one.xmp", "x");
    CHANGES(&w, "0:*;", "of an image with any suffix");
    folder_write_text(&w.f, "a/film.mp4.xmp", "x");
    folder_write_text(&w.f, "a/out.jpg.xmp", "x");
    folder_write_text(&w.f, "b/three.jpg.xmp", "x");
    CHANGES(&w, "", "of a film, and of images that are not in the source");
    folder_write_text(&w.f, "b/two.jpg.xmp", "x");
    CHANGES(&w, "1:b/two.jpg;", "of a source that is one file");
    folder_write_text(&w.f, "b/two.xmp", "x");
    CHANGES(&w, "1:b/two.jpg;", "under the other name");
    cs_watch_close(&w.watch);
    folder_remove(&w.f);
}

/* A file that is open for writing is not handed out, whatever else happens. */
static void test_slow_writer(void)
{
    static watched w;
    folder_make(&w.f);
    clipsearch_source_init(&w.sources[0]);
    w.sources[0].path = w.f.path;
    open_watch(&w, 1);
    const int fd = open(folder_path(&w.f, "slow.jpg"), O_WRONLY | O_CREAT, 0600);
    const bool half = write(fd, "half", 4) == 4;
    folder_write_text(&w.f, "quick.jpg", "x");
    const char *first = changes_of(&w, 20);
    const bool kept = strcmp(first, "0:quick.jpg;") == 0;
    close(fd);
    if (kept)
        CHANGES(&w, "0:slow.jpg;", "when it is closed");
    else
        tap_skip("a file that is being written", "this file system has no leases");
    TAP_OK(half, "another file meanwhile: %s", first);
    cs_watch_close(&w.watch);
    folder_remove(&w.f);
}

static void test_refused(void)
{
    static watched w;
    static const char *const files[] = {"a"};
    clipsearch_source_init(&w.sources[0]);
    w.sources[0].path = ".";
    w.sources[0].files = files;
    w.sources[0].file_count = 1;
    TAP_OK(open_watch(&w, 1) == CLIPSEARCH_E_ARGUMENT && !w.watch, "a list of files: %s", err.message);
    clipsearch_watch_options options = {.settle = 2, .longest = 1, .scan = 1};
    TAP_OK(cs_watch_open(NULL, 0, &options, &w.watch, &err) == CLIPSEARCH_E_ARGUMENT, "times: %s", err.message);
}

static void test_memory(void)
{
    static watched w;
    folder_make(&w.f);
    for (int i = 0; i < 30; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d/%d/x.jpg", i % 4, i);
        folder_write_text(&w.f, name, "x");
    }
    clipsearch_source_init(&w.sources[0]);
    w.sources[0].path = w.f.path;
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    bool all = true;
    uint64_t n = 0;
    while (status != CLIPSEARCH_OK && ++n < 1000) {
        cs_mem_fail_at(n);
        status = open_watch(&w, 1);
        all = all && (status == CLIPSEARCH_OK) == (w.watch != NULL);
        cs_watch_close(&w.watch);
    }
    cs_mem_fail_at(0);
    TAP_OK(all && n > 10 && n < 1000, "each of %d allocations may fail", (int)n - 1);
    folder_remove(&w.f);
}

int main(void)
{
    test_places();
    test_files();
    test_being_written();
    test_changes();
    test_renames();
    test_sidecars();
    test_slow_writer();
    test_refused();
    test_memory();
    return tap_done();
}
