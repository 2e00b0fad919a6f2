#include "cli/signals.h"

#include "base/memory.h"

#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

/* The thread that gets the signals: a handler has no argument, hence the one global variable. */
static pthread_t signals_receiver;

/* Runs in threads that libraries started before main, which have no signal blocked; and at writes to a closed pipe. */
static void forward(int number) {
    pthread_kill(signals_receiver, number);
}

static bool is_ignored(int number) {
    struct sigaction action;
    return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

static void reset(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* A process that the library forks has no thread for signals. */
static void reset_all(void) {
    for (size_t i = 0; i < ARRAY_LENGTH(ending); i++) reset(ending[i]);
}

static void end_program(int number) {
    reset(number);
    raise(number);
    _exit(128 + number);
}

static void take(signals *signals, int number) {
    static const char text[] = "\nsaving a checkpoint; once more ends at once\n";
    int none = 0;
    if (!atomic_load(&signals->is_saving) || !atomic_compare_exchange_strong(&signals->received, &none, number))
        end_program(number);
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) return;
}

/* Shells start a script's background jobs with SIGINT ignored; one that is sent to a training is meant all the same. */
static bool is_to_be_ignored(const signals *signals, int number) {
    return sigismember(&signals->ignored, number) && (number != SIGINT || !atomic_load(&signals->is_saving));
}

static void *receive(void *user) {
    signals *signals = user;
    sigset_t waited = signals->waited;
    sigaddset(&waited, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &waited, NULL);
    for (int number;;) {
        if (sigwait(&waited, &number) || is_to_be_ignored(signals, number)) continue;
        if (number == SIGPIPE) {
            signals_broken_pipe(signals);
        } else {
            take(signals, number);
        }
    }
    return NULL;
}

void signals_start(signals *signals) {
    sigemptyset(&signals->waited);
    sigemptyset(&signals->ignored);
    for (size_t i = 0; i < ARRAY_LENGTH(ending); i++) {
        sigaddset(&signals->waited, ending[i]);
        if (is_ignored(ending[i])) sigaddset(&signals->ignored, ending[i]);
    }
    pthread_sigmask(SIG_BLOCK, &signals->waited, NULL);
    if (pthread_create(&signals_receiver, NULL, receive, signals)) {
        pthread_sigmask(SIG_UNBLOCK, &signals->waited, NULL);
        return;
    }
    pthread_atfork(NULL, NULL, reset_all);
    struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LENGTH(ending); i++) sigaction(ending[i], &action, NULL);
}

void signals_begin_saving(signals *signals) {
    atomic_store(&signals->received, 0);
    /* A write to a closed pipe then fails, and is reported. */
    signals->pipe_is_caught = !is_ignored(SIGPIPE);
    if (signals->pipe_is_caught) signal(SIGPIPE, forward);
    atomic_store(&signals->is_saving, true);
}

void signals_end_saving(signals *signals) {
    atomic_store(&signals->is_saving, false);
    /* What is still to be said would be such a write again. */
    if (signals->pipe_is_caught && signals_received(signals) != SIGPIPE) signal(SIGPIPE, SIG_DFL);
    signals->pipe_is_caught = false;
}

void signals_broken_pipe(signals *signals) {
    int none = 0;
    if (signals->pipe_is_caught) atomic_compare_exchange_strong(&signals->received, &none, SIGPIPE);
}

int signals_received(const signals *signals) {
    return atomic_load(&signals->received);
}
