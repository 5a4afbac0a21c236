/* SPDX-License-Identifier: MIT
 * open.c - opening what a command works on, and what to do when it is not there. */
#include "cli/commands/open.h"

#include "cli/command.h"
#include "cli/output/say.h"

#include <string.h>

void cs_say_ingest(const cs_settings *settings, const char *what)
{
    bool db = settings->db_from == CS_FROM_FLAG, collection = strcmp(settings->collection, "photos") != 0;
    cs_say("%s\nTo ingest pictures, run: clipsearch ingest%s%s%s%s DIRECTORY", what, db ? " --db " : "",
           db ? settings->db : "", collection ? " --collection " : "", collection ? settings->collection : "");
}

void cs_say_note(void *context, const char *line)
{
    (void)context;
    cs_say("%s", line);
}

void cs_say_notes(const cs_settings *settings, clipsearch_database *db)
{
    if (!settings->quiet)
        clipsearch_database_on_note(db, cs_say_note, NULL);
}

int cs_open_database(const cs_settings *settings, unsigned flags, clipsearch_database **db)
{
    clipsearch_error err;
    char what[1200];
    clipsearch_status status = clipsearch_database_open(settings->db, flags, db, &err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        snprintf(what, sizeof what, "nothing has been ingested yet: there is no database %s", settings->db);
        cs_say_ingest(settings, what);
        return CS_EXIT_DATABASE;
    }
    if (status == CLIPSEARCH_OK)
        cs_say_notes(settings, *db);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report(&err, CS_STAGE_DATABASE);
}

int cs_open_collection(const cs_settings *settings, unsigned flags, clipsearch_database **db,
                       clipsearch_collection **collection, clipsearch_collection_info *info)
{
    clipsearch_error err;
    int code = cs_open_database(settings, flags, db);
    if (code != CS_EXIT_FOUND)
        return code;
    clipsearch_status status = clipsearch_collection_open(*db, settings->collection, NULL, collection, &err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        cs_say_ingest(settings, err.message);
        return CS_EXIT_DATABASE;
    }
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_describe(*collection, info, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report(&err, CS_STAGE_DATABASE);
}
