#include "cli/command.h"

#include "base/memory.h"
#include "base/names.h"

#include <string.h>

#define COMMAND(NAME) extern const command command_##NAME;
#include "cli/commands.def"
#undef COMMAND

const command *const commands[] = {
#define COMMAND(NAME) &command_##NAME,
#include "cli/commands.def"
#undef COMMAND
    NULL,
};

#define ARGS common_args

static const option computing_options[] = {
    OPTION_TEXT(
        device, "device", "D", NULL,
        "auto (a GPU, if one works, otherwise plain C), c, opencl, gpu, cpu, P:D or a part of a device's, card's or "
        "platform's name, as `clae devices` lists them; CLAE_DEVICE in the environment says the same, and auto is "
        "the default"),
    OPTION_COUNT(threads, "threads", "N", NULL, 1, 1024, "threads of the plain C backend; default: one for each core"),
    OPTION_TEXT(kernels, "kernels", "DIR", NULL, "take .cl files found in DIR instead of the built-in ones"),
    OPTION_REAL(memory_limit_mib, "memory-limit", "MIB", NULL, 0.001, 1e9,
                "plan to use so much of the device's memory at most; default: all of it"),
};

static const option message_options[] = {
    OPTION_FLAG(verbose, "verbose", 'v', "say more of what is done"),
    OPTION_FLAG(quiet, "quiet", 'q', "say nothing but warnings and errors"),
};

static const struct {
    const char *title;
    unsigned groups;
} setting_tables[] = {
    {"Data", SETTINGS_DATA},
    {"Model", SETTINGS_MODEL},
    {"Training", SETTINGS_RUN | SETTINGS_TRAINING},
    {"Numerics", SETTINGS_NUMERICS},
};

static const command_setting *find_setting(const command *command, const char *name) {
    for (size_t i = 0; i < command->setting_count; i++)
        if (!strcmp(command->settings[i].name, name)) return &command->settings[i];
    return NULL;
}

static bool takes_group(const command *command, settings_group group) {
    return (command->setting_groups & group) || (command->computes && group == SETTINGS_NUMERICS);
}

static void add_setting(command_options *options, const setting *row, const command_setting *change) {
    setting *own = &options->rows[options->setting_count];
    *own = *row;
    if (change && change->help) own->help = change->help;
    if (change && change->max > 0) own->max = change->max;
    options->settings[options->setting_count++] = (option){.name = own->name,
                                                           .metavar = own->metavar,
                                                           .kind = OPTION_KIND_SETTING,
                                                           .offset = offsetof(common_args, settings),
                                                           .standard = own->standard,
                                                           .required = change && change->required,
                                                           .help = own->help,
                                                           .setting = own};
}

static void add_table(command_options *options, const char *title, const option *of, size_t count) {
    if (count) options->tables[options->table_count++] = (option_table){title, of, count};
}

/* One table of those settings of the groups that the command takes. */
static void add_settings(command_options *options, const command *command, const char *title, unsigned groups) {
    const size_t first = options->setting_count;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        const setting *row = &settings_table[i];
        const command_setting *change = find_setting(command, row->name);
        if ((row->group & groups) && (change || takes_group(command, row->group))) add_setting(options, row, change);
    }
    add_table(options, title, &options->settings[first], options->setting_count - first);
}

void command_list_options(const command *command, command_options *options) {
    /* --device is the first one. */
    size_t skipped = command->names_devices ? 1 : 0;
    size_t computing = command->computes ? ARRAY_LENGTH(computing_options) - skipped : 0;
    *options = (command_options){.table_count = 0};
    add_table(options, "Options", command->options, command->option_count);
    for (size_t i = 0; i < ARRAY_LENGTH(setting_tables); i++)
        add_settings(options, command, setting_tables[i].title, setting_tables[i].groups);
    add_table(options, "Device", computing_options + skipped, computing);
    add_table(options, "Messages", message_options, ARRAY_LENGTH(message_options));
}

const command *command_find(const char *name) {
    for (size_t i = 0; commands[i]; i++) {
        if (!strcmp(commands[i]->name, name)) return commands[i];
    }
    return NULL;
}

const command *command_like(const char *name) {
    const command *best = NULL;
    size_t best_distance = SIZE_MAX;
    for (size_t i = 0; commands[i]; i++) {
        size_t distance = name_distance(name, commands[i]->name);
        if (distance < best_distance) {
            best = commands[i];
            best_distance = distance;
        }
    }
    return best_distance <= NAME_DISTANCE_LIKE ? best : NULL;
}

const char *command_argument(const command *command) {
    return command->argument ? command->argument : "MODEL";
}

const char *command_argument_help(const command *command) {
    return command->argument ? command->argument_help : "a .safetensors file, or the folder of a training run";
}
