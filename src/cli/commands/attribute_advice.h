/* SPDX-License-Identifier: MIT
 * attribute_advice.h - advice when a filter asks for attributes that no image has. */
#ifndef CS_CLI_COMMANDS_ATTRIBUTE_ADVICE_H
#define CS_CLI_COMMANDS_ATTRIBUTE_ADVICE_H

#include "clipsearch.h"

/* Print a line for the first attribute of `filter` (may be NULL) that no image of the collection has, with the most
 * similar name that there is. */
void cs_advise_about_attributes(clipsearch_collection *collection, const char *name, const char *filter);

#endif
