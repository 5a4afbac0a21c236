/* SPDX-License-Identifier: MIT
 * test_machine_errors.c - open, stat, readdir, read and their like fail, once or for ever: an image is left out only
 * after further tries, by name and counted. The linker puts our functions before those (--wrap). */
#include "support/gallery.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FDS = 1024 };

typedef enum call_kind { OPEN, FSTAT, STAT, LSTAT, OPENDIR, READDIR, READ, OPERATIONS } call_kind;
static const char *const names[] = {"open", "fstat", "stat", "lstat", "fdopendir", "readdir", "read"};

/* What fails: calls for files whose path ends in `ending`. */
static struct {
    const char *ending; /* NULL: nothing fails */
    call_kind kind;
    int error;
    atomic_int skip, left; /* calls that still go through; then calls that fail */
    atomic_int failed;
} fault;

static atomic_bool ours[MOST_FDS]; /* descriptors of such files */

static bool fails(call_kind kind, bool own)
{
    if (!own || fault.kind != kind || atomic_fetch_sub(&fault.skip, 1) > 0 || atomic_fetch_sub(&fault.left, 1) <= 0)
        return false;
    atomic_fetch_add(&fault.failed, 1);
    errno = fault.error;
    return true;
}

static bool is_ours(const char *path)
{
    size_t n = strlen(path), m = fault.ending ? strlen(fault.ending) : 0;
    return fault.ending && n >= m && strcmp(path + n - m, fault.ending) == 0;
}

static bool is_our_fd(int fd)
{
    return fd >= 0 && fd < MOST_FDS && atomic_load(&ours[fd]);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st);
int __real_stat64(const char *path, struct stat *st);
int __wrap_stat64(const char *path, struct stat *st);
int __real_lstat64(const char *path, struct stat *st);
int __wrap_lstat64(const char *path, struct stat *st);
DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
struct dirent *__real_readdir64(DIR *dir);
struct dirent *__wrap_readdir64(DIR *dir);
ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);

int __wrap_open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (fails(OPEN, is_ours(path)))
        return -1;
    int fd = __real_open64(path, flags, mode);
    if (fd >= 0 && fd < MOST_FDS)
        atomic_store(&ours[fd], is_ours(path));
    return fd;
}

int __wrap_fstat64(int fd, struct stat *st)
{
    return fails(FSTAT, is_our_fd(fd)) ? -1 : __real_fstat64(fd, st);
}

int __wrap_stat64(const char *path, struct stat *st)
{
    return fails(STAT, is_ours(path)) ? -1 : __real_stat64(path, st);
}

int __wrap_lstat64(const char *path, struct stat *st)
{
    return fails(LSTAT, is_ours(path)) ? -1 : __real_lstat64(path, st);
}

DIR *__wrap_fdopendir(int fd)
{
    return fails(OPENDIR, is_our_fd(fd)) ? NULL : __real_fdopendir(fd);
}

/* It also forgets the kinds of entries, as some file systems never tell them, when lstat is what shall fail. */
struct dirent *__wrap_readdir64(DIR *dir)
{
    if (fails(READDIR, is_our_fd(dirfd(dir))))
        return NULL;
    struct dirent *entry = __real_readdir64(dir);
    if (entry && fault.ending && fault.kind == LSTAT)
        entry->d_type = DT_UNKNOWN;
    return entry;
}

ssize_t __wrap_read(int fd, void *data, size_t size)
{
    return fails(READ, is_our_fd(fd)) ? -1 : __real_read(fd, data, size);
}

/* Ingest with `times` failures of `op` behind the first `skip` calls of it. */
static clipsearch_status ingest(gallery *g, const clipsearch_ingest_options *options, const char *ending,
                                call_kind kind, int error, int skip, int times)
{
    fault.ending = ending;
    fault.kind = kind;
    fault.error = error;
    atomic_store(&fault.skip, skip);
    atomic_store(&fault.left, times);
    atomic_store(&fault.failed, 0);
    clipsearch_status status = gallery_ingest(g, options);
    fault.ending = NULL;
    return status;
}

static void start_anew(gallery *g)
{
    clipsearch_collection_close(&g->collection);
    if (clipsearch_collection_drop(g->db, "photos", &g->err) != CLIPSEARCH_OK ||
        clipsearch_collection_ensure(g->db, "photos", g->encoder, CLIPSEARCH_COSINE, &g->collection, &g->err) !=
            CLIPSEARCH_OK)
        TAP_OK(false, "dropped and made anew: %s", g->err.message);
}

/* Four images, one of them seen through a link to a directory. */
static clipsearch_ingest_options fill(const gallery *g, clipsearch_source *source)
{
    gallery_image(g, "a.png", 1);
    gallery_image(g, "d/b.png", 2);
    gallery_image(g, "d/c.png", 3);
    folder_write_text(&g->elsewhere, "far/readme.txt", "no image");
    folder_copy(&g->elsewhere, "far/x.png", folder_path(&g->images, "a.png"));
    if (symlink(folder_path(&g->elsewhere, "far"), folder_path(&g->images, "far")) != 0)
        TAP_OK(false, "a link");
    clipsearch_ingest_options options = gallery_options(g, source);
    source->follow_symlinks = true;
    return options;
}

/* Each call of each operation fails once, or twice, with each error: nothing is left out. */
static void test_once(void)
{
    static const char *const endings[] = {".png", "/d", "/far"};
    static const int errors[] = {EIO, EINTR, EMFILE, ENOMEM};
    gallery g;
    gallery_open(&g, false);
    clipsearch_source source;
    clipsearch_ingest_options options = fill(&g, &source);
    for (call_kind op = OPEN; op < OPERATIONS; op++) {
        bool all = true;
        int runs = 0;
        for (size_t place = 0; place < 3; place++)
            for (int call = 0; call < 40; call += TAP_SLOW ? 3 : 1) { /* a sanitizer sees a third of them */
                int times = 1 + call % 2;
                start_anew(&g);
                clipsearch_status status =
                    ingest(&g, &options, endings[place], op, errors[(size_t)call % 4], call, times);
                if (atomic_load(&fault.failed) == 0)
                    break; /* there are no more calls */
                runs++;
                /* read begins again after EINTR by itself */
                all = all && status == CLIPSEARCH_OK && gallery_report_is(&g, 4, 3, 0, 0, 0, 1, 0, 0, 0) &&
                      g.report.unreadable == 0 && gallery_count(&g) == 4;
            }
        TAP_OK(all && runs > 0, "%s fails once or twice, in %d places: all four images are stored: %s %s", names[op],
               runs, gallery_report_text(&g), g.bad);
    }
    gallery_close(&g);
}

/* What fails for ever is skipped, named and counted; it is not pruned and keeps its row. */
static void expect_skipped(gallery *g, const clipsearch_ingest_options *options, const char *ending, call_kind op,
                           int error, const char *bad, int unreadable)
{
    clipsearch_status status = ingest(g, options, ending, op, error, 0, 1 << 30);
    TAP_OK(status == CLIPSEARCH_OK && strcmp(g->bad_names, bad) == 0 && g->report.skipped == 1 &&
               g->report.unreadable == (uint64_t)unreadable && g->report.pruned == 0 && gallery_count(g) == 4,
           "%s of *%s fails for ever with %s: %s", names[op], ending, strerror(error), g->bad);
}

static void touch(const gallery *g, const char *name, time_t seconds)
{
    struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
    utimensat(AT_FDCWD, folder_path(&g->images, name), times, 0);
}

static void test_for_ever(void)
{
    gallery g;
    gallery_open(&g, false);
    clipsearch_source source;
    clipsearch_ingest_options options = fill(&g, &source);
    options.prune = true;
    ingest(&g, &options, NULL, OPEN, 0, 0, 0);
    TAP_OK(gallery_count(&g) == 4, "four items");
    for (call_kind op = OPEN; op < OPERATIONS; op++) {
        if (op == LSTAT || op == OPENDIR || op == READDIR)
            continue;
        touch(&g, "d/c.png", 1000 + op);
        expect_skipped(&g, &options, "/c.png", op, EIO, "c.png;", 1);
    }
    touch(&g, "d/c.png", 2000);
    expect_skipped(&g, &options, "/c.png", OPEN, EACCES, "c.png;", 0);
    touch(&g, "d/c.png", 3000);
    expect_skipped(&g, &options, "/c.png", STAT, ENOENT, "c.png;", 0);
    expect_skipped(&g, &options, "/d", OPEN, EMFILE, "d;", 1);
    expect_skipped(&g, &options, "/d", FSTAT, EIO, "d;", 1);
    expect_skipped(&g, &options, "/d", OPENDIR, ENOMEM, "d;", 1);
    expect_skipped(&g, &options, "/d", READDIR, EIO, "d;", 1);
    expect_skipped(&g, &options, "/far", STAT, EIO, "far;", 1);
    expect_skipped(&g, &options, "/far", LSTAT, EIO, "far;", 1);
    expect_skipped(&g, &options, "/d", OPEN, EACCES, "d;", 0);
    options.on_bad = CLIPSEARCH_STOP_AT_BAD;
    touch(&g, "d/c.png", 4000);
    clipsearch_status status = ingest(&g, &options, "/c.png", READ, EIO, 0, 1 << 30);
    TAP_OK(status == CLIPSEARCH_E_IO && g.report.unreadable == 1, "or it ends the run where that is asked for: %s",
           g.err.message);
    status = ingest(&g, &options, g.images.path, OPEN, EIO, 0, 1 << 30);
    TAP_OK(status == CLIPSEARCH_E_IO && g.err.system_error == EIO && gallery_count(&g) == 4,
           "the source itself cannot be read: %s", g.err.message);
    gallery_close(&g);
}

/* On a dead disk every file fails: no more than a few hundred tries are waited for. */
static void test_dead_disk(void)
{
    enum { FILES = 400 };
    gallery g;
    gallery_open(&g, false);
    char name[32];
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%03d.png", i);
        folder_write_text(&g.images, name, "x");
    }
    ingest(&g, NULL, ".png", READ, EIO, 0, 1 << 30);
    int calls = atomic_load(&fault.failed);
    TAP_OK(g.report.skipped == FILES && g.report.unreadable == FILES && calls > FILES && calls < FILES + 300,
           "%d files, %d reads that failed", FILES, calls);
    gallery_close(&g);
}

int main(void)
{
    test_once();
    test_for_ever();
    test_dead_disk();
    return tap_done();
}
