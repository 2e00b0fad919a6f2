#include "base/child.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define LONGEST_LINE_BYTES ((size_t)4 << 20)
#define PATIENCE_MS 1000 /* for one that has hung up to end */

typedef struct line_buffer {
    char *text;
    size_t bytes, taken, room; /* taken: of the line that was given last */
} line_buffer;

struct child {
    pid_t pid; /* 0: reaped */
    int line, printed;
    line_buffer answer;
    char words[256];
    size_t word_bytes;
    bool line_ended;
    double late_after_ms; /* 0: it is not late */
    int status;
    bool has_status;
};

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* where SO_NOSIGPIPE is there */
#endif

/* Two ends that no other program gets which the host starts. */
static bool open_ends(int ends[2]) {
#ifdef SOCK_CLOEXEC
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0;
#else
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return false;
    for (int i = 0; i < 2; i++) {
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0) return false;
#ifdef SO_NOSIGPIPE
        if (setsockopt(ends[i], SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int)) != 0) return false;
#endif
    }
    return true;
#endif
}

/* Above the descriptors that the child gets, so that none of them is overwritten before it is copied. */
static int move_up(int descriptor) {
    if (descriptor < 0) return -1;
    const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
    close(descriptor);
    return moved;
}

static bool names(const char *variable, const char *change) {
    const size_t length = strcspn(change, "=");
    return strncmp(variable, change, length) == 0 && variable[length] == '=';
}

/* The pointers are the caller's; the list is freed. */
static char **changed_environment(const char *const *changes) {
    size_t count = 0, change_count = 0;
    while (environ[count]) count++;
    while (changes[change_count]) change_count++;
    char **list = malloc((count + change_count + 1) * sizeof *list);
    size_t used = 0;
    for (size_t i = 0; list && i < count; i++) {
        bool changed = false;
        for (size_t k = 0; k < change_count; k++) changed = changed || names(environ[i], changes[k]);
        if (!changed) list[used++] = environ[i];
    }
    for (size_t k = 0; list && k < change_count; k++)
        if (strchr(changes[k], '=')) list[used++] = (char *)changes[k];
    if (list) list[used] = NULL;
    return list;
}

/* A group of its own: Ctrl-C is for the user's program, and is no death of a driver. */
static bool set_attributes(posix_spawnattr_t *attributes) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    return posix_spawnattr_setsigdefault(attributes, &all) == 0 && posix_spawnattr_setsigmask(attributes, &none) == 0 &&
           posix_spawnattr_setpgroup(attributes, 0) == 0 &&
           posix_spawnattr_setflags(attributes,
                                    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP) == 0;
}

static bool spawn(child *c, const char *program, char *const *arguments, char *const *environment, int line,
                  int printed) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) return false;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return false;
    }
    const bool started = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
                         posix_spawn_file_actions_adddup2(&actions, printed, STDOUT_FILENO) == 0 &&
                         posix_spawn_file_actions_adddup2(&actions, printed, STDERR_FILENO) == 0 &&
                         posix_spawn_file_actions_adddup2(&actions, line, CHILD_DESCRIPTOR) == 0 &&
                         set_attributes(&attributes) &&
                         posix_spawn(&c->pid, program, &actions, &attributes, arguments, environment) == 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (!started) c->pid = 0;
    return started;
}

static void close_if_open(int descriptor) {
    if (descriptor >= 0) close(descriptor);
}

child *child_start(const char *program, char *const *arguments, const char *const *environment) {
    child *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    int line[2] = {-1, -1}, printed[2] = {-1, -1};
    bool ready = open_ends(line) && open_ends(printed);
    line[1] = move_up(line[1]);
    printed[1] = move_up(printed[1]);
    char **variables = changed_environment(environment);
    ready = ready && variables && line[1] >= 0 && printed[1] >= 0 && fcntl(printed[0], F_SETFL, O_NONBLOCK) == 0 &&
            spawn(c, program, arguments, variables, line[1], printed[1]);
    free(variables);
    close_if_open(line[1]);
    close_if_open(printed[1]);
    c->line = line[0];
    c->printed = printed[0];
    if (ready) return c;
    child_end(c);
    return NULL;
}

bool child_ask(child *c, const char *line) {
    char *text = string_format("%s\n", line);
    const size_t bytes = text ? strlen(text) : 0;
    size_t sent = 0;
    while (text && sent < bytes) {
        const ssize_t now = send(c->line, text + sent, bytes - sent, MSG_NOSIGNAL);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) break;
        sent += (size_t)now;
    }
    free(text);
    return text && sent == bytes;
}

/* Keeps the last line of what is printed. */
static void listen_to_prints(child *c) {
    char text[4096];
    ssize_t bytes = read(c->printed, text, sizeof text);
    if (bytes == 0 || (bytes < 0 && errno != EAGAIN && errno != EINTR)) {
        close(c->printed);
        c->printed = -1;
    }
    for (ssize_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') {
            c->line_ended = true;
            continue;
        }
        if (c->line_ended) c->word_bytes = 0;
        c->line_ended = false;
        if (c->word_bytes + 1 >= sizeof c->words) continue;
        c->words[c->word_bytes++] = text[i];
        c->words[c->word_bytes] = '\0';
    }
}

/* A line that is complete, or NULL. */
static const char *take_line(line_buffer *b) {
    if (b->taken) memmove(b->text, b->text + b->taken, b->bytes - b->taken);
    b->bytes -= b->taken;
    b->taken = 0;
    char *end = b->bytes ? memchr(b->text, '\n', b->bytes) : NULL;
    if (!end) return NULL;
    *end = '\0';
    b->taken = (size_t)(end - b->text) + 1;
    return b->text;
}

/* False at the end of what is to be read. */
static bool read_more(child *c) {
    line_buffer *b = &c->answer;
    if (b->room - b->bytes < 4096) {
        char *larger = b->room < LONGEST_LINE_BYTES ? realloc(b->text, 2 * b->room + 8192) : NULL;
        if (!larger) return false;
        b->text = larger;
        b->room = 2 * b->room + 8192;
    }
    const ssize_t bytes = read(c->line, b->text + b->bytes, b->room - b->bytes);
    if (bytes > 0) b->bytes += (size_t)bytes;
    return bytes > 0 || (bytes < 0 && (errno == EINTR || errno == EAGAIN));
}

const char *child_answer(child *c, double limit_ms) {
    const double end_ms = clock_ms() + limit_ms;
    for (;;) {
        const char *line = take_line(&c->answer);
        if (line) return line;
        const double left_ms = end_ms - clock_ms();
        if (left_ms <= 0) {
            c->late_after_ms = limit_ms;
            if (c->pid > 0) kill(c->pid, SIGKILL);
            return NULL;
        }
        struct pollfd wait[] = {{c->line, POLLIN, 0}, {c->printed, POLLIN, 0}};
        if (poll(wait, 2, (int)left_ms + 1) < 0 && errno != EINTR) return NULL;
        if (wait[1].revents) listen_to_prints(c);
        if (wait[0].revents && !read_more(c)) return NULL;
    }
}

/* Waits for its end, and kills it when it takes long. Where the host ignores SIGCHLD there is no status, and no error.
 */
static void reap(child *c) {
    const double end_ms = clock_ms() + PATIENCE_MS;
    while (c->pid > 0) {
        const bool late = clock_ms() > end_ms;
        if (late) kill(c->pid, SIGKILL);
        const pid_t got = waitpid(c->pid, &c->status, late ? 0 : WNOHANG);
        if (got < 0 && errno == EINTR) continue;
        if (got != 0) {
            c->has_status = got == c->pid;
            c->pid = 0;
            return;
        }
        poll(NULL, 0, 1);
    }
}

static const char *signal_name(int number, char *text, size_t size) {
    static const struct {
        int number;
        const char *name;
    } known[] = {{SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},
                 {SIGFPE, "SIGFPE"},   {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGTRAP, "SIGTRAP"},
                 {SIGSYS, "SIGSYS"},   {SIGALRM, "SIGALRM"}, {SIGPIPE, "SIGPIPE"}, {SIGXCPU, "SIGXCPU"}};
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (known[i].number == number) return known[i].name;
    snprintf(text, size, "signal %d", number);
    return text;
}

void child_describe_death(child *c, char *text, size_t size) {
    char name[32];
    if (c->printed >= 0) listen_to_prints(c);
    reap(c);
    if (c->late_after_ms > 0)
        snprintf(text, size, "did not answer within %g s", c->late_after_ms / 1000);
    else if (c->has_status && WIFSIGNALED(c->status))
        snprintf(text, size, "was ended by %s", signal_name(WTERMSIG(c->status), name, sizeof name));
    else if (c->has_status && WIFEXITED(c->status))
        snprintf(text, size, "ended with exit code %d", WEXITSTATUS(c->status));
    else
        snprintf(text, size, "ended without an answer");
}

const char *child_last_words(const child *c) {
    return c->words;
}

void child_end(child *c) {
    if (!c) return;
    close_if_open(c->line);
    close_if_open(c->printed);
    reap(c);
    free(c->answer.text);
    free(c);
}
