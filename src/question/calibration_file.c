/* SPDX-License-Identifier: MIT
 * calibration_file.c - a calibration in a file. It only saves work: a file that is not sound is as good as none. */
#include "question/calibration.h"

#include "base/buf.h"
#include "base/checksum.h"
#include "base/file.h"
#include "base/item_limits.h"
#include "base/mem.h"
#include "base/replace.h"

#include <math.h>
#include <string.h>

/* The file: this header, the vectors of sentences and images, and the checksum of it all, in the machine's byte order.
 */
typedef struct header {
    char magic[8]; /* another one whenever the method or the sentences change */
    uint64_t dim, images, count;
    int64_t created;
    double nearest;
    char fingerprint[72];
} header;

static const char MAGIC[8] = "CSCALIB2";

/* Numbers of all vectors. */
static size_t floats_of(uint64_t dim, uint64_t images)
{
    return (size_t)(CS_CALIBRATION_SENTENCES + images) * dim;
}

static clipsearch_status fail_format(const char *path, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s is no calibration of this version", path);
}

static bool is_sound(const header *head, const cs_buf *file)
{
    uint64_t checksum;
    if (memcmp(head->magic, MAGIC, sizeof MAGIC) != 0 || head->dim == 0 || head->dim > CS_ITEM_DIM_MAX ||
        head->images < CS_CALIBRATION_LEAST || head->images > CS_CALIBRATION_SAMPLE || head->fingerprint[64] ||
        file->len != sizeof *head + floats_of(head->dim, head->images) * sizeof(float) + sizeof checksum)
        return false;
    memcpy(&checksum, file->data + file->len - sizeof checksum, sizeof checksum);
    return checksum == cs_checksum(file->data, file->len - sizeof checksum) && isfinite(head->nearest) &&
           head->nearest > 0;
}

/* Take the numbers of a file's bytes. */
static clipsearch_status parse(const char *path, const cs_buf *file, clipsearch_calibration **calibration,
                               clipsearch_error *err)
{
    header head;
    if (file->len < sizeof head)
        return fail_format(path, err);
    memcpy(&head, file->data, sizeof head);
    if (!is_sound(&head, file))
        return fail_format(path, err);
    clipsearch_calibration *made = cs_calibration_make(head.dim, head.images);
    if (!made)
        return cs_fail_memory(err, "a calibration");
    const size_t floats = floats_of(head.dim, head.images);
    memcpy(made->sentence, file->data + sizeof head, floats * sizeof *made->sentence);
    for (size_t d = 0; d < floats; d++)
        if (!isfinite(made->sentence[d])) {
            cs_calibration_free(&made);
            return fail_format(path, err);
        }
    memcpy(made->fingerprint, head.fingerprint, sizeof made->fingerprint);
    made->created = head.created;
    made->count = head.count;
    made->nearest = head.nearest;
    *calibration = made;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_calibration_read(const char *path, clipsearch_calibration **calibration, clipsearch_error *err)
{
    cs_buf file = cs_buf_make(sizeof(header) + sizeof(uint64_t) +
                              floats_of(CS_ITEM_DIM_MAX, CS_CALIBRATION_SAMPLE) * sizeof(float));
    *calibration = NULL;
    clipsearch_status status = cs_file_read(path, &file, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = parse(path, &file, calibration, err);
    cs_buf_free(&file);
    return status;
}

clipsearch_status cs_calibration_write(const char *path, const clipsearch_calibration *c, clipsearch_error *err)
{
    header head = {.dim = c->dim, .images = c->images, .count = c->count, .created = c->created, .nearest = c->nearest};
    memcpy(head.magic, MAGIC, sizeof MAGIC);
    memcpy(head.fingerprint, c->fingerprint, sizeof c->fingerprint);
    cs_buf file = cs_buf_make(SIZE_MAX / 2);
    cs_buf_append(&file, &head, sizeof head);
    cs_buf_append(&file, c->sentence, floats_of(c->dim, c->images) * sizeof *c->sentence);
    const uint64_t checksum = file.failed ? 0 : cs_checksum(file.data, file.len);
    cs_buf_append(&file, &checksum, sizeof checksum);
    clipsearch_status status =
        file.failed ? cs_fail_memory(err, "a calibration") : cs_replace_file(path, file.data, file.len, err);
    cs_buf_free(&file);
    return status;
}
