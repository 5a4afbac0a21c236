/* SPDX-License-Identifier: MIT
 * copy_file.c - the bytes that are written are the ones that are compared with what was published. */
#include "models/copy_file.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/replace.h"
#include "models/file_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

typedef struct copying {
    const char *from;
    const cs_known_file *known;
    int fd;
    uint64_t total;
    cs_replacement file;
    cs_digest digest;
    uint64_t done;
    bool (*tick)(void *context, uint64_t done, uint64_t total);
    void *context;
    clipsearch_error *err;
} copying;

static clipsearch_status copy_bytes(copying *c, unsigned char *chunk)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (ssize_t n = 1; n != 0 && status == CLIPSEARCH_OK;) {
        n = read(c->fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cs_fail_errno(c->err, CLIPSEARCH_E_IO, errno, "%s: cannot read", c->from);
        cs_digest_update(&c->digest, chunk, (size_t)n);
        status = n ? cs_replacement_write(&c->file, chunk, (size_t)n, c->err) : CLIPSEARCH_OK;
        c->done += (uint64_t)n;
        if (status == CLIPSEARCH_OK && c->tick && !c->tick(c->context, c->done, c->total))
            status = cs_fail(c->err, CLIPSEARCH_E_CANCELLED, "%s: stopped", c->from);
    }
    return status;
}

static clipsearch_status check_copy(copying *c)
{
    uint8_t bytes[CS_SHA256_BYTES];
    cs_file_digest digest = {.bytes = c->done};
    const bool md5 = c->digest.algorithm == CS_MD5;
    clipsearch_status status = cs_digest_final(&c->digest, bytes, c->err);
    if (status != CLIPSEARCH_OK || !c->known)
        return status;
    cs_digest_hex(bytes, md5 ? CS_MD5_BYTES : CS_SHA256_BYTES, md5 ? digest.md5 : digest.sha256);
    return cs_file_digest_check(&digest, c->known, c->from, c->err);
}

static clipsearch_status copy(copying *c, const char *to)
{
    unsigned char *chunk = cs_alloc_array(CHUNK, 1);
    cs_replacement_tidy(to);
    clipsearch_status status = chunk ? cs_replacement_open(to, &c->file, c->err) : cs_fail_memory(c->err, "a copy");
    cs_digest_init(&c->digest, c->known && c->known->digest_kind == CS_DIGEST_MD5 ? CS_MD5 : CS_SHA256);
    if (status == CLIPSEARCH_OK)
        status = copy_bytes(c, chunk);
    if (status == CLIPSEARCH_OK)
        status = check_copy(c);
    if (status == CLIPSEARCH_OK)
        status = cs_replacement_commit(&c->file, c->err);
    cs_replacement_drop(&c->file);
    cs_free(chunk);
    return status;
}

static clipsearch_status check_same(const copying *c)
{
    cs_file_digest digest;
    clipsearch_status status =
        c->known ? cs_file_digest_read(c->from, c->known->digest_kind, c->tick, c->context, &digest, c->err)
                 : CLIPSEARCH_OK;
    return status == CLIPSEARCH_OK && c->known ? cs_file_digest_check(&digest, c->known, c->from, c->err) : status;
}

clipsearch_status cs_copy_file(const char *from, const char *to, const cs_known_file *known,
                               bool (*tick)(void *context, uint64_t done, uint64_t total), void *context,
                               clipsearch_error *err)
{
    struct stat source, target;
    copying c = {.from = from,
                 .known = known,
                 .fd = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK),
                 .file = {.fd = -1},
                 .tick = tick,
                 .context = context,
                 .err = err};
    if (c.fd < 0 || fstat(c.fd, &source) != 0 || !S_ISREG(source.st_mode)) {
        const int why = errno;
        const bool other = c.fd >= 0;
        if (other)
            close(c.fd);
        return other ? cs_fail(err, CLIPSEARCH_E_IO, "%s: not a regular file", from)
                     : cs_fail_errno(err, why == ENOENT ? CLIPSEARCH_E_NOT_FOUND : CLIPSEARCH_E_IO, why,
                                     "%s: cannot read", from);
    }
    c.total = (uint64_t)source.st_size;
    const bool same = stat(to, &target) == 0 && target.st_dev == source.st_dev && target.st_ino == source.st_ino;
    clipsearch_status status = same ? check_same(&c) : copy(&c, to);
    close(c.fd);
    return status;
}
