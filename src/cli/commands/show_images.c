/* SPDX-License-Identifier: MIT
 * show_images.c - contact sheets, images on the terminal, the desktop's viewer, folders of links. */
#include "cli/commands/show_images.h"

#include "base/mem.h"
#include "cli/command.h"
#include "cli/output/message.h"
#include "output/caption.h"
#include "output/link_folder.h"
#include "output/preview.h"
#include "output/sheet.h"
#include "output/viewer.h"

#include <string.h>
#include <unistd.h>

static bool is_sheet_on_stdout(const cs_args *args)
{
    return args->sheet && strcmp(args->sheet, "-") == 0;
}

/* Standard output takes one thing. */
static int check_combination(unsigned command, const cs_args *args)
{
    const bool lists = args->json || args->paths || args->nul;
    if (is_sheet_on_stdout(args) && (lists || args->preview))
        return cs_report_usage(command, "--sheet - writes to standard output, so it excludes --json, --paths, --null "
                                        "and --preview; give one of them");
    if (args->preview && lists)
        return cs_report_usage(command, "--preview draws on standard output, so it excludes --json, --paths and "
                                        "--null; give one of them");
    if (is_sheet_on_stdout(args) && args->open)
        return cs_report_usage(command, "--open needs a contact sheet in a file; leave out --sheet -");
    return CS_EXIT_FOUND;
}

/* Take --captions apart. */
static int read_captions(unsigned command, cs_show *show)
{
    const cs_args *args = show->args;
    if (!args->captions)
        return CS_EXIT_FOUND;
    if (!args->sheet && !args->preview && !args->open)
        return cs_report_usage(command, "--captions is for --sheet, --preview and --open; none of them is given");
    show->names = cs_strdup(args->captions);
    if (!show->names)
        return cs_report_memory();
    char *rest = show->names;
    for (char *name = strtok_r(rest, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        if (show->caption_count == CS_SHEET_MOST_CAPTIONS)
            return cs_report_usage(command, "--captions: at most %d attributes fit below an image",
                                   (int)CS_SHEET_MOST_CAPTIONS);
        show->captions[show->caption_count++] = name;
    }
    return CS_EXIT_FOUND;
}

int cs_show_prepare(unsigned command, const cs_args *args, cs_show *show)
{
    clipsearch_error err;
    *show = (cs_show){.args = args};
    int code = check_combination(command, args);
    if (code == CS_EXIT_FOUND)
        code = read_captions(command, show);
    if (code == CS_EXIT_FOUND && args->sheet && cs_sheet_file_choose(args->sheet, &show->sheet, &err) != CLIPSEARCH_OK)
        code = cs_report_usage(command, "--sheet: %s", err.message);
    if (code == CS_EXIT_FOUND && args->link && cs_link_folder_check(args->link, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_INPUT);
    if (code == CS_EXIT_FOUND && args->preview &&
        cs_terminal_open(STDOUT_FILENO, &show->terminal, &err) != CLIPSEARCH_OK)
        code = err.code == CLIPSEARCH_E_MEMORY
                   ? cs_report_memory()
                   : cs_report_with_advice(&err, CS_STAGE_INPUT, CS_ADVICE_NO_TERMINAL, NULL, NULL);
    return code;
}

bool cs_show_replaces_text(const cs_show *show)
{
    return show->args->preview || is_sheet_on_stdout(show->args);
}

static bool has_hits(const cs_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        if (cs_result_count(&results->items[i]))
            return true;
    return false;
}

/* Open the contact sheet, one of its own when --sheet was not given. */
static clipsearch_status open_sheet(const cs_show *show, const cs_results *results, clipsearch_error *err)
{
    char *path = NULL;
    if (show->sheet.path)
        return cs_viewer_open(show->sheet.path, err);
    clipsearch_status status = cs_viewer_make_path("found.png", &path, err);
    if (status == CLIPSEARCH_OK)
        status = cs_sheet_make(results, &(cs_sheet_file){.path = path, .format = CS_SHEET_PNG}, err);
    if (status == CLIPSEARCH_OK)
        status = cs_viewer_open(path, err);
    if (status == CLIPSEARCH_OK && show->args->verbose)
        cs_print_message("the contact sheet is %s", path);
    cs_free(path);
    return status;
}

static clipsearch_status make_links(const cs_show *show, const cs_results *results, clipsearch_error *err)
{
    cs_link_report report;
    clipsearch_status status = cs_link_folder_write(show->args->link, results, &report, err);
    if (status == CLIPSEARCH_OK && report.missing && !show->args->quiet)
        cs_print_message("%zu of the files %s missing and %s no link in %s", report.missing,
                         report.missing == 1 ? "is" : "are", report.missing == 1 ? "has" : "have", show->args->link);
    return status;
}

/* Whether an image has the attribute. */
static bool is_on_sheet(const cs_results *results, const char *name)
{
    bool found = false;
    cs_buf text = cs_buf_make(2 << 20);
    for (size_t i = 0; i < results->count && !found; i++)
        for (size_t rank = 0; rank < cs_result_count(&results->items[i]) && !found; rank++) {
            cs_put_caption(&text, cs_result_hit(&results->items[i], rank)->attributes, name);
            found = text.len || text.failed;
        }
    cs_buf_free(&text);
    return found;
}

/* Say which of --captions no image has: it may be a typing error. */
static void note_empty_captions(const cs_show *show, const cs_results *results)
{
    for (size_t i = 0; i < show->caption_count && !show->args->quiet && has_hits(results); i++)
        if (!is_on_sheet(results, show->captions[i]))
            cs_print_message("--captions: no image that is shown has the attribute %s", show->captions[i]);
}

int cs_show_results(cs_show *show, const cs_results *found)
{
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_results shown = *found;
    const cs_results *results = &shown;
    shown.captions = show->captions;
    shown.caption_count = show->caption_count;
    note_empty_captions(show, results);
    if (show->args->preview)
        status = cs_preview_draw(&show->terminal, results, stdout, &err);
    if (status == CLIPSEARCH_OK && show->args->link)
        status = make_links(show, results, &err);
    if (status == CLIPSEARCH_OK && show->sheet.path)
        status = cs_sheet_make(results, &show->sheet, &err);
    if (status == CLIPSEARCH_OK && show->args->open && has_hits(results))
        status = open_sheet(show, results, &err);
    if (status == CLIPSEARCH_E_LIMIT) { /* the sheet */
        cs_print_advice(err.message, CS_ADVICE_SMALLER_SHEET, NULL, NULL);
        return CS_EXIT_USAGE;
    }
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_error(&err, CS_STAGE_INPUT);
}

void cs_show_close(cs_show *show)
{
    cs_terminal_close(&show->terminal);
    cs_free(show->names);
}
