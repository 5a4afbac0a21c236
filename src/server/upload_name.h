/* SPDX-License-Identifier: MIT
 * upload_name.h - the name that an uploaded image gets. */
#ifndef CS_SERVER_UPLOAD_NAME_H
#define CS_SERVER_UPLOAD_NAME_H

#include <stddef.h>
#include <stdint.h>

enum { CS_UPLOAD_NAME = 128 };

/* Write the name of a file with this SHA-256 into `name`: 16 hex digits, a line, and what is harmless of the last part
 * of `given`, the name that the client says (may be ""): letters and digits of ASCII, "_", "-" and "."; never a '/',
 * and no '.' at its beginning. `suffix`, ".jpg", is its end, whatever the client's name ends in. A `number` above 1
 * stands behind the digits: another name for the same file. */
void cs_upload_name(const char *given, const char *suffix, const uint8_t hash[32], unsigned number,
                    char name[CS_UPLOAD_NAME]);

#endif
