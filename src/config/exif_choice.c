/* SPDX-License-Identifier: MIT
 * exif_choice.c - reads the value of `exif`. */
#include "config/exif_choice.h"

#include "base/buf.h"
#include "config/names.h"
#include "config/nearest.h"

#include <string.h>

enum { MAX_WORDS = 64, LONGEST = 63 };

static const char *const words[] = {"apply", "orientation", "ignore", NULL};

static clipsearch_status fail_name(const char *name, clipsearch_error *err)
{
    const char *known[MAX_WORDS];
    size_t count = 0;
    for (; words[count]; count++)
        known[count] = words[count];
    for (size_t i = 0; count < MAX_WORDS - 1 && clipsearch_metadata_name(i); i++)
        known[count++] = clipsearch_metadata_name(i);
    known[count++] = "gps";
    const char *nearest = cs_nearest(name, known, count);
    if (nearest)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "exif: there is no \"%s\"; did you mean %s?", name, nearest);
    char list[512] = "";
    for (size_t i = 0, at = 0; i < count && at < sizeof list; i++)
        at += (size_t)cs_format(list + at, sizeof list - at, "%s%s", known[i],
                                i + 2 < count   ? ", "
                                : i + 1 < count ? " and "
                                                : "");
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "exif: there is no \"%s\"; there are %s", name, list);
}

static bool is_known(const char *name)
{
    bool known = strcmp(name, "gps") == 0;
    for (size_t i = 0; !known && clipsearch_metadata_name(i); i++)
        known = strcmp(name, clipsearch_metadata_name(i)) == 0;
    return known;
}

clipsearch_status cs_read_exif_choice(const char *text, cs_exif_choice *choice, clipsearch_error *err)
{
    const unsigned word = cs_name_index(text, words);
    *choice = (cs_exif_choice){.ignore_orientation = word == 2, .metadata = word == 0 ? NULL : word < 3 ? "" : text};
    if (word < 3)
        return CLIPSEARCH_OK;
    for (const char *at = text; *at;) {
        char name[LONGEST + 1];
        const size_t size = strcspn(at, ", ");
        cs_format(name, sizeof name, "%.*s", size > LONGEST ? LONGEST : (int)size, at);
        if (size && !is_known(name))
            return fail_name(name, err);
        at += size;
        at += strspn(at, ", ");
    }
    return CLIPSEARCH_OK;
}
