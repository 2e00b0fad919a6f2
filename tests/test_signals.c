/* Signals: a training that is told to end saves a checkpoint and says by its exit code what told it to. */
#define _GNU_SOURCE
#include "cli_program.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define SECONDS_TO_WAIT 60

static void wait_for_file(const char *path) {
    struct timespec tenth = {.tv_nsec = 100000000};
    for (int i = 0; i < 10 * SECONDS_TO_WAIT && !exists(path); i++) nanosleep(&tenth, NULL);
    assert_true(exists(path));
}

static pid_t start(const char *folder, const char *channels, bool is_nohup, int stderr_fd) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child) return child;
    if (chdir(scratch)) _exit(99);
    /* Whoever runs the tests may ignore some. */
    const int signals[] = {SIGINT, SIGTERM, SIGPIPE, SIGQUIT, SIGXFSZ};
    for (size_t i = 0; i < COUNT(signals); i++) signal(signals[i], SIG_DFL);
    signal(SIGHUP, is_nohup ? SIG_IGN : SIG_DFL);
    if (dup2(stderr_fd, STDERR_FILENO) < 0) _exit(99);
    execl(program, "clae", "train", "--data", "data", "--out", folder, "--epochs", "100000", "--batch-size", "230",
          "--channels", channels, "--device", device_spec(), (char *)NULL);
    _exit(99);
}

static int open_messages(void) {
    int fd = open(in_scratch("messages"), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    return fd;
}

static void assert_exit(pid_t child, int code) {
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code) print_message("status %x\n", (unsigned)status);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void assert_goes_on(const char *folder) {
    assert_code(clae("describe %s", folder), 0);
    assert_code(clae("train --resume --out %s --steps 1", folder), 0);
    assert_int_equal(shell("rm -rf '%s/%s'", scratch, folder), 0);
}

static void interrupt(int number) {
    int messages = open_messages();
    pid_t child = start("long", "2", false, messages);
    close(messages);
    wait_for_file(in_scratch("long/loss.png"));
    assert_code(clae("train --resume --out long -q"), 2);
    assert_contains(err, "another training");
    assert_int_equal(kill(child, number), 0);
    assert_exit(child, 128 + number);
    assert_false(exists(in_scratch("long/model.safetensors")));
    assert_goes_on("long");
}

static void test_first_signal_saves(void **state) {
    (void)state;
    interrupt(SIGINT);
    interrupt(SIGTERM);
    interrupt(SIGHUP);
    interrupt(SIGPIPE);
}

/* Drivers put back other handlers at the first signal; SIGHUP must stay without effect, and SIGTERM must save. */
static void test_nohup(void **state) {
    (void)state;
    int messages = open_messages();
    struct stat before, after;
    pid_t child = start("nohup", "2", true, messages);
    close(messages);
    wait_for_file(in_scratch("nohup/loss.png"));
    assert_int_equal(stat(in_scratch("nohup/log.csv"), &before), 0);
    assert_int_equal(kill(child, SIGHUP), 0);
    do {
        assert_int_equal(stat(in_scratch("nohup/log.csv"), &after), 0);
    } while (after.st_size == before.st_size && !waitpid(child, NULL, WNOHANG));
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_exit(child, 128 + SIGTERM);
    assert_goes_on("nohup");
}

/* A step of this network takes seconds: the second signal comes before it ends. */
static void test_second_signal_ends_at_once(void **state) {
    (void)state;
    int status, messages = open_messages();
    char text[4096] = "";
    pid_t child = start("slow", "160", false, messages);
    for (int i = 0; i < 10 * SECONDS_TO_WAIT && !strstr(text, "parameters"); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        assert_true(pread(messages, text, sizeof text - 1, 0) >= 0);
    }
    wait_for_file(in_scratch("slow"));
    assert_int_equal(kill(child, SIGINT), 0);
    for (int i = 0; i < 10 * SECONDS_TO_WAIT && !strstr(text, "once more"); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        assert_true(pread(messages, text, sizeof text - 1, 0) >= 0);
    }
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    close(messages);
}

/* As in `clae train ... 2>&1 | head -n 1`. */
static void test_closed_pipe_saves(void **state) {
    (void)state;
    int ends[2];
    char first;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = start("piped", "2", false, ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &first, 1), 1);
    wait_for_file(in_scratch("piped/log.csv"));
    close(ends[0]);
    assert_exit(child, 128 + SIGPIPE);
    assert_goes_on("piped");
}

/* Commands that save nothing end as if nobody waited for signals. */
static void test_other_commands_end(void **state) {
    (void)state;
    int status;
    char fifo[512];
    snprintf(fifo, sizeof fifo, "%s", in_scratch("fifo"));
    assert_int_equal(mkfifo(fifo, 0600), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        int fd = open(fifo, O_WRONLY);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0) _exit(99);
        execl(program, "clae", "bench", "--rounds", "1000", "-q", "--device", device_spec(), (char *)NULL);
        _exit(99);
    }
    int reader = open(fifo, O_RDONLY);
    nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(reader);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_signal_saves),         cmocka_unit_test(test_nohup),
        cmocka_unit_test(test_second_signal_ends_at_once), cmocka_unit_test(test_closed_pipe_saves),
        cmocka_unit_test(test_other_commands_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
