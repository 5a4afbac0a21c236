/* SPDX-License-Identifier: MIT
 * float_text.h - floats as text that reads back the same. */
#ifndef CS_OUTPUT_FLOAT_TEXT_H
#define CS_OUTPUT_FLOAT_TEXT_H

#include "base/buf.h"

/* Append `number` with the fewest digits that strtof reads back as the same float; "null" when it is not finite. */
void cs_put_float(cs_buf *buf, float number);

#endif
