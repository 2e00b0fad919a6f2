/* A training as the user sees it: progress, Ctrl-C and what is said at the end. */
#ifndef CLAE_CLI_TRAINING_H
#define CLAE_CLI_TRAINING_H

#include "cli/session.h"
#include "app/run/run.h"

/* Says what is trained on what. */
void training_introduce(console *console, const run *run);
/* Runs it; gives the exit code. The first signal that ends programs ends it with a checkpoint, the second one at once;
 * `go_on` is the command that continues then. */
int training_run(console *console, run *run, const char *go_on, clae_device *device, const run_limits *limits);

#endif
