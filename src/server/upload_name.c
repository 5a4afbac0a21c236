/* SPDX-License-Identifier: MIT
 * upload_name.c - harmless names. */
#include "server/upload_name.h"

#include "base/digest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { KEPT = 80, HASH_BYTES = 8 };

void cs_upload_name(const char *given, const char *suffix, const uint8_t hash[32], unsigned number,
                    char name[CS_UPLOAD_NAME])
{
    char kept[KEPT + 1], digits[2 * HASH_BYTES + 1], another[12] = "";
    size_t length = 0;
    for (const char *c = given; *c; c++)
        if (*c == '/' || *c == '\\') /* some clients send whole paths */
            given = c + 1;
    const char *dot = strrchr(given, '.');
    const size_t end = dot ? (size_t)(dot - given) : strlen(given);
    for (size_t i = 0; i < end && length < KEPT; i++) {
        const char c = given[i];
        const bool plain =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("_-.", c));
        if (plain)
            kept[length++] = c;
        else if (length && kept[length - 1] != '_')
            kept[length++] = '_';
    }
    kept[length] = '\0';
    cs_digest_hex(hash, HASH_BYTES, digits);
    if (number > 1)
        snprintf(another, sizeof another, "-%u", number);
    snprintf(name, CS_UPLOAD_NAME, "%s%s%s%s%.8s", digits, another, length ? "-" : "", kept, suffix);
}
