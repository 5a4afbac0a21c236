/* SPDX-License-Identifier: MIT
 * kept_images.c - reasons in words. */
#include "cli/output/kept_images.h"

#include "cli/output/message.h"
#include "cli/output/units.h"

void cs_put_kept_images(cs_buf *buf, const clipsearch_kept_images *kept)
{
    char images[27], of[27];
    const char *plural = cs_plural(kept->images);
    cs_format_count(kept->images, images);
    cs_format_count(kept->of, of);
    cs_put_printable(buf, kept->directory);
    switch (kept->reason) {
    case CLIPSEARCH_KEPT_EMPTY:
        cs_buf_printf(buf, " is empty: %s image%s kept (a disk that is not mounted?)", images, plural);
        break;
    case CLIPSEARCH_KEPT_DEVICE:
        cs_buf_printf(buf, " is not on the disk on which it was before: %s image%s kept (a disk that is not mounted?)",
                      images, plural);
        break;
    default:
        cs_buf_printf(buf, ": %s of %s images would be removed: all are kept", images, of);
        break;
    }
}
