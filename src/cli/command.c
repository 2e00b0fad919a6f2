#include "cli/command.h"

#include "base/memory.h"

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
    OPTION_TEXT(device, "device", "D", NULL,
                "auto (a GPU, if one works, otherwise plain C), c, opencl, gpu, cpu, P:D or a part of a device's, card's or "
                "platform's name, as `clae devices` lists them; CLAE_DEVICE in the environment says the same, and auto is "
                "the default"),
    OPTION_COUNT(threads, "threads", "N", NULL, 1, 1024, "threads of the plain C backend; default: one for each core"),
    OPTION_TEXTS(impls, "impl", "OP=NAME",
                 "use this implementation of an op, like conv2d_fwd=direct or, of several devices, "
                 "opencl:conv2d_fwd=tiled; can be repeated"),
    OPTION_TEXT(kernels, "kernels", "DIR", NULL, "take .cl files found in DIR instead of the built-in ones"),
    OPTION_FLAG(no_fusion, "no-fusion", 0, "run bias and ReLU as ops of their own"),
    OPTION_FLAG(no_winograd, "no-winograd", 0,
                "convolve as the definition reads: slower, with smaller rounding errors"),
    OPTION_CHOICE(
        precision, "precision", "fp32|tf32", NULL,
        "tf32: convolve in floats rounded to 11 bits where the device has matrix units for them; default: fp32"),
    OPTION_FLAG(no_tuning, "no-tuning", 0, "leave aside what `clae tune` found"),
    OPTION_REAL(memory_limit_mib, "memory-limit", "MIB", NULL, 0.001, 1e9,
                "plan to use so much of the device's memory at most; default: all of it"),
};

static const option message_options[] = {
    OPTION_FLAG(verbose, "verbose", 'v', "say more of what is done"),
    OPTION_FLAG(quiet, "quiet", 'q', "say nothing but warnings and errors"),
};
void command_tables(const command *command, option_table tables[OPTION_TABLES]) {
    /* --device is the first one. */
    size_t skipped = command->names_devices ? 1 : 0;
    size_t computing = command->computes ? ARRAY_LENGTH(computing_options) - skipped : 0;
    tables[0] = (option_table){"Options", command->options, command->option_count};
    tables[1] = (option_table){"Device", computing_options + skipped, computing};
    tables[2] = (option_table){"Messages", message_options, ARRAY_LENGTH(message_options)};
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

bool option_given(const command *command, const common_args *args, const char *name) {
    for (size_t i = 0; i < command->option_count; i++) {
        if (!strcmp(command->options[i].name, name)) return (args->given >> i) & 1;
    }
    return false;
}
