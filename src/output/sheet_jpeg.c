/* SPDX-License-Identifier: MIT
 * sheet_jpeg.c - the one file of the program that includes libjpeg. */
#include "base/mem.h"
#include "output/sheet_file.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h> /* needs stdio.h */

/* Thumbnails lose nothing that is seen at 90. Colours have their full resolution, because letters have sharp edges. */
enum { QUALITY = 90 };

/* What an error leaves. */
typedef struct failure {
    struct jpeg_error_mgr base;
    jmp_buf back;
    char message[JMSG_LENGTH_MAX];
} failure;

static void stop(j_common_ptr encoder)
{
    failure *f = (failure *)encoder->err;
    encoder->err->format_message(encoder, f->message);
    longjmp(f->back, 1);
}

static void stay_silent(j_common_ptr encoder)
{
    (void)encoder;
}

/* Encode into a block of malloc's. False: f->message says why. */
static bool encode(const cs_canvas *canvas, struct jpeg_compress_struct *encoder, failure *f, unsigned char **block,
                   unsigned long *size)
{
    encoder->err = jpeg_std_error(&f->base);
    f->base.error_exit = stop;
    f->base.output_message = stay_silent;
    if (setjmp(f->back))
        return false;
    jpeg_create_compress(encoder);
    jpeg_mem_dest(encoder, block, size);
    encoder->image_width = canvas->width;
    encoder->image_height = canvas->height;
    encoder->input_components = 3;
    encoder->in_color_space = JCS_RGB;
    jpeg_set_defaults(encoder);
    jpeg_set_quality(encoder, QUALITY, TRUE);
    encoder->comp_info[0].h_samp_factor = encoder->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(encoder, TRUE);
    while (encoder->next_scanline < encoder->image_height) {
        JSAMPROW row = canvas->rgb + (size_t)encoder->next_scanline * canvas->width * 3;
        jpeg_write_scanlines(encoder, &row, 1);
    }
    jpeg_finish_compress(encoder);
    return true;
}

clipsearch_status cs_jpeg_encode(const cs_canvas *canvas, uint8_t **bytes, size_t *size, clipsearch_error *err)
{
    struct jpeg_compress_struct encoder = {0};
    failure f = {.message = ""};
    unsigned char *block = NULL;
    unsigned long used = 0;
    clipsearch_status status = CLIPSEARCH_OK;
    *bytes = NULL;
    if (!encode(canvas, &encoder, &f, &block, &used))
        status = cs_fail(err, CLIPSEARCH_E_IO, "cannot encode the JPEG of a contact sheet: %s", f.message);
    else if (!(*bytes = cs_alloc_array(used, 1)))
        status = cs_fail_memory(err, "a contact sheet");
    if (status == CLIPSEARCH_OK) {
        memcpy(*bytes, block, used);
        *size = used;
    }
    jpeg_destroy_compress(&encoder);
    free(block);
    return status;
}
