/* SPDX-License-Identifier: MIT
 * safetensors_write.c - header first, then the tensors in order. safetensors.c describes the format. */
#include "model/safetensors_write.h"

#include "base/buf.h"
#include "base/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum {
    LENGTH_BYTES = 8,
    ALIGNMENT = 8,         /* of the data's start in the file, as in the reference implementation */
    CODE_ALIGNMENT = 64,   /* the same for codes that kernels read where they lie, a cache line at a time */
    MAX_HEADER = 100000000 /* the reference implementation's own limit for readers */
};

static void put_text(cs_buf *buf, const char *text)
{
    cs_json_put_string(buf, text, strlen(text));
}

size_t cs_tensor_plan_size(const cs_tensor_plan *tensor)
{
    if (!tensor->integers)
        return cs_dtype_size(tensor->dtype);
    return strcmp(tensor->integers, "I8") == 0 ? 1 : sizeof(int32_t);
}

/* "name":{"dtype":...}; adds the tensor's bytes to *end. */
static clipsearch_status put_tensor(cs_buf *buf, const cs_tensor_plan *tensor, uint64_t *end, clipsearch_error *err)
{
    static const char *const types[] = {[CS_F32] = "F32", [CS_F16] = "F16", [CS_BF16] = "BF16"};
    uint64_t begin = *end, bytes = cs_tensor_plan_size(tensor);
    put_text(buf, tensor->name);
    cs_buf_printf(buf, ":{\"dtype\":\"%s\",\"shape\":[", tensor->integers ? tensor->integers : types[tensor->dtype]);
    for (int i = 0; i < tensor->rank; i++) {
        cs_buf_printf(buf, i ? ",%zu" : "%zu", tensor->shape[i]);
        if (__builtin_mul_overflow(bytes, tensor->shape[i], &bytes))
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "the tensor \"%.200s\" is too large", tensor->name);
    }
    if (__builtin_add_overflow(begin, bytes, end))
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "the tensor \"%.200s\" makes the file too large", tensor->name);
    cs_buf_printf(buf, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin, *end);
    return CLIPSEARCH_OK;
}

static clipsearch_status put_header(cs_buf *buf, const cs_tensor_plan *tensors, size_t count,
                                    const cs_metadata *metadata, size_t metadata_count, uint64_t *bytes,
                                    clipsearch_error *err)
{
    cs_buf_puts(buf, "{\"__metadata__\":{");
    for (size_t i = 0; i < metadata_count; i++) {
        cs_buf_puts(buf, i ? "," : "");
        put_text(buf, metadata[i].key);
        cs_buf_putc(buf, ':');
        put_text(buf, metadata[i].value);
    }
    cs_buf_putc(buf, '}');
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        cs_buf_puts(buf, ",\n");
        clipsearch_status status = put_tensor(buf, &tensors[i], bytes, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    cs_buf_putc(buf, '}');
    const size_t alignment = count && tensors[0].mapped ? CODE_ALIGNMENT : ALIGNMENT;
    while (!buf->failed && (LENGTH_BYTES + buf->len) % alignment != 0)
        cs_buf_putc(buf, ' ');
    return buf->failed ? cs_fail_memory(err, "a weight file's header") : CLIPSEARCH_OK;
}

clipsearch_status cs_safetensors_create(const char *path, const cs_tensor_plan *tensors, size_t count,
                                        const cs_metadata *metadata, size_t metadata_count,
                                        cs_safetensors_writer *writer, clipsearch_error *err)
{
    *writer = (cs_safetensors_writer){0};
    uint64_t bytes;
    cs_buf header = cs_buf_make(MAX_HEADER);
    clipsearch_status status = put_header(&header, tensors, count, metadata, metadata_count, &bytes, err);
    if (status == CLIPSEARCH_OK)
        status = cs_replacement_open(path, &writer->file, err);
    if (status == CLIPSEARCH_OK) {
        uint8_t length[LENGTH_BYTES];
        for (size_t i = 0; i < LENGTH_BYTES; i++)
            length[i] = (uint8_t)((uint64_t)header.len >> (8 * i));
        writer->promised = UINT64_MAX;
        status = cs_safetensors_write(writer, length, sizeof length, err);
        if (status == CLIPSEARCH_OK)
            status = cs_safetensors_write(writer, header.data, header.len, err);
        writer->promised = bytes;
        writer->written = 0;
    }
    cs_buf_free(&header);
    if (status != CLIPSEARCH_OK)
        cs_safetensors_drop(writer);
    return status;
}

clipsearch_status cs_safetensors_write(cs_safetensors_writer *writer, const void *data, size_t size,
                                       clipsearch_error *err)
{
    assert(size <= writer->promised - writer->written);
    if (!cs_write_all(writer->file.fd, data, size))
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot write", writer->file.path);
    writer->written += size;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_safetensors_finish(cs_safetensors_writer *writer, clipsearch_error *err)
{
    assert(writer->written == writer->promised);
    return cs_replacement_commit(&writer->file, err);
}

void cs_safetensors_drop(cs_safetensors_writer *writer)
{
    cs_replacement_drop(&writer->file);
}
