/* SPDX-License-Identifier: MIT
 * link_folder.h - a folder of symbolic links to the hits of a search, named by rank: 001-name.jpg. With several queries
 * the number of the query stands before it: 2-001-name.jpg.
 *
 * The file .clipsearch-links in the folder has the names of the links: a line, and each name with a NUL byte after it.
 * Only what it names is ever replaced or removed, and only while it is a symbolic link. */
#ifndef CS_OUTPUT_LINK_FOLDER_H
#define CS_OUTPUT_LINK_FOLDER_H

#include "output/results.h"

typedef struct cs_link_report {
    size_t made;
    size_t missing; /* hits whose files are not there; they get no links */
} cs_link_report;

/* Whether links can be made in `directory`: it does not exist, is empty, or has links of an earlier run. Errors:
 * CLIPSEARCH_E_ARGUMENT (it has other files, or is no directory), _FORMAT (its list is damaged), _IO, _MEMORY. */
clipsearch_status cs_link_folder_check(const char *directory, clipsearch_error *err);

/* Make the links, after those of an earlier run have been removed. `directory` is made if it does not exist. Errors:
 * those of cs_link_folder_check; CLIPSEARCH_E_ARGUMENT (a file of another has the name of a link: then nothing was
 * changed). */
clipsearch_status cs_link_folder_write(const char *directory, const cs_results *results, cs_link_report *report,
                                       clipsearch_error *err);

#endif
