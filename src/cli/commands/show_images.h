/* SPDX-License-Identifier: MIT
 * show_images.h - the options with which results are looked at: --sheet, --preview, --open, --link. */
#ifndef CS_CLI_COMMANDS_SHOW_IMAGES_H
#define CS_CLI_COMMANDS_SHOW_IMAGES_H

#include "cli/command_line.h"
#include "output/results.h"
#include "output/sheet_file.h"
#include "output/sheet_layout.h"
#include "output/terminal.h"

/* What was asked for. Zero-initialise; close in any case. */
typedef struct cs_show {
    const cs_args *args;
    cs_sheet_file sheet; /* path NULL: none */
    char *names;         /* of --captions, a string each; owned */
    const char *captions[CS_SHEET_MOST_CAPTIONS];
    size_t caption_count;
    cs_terminal terminal;
} cs_show;

/* Check the options before anything is searched, and look at the terminal. Returns CS_EXIT_FOUND, or prints what is
 * wrong and returns the exit status for it. */
int cs_show_prepare(unsigned command, const cs_args *args, cs_show *show);

/* Whether standard output has images, and so no list of the results. */
bool cs_show_replaces_text(const cs_show *show);

/* Show the results in each way that was asked for. Returns CS_EXIT_FOUND, or prints what is wrong and returns the exit
 * status for it. */
int cs_show_results(cs_show *show, const cs_results *results);
void cs_show_close(cs_show *show);

#endif
