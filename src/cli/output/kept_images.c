/* SPDX-License-Identifier: MIT
 * kept_images.c - reasons in words. */
#include "cli/output/kept_images.h"

#include "cli/output/message.h"
#include "cli/output/units.h"

void cs_print_kept_images(const clipsearch_kept_images *kept)
{
    char images[27], of[27];
    const char *directory = kept->directory, *plural = cs_plural(kept->images);
    cs_format_count(kept->images, images);
    cs_format_count(kept->of, of);
    switch (kept->reason) {
    case CLIPSEARCH_KEPT_EMPTY:
        cs_print_message("%s is empty: %s image%s kept (a disk that is not mounted?)", directory, images, plural);
        break;
    case CLIPSEARCH_KEPT_DEVICE:
        cs_print_message("%s is not on the disk on which it was before: %s image%s kept (a disk that is not mounted?)",
                         directory, images, plural);
        break;
    default:
        cs_print_message("%s: %s of %s images would be removed: all are kept", directory, images, of);
        break;
    }
}
