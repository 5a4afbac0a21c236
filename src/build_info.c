/* SPDX-License-Identifier: MIT
 * build_info.c - what this build has, and what of it this machine uses. */
#include "base/digest.h"
#include "clipsearch.h"
#include "kernels/cpu.h"
#include "kernels/gemm.h"
#include "metadata/xml.h"
#include "model/container.h"
#include "model/gzip.h"
#include "remote/milvus.h"
#include "store/store.h"
#include "text/unicode.h"
#include "vision/libraries.h"

#include <stdio.h>

typedef struct row {
    const char *name;
    const char *(*value)(void); /* NULL: not in this build */
} row;

/* "avx2 (this processor has avx512; ...)" */
static const char *kernels(void)
{
    static char text[80];
    const cs_cpu_flags best = cs_cpu_best(), highest = cs_cpu_highest();
    if (best == highest)
        return cs_cpu_name(best);
    snprintf(text, sizeof text, "%s (this processor has %s; CLIPSEARCH_CPU lowers it)", cs_cpu_name(best),
             cs_cpu_name(highest));
    return text;
}

static const char *openblas(void)
{
    if (cs_cpu_best() == CS_CPU_C)
        (void)cs_gemm_blas(); /* loads it */
    return cs_gemm_library();
}

static const char *compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

static const row rows[] = {
    {"clipsearch", clipsearch_version},
    {"compiler", compiler},
    {"kernels", kernels},
    {"openblas", openblas},
    {"sqlite", cs_store_library},
    {"nghttp2", cs_milvus_library},
    {"jpeg", cs_jpeg_library},
    {"png", cs_png_library},
    {"vips", cs_vips_library},
    {"expat", cs_xml_library},
    {"zlib", cs_gzip_library},
    {"crypto", cs_digest_library},
    {"utf8proc", cs_unicode_library},
    {"hdf5", cs_hdf5_library},
};

void clipsearch_build_info(void (*each)(void *context, const char *name, const char *value), void *context)
{
    if (!each)
        return;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *value = rows[i].value();
        each(context, rows[i].name, value ? value : "not in this build");
    }
}
