/* The signals that end a program: Ctrl-C, SIGTERM, SIGHUP. A thread of their own waits for them, so that no library's
 * handlers come between (LLVM, in OpenCL drivers, puts back those it found when its first one runs). */
#ifndef CLAE_CLI_SIGNALS_H
#define CLAE_CLI_SIGNALS_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct signals {
    sigset_t waited, ignored; /* ignored: before clae started */
    atomic_int received;      /* the first one while a save was possible; 0: none */
    atomic_bool is_saving;
    bool pipe_is_caught; /* meanwhile */
} signals;

/* To be called before there is any other thread: blocks the signals, which threads inherit, and starts the one that
 * gets them. SIGHUP stays ignored if it was, as under nohup. `signals` must live as long as the process. */
void signals_start(signals *signals);

/* Between these two the first signal does no more than to say that it came; the second one, of any kind, ends the
 * program at once, as does the first one at other times. Writing to a closed pipe is such a signal too, as
 * signals_broken_pipe reports it. */
void signals_begin_saving(signals *signals);
void signals_end_saving(signals *signals);
void signals_broken_pipe(signals *signals);

/* Its number; 0: none came. The exit code for it is 128 + the number. */
int signals_received(const signals *signals);

#endif
