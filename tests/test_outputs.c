/* What is written when the path is a link, a device, a pipe or an open descriptor; and what a killed process left. */
#include "data_support.h"

#include "base/temporaries.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static const file_part part = {"new", 3};

static bool is_link(const char *path) {
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return S_ISLNK(st.st_mode);
}

/* Both the check and the writing go where `path` leads. */
static void assert_writes(scene *s, const char *path) {
    assert_int_equal(file_check_writable(&s->context, path), CLAE_OK);
    assert_int_equal(file_write_atomic(&s->context, path, &part, 1), CLAE_OK);
}

static void assert_refuses(scene *s, const char *path) {
    assert_refused(s, CLAE_ERROR_OUTPUT, file_check_writable(&s->context, path));
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, path, &part, 1));
}

static void follows_links(void **state) {
    scene *s = *state;
    assert_int_equal(mkdir(in_scene(s, "there"), 0777), 0);
    write_file(in_scene(s, "there/file"), "old", 3);
    assert_int_equal(chmod(in_scene(s, "there/file"), 0640), 0);
    assert_int_equal(symlink("there/file", in_scene(s, "relative")), 0);
    assert_int_equal(symlink(in_scene(s, "relative"), in_scene(s, "absolute")), 0);
    assert_int_equal(symlink("there/../there/made", in_scene(s, "dangling")), 0);
    assert_int_equal(symlink("there", in_scene(s, "folder")), 0);
    assert_writes(s, in_scene(s, "absolute"));
    assert_holds(s, in_scene(s, "there/file"), "new");
    struct stat st;
    assert_int_equal(stat(in_scene(s, "there/file"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_writes(s, in_scene(s, "dangling"));
    assert_holds(s, in_scene(s, "there/made"), "new");
    assert_writes(s, in_scene(s, "folder/by-folder"));
    assert_holds(s, in_scene(s, "there/by-folder"), "new");
    assert_true(is_link(in_scene(s, "absolute")) && is_link(in_scene(s, "relative")) &&
                is_link(in_scene(s, "dangling")));
    assert_int_equal(count_entries(in_scene(s, "there")), 3);
}

static void refuses_links_to_nowhere(void **state) {
    scene *s = *state;
    assert_int_equal(symlink("loop", in_scene(s, "loop")), 0);
    assert_int_equal(symlink("missing/file", in_scene(s, "dangling")), 0);
    assert_int_equal(symlink(".", in_scene(s, "itself")), 0);
    assert_refuses(s, in_scene(s, "loop"));
    assert_refuses(s, in_scene(s, "dangling"));
    assert_refuses(s, in_scene(s, "itself"));
    assert_refuses(s, "/dev/fd/999");
    assert_true(is_link(in_scene(s, "loop")) && is_link(in_scene(s, "dangling")) && is_link(in_scene(s, "itself")));
    assert_int_equal(count_entries(s->folder), 3);
}

/* A copy of /dev, where root may make one, shows that nothing there is replaced. */
static void writes_devices_in_place(void **state) {
    scene *s = *state;
    assert_writes(s, "/dev/null");
    assert_true(file_is_in_place("/dev/null"));
    if (mknod(in_scene(s, "full"), S_IFCHR | 0666, makedev(1, 7)) == 0) {
        const int fd = open(in_scene(s, "full"), O_WRONLY);
        if (fd >= 0)
            assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, in_scene(s, "full"), &part, 1));
        if (fd >= 0) close(fd);
        struct stat st;
        assert_int_equal(lstat(in_scene(s, "full"), &st), 0);
        assert_true(S_ISCHR(st.st_mode));
        assert_int_equal(count_entries(s->folder), 1);
        assert_int_equal(unlink(in_scene(s, "full")), 0);
    }
    assert_int_equal(symlink("/dev/full", in_scene(s, "full")), 0);
    assert_refused(s, CLAE_ERROR_OUTPUT, file_write_atomic(&s->context, in_scene(s, "full"), &part, 1));
    assert_true(is_link(in_scene(s, "full")));
}

static void writes_pipes_in_place(void **state) {
    scene *s = *state;
    char got[8] = "";
    assert_int_equal(mkfifo(s->path, 0600), 0);
    const int reader = open(s->path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_writes(s, s->path);
    assert_int_equal(read(reader, got, sizeof got), 3);
    assert_memory_equal(got, "new", 3);
    close(reader);
    struct stat st;
    assert_int_equal(lstat(s->path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

/* Standard output in a file: what is there already stays before the new text, and the file is the same one. */
static void writes_open_descriptors_in_place(void **state) {
    scene *s = *state;
    char names[4][64];
    const int fd = open(s->path, O_RDWR | O_CREAT, 0666);
    assert_true(fd > 2);
    assert_int_equal(write(fd, "old ", 4), 4);
    snprintf(names[0], sizeof names[0], "/dev/fd/%d", fd);
    snprintf(names[1], sizeof names[1], "/proc/self/fd/%d", fd);
    snprintf(names[2], sizeof names[2], "/proc/%ld/fd/%d", (long)getpid(), fd);
    assert_int_equal(symlink(names[1], in_scene(s, "stdout")), 0);
    snprintf(names[3], sizeof names[3], "%.60s", in_scene(s, "stdout"));
    for (size_t i = 0; i < 4; i++) {
        assert_true(file_is_in_place(names[i]));
        assert_writes(s, names[i]);
    }
    struct stat by_path, by_fd;
    assert_int_equal(stat(s->path, &by_path), 0);
    assert_int_equal(fstat(fd, &by_fd), 0);
    assert_int_equal(by_path.st_ino, by_fd.st_ino);
    assert_holds(s, s->path, "old newnewnewnew");
    assert_true(is_link(in_scene(s, "stdout")));
    close(fd);
    assert_refuses(s, names[0]);
    const int reading = open(s->path, O_RDONLY);
    assert_int_equal(reading, fd);
    assert_refuses(s, names[0]);
    close(reading);
}

/* In a child, as standard output is the test's own; not as root, who could replace /dev/stdout. */
static void writes_standard_output_in_place(void **state) {
    scene *s = *state;
    struct stat before = {0}, after = {0};
    lstat("/dev/stdout", &before); /* a bare chroot has none */
    const pid_t child = fork();
    if (child == 0) {
        const int fd = open(s->path, O_WRONLY | O_CREAT | O_APPEND, 0666);
        dup2(fd, 1);
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
        _exit(write(1, "a ", 2) == 2 && chdir("/dev") == 0 &&
                      file_write_atomic(&s->context, "/dev/stdout", &part, 1) == CLAE_OK &&
                      file_write_atomic(&s->context, "stdout", &part, 1) == CLAE_OK
                  ? 0
                  : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_holds(s, s->path, "a newnew");
    lstat("/dev/stdout", &after);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void check_leaves_nothing(void **state) {
    scene *s = *state;
    assert_int_equal(file_check_writable(&s->context, s->path), CLAE_OK);
    assert_int_equal(count_entries(s->folder), 0);
    write_file(s->path, "old", 3);
    assert_int_equal(file_check_writable(&s->context, s->path), CLAE_OK);
    assert_holds(s, s->path, "old");
    assert_int_equal(count_entries(s->folder), 1);
    assert_refuses(s, in_scene(s, "missing/file"));
    assert_refuses(s, s->folder);
    assert_refuses(s, "");
}

static void sweeps_what_the_dead_left(void **state) {
    scene *s = *state;
    char *mine = NULL, name[64];
    const int folder = open(s->folder, O_RDONLY | O_DIRECTORY);
    const int fd = temporary_open(folder, "model.safetensors", &mine);
    assert_true(fd >= 0);
    const pid_t child = fork();
    if (child == 0) {
        char *temporary;
        if (temporary_open(folder, "model.safetensors", &temporary) < 0) _exit(1);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    /* As of an earlier process with the number of this one; of one that lives; and what is no such name. */
    snprintf(name, sizeof name, ".log.csv.%ld-1a2b.tmp", (long)getpid());
    write_file(in_scene(s, name), "x", 1);
    snprintf(name, sizeof name, ".log.csv.%ld-1a2b.tmp", (long)getppid());
    write_file(in_scene(s, name), "x", 1);
    static const char *const others[] = {"a.1-2.tmp", ".a.tmp", ".a.b-2.tmp", ".-.tmp", ".999999999-2.tmp", "log.csv"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) write_file(in_scene(s, others[i]), "x", 1);
    assert_int_equal(count_entries(s->folder), 10);
    assert_int_equal(folder_sweep_temporaries(&s->context, s->folder), 2);
    assert_int_equal(count_entries(s->folder), 8);
    assert_int_equal(faccessat(folder, mine, F_OK, 0), 0);
    assert_int_equal(access(in_scene(s, name), F_OK), 0);
    close(fd);
    assert_int_equal(folder_sweep_temporaries(&s->context, s->folder), 1);
    assert_int_equal(folder_sweep_temporaries(&s->context, in_scene(s, "missing")), 0);
    close(folder);
    free(mine);
}

int main(void) {
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(follows_links),
        WITH_SCENE(refuses_links_to_nowhere),
        WITH_SCENE(writes_devices_in_place),
        WITH_SCENE(writes_pipes_in_place),
        WITH_SCENE(writes_open_descriptors_in_place),
        WITH_SCENE(writes_standard_output_in_place),
        WITH_SCENE(check_leaves_nothing),
        WITH_SCENE(sweeps_what_the_dead_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
