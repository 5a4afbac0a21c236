/* SPDX-License-Identifier: MIT
 * relevance.h - --relevant and --min-relevance: what they are for, the calibration, and queries that nothing fits. */
#ifndef CS_CLI_COMMANDS_RELEVANCE_H
#define CS_CLI_COMMANDS_RELEVANCE_H

#include "cli/commands/open.h"
#include "cli/question_text.h"
#include "output/results.h"

/* The least relevance of the hits that are shown, by the options or, for queries of texts alone, by the configuration
 * file; 0: all are shown. And whether hits are to be given one at all. */
float cs_least_relevance(const cs_args *args, const cs_settings *settings, const cs_questions *questions);
bool cs_wants_relevance(const cs_args *args, const cs_settings *settings, const cs_questions *questions);

/* Check the options and that all queries are of texts alone. Returns CS_EXIT_FOUND, or prints what is wrong and returns
 * the exit status for it. */
int cs_check_relevance(const cs_args *args, const cs_questions *questions);

/* Make the calibration, or take it from the user's cache ($XDG_CACHE_HOME/clipsearch/relevance) when it still fits.
 * Free *calibration. Where the collection allows none, that is an error if an option asks for it; else *calibration is
 * NULL. Returns like cs_check_relevance. */
int cs_make_calibration(const cs_args *args, const cs_opened *opened, clipsearch_session *session,
                        clipsearch_calibration **calibration);

/* Name the queries for which nothing relevant was found: `nothing in photos fits "a zebra" well`. `among` ends the
 * message. With a long text among them, a line says that relevance is for short ones. */
void cs_note_irrelevant(const cs_results *results, const char *among);

#endif
