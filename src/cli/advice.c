/* SPDX-License-Identifier: MIT
 * advice.c - the command or option that helps. */
#include "cli/advice.h"

#include "base/buf.h"
#include "base/collection_name.h"
#include "cli/output/message.h"
#include "models/catalogue.h"

#include <string.h>

/* The option --db when the user gave it, since the next command needs it too. */
static void put_database(cs_buf *buf, const cs_settings *settings)
{
    if (settings && settings->db_from == CS_FROM_FLAG)
        cs_buf_printf(buf, " --db %s", settings->db);
}

static void put_ingest(cs_buf *buf, const cs_settings *settings)
{
    cs_buf_puts(buf, "To ingest images, run: clipsearch ingest");
    put_database(buf, settings);
    if (settings && strcmp(settings->collection, CS_DEFAULT_COLLECTION) != 0 &&
        cs_can_name_collection(settings->collection)) /* the operand of a command may be anything */
        cs_buf_printf(buf, " --collection %s", settings->collection);
    cs_buf_puts(buf, " DIRECTORY");
}

static void put_remodel(cs_buf *buf, const cs_settings *settings, const char *name)
{
    cs_buf_puts(buf, "clipsearch ingest --remodel");
    put_database(buf, settings);
    if (settings && strcmp(settings->collection, CS_DEFAULT_COLLECTION) != 0)
        cs_buf_printf(buf, " --collection %s", settings->collection);
    cs_buf_printf(buf, " --model %s", name);
}

static const char *fixed_text(cs_advice advice)
{
    switch (advice) {
    case CS_ADVICE_DATABASE:
        return "Name a database file with --db FILE";
    case CS_ADVICE_OTHER_COLLECTION:
        return "To keep both, put the images into another collection with --collection NAME";
    case CS_ADVICE_MODEL:
        return "Give a model with --model: a name, a directory or a weight file. To see the names, run: "
               "clipsearch model list";
    case CS_ADVICE_KNOWN_MODELS:
        return "To see the known models, run: clipsearch model list";
    case CS_ADVICE_RESUME:
        return "To continue, run the same command again";
    case CS_ADVICE_RETRY:
        return "To try them again, run the same command again";
    case CS_ADVICE_TRUNCATE:
        return "Shorten the text, or have it truncated with --overflow truncate";
    case CS_ADVICE_FORCE:
        return "If the files are really to be forgotten, run the same command with --prune=force";
    case CS_ADVICE_FORCE_REMODEL:
        return "Run the same command again when they are there; or, to do without them, with --remodel=force";
    case CS_ADVICE_LOCAL_URL:
        return "To fetch it all the same, add --allow-local-urls";
    case CS_ADVICE_SMALLER_SHEET:
        return "Ask for fewer images (-k) or fewer queries";
    case CS_ADVICE_COLLECTIONS:
        return "To see the collections, run: clipsearch collections";
    case CS_ADVICE_NO_TERMINAL:
        return "To draw them into a file, use --sheet FILE";
    default:
        return "";
    }
}

static void put_advice(cs_buf *buf, cs_advice advice, const cs_settings *settings, const char *name)
{
    static const char remodel[] = "To encode the collection anew with this model, run: ";
    const char *collection = name ? name : settings ? settings->collection : CS_DEFAULT_COLLECTION;
    switch (advice) {
    case CS_ADVICE_INGEST:
        put_ingest(buf, settings);
        break;
    case CS_ADVICE_REPAIR:
        cs_buf_puts(buf, "To write the index again, run: clipsearch check --repair");
        put_database(buf, settings);
        cs_buf_printf(buf, "%s%s", *collection ? " " : "", collection);
        break;
    case CS_ADVICE_OTHER_MODEL:
        cs_buf_puts(buf, "Use the model that the collection was made with (--model).\n");
        cs_buf_puts(buf, remodel);
        put_remodel(buf, settings, name);
        break;
    case CS_ADVICE_TEXTS:
        cs_buf_puts(buf, "For texts, encode the collection anew with a CLIP model; run: ");
        put_remodel(buf, settings, "NAME");
        break;
    case CS_ADVICE_REMODEL:
        cs_buf_puts(buf, remodel);
        put_remodel(buf, settings, name);
        cs_buf_printf(buf, "\n%s", fixed_text(CS_ADVICE_OTHER_COLLECTION));
        break;
    case CS_ADVICE_FETCH:
        cs_buf_printf(buf, "It is a known model. To fetch it, run: clipsearch model fetch %s", name);
        break;
    default:
        cs_buf_puts(buf, fixed_text(advice));
    }
}

void cs_print_advice(const char *message, cs_advice advice, const cs_settings *settings, const char *name)
{
    cs_buf text = cs_buf_make(1 << 14);
    cs_put_printable(&text, message); /* a line: line feeds in it are those of names */
    cs_buf_putc(&text, '\n');
    const size_t line = text.len;
    put_advice(&text, advice, settings, name);
    if (text.len > line && !text.failed)
        cs_print_message("%s", text.data);
    else
        cs_print_line("%s", message);
    cs_buf_free(&text);
}

void cs_put_forget(cs_buf *buf, const cs_settings *settings, const char *path)
{
    cs_buf_puts(buf, "to forget it, run: clipsearch update");
    put_database(buf, settings);
    cs_buf_printf(buf, " %s --forget %s", settings->collection, path);
}

cs_advice cs_advice_for_model(const char *name)
{
    cs_catalogue catalogue;
    const cs_known_model *model;
    const bool known = cs_catalogue_load(NULL, &catalogue, NULL) == CLIPSEARCH_OK &&
                       cs_catalogue_find(&catalogue, name, &model, NULL) == CLIPSEARCH_OK;
    cs_catalogue_close(&catalogue);
    return known ? CS_ADVICE_FETCH : CS_ADVICE_MODEL;
}
