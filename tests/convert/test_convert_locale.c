/* SPDX-License-Identifier: MIT
 * test_convert_locale.c - conversions under a decimal comma write the same files. */
#include "convert_support.h"
#include "tap.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each kind of configuration, written while the process has a decimal comma, is the file that is written without one,
 * and the model opens in that locale too. */
static void test_comma_locale(const folder *f)
{
    static const struct {
        const char *from, *config;
        unsigned towers;
    } models[] = {{"comma-vit", "config.json", CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER},
                  {"comma-rn", "open_clip_config.json", CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER},
                  {"comma-net", "clipsearch.json", CLIPSEARCH_IMAGE_TOWER}};
    static const char *const names[] = {"config.json", "model.safetensors", NULL};
    char network[4096];
    snprintf(network, sizeof network, "%s/tests/data/cnn-tiny/resnet34", getenv("CLIPSEARCH_SOURCE_ROOT"));
    copy_tiny(f, "comma-vit", "hf", names, true);
    copy_resnet(f, "comma-rn");
    for (size_t i = 0; i < 3; i++) {
        static vectors before, after;
        clipsearch_convert_report report;
        clipsearch_convert_report_init(&report);
        char to[64], file[128], comma_file[128];
        const char *from = i < 2 ? models[i].from : network;
        snprintf(to, sizeof to, "%s-point", models[i].from);
        snprintf(file, sizeof file, "%s/%s", to, models[i].config);
        setlocale(LC_ALL, "C");
        bool ok = convert(i < 2 ? folder_path(f, from) : from, folder_path(f, to), 0, CLIPSEARCH_F32, &report) ==
                      CLIPSEARCH_OK &&
                  encode(folder_path(f, to), models[i].towers, &before);
        if (!tap_set_comma_locale()) {
            tap_skip("conversions under a decimal comma", TAP_NO_COMMA);
            return;
        }
        snprintf(to, sizeof to, "%s-comma", models[i].from);
        snprintf(comma_file, sizeof comma_file, "%s/%s", to, models[i].config);
        ok = ok &&
             convert(i < 2 ? folder_path(f, from) : from, folder_path(f, to), 0, CLIPSEARCH_F32, &report) ==
                 CLIPSEARCH_OK &&
             encode(folder_path(f, to), models[i].towers, &after);
        TAP_OK(ok && memcmp(before.texts, after.texts, sizeof before.texts) == 0 &&
                   memcmp(before.images, after.images, sizeof before.images) == 0,
               "%s, converted under a decimal comma: the same bits%s%s", models[i].from, ok ? "" : ": ",
               ok ? "" : err.message);
        TAP_OK(same_file(folder_path(f, file), folder_path(f, comma_file)), "and the same %s", models[i].config);
    }
    TAP_OK(same_file(folder_path(f, "comma-vit-point/preprocessor_config.json"),
                     folder_path(f, "comma-vit-comma/preprocessor_config.json")),
           "and the same preprocessor_config.json");
    setlocale(LC_ALL, "C");
}

int main(void)
{
    folder f;
    folder_make(&f);
    test_comma_locale(&f);
    folder_remove(&f);
    return tap_done();
}
