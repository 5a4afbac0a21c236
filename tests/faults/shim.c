/* SPDX-License-Identifier: MIT
 * shim.c - a library to preload: it makes one call of the system fail, and records what is written to files.
 *
 * CLIPSEARCH_FAULT=KIND:N:ERRNO[:ever]
 *     The N-th call of KIND from the start of main fails with the number ERRNO, once, or with every call after it. KIND
 *     is a name of `kinds` below.
 * CLIPSEARCH_FAULT_COUNTS=FILE
 *     At exit, a line "KIND COUNT" for each kind, and "slept MILLISECONDS": while a call is to fail, sleeping takes no
 *     time and is only added up.
 * CLIPSEARCH_RECORD=FILE CLIPSEARCH_RECORD_BELOW=DIRECTORY/
 *     Every change of a file below DIRECTORY is appended to FILE, with its data, in the form that test_power_loss.py
 *     reads.
 *
 * Calls that glibc makes itself (in stdio, malloc, the dynamic linker) do not come by here. Calls before
 * main are not counted: they are of libraries that start themselves. */
#undef _FILE_OFFSET_BITS /* with it the headers would turn the names below into those that end in 64 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { MALLOC, READ, WRITE, SYNC, OPEN, MAP, LOCK, RENAME, TRUNCATE, KINDS };

static const char *const kinds[KINDS] = {"malloc", "read", "write",  "sync",    "open",
                                         "mmap",   "lock", "rename", "truncate"};

static atomic_ulong counts[KINDS];
static atomic_bool armed;
static enum kind failing = KINDS;
static unsigned long failing_from, failing_to;
static int failing_errno;

/* Counts a call; true, with errno set, when it is to fail. */
static bool fails(enum kind kind)
{
    if (!atomic_load_explicit(&armed, memory_order_relaxed))
        return false;
    const unsigned long n = atomic_fetch_add(&counts[kind], 1) + 1;
    if (kind != failing || n < failing_from || n > failing_to)
        return false;
    errno = failing_errno;
    return true;
}

/* ---- memory: glibc's own functions under the names that it keeps for this */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    return fails(MALLOC) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(MALLOC) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails(MALLOC) ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(MALLOC) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (fails(MALLOC))
        return ENOMEM;
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

/* ---- the real functions */

#define REAL(result, name, ...)                                                                                        \
    static result (*real_##name)(__VA_ARGS__);                                                                         \
    __attribute__((constructor)) static void find_##name(void)                                                         \
    {                                                                                                                  \
        void *found = dlsym(RTLD_NEXT, #name);                                                                         \
        memcpy(&real_##name, &found, sizeof found);                                                                    \
    }

REAL(ssize_t, read, int, void *, size_t)
REAL(ssize_t, pread, int, void *, size_t, off_t)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(int, fsync, int)
REAL(int, fdatasync, int)
REAL(int, open, const char *, int, ...)
REAL(int, openat, int, const char *, int, ...)
REAL(void *, mmap, void *, size_t, int, int, int, off_t)
REAL(int, fcntl, int, int, ...)
REAL(int, flock, int, int)
REAL(int, rename, const char *, const char *)
REAL(int, ftruncate, int, off_t)
REAL(int, unlink, const char *)
REAL(int, usleep, useconds_t)
REAL(int, nanosleep, const struct timespec *, struct timespec *)
REAL(int, unlinkat, int, const char *, int)

/* ---- the recording */

static int record_fd = -1;
static char below[PATH_MAX];
static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;

/* What an open descriptor is: the inode of a file below the directory, 0 for anything else. */
static ino_t inode_of(int fd)
{
    char link[64], path[PATH_MAX];
    struct stat st;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0 || fstat(fd, &st) != 0)
        return 0;
    path[n] = '\0';
    if (!strncmp(path, below, strlen(below)))
        return st.st_ino;
    path[n] = '/'; /* the directory itself, when it is synced */
    return (size_t)n + 1 == strlen(below) && !strncmp(path, below, (size_t)n + 1) ? st.st_ino : 0;
}

/* One record: a line of words, the last of which is the number of bytes behind it. */
__attribute__((format(printf, 3, 4))) static void put_record(const void *data, size_t size, const char *format, ...)
{
    char line[2 * PATH_MAX + 100];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 30, format, args);
    va_end(args);
    n += snprintf(line + n, 30, " %zu\n", size);
    if (real_write(record_fd, line, (size_t)n) != n || (size && real_write(record_fd, data, size) != (ssize_t)size))
        abort(); /* a recording with a gap would prove nothing */
}

#define RECORDING() (record_fd >= 0)

static void record_write(int fd, const void *data, ssize_t size, off_t at)
{
    const ino_t inode = size > 0 ? inode_of(fd) : 0;
    if (!inode)
        return;
    pthread_mutex_lock(&record_lock);
    put_record(data, (size_t)size, "write %lu %lld", (unsigned long)inode, (long long)at);
    pthread_mutex_unlock(&record_lock);
}

static void record_fd_word(const char *word, int fd, long long number)
{
    const ino_t inode = inode_of(fd);
    if (!inode)
        return;
    pthread_mutex_lock(&record_lock);
    put_record(NULL, 0, "%s %lu %lld", word, (unsigned long)inode, number);
    pthread_mutex_unlock(&record_lock);
}

/* `name`'s place below the directory, NULL for anything else. */
static const char *place_below(const char *name)
{
    return strncmp(name, below, strlen(below)) ? NULL : name + strlen(below);
}

static void record_names(const char *word, const char *from, const char *to)
{
    const char *a = place_below(from), *b = to ? place_below(to) : "";
    if (!a || !b)
        return;
    pthread_mutex_lock(&record_lock);
    put_record(NULL, 0, to ? "%s %s %s" : "%s %s -", word, a, b);
    pthread_mutex_unlock(&record_lock);
}

/* A file that was opened: its name and inode, and whether it was made or emptied by that. */
static void record_open(int fd, int flags)
{
    char link[64], path[PATH_MAX];
    if (fd < 0 || !(flags & (O_CREAT | O_TRUNC)))
        return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return;
    path[n] = '\0';
    const char *place = place_below(path);
    if (!place)
        return;
    pthread_mutex_lock(&record_lock);
    put_record(NULL, 0, "open %s %lu %d", place, (unsigned long)inode_of(fd), (flags & O_TRUNC) != 0);
    pthread_mutex_unlock(&record_lock);
}

/* ---- files */

ssize_t read(int fd, void *data, size_t size)
{
    return fails(READ) ? -1 : real_read(fd, data, size);
}

ssize_t pread(int fd, void *data, size_t size, off_t at)
{
    return fails(READ) ? -1 : real_pread(fd, data, size, at);
}

ssize_t pread64(int fd, void *data, size_t size, off_t at)
{
    return pread(fd, data, size, at);
}

ssize_t write(int fd, const void *data, size_t size)
{
    if (fails(WRITE))
        return -1;
    if (RECORDING() && fd == STDOUT_FILENO) { /* what the program says is done */
        pthread_mutex_lock(&record_lock);
        put_record(data, size, "said");
        pthread_mutex_unlock(&record_lock);
        return real_write(fd, data, size);
    }
    const off_t at = RECORDING() ? lseek(fd, 0, SEEK_CUR) : 0;
    const ssize_t n = real_write(fd, data, size);
    if (RECORDING() && at >= 0)
        record_write(fd, data, n, at);
    return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    if (fails(WRITE))
        return -1;
    const ssize_t n = real_pwrite(fd, data, size, at);
    if (RECORDING())
        record_write(fd, data, n, at);
    return n;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at)
{
    return pwrite(fd, data, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return fails(WRITE) ? -1 : real_writev(fd, parts, count);
}

int fsync(int fd)
{
    if (fails(SYNC))
        return -1;
    const int result = real_fsync(fd);
    if (RECORDING())
        record_fd_word("sync", fd, 0);
    return result;
}

int fdatasync(int fd)
{
    if (fails(SYNC))
        return -1;
    const int result = real_fdatasync(fd);
    if (RECORDING())
        record_fd_word("sync", fd, 0);
    return result;
}

static mode_t mode_behind(int flags, va_list args)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_behind(flags, args);
    va_end(args);
    if (fails(OPEN))
        return -1;
    const bool there = RECORDING() && access(path, F_OK) == 0;
    const int fd = real_open(path, flags, mode);
    if (RECORDING())
        record_open(fd, there ? flags & ~O_CREAT : flags & ~O_TRUNC);
    return fd;
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_behind(flags, args);
    va_end(args);
    return open(path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_behind(flags, args);
    va_end(args);
    return fails(OPEN) ? -1 : real_openat(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_behind(flags, args);
    va_end(args);
    return openat(directory, path, flags, mode);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t at)
{
    return fails(MAP) ? MAP_FAILED : real_mmap(address, size, protection, flags, fd, at);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t at)
{
    return mmap(address, size, protection, flags, fd, at);
}

static int fcntl_any(int fd, int command, void *argument)
{
    switch (command) {
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        /* giving a lock back does not fail */
        if (((const struct flock *)argument)->l_type != F_UNLCK && fails(LOCK))
            return -1;
        break;
    default:
        break;
    }
    return real_fcntl(fd, command, argument);
}

int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    return fcntl_any(fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    return fcntl_any(fd, command, argument);
}

int flock(int fd, int operation)
{
    return (operation & LOCK_UN) == 0 && fails(LOCK) ? -1 : real_flock(fd, operation);
}

int rename(const char *from, const char *to)
{
    if (fails(RENAME))
        return -1;
    const int result = real_rename(from, to);
    if (RECORDING() && result == 0)
        record_names("rename", from, to);
    return result;
}

int ftruncate(int fd, off_t size)
{
    if (fails(TRUNCATE))
        return -1;
    const int result = real_ftruncate(fd, size);
    if (RECORDING() && result == 0)
        record_fd_word("size", fd, (long long)size);
    return result;
}

int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

int unlink(const char *path)
{
    const int result = real_unlink(path);
    if (RECORDING() && result == 0)
        record_names("unlink", path, NULL);
    return result;
}

int unlinkat(int directory, const char *name, int flags)
{
    char link[64], path[2 * PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    const ssize_t n = RECORDING() ? readlink(link, path, PATH_MAX) : 0;
    const int result = real_unlinkat(directory, name, flags);
    if (RECORDING() && result == 0 && n > 0) {
        snprintf(path + n, sizeof path - (size_t)n, "/%s", name);
        record_names("unlink", path, NULL);
    }
    return result;
}

/* ---- sleeping: with a fault it takes no time, so that a run shows how long it would wait without waiting */

static atomic_ulong slept_us;

int usleep(useconds_t us)
{
    if (failing == KINDS)
        return real_usleep(us);
    atomic_fetch_add(&slept_us, us);
    return 0;
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    if (failing == KINDS)
        return real_nanosleep(time, left);
    atomic_fetch_add(&slept_us, (unsigned long)time->tv_sec * 1000000 + (unsigned long)time->tv_nsec / 1000);
    return 0;
}

/* ---- begin and end */

static void read_orders(void)
{
    char name[16], more[8] = "";
    unsigned long n;
    const char *fault = getenv("CLIPSEARCH_FAULT"), *record = getenv("CLIPSEARCH_RECORD");
    if (fault && sscanf(fault, "%15[a-z]:%lu:%d:%7s", name, &n, &failing_errno, more) >= 3)
        for (int kind = 0; kind < KINDS && n; kind++)
            if (strcmp(name, kinds[kind]) == 0) {
                failing = (enum kind)kind;
                failing_from = n;
                failing_to = strcmp(more, "ever") == 0 ? ULONG_MAX : n;
            }
    if (!record || !getenv("CLIPSEARCH_RECORD_BELOW"))
        return;
    snprintf(below, sizeof below, "%s", getenv("CLIPSEARCH_RECORD_BELOW"));
    record_fd = real_open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (record_fd < 0)
        abort();
}

__attribute__((destructor)) static void write_counts(void)
{
    const char *file = getenv("CLIPSEARCH_FAULT_COUNTS");
    char text[(KINDS + 1) * 40];
    int size = 0;
    atomic_store(&armed, false);
    for (int kind = 0; kind < KINDS; kind++)
        size += snprintf(text + size, sizeof text - (size_t)size, "%s %lu\n", kinds[kind], atomic_load(&counts[kind]));
    size += snprintf(text + size, sizeof text - (size_t)size, "slept %lu\n", atomic_load(&slept_us) / 1000);
    const int fd = file ? real_open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && real_write(fd, text, (size_t)size) != size)
        abort();
}

typedef int main_function(int argc, char **argv, char **environment);
static main_function *program;

static int run_program(int argc, char **argv, char **environment)
{
    read_orders();
    atomic_store(&armed, true);
    return program(argc, argv, environment);
}

int __libc_start_main(main_function *start, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*linker_fini)(void), void *stack_end);

int __libc_start_main(main_function *start, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*linker_fini)(void), void *stack_end)
{
    int (*real)(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    void *found = dlsym(RTLD_NEXT, "__libc_start_main");
    memcpy(&real, &found, sizeof real);
    program = start;
    return real(run_program, argc, argv, init, fini, linker_fini, stack_end);
}
