/* SPDX-License-Identifier: MIT
 * sheet_jpeg.c - the one file of the program that includes TurboJPEG. */
#include "base/mem.h"
#include "output/sheet_file.h"

#include <turbojpeg.h>

/* Thumbnails lose nothing that is seen at 90. Colours at full resolution, because letters have sharp edges. */
enum { QUALITY = 90, SUBSAMPLING = TJSAMP_444 };

clipsearch_status cs_jpeg_encode(const cs_canvas *canvas, uint8_t **bytes, size_t *size, clipsearch_error *err)
{
    const int width = (int)canvas->width, height = (int)canvas->height;
    const unsigned long room = tjBufSize(width, height, SUBSAMPLING);
    unsigned long used = room;
    *bytes = room == (unsigned long)-1 ? NULL : cs_alloc_array(room, 1);
    tjhandle encoder = *bytes ? tjInitCompress() : NULL;
    if (!encoder) {
        cs_free(*bytes);
        *bytes = NULL;
        return cs_fail_memory(err, "a contact sheet");
    }
    clipsearch_status status = CLIPSEARCH_OK;
    if (tjCompress2(encoder, canvas->rgb, width, 0, height, TJPF_RGB, bytes, &used, SUBSAMPLING, QUALITY,
                    TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT) == 0) {
        *size = used;
    } else {
        status =
            cs_fail(err, CLIPSEARCH_E_IO, "cannot encode the JPEG of a contact sheet: %s", tjGetErrorStr2(encoder));
        cs_free(*bytes);
        *bytes = NULL;
    }
    tjDestroy(encoder);
    return status;
}
