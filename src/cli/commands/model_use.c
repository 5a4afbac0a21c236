/* SPDX-License-Identifier: MIT
 * model_use.c - clipsearch model use: the model that new collections are encoded with. */
#include "cli/command.h"

#include "cli/commands/model_actions.h"
#include "cli/commands/model_install.h"
#include "cli/commands/open.h"
#include "models/location.h"

int cs_command_model_use(const cs_args *args, const char *const *operands, size_t count)
{
    (void)count;
    cs_model_location location = {0};
    int code = cs_find_model(operands[0], &location);
    if (code == CS_EXIT_FOUND)
        code = cs_install_use(args, location.directory, location.name, false);
    cs_model_location_free(&location);
    return code;
}
