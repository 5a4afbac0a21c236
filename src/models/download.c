/* SPDX-License-Identifier: MIT
 * download.c - the part file, the attempts, the check. */
#include "models/download.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "models/file_digest.h"
#include "models/http.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_ATTEMPTS = 3,      /* in a row that bring nothing new */
    WAIT_MS = 500,         /* before the second, and twice that before the third */
    MAX_NOTE_BYTES = 8192, /* of a NAME.part-from */
    PEEK_BYTES = 64        /* of a wrong file, to see what it is */
};

/* Limit for a file whose size is not known: 1 TiB. */
static const uint64_t MAX_BYTES = (uint64_t)1 << 40;

/* One file being fetched. */
typedef struct download {
    const cs_known_file *file;
    const cs_download_options *options;
    char *url, *path, *part, *note; /* source; the file; its part; the file that records what the part is part of */
    int fd;                         /* of the part, locked; -1: not open */
    uint64_t have;                  /* bytes of the part */
    uint64_t best;                  /* the most there ever were */
    uint64_t total;                 /* of the whole file, 0: not known */
    char validator[256];            /* of the reply the part is from, "" when there is none */
    bool patched;                   /* the part comes from more than one reply */
    bool changed;                   /* the server's file is no longer the one that the part is from */
    double began;                   /* ms */
    uint64_t before;                /* bytes that were there then */
    clipsearch_error *err;
    bool no_server;            /* the last request had no whole reply */
    clipsearch_status refused; /* why a callback ended the transfer; CLIPSEARCH_OK: it did not */
} download;

/* ---------------------------------------------------------------- the caller's callbacks */

static void print_note(const download *d, bool detail, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void print_note(const download *d, bool detail, const char *format, ...)
{
    char line[2048];
    va_list args;
    if (!d->options->note)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    d->options->note(d->options->context, detail, line);
}

static bool keep_going(const download *d)
{
    return !d->options->keep_going || d->options->keep_going(d->options->context);
}

static void report_progress(const download *d, bool checking, uint64_t done, uint64_t total)
{
    if (d->options->progress)
        d->options->progress(d->options->context, &(cs_download_progress){.name = d->file->name,
                                                                          .checking = checking,
                                                                          .done = done,
                                                                          .total = total,
                                                                          .before = checking ? 0 : d->before,
                                                                          .seconds = (cs_clock_ms() - d->began) / 1e3});
}

/* ---------------------------------------------------------------- names and notes */

char *cs_download_url(const cs_known_file *file, const char *mirror)
{
    if (!mirror)
        return cs_strdup(file->url);
    const char *host = strstr(file->url, "://"), *path = host ? strchr(host + 3, '/') : NULL;
    size_t n = strlen(mirror);
    while (n && mirror[n - 1] == '/')
        n--;
    cs_buf url = cs_buf_make(1 << 16);
    cs_buf_append(&url, mirror, n);
    cs_buf_puts(&url, path ? path : "/");
    return cs_buf_detach(&url);
}

static char *append_suffix(const char *path, const char *suffix)
{
    cs_buf buf = cs_buf_make(1 << 16);
    cs_buf_printf(&buf, "%s%s", path, suffix);
    return cs_buf_detach(&buf);
}

/* The note has two lines, the URL and the validator. False: there is none, or it is for another URL. */
static bool read_note(download *d)
{
    cs_buf text = cs_buf_make(MAX_NOTE_BYTES);
    size_t n = strlen(d->url);
    d->validator[0] = '\0';
    bool ours = cs_file_read(d->note, &text, NULL, NULL) == CLIPSEARCH_OK && text.len > n && text.data[n] == '\n' &&
                memcmp(text.data, d->url, n) == 0;
    if (ours) {
        const char *line = text.data + n + 1;
        size_t length = strcspn(line, "\n");
        if (length < sizeof d->validator) {
            memcpy(d->validator, line, length);
            d->validator[length] = '\0';
        }
    }
    cs_buf_free(&text);
    return ours;
}

static clipsearch_status write_note(const download *d)
{
    cs_buf text = cs_buf_make(MAX_NOTE_BYTES);
    cs_buf_printf(&text, "%s\n%s\n", d->url, d->validator);
    clipsearch_status status =
        text.failed ? cs_fail_memory(d->err, d->note) : cs_replace_file(d->note, text.data, text.len, d->err);
    cs_buf_free(&text);
    return status;
}

/* ---------------------------------------------------------------- the part */

static clipsearch_status fail_part(const download *d)
{
    return cs_fail_errno(d->err, CLIPSEARCH_E_IO, errno, "%s: cannot write", d->part);
}

static clipsearch_status start_over(download *d)
{
    d->have = 0;
    d->before = 0;
    d->patched = false;
    return ftruncate(d->fd, 0) == 0 && lseek(d->fd, 0, SEEK_SET) == 0 ? CLIPSEARCH_OK : fail_part(d);
}

/* Open the part and lock it. A lock of the process would end when the part is read through another descriptor and that
 * one is closed; a lock of the open file does not. If another process renamed the part meanwhile, it is no part any
 * more: open again. */
static clipsearch_status open_part(download *d)
{
    for (;;) {
        struct stat of_file, of_name;
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        d->fd = open(d->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (d->fd < 0)
            return fail_part(d);
        if (fcntl(d->fd, F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES)) {
            close(d->fd); /* it is not this run's to remove, even while it is empty */
            d->fd = -1;
            return cs_fail(d->err, CLIPSEARCH_E_IO, "%s: another clipsearch is fetching this file", d->part);
        }
        if (fstat(d->fd, &of_file) != 0)
            return fail_part(d);
        if (stat(d->part, &of_name) == 0 && of_name.st_ino == of_file.st_ino && of_name.st_dev == of_file.st_dev) {
            d->have = d->best = d->before = (uint64_t)of_file.st_size;
            return lseek(d->fd, 0, SEEK_END) >= 0 ? CLIPSEARCH_OK : fail_part(d);
        }
        close(d->fd);
        d->fd = -1;
    }
}

/* Resume the part when it can be proved to be part of this file: by the server, which named it with a validator, or at
 * the end by the digest. Else start again from the beginning. */
static clipsearch_status decide_resume(download *d)
{
    bool ours = read_note(d);
    bool certain = d->file->digest_kind == CS_DIGEST_SHA256 || d->file->digest_kind == CS_DIGEST_MD5;
    if (d->have && ((!certain && !(ours && d->validator[0])) || (d->file->exact && d->have > d->file->bytes)))
        return start_over(d);
    if (!ours)
        d->validator[0] = '\0';
    if (d->have)
        print_note(d, true, "%s: resuming after the first %" PRIu64 " bytes", d->part, d->have);
    d->patched = d->have > 0;
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- callbacks */

static bool refuse(download *d, clipsearch_status status)
{
    d->refused = status;
    return false;
}

static bool on_begin(void *context, const cs_http_reply *reply)
{
    download *d = context;
    if (d->file->exact && reply->total && reply->total != d->file->bytes)
        return refuse(d, cs_fail(d->err, CLIPSEARCH_E_MODEL,
                                 "%s: the server's file has %" PRIu64 " bytes, the published one has %" PRIu64
                                 "; this is another file",
                                 d->url, reply->total, d->file->bytes));
    if (reply->code == 206 && d->validator[0] && reply->validator[0] && strcmp(d->validator, reply->validator) != 0) {
        d->changed = true; /* the server honoured the range and ignored If-Range */
        return false;
    }
    if (reply->code == 206 && reply->first != d->have)
        return refuse(d, cs_fail(d->err, CLIPSEARCH_E_IO,
                                 "%s: asked for the bytes after the first %" PRIu64
                                 ", but the server sent others; remove %s and try again",
                                 d->url, d->have, d->part));
    if (reply->code == 200 && d->have) {
        print_note(d, true, "%s: the server sends the file from the beginning", d->url);
        clipsearch_status status = start_over(d);
        if (status != CLIPSEARCH_OK)
            return refuse(d, status);
    }
    d->total = reply->total ? reply->total : d->file->exact ? d->file->bytes : 0;
    if (strcmp(d->validator, reply->validator) != 0 || d->have == 0) {
        memcpy(d->validator, reply->validator, sizeof d->validator);
        clipsearch_status status = write_note(d);
        if (status != CLIPSEARCH_OK)
            return refuse(d, status);
    }
    return true;
}

static bool on_data(void *context, const void *bytes, size_t size)
{
    download *d = context;
    uint64_t most = d->file->exact ? d->file->bytes : MAX_BYTES;
    if (size > most - d->have)
        return refuse(d,
                      cs_fail(d->err, CLIPSEARCH_E_MODEL,
                              "%s: the server sends more than %" PRIu64 " bytes; this is another file", d->url, most));
    if (!cs_write_all(d->fd, bytes, size))
        return refuse(d, fail_part(d));
    d->have += size;
    d->best = d->have > d->best ? d->have : d->best;
    report_progress(d, false, d->have, d->total);
    return true;
}

static bool on_tick(void *context)
{
    download *d = context;
    report_progress(d, false, d->have, d->total);
    return keep_going(d);
}

/* ---------------------------------------------------------------- attempts */

static clipsearch_status fail_stopped(const download *d)
{
    return cs_fail(d->err, CLIPSEARCH_E_CANCELLED, "interrupted; what was fetched is kept");
}

/* False when the caller wants to stop. */
static bool wait_ms(const download *d, int ms)
{
    for (; ms > 0 && keep_going(d); ms -= 100)
        poll(NULL, 0, 100);
    return keep_going(d);
}

/* One request. *again: it was cut off and may be tried again. */
static clipsearch_status request_once(download *d, bool *again)
{
    cs_http_reply reply;
    const cs_http_request request = {.url = d->url,
                                     .from = d->have,
                                     .validator = d->validator,
                                     .stall_seconds = d->options->stall_seconds,
                                     .begin = on_begin,
                                     .data = on_data,
                                     .tick = on_tick,
                                     .context = d};
    *again = d->no_server = false;
    cs_http_end end = cs_http_get(&request, &reply, d->err);
    if (d->refused != CLIPSEARCH_OK)
        return d->refused;
    if (d->changed || (end == CS_HTTP_DONE && reply.code == 416)) { /* 416: no bytes follow the part */
        if (!d->changed && reply.total == d->have)
            return CLIPSEARCH_OK;
        d->changed = false;
        d->validator[0] = '\0';
        clipsearch_status status = start_over(d);
        *again = status == CLIPSEARCH_OK;
        return *again
                   ? cs_fail(d->err, CLIPSEARCH_E_IO, "%s: the bytes fetched so far are not part of the file", d->url)
                   : status;
    }
    if (end == CS_HTTP_STOPPED)
        return fail_stopped(d);
    if (end == CS_HTTP_DONE) {
        if (d->have == 0) /* an empty file: no callback was called */
            d->validator[0] = '\0';
        return CLIPSEARCH_OK;
    }
    *again = end == CS_HTTP_CUT;
    d->no_server = true;
    return d->err ? d->err->code : CLIPSEARCH_E_IO;
}

static clipsearch_status fetch_all(download *d)
{
    for (int idle = 0;;) {
        bool again;
        uint64_t best = d->best, from = d->have;
        if (d->file->exact && d->have == d->file->bytes)
            return CLIPSEARCH_OK;
        clipsearch_status status = request_once(d, &again);
        if (status == CLIPSEARCH_OK || !again)
            return status;
        d->patched = d->patched || d->have > 0;
        idle = d->best > best ? 0 : idle + 1;
        if (idle >= MAX_ATTEMPTS) {
            clipsearch_error why = *d->err;
            return d->have ? cs_fail(d->err, why.code, "%s. What was fetched is kept", why.message) : why.code;
        }
        print_note(d, false, "%s; trying again", d->err->message);
        if (!wait_ms(d, d->have > from ? WAIT_MS / 5 : WAIT_MS << idle >> 1))
            return fail_stopped(d);
    }
}

/* ---------------------------------------------------------------- the check */

static bool on_hash(void *context, uint64_t done, uint64_t total)
{
    const download *d = context;
    report_progress(d, true, done, total);
    return keep_going(d);
}

/* What a wrong file looks like, for the message. */
static const char *guess_content(const download *d)
{
    char text[PEEK_BYTES + 1];
    ssize_t n = pread(d->fd, text, PEEK_BYTES, 0);
    text[n > 0 ? n : 0] = '\0';
    const char *at = text + strspn(text, " \t\r\n");
    return *at == '<' ? "; it begins like a web page, perhaps the login page of a proxy" : "";
}

/* Compare the part with what was published. *again: it comes from several replies; one reply may do better. */
static clipsearch_status check_part(download *d, bool *again)
{
    cs_file_digest digest;
    *again = false;
    d->began = cs_clock_ms();
    clipsearch_status status = cs_file_digest_read(d->part, d->file->digest_kind, on_hash, d, &digest, d->err);
    if (status == CLIPSEARCH_E_CANCELLED)
        return fail_stopped(d);
    clipsearch_error why;
    if (status == CLIPSEARCH_OK)
        status = cs_file_digest_check(&digest, d->file, d->url, &why);
    if (status != CLIPSEARCH_E_MODEL)
        return status;
    *again = d->patched;
    cs_fail(d->err, status, "%s%s; it was removed", why.message, guess_content(d));
    if (!d->patched) {
        unlink(d->part);
        unlink(d->note);
    }
    return status;
}

static clipsearch_status fetch_and_check(download *d)
{
    bool again;
    clipsearch_status status = fetch_all(d);
    if (status == CLIPSEARCH_OK)
        status = check_part(d, &again);
    else
        return status;
    if (status == CLIPSEARCH_OK || !again)
        return status;
    /* parts of two different files, or a crash that lost pages: fetch all of it once more */
    print_note(d, false, "%s: the parts do not fit together; fetching the file from the beginning", d->url);
    status = start_over(d);
    d->best = 0;
    d->validator[0] = '\0';
    if (status == CLIPSEARCH_OK)
        status = fetch_all(d);
    if (status == CLIPSEARCH_OK) {
        d->patched = false; /* a second mismatch is final */
        status = check_part(d, &again);
    }
    return status;
}

/* ---------------------------------------------------------------- the whole */

static clipsearch_status build_names(download *d, const char *directory)
{
    d->path = cs_path_join(directory, d->file->name);
    d->part = d->path ? append_suffix(d->path, ".part") : NULL;
    d->note = d->path ? append_suffix(d->path, ".part-from") : NULL;
    d->url = d->file->url ? cs_download_url(d->file, d->options->mirror) : cs_strdup("");
    return d->part && d->note && d->url ? CLIPSEARCH_OK : cs_fail_memory(d->err, d->file->name);
}

/* Whether the file is there and is as published. A file written from the catalogue's content may have been edited: it
 * counts as it is. */
static clipsearch_status check_existing(download *d, bool *present)
{
    cs_file_digest digest;
    cs_file_info info;
    clipsearch_error why;
    *present = false;
    clipsearch_status status = cs_file_stat(d->path, &info, d->err);
    if (status != CLIPSEARCH_OK)
        return status == CLIPSEARCH_E_NOT_FOUND ? CLIPSEARCH_OK : status;
    if (d->file->content) {
        *present = true;
        return CLIPSEARCH_OK;
    }
    status = cs_file_digest_read(d->path, d->file->digest_kind, on_hash, d, &digest, d->err);
    if (status == CLIPSEARCH_E_CANCELLED)
        return fail_stopped(d);
    if (status != CLIPSEARCH_OK)
        return status;
    *present = cs_file_digest_check(&digest, d->file, d->path, &why) == CLIPSEARCH_OK;
    if (!*present)
        print_note(d, false, "%s; fetching it again", why.message);
    return CLIPSEARCH_OK;
}

static clipsearch_status write_content(const download *d)
{
    cs_buf text = cs_buf_make(1 << 20);
    cs_buf_printf(&text, "%s\n", d->file->content);
    clipsearch_status status =
        text.failed ? cs_fail_memory(d->err, d->file->name) : cs_replace_file(d->path, text.data, text.len, d->err);
    cs_buf_free(&text);
    return status;
}

static clipsearch_status run(download *d, const char *directory, cs_download_result *result)
{
    bool present;
    struct stat part;
    clipsearch_status status = build_names(d, directory);
    if (status == CLIPSEARCH_OK)
        status = check_existing(d, &present);
    if (status != CLIPSEARCH_OK)
        return status;
    *result = present ? CS_DOWNLOAD_PRESENT : CS_DOWNLOAD_FETCHED;
    if (present)
        return CLIPSEARCH_OK;
    if (d->file->content)
        return write_content(d);
    if (cs_http_absence())
        return cs_fail(d->err, CLIPSEARCH_E_UNSUPPORTED, "%s: cannot fetch: %s", d->url, cs_http_absence());
    status = open_part(d);
    if (status == CLIPSEARCH_OK)
        status = decide_resume(d);
    d->began = cs_clock_ms();
    if (status == CLIPSEARCH_OK)
        status = fetch_and_check(d);
    if (status == CLIPSEARCH_OK)
        status = cs_put_in_place(d->part, d->path, d->err);
    if (status == CLIPSEARCH_OK)
        unlink(d->note);
    else if (d->fd >= 0 && fstat(d->fd, &part) == 0 && part.st_size == 0) /* nothing to resume */
        unlink(d->part);
    return status;
}

clipsearch_status cs_download(const cs_known_file *file, const char *directory, const cs_download_options *options,
                              cs_download_result *result, clipsearch_error *err)
{
    download d = {.file = file, .options = options, .fd = -1, .began = cs_clock_ms(), .err = err};
    clipsearch_status status = run(&d, directory, result);
    if (status != CLIPSEARCH_OK)
        *result = d.no_server || status == CLIPSEARCH_E_MODEL || status == CLIPSEARCH_E_UNSUPPORTED
                      ? CS_DOWNLOAD_REFUSED
                      : CS_DOWNLOAD_FAILED;
    if (d.fd >= 0)
        close(d.fd);
    cs_free(d.url);
    cs_free(d.path);
    cs_free(d.part);
    cs_free(d.note);
    return status;
}

uint64_t cs_download_missing(const cs_known_file *file, const char *directory)
{
    char *path = cs_path_join(directory, file->name), *part = path ? append_suffix(path, ".part") : NULL;
    cs_file_info info;
    uint64_t missing = file->bytes;
    if (path && cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK)
        missing = 0;
    else if (part && cs_file_stat(part, &info, NULL) == CLIPSEARCH_OK)
        missing -= info.size < missing ? info.size : missing;
    cs_free(path);
    cs_free(part);
    return missing;
}
