#include "cli/data_report.h"
#include "cli/output.h"

#include "base/memory.h"

typedef struct data_args {
    common_args common;
    bool json;
    const char *out;
} data_args;

#define ARGS data_args
static const option options[] = {
    OPTION_FLAG(json, "json", 0, "print one JSON object"),
    OPTION_TEXT(out, "out", "SHEET.png", NULL, "draw a contact sheet: images of both splits, and of each label"),
};

static const output_format sheet_formats[] = {{".png", "a picture"}, {0}};

static int run(console *console, const void *arguments) {
    const data_args *args = arguments;
    const char *name = args->common.model ? args->common.model : args->common.settings.data;
    output out = {
        .option = "--out",
        .path = args->out,
        .formats = sheet_formats,
        .inputs = {.data = name, .test_data = args->common.settings.test_data, .labels = args->common.settings.labels}};
    session session;
    data_report report = {0};
    if (!name) return console_usage(console, "D", "is missing: the images, as a folder of pictures or an array");
    clae_status status = session_open(&session, console, &args->common);
    if (status == CLAE_OK && args->out) status = output_choose(&out, console, session.context);
    if (status == CLAE_OK && args->out) status = output_prepare(&out, session.context);
    clae_settings settings = args->common.settings; /* whose texts are the command's */
    settings.data = name;
    if (status == CLAE_OK) status = data_report_make(&session, &settings, &report);
    if (status == CLAE_OK)
        status = args->json ? data_print_json(&session, &report) : data_print_text(&session, &report);
    if (status == CLAE_OK && args->out) status = data_draw_sheet(&session, &report, out.path);
    data_report_free(&report);
    session_close(&session);
    return exit_code(status);
}

const command command_data = {
    .name = "data",
    .summary = "show what images are made of: counts, sizes, labels, broken and same ones",
    .description =
        "Prints how many images there are for training and testing, their size and channels, the range of the pixels, "
        "mean and deviation of each channel, how many images are the same as another, and labels with their counts; "
        "of pictures also their formats, bits and sizes, and which cannot be read. Pictures of several sizes are "
        "scaled for that to 64x64, unless --size says another size.",
    .example = "clae data photos --out sheet.png\n"
               "  clae data mnist --json",
    .takes_model = true,
    .model_is_optional = true,
    .argument = "D",
    .argument_help = "the images, as by --data",
    .options = options,
    .option_count = ARRAY_LENGTH(options),
    .setting_groups = SETTINGS_DATA,
    .args_size = sizeof(data_args),
    .run = run,
};
