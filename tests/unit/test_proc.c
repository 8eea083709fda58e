/* SPDX-License-Identifier: MIT */
/*
 * Methods as small shell scripts. What they did is read from what they wrote, and from kill(2), which tells whether a
 * process is gone. Nothing here waits for time to pass, but for limits of a fraction of a second.
 */
#include "methods/proc.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "check.h"
#include "methods/files.h"
#include "methods/images.h"

static char folder[] = "/tmp/ar-test-proc-XXXXXX";
static int folder_fd = -1;
static struct ar_error error;

/* ---- running -------------------------------------------------------------------------------------------------------- */

/* A run of a script, and all that it gave. */
struct ran {
    int result;
    struct ar_proc_end end;
    char out[4096];
    char log[4096];
    char words[256]; /* ar_proc_describe */
};

static int spool(void)
{
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static void slurp(int fd, char *text, size_t size)
{
    ssize_t n = pread(fd, text, size - 1, 0);

    text[n > 0 ? n : 0] = '\0';
}

/* Runs proc, with a spool for its output and its log, in the folder. */
static struct ran run(struct ar_proc proc)
{
    struct ran ran = {0};
    struct ar_buf words;

    proc.dirfd = folder_fd;
    proc.out = spool();
    proc.log = spool();
    ran.result = ar_proc_run(&proc, &ran.end, &error);
    slurp(proc.out, ran.out, sizeof ran.out);
    slurp(proc.log, ran.log, sizeof ran.log);
    close(proc.out);
    close(proc.log);
    ar_buf_init(&words);
    if (ran.result == 0)
        ar_proc_describe(&ran.end, &words);
    snprintf(ran.words, sizeof ran.words, "%s", words.data);
    ar_buf_release(&words);
    return ran;
}

static struct ar_proc plain(char *const *argv)
{
    struct ar_proc proc;

    ar_proc_init(&proc);
    proc.argv = argv;
    proc.out_limit = 1 << 20;
    proc.grace = 0.05;
    return proc;
}

#define SHELL(script) ((char *[]){(char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){script}, NULL})
#define PROGRAM(name) ((char *[]){(char[]){name}, NULL})

static struct ran shell(char *const *argv)
{
    return run(plain(argv));
}

static bool is_gone(const char *pid)
{
    long number = strtol(pid, NULL, 10);

    return number > 1 && kill((pid_t)number, 0) == -1 && errno == ESRCH;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    unlinkat(folder_fd, name, 0);

    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", name);
    close(fd);
}

static void test_exit_status(void)
{
    struct ran ran = shell(SHELL("echo result; echo complaint >&2"));

    CHECK(ran.result == 0 && ar_proc_ok(&ran.end), "%s", ran.words);
    CHECK_TEXT(ran.out, "result\n");
    CHECK_TEXT(ran.log, "complaint\n");
    CHECK(ran.end.out_bytes == 7, "%" PRIu64, ran.end.out_bytes);
    CHECK(ran.end.seconds > 0 && ran.end.seconds < 60 && ran.end.memory > 0, "%g", ran.end.seconds);

    ran = shell(SHELL("exit 3"));
    CHECK(ran.result == 0 && ran.end.how == AR_PROC_EXITED && ran.end.value == 3 && !ar_proc_ok(&ran.end), "%d", ran.end.value);
    CHECK_TEXT(ran.words, "exited with status 3");

    ran = shell(SHELL("kill -9 $$"));
    CHECK(ran.result == 0 && ran.end.how == AR_PROC_SIGNAL && ran.end.value == 9, "%d", ran.end.value);
    CHECK_TEXT(ran.words, "was killed by signal 9 (KILL)");
}

static void test_processor_time_is_that_of_all_processes(void)
{
    struct ran ran = shell(SHELL("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; (exit 0)"));

    CHECK(ran.end.cpu > 0.001 && ran.end.cpu <= ran.end.seconds * 4 + 1, "%g of %g", ran.end.cpu, ran.end.seconds);
}

/* ---- its surroundings ----------------------------------------------------------------------------------------------- */

static void test_surroundings(void)
{
    char here[4096];
    int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    struct ran ran = shell(SHELL("cat | wc -c; pwd; ls /proc/self/fd | tr '\\n' ' '"));

    close(leak);
    /* Of ls's descriptors, 3 is the folder that it lists. */
    snprintf(here, sizeof here, "0\n%s\n0 1 2 3 ", folder);
    CHECK_TEXT(ran.out, here);

    ran = shell(SHELL("ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat; echo $$"));
    char *second;
    CHECK(strtol(ran.out, &second, 10) == strtol(second, NULL, 10), "%s", ran.out);
}

static void test_signals_are_as_in_a_fresh_process(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigset_t some, mask;

    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigprocmask(SIG_BLOCK, &some, &mask);
    sigaction(SIGPIPE, &ignore, &before);
    struct ran ran = shell(SHELL("grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2"));
    sigaction(SIGPIPE, &before, NULL);
    sigset_t after;
    sigprocmask(SIG_SETMASK, &mask, &after);
    char *second;
    unsigned long long blocked = strtoull(ran.out, &second, 16), ignored = strtoull(second, NULL, 16);
    const unsigned long long glibc = 3ULL << 31; /* 32 and 33 are the C library's own, as whoever started the test left them */
    CHECK(blocked == 0 && (ignored & ~glibc) == 0, "%s", ran.out);
    CHECK(sigismember(&after, SIGUSR1) == 1 && sigismember(&after, SIGTERM) == 0, "the caller's mask was changed");
}

static void test_input_is_fed(void)
{
    struct ar_proc proc = plain(SHELL("tr a-z A-Z"));

    proc.in = spool();
    CHECK(write(proc.in, "xhello", 6) == 6 && lseek(proc.in, 1, SEEK_SET) == 1, "spool");
    struct ran ran = run(proc);
    close(proc.in);
    CHECK_TEXT(ran.out, "HELLO");
}

static void test_standard_descriptors_of_the_caller_may_be_closed(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        int result = ar_proc_supervise(0, &error);
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        struct ran ran = shell(SHELL("cat; echo out; echo log >&2"));
        _exit(result == 0 && ran.result == 0 && strcmp(ran.out, "out\n") == 0 && strcmp(ran.log, "log\n") == 0 ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    CHECK(status == 0, "%d", status);
}

static void test_environment(void)
{
    struct ar_proc proc = plain(SHELL("echo $AR_DATA_NAME,$AR_SAMPLE_NAME,$AR_START_DIR; echo $AR_FIELDS; "
                                      "echo $OMP_NUM_THREADS $MKL_NUM_THREADS $BLIS_NUM_THREADS ${AR_STEP-none}"));
    struct ar_env env;

    setenv("OMP_NUM_THREADS", "7", 1);
    setenv("AR_STEP", "analyze", 1);
    ar_env_init(&env);
    ar_files_env(&env, "/start", 12);
    ar_files_env_lane(&env, "0001", "one");
    ar_files_env_lane(&env, "0007", "a 'b' = 視野");
    CHECK(ar_env_check(&env, &error) == 0, "%s", error.what);
    CHECK_TEXT(ar_env_get(&env, "AR_SAMPLE_NAME"), "a 'b' = 視野");
    CHECK(ar_env_get(&env, "AR_SAMPLE") == NULL, "part of a name");
    proc.env = env.entry;
    struct ran ran = run(proc);
    CHECK_TEXT(ran.out, "0007,a 'b' = 視野,/start\n1 2 3 4 5 6 7 8 9 10 11 12\n7 1 1 none\n");
    ar_env_release(&env);
    unsetenv("OMP_NUM_THREADS");
    unsetenv("AR_STEP");
}

/* ---- nothing is left ------------------------------------------------------------------------------------------------ */

static void test_background_process_that_holds_the_output_open(void)
{
    struct ran ran = shell(SHELL("sleep 1000 & echo $!"));

    CHECK(ran.result == 0 && ar_proc_ok(&ran.end), "%s", ran.words);
    CHECK(is_gone(ran.out), "%s", ran.out);
    CHECK(ran.end.seconds < 100, "%g", ran.end.seconds);
}

static void test_processes_in_sessions_of_their_own(void)
{
    /* A daemon: its parent, too, is gone; the names of both are told before the main process ends. */
    struct ran ran = shell(SHELL("setsid sh -c 'sleep 1000 & echo $! >inner; sleep 1000' & echo $! >outer; "
                                 "until [ -s inner ]; do :; done; cat inner outer; rm -f inner outer"));
    const char *outer = strchr(ran.out, '\n');

    CHECK(ran.result == 0 && ar_proc_ok(&ran.end), "%s %s", ran.words, error.what);
    CHECK(outer && is_gone(ran.out) && is_gone(outer + 1), "%s", ran.out);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child is left");
}

static void test_many_are_left(void)
{
    struct ran ran = shell(SHELL("i=0; while [ $i -lt 50 ]; do setsid sleep 1000 & i=$((i+1)); done"));

    CHECK(ran.result == 0 && ar_proc_ok(&ran.end), "%s %s", ran.words, error.what);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child is left");
}

/* ---- limits --------------------------------------------------------------------------------------------------------- */

static void test_output_limit(void)
{
    struct ar_proc proc = plain(SHELL("printf 12345; exit 4"));

    proc.out_limit = 5;
    struct ran ran = run(proc);
    CHECK(ran.end.how == AR_PROC_EXITED && ran.end.value == 4, "%s", ran.words);
    CHECK_TEXT(ran.out, "12345");
    proc.out_limit = 4;
    ran = run(proc);
    CHECK(ran.end.how == AR_PROC_OUTPUT, "%s", ran.words);
    CHECK_TEXT(ran.words, "wrote more than 4 bytes to standard output");

    proc = plain(PROGRAM("yes"));
    ran = run(proc);
    CHECK(ran.result == 0 && ran.end.how == AR_PROC_OUTPUT && ran.end.out_bytes <= 1 << 20, "%s", ran.words);
    CHECK_TEXT(ran.words, "wrote more than 1 MiB to standard output");

    /* Something goes on writing when the main process has ended. */
    proc = plain(SHELL("{ : >writing; exec yes; } & until [ -e writing ]; do :; done; rm writing"));
    proc.out_limit = UINT64_MAX - 1;
    ran = run(proc);
    CHECK(ran.result == 0 && ar_proc_ok(&ran.end), "%s", ran.words);
}

static void test_much_output(void)
{
    struct ar_proc proc = plain(SHELL("head -c 104857600 /dev/zero"));

    proc.out_limit = 104857600;
    struct ran ran = run(proc);
    CHECK(ran.result == 0 && ar_proc_ok(&ran.end) && ran.end.out_bytes == 104857600, "%s %" PRIu64, ran.words, ran.end.out_bytes);
    proc.out_limit--;
    ran = run(proc);
    CHECK(ran.result == 0 && ran.end.how == AR_PROC_OUTPUT, "%s", ran.words);
    proc.out_limit = UINT64_MAX;
    ran = run(proc);
    CHECK(ran.result == 0 && ar_proc_ok(&ran.end) && ran.end.out_bytes == 0, "%s %" PRIu64, ran.words, ran.end.out_bytes);
}

/* Runs a script with a log of at most 40 bytes; what it must hold then is worked by hand. */
static void check_log(char *script, const char *want)
{
    struct ar_proc proc = plain((char *[]){(char[]){"/bin/sh"}, (char[]){"-c"}, script, NULL});

    proc.log_limit = 40;
    struct ran ran = run(proc);
    CHECK(ran.result == 0 && ar_proc_ok(&ran.end), "%s", ran.words);
    CHECK_TEXT(ran.log, want);
}

static void test_log_limit(void)
{
    check_log((char[]){""}, "");
    check_log((char[]){"printf 'just forty bytes of log, and no one more' >&2; sleep 0.1; printf . >&2"},
              "just forty bytes of \n[... 1 bytes of the log are left out here ...]\nog, and no one more.");
    check_log((char[]){"printf 'exactly forty bytes in all, one by one.\n' >&2"}, "exactly forty bytes in all, one by one.\n");
    /* 400 bytes: 20 at the start; of the last 20, what stands behind a line end (n95 may have been cut). */
    check_log((char[]){"seq -f 'n%02g' 0 99 >&2"},
              "n00\nn01\nn02\nn03\nn04\n\n[... 364 bytes of the log are left out here ...]\nn96\nn97\nn98\nn99\n");
    /* Bytes that end no line are kept to the last one. */
    check_log((char[]){"head -c 1000000 /dev/zero | tr '\\0' x >&2; printf 0123456789 >&2"},
              "xxxxxxxxxxxxxxxxxxxx\n[... 999970 bytes of the log are left out here ...]\nxxxxxxxxxx0123456789");
}

static void test_much_log_does_not_hold_up_a_method(void)
{
    struct ar_proc proc = plain(SHELL("yes 2>/dev/null >&2 & head -c 50000000 /dev/zero >&2; echo went on"));

    proc.log_limit = 1 << 10;
    struct ran ran = run(proc);
    CHECK(ran.result == 0 && ar_proc_ok(&ran.end), "%s", ran.words);
    CHECK_TEXT(ran.out, "went on\n");
}

static void test_time_limit(void)
{
    struct ar_proc proc = plain(SHELL("trap 'echo asked; exit 0' TERM; echo started; sleep 1000 & wait"));

    proc.seconds = 0.2;
    proc.grace = 100;
    struct ran ran = run(proc);
    CHECK(ran.result == 0 && ran.end.how == AR_PROC_TIME, "%s", ran.words);
    CHECK_TEXT(ran.words, "ran longer than its limit of 0.2 s");
    CHECK_TEXT(ran.out, "started\nasked\n");
    CHECK(ran.end.seconds < 50, "%g", ran.end.seconds);

    proc = plain(SHELL("trap '' TERM; sleep 1000; sleep 1000"));
    proc.seconds = 0.1;
    ran = run(proc);
    CHECK(ran.result == 0 && ran.end.how == AR_PROC_TIME && ran.end.seconds >= 0.15, "%s", ran.words);

    proc = plain(SHELL("kill -STOP $$"));
    proc.seconds = 0.1;
    ran = run(proc);
    CHECK(ran.result == 0 && ran.end.how == AR_PROC_TIME, "%s", ran.words);

    proc = plain(SHELL("exit 5"));
    proc.seconds = 1e300;
    ran = run(proc);
    CHECK(ran.end.how == AR_PROC_EXITED && ran.end.value == 5, "%s", ran.words);
}

static void test_memory_limit(void)
{
    struct ar_proc proc = plain(SHELL("ulimit -d; head -c 200000000 /dev/zero | tail -n 1 | wc -c"));

    proc.memory = 64 << 20;
    struct ran ran = run(proc);
    /* dash's ulimit counts KiB; tail, which keeps a line, says that memory ran out. */
    CHECK(ran.result == 0 && strncmp(ran.out, "65536\n", 6) == 0, "%s %s", ran.out, ran.log);
    CHECK(strstr(ran.log, "memory exhausted") != NULL, "%s", ran.log);
}

static volatile sig_atomic_t stop;

static void on_alarm(int number)
{
    stop = number;
}

static void test_stop(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    char script[64];
    struct ran ran;

    sigaction(SIGUSR1, &action, NULL);
    snprintf(script, sizeof script, "sleep 1000 & echo $!; kill -USR1 %ld; wait", (long)getpid());
    struct ar_proc proc = plain((char *[]){(char[]){"/bin/sh"}, (char[]){"-c"}, script, NULL});
    proc.stop = &stop;
    ran = run(proc);
    CHECK(ran.result == -1 && error.status == AR_SYSTEM, "%d", error.status);
    CHECK_TEXT(error.what, "interrupted");
    CHECK(is_gone(ran.out), "%s", ran.out);

    ran = run(proc); /* it is still set: nothing starts */
    CHECK(ran.result == -1 && ran.out[0] == '\0', "%s", ran.out);
    CHECK_TEXT(error.what, "interrupted");
    stop = 0;
}

static void test_worker_ends_its_method_when_its_parent_dies(void)
{
    int ends[2];
    char pid[32] = "";
    char script[64];

    CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    pid_t tool = fork();
    if (tool == 0) {
        pid_t parent = getpid();

        if (fork() == 0) {
            struct sigaction action = {.sa_handler = on_alarm};
            struct ar_proc_end end;

            sigaction(SIGTERM, &action, NULL);
            snprintf(script, sizeof script, "setsid sleep 1000 & echo $! >&2; kill -9 %ld; wait", (long)parent);
            struct ar_proc proc = plain((char *[]){(char[]){"/bin/sh"}, (char[]){"-c"}, script, NULL});
            proc.stop = &stop;
            proc.log = ends[1];
            proc.out = -1;
            int result = ar_proc_supervise(parent, &error) == 0 ? ar_proc_run(&proc, &end, &error) : 0;
            _exit(result == -1 ? 0 : 1);
        }
        for (;;)
            pause();
    }
    close(ends[1]);
    waitpid(tool, NULL, 0);
    /* This process is the subreaper of the worker. */
    int status = -1;
    CHECK(wait(&status) > 0 && status == 0, "%d", status);
    CHECK(read(ends[0], pid, sizeof pid - 1) > 0 && is_gone(pid), "%s", pid);
    close(ends[0]);
}

/* ---- what does not start -------------------------------------------------------------------------------------------- */

static void check_unstarted(char *const *argv, const char *words, const char *hint)
{
    struct ran ran = shell(argv);

    CHECK(ran.result == 0 && ran.end.how == AR_PROC_UNSTARTED, "%s: %s", argv[0], error.what);
    CHECK_TEXT(ran.words, words);
    CHECK(hint ? strstr(ran.end.hint, hint) != NULL : ran.end.hint[0] == '\0', "%s: %s", argv[0], ran.end.hint);
}

static void test_unstarted(void)
{
    write_file("plain", "#!/bin/sh\n", 0644);
    write_file("bad", "#!/no/such/interpreter\n", 0755);
    write_file("windows", "#!/bin/sh\r\necho\r\n", 0755);
    write_file("bare", "echo\n", 0755);
    check_unstarted(PROGRAM("./missing"), "could not be started: No such file or directory", NULL);
    check_unstarted(PROGRAM("./plain"), "could not be started: Permission denied", "chmod +x");
    check_unstarted(PROGRAM("./bad"), "could not be started: No such file or directory", "not installed");
    check_unstarted(PROGRAM("./windows"), "could not be started: No such file or directory", "CRLF");
    check_unstarted(PROGRAM("./bare"), "could not be started: Exec format error", "first line");

    struct ran ran = shell(PROGRAM("no-such-program-anywhere"));
    CHECK(ran.result == -1 && error.status == AR_INPUT, "%s", ran.words);
}

static void check_found(const char *name, const char *path, const char *what, const char *hint)
{
    struct ar_buf found;

    ar_buf_init(&found);
    int result = ar_proc_find(&found, name, folder, &error);
    if (path) {
        CHECK(result == 0, "%s: %s", name, error.what);
        CHECK_TEXT(found.data, path);
    } else {
        CHECK(result == -1 && error.status == AR_INPUT, "%s: %s", name, found.data);
        CHECK_TEXT(error.what, what);
        CHECK_TEXT(error.hint, hint);
    }
    ar_buf_release(&found);
}

static void test_find(void)
{
    char *path = strdup(getenv("PATH"));
    char want[256];

    mkdirat(folder_fd, "bin", 0755);
    write_file("bin/tool", "#!/bin/sh\n", 0755);
    write_file("bin/dull", "#!/bin/sh\n", 0644);
    write_file("mine", "#!/bin/sh\n", 0755);
    snprintf(want, sizeof want, "%s/./mine", folder);
    check_found("./mine", want, NULL, NULL);
    check_found("/bin/sh", "/bin/sh", NULL, NULL);
    check_found("mine", NULL, "cannot find the program 'mine' in PATH", "write './mine' for the one in this folder");
    check_found("./bin", NULL, "cannot start './bin': Is a directory", "");
    check_found("bin/dull", NULL, "cannot start 'bin/dull': Permission denied", "make it executable: chmod +x bin/dull");
    check_found("", NULL, "cannot find the program '' in PATH", "");
    setenv("PATH", "/nowhere:bin:/bin", 1);
    snprintf(want, sizeof want, "%s/bin/tool", folder);
    check_found("tool", want, NULL, NULL);
    check_found("sh", "/bin/sh", NULL, NULL);
    setenv("PATH", "/nowhere:", 1);
    snprintf(want, sizeof want, "%s/mine", folder);
    check_found("mine", want, NULL, NULL);
    setenv("PATH", path, 1);
    free(path);
}

/* ---- its log -------------------------------------------------------------------------------------------------------- */

static void check_tail(const char *log, uint64_t start, size_t lines, size_t bytes, const char *want)
{
    struct ar_buf tail;
    int fd = spool();

    ar_buf_init(&tail);
    CHECK(write(fd, log, strlen(log)) == (ssize_t)strlen(log), "spool");
    CHECK(ar_log_tail(&tail, fd, start, lines, bytes, &error) == 0, "%s", error.what);
    CHECK_TEXT(tail.data, want);
    ar_buf_release(&tail);
    close(fd);
}

static void test_log_tail(void)
{
    check_tail("", 0, 20, 4096, "");
    check_tail("\n\n", 0, 20, 4096, "");
    check_tail("one\ntwo\nthree", 0, 2, 4096, "two\nthree\n");
    check_tail("one\n\nthree\n\n\n", 0, 3, 4096, "one\n\nthree\n");
    check_tail("one\ntwo\nthree\n", 4, 20, 4096, "two\nthree\n");
    check_tail("one\ntwo\n", 100, 20, 4096, "");
    check_tail("long line\nshort\n", 0, 20, 10, "short\n");
    check_tail("視野です", 0, 20, 7, "… です\n"); /* 7 bytes: the last of one character, and two characters */
    check_tail("bad \xff\x1b[31m\tend\n", 0, 20, 4096, "bad \\xff\\x1b[31m\\tend\n");
    check_tail("  1%\r 50%\r100%\r\nnext\r\n", 0, 20, 4096, "100%\nnext\n");
}

/* ---- pictures ------------------------------------------------------------------------------------------------------- */

/* Makes a private folder in which script is run, and lists its pictures. */
static int leave(const char *script, struct ar_images *images)
{
    struct ar_proc proc = plain((char *[]){(char[]){"/bin/sh"}, (char[]){"-ec"}, (char *)(uintptr_t)script, NULL});
    struct ar_proc_end end;

    mkdirat(folder_fd, "private", 0700);
    proc.dirfd = openat(folder_fd, "private", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(ar_proc_run(&proc, &end, &error) == 0 && ar_proc_ok(&end), "%s", script);
    int result = ar_files_images(proc.dirfd, images, &error);
    close(proc.dirfd);
    proc = plain(SHELL("rm -rf private"));
    run(proc);
    return result;
}

static void check_refused(const char *script, const char *what)
{
    struct ar_images images;

    CHECK(leave(script, &images) == -1 && error.status == AR_CONTENT, "%s: %d", script, error.status);
    CHECK_TEXT(error.what, what);
    ar_images_release(&images);
}

static void check_image(const struct ar_images *images, size_t i, const char *name, const char *type, uint64_t size)
{
    CHECK(i < images->n && images->image[i].size == size, "%zu of %zu", i, images->n);
    if (i >= images->n)
        return;
    CHECK_TEXT(images->image[i].name, name);
    CHECK_TEXT(images->image[i].type, type);
}

static void test_images(void)
{
    struct ar_images images;

    CHECK(leave("true", &images) == 0 && images.n == 0 && images.dirfd == -1, "%s", error.what);
    ar_images_release(&images);
    CHECK(leave("mkdir images", &images) == 0 && images.n == 0, "%s", error.what);
    ar_images_release(&images);

    /* Bytes: 'B' 0x42, 'a' 0x61, 'あ' 0xe3; printf's \n in the quoted cell's neighbour is a line end. */
    int result = leave("mkdir images; cd images; printf abc >Curve.PNG; : >あ.tar.gz; : >B; : >'a, b.svg'; : >dot.; cd ..; "
                       "printf 'image_type,name\\r\\nheat map,\"a, b.svg\"\\r\\n,B\\r\\n' >images.csv",
                       &images);
    CHECK(result == 0 && images.n == 5, "%s", error.what);
    check_image(&images, 0, "B", "", 0);
    check_image(&images, 1, "Curve.PNG", "png", 3);
    check_image(&images, 2, "a, b.svg", "heat map", 0);
    check_image(&images, 3, "dot.", "", 0);
    check_image(&images, 4, "あ.tar.gz", "gz", 0);
    ar_images_release(&images);
}

static void test_images_refused(void)
{
    check_refused("ln -s /etc images", "'images' is a symbolic link, not a folder");
    check_refused(": >images", "'images' is not a folder");
    check_refused("mkfifo images", "'images' is not a folder");
    check_refused("mkdir images; ln -s /etc/passwd images/a.png", "'images/a.png' is a symbolic link, not a regular file");
    check_refused("mkdir images; mkfifo images/a.png", "'images/a.png' is a FIFO, not a regular file");
    check_refused("mkdir images images/sub", "'images/sub' is a folder, not a regular file");
    check_refused("mkdir images; : >x; ln x images/a.png", "'images/a.png' is a hard link: the file has another name, too");
    check_refused("mkdir images; : >'images/a\nb.png'", "'images/a\\nb.png' has a control character in its name");
    check_refused("mkdir images; : >\"images/$(printf '\\377')\"", "'images/\\xff' has a name that is not UTF-8");
    check_refused("mkdir images; : >images/.DS_Store", "'images/.DS_Store' is a hidden file");
}

static void test_image_types_refused(void)
{
    check_refused("printf 'name,image_type\\na.png,x\\n' >images.csv", "'images.csv', line 2: 'a.png' is not in 'images'");
    check_refused("mkdir images; : >images/a; printf 'name,image_type\\na,x\\na,x\\n' >images.csv",
                  "'images.csv', line 3: 'a' is named a second time");
    check_refused("mkdir images; : >images/a; printf 'name,image_type\\nimages/a,x\\n' >images.csv",
                  "'images.csv', line 2: 'images/a' is not in 'images'");
    CHECK(error.hint[0] != '\0', "no hint");
    check_refused("mkdir images; : >images/a; printf 'name,image_type\\na,b\"c\\n' >images.csv",
                  "'images.csv', line 2: a quote within a cell that is not quoted");
    check_refused("mkdir images; : >images/a; printf 'name,image_type\\na,\"b\\nc\"\\n' >images.csv",
                  "'images.csv', line 2: 'a' has an image_type with a control character");
    check_refused("printf 'name,type\\n' >images.csv", "'images.csv': column 'image_type' not found; columns are 'name', 'type'");
    check_refused("ln -s /etc/passwd images.csv", "'images.csv' is a symbolic link, not a regular file");
    check_refused("mkfifo images.csv", "'images.csv' is a FIFO, not a regular file");
}

static void test_image_is_looked_at_again_when_opened(void)
{
    struct ar_images images;
    char bytes[8] = "";

    mkdirat(folder_fd, "images", 0700);
    write_file("images/a.png", "abc", 0600);
    CHECK(ar_files_images(folder_fd, &images, &error) == 0 && images.n == 1, "%s", error.what);
    int fd = ar_images_open(&images, 0, &error);
    CHECK(fd >= 0 && read(fd, bytes, sizeof bytes) == 3, "%s", error.what);
    close(fd);
    CHECK(linkat(folder_fd, "images/a.png", folder_fd, "other", 0) == 0, "link");
    CHECK(ar_images_open(&images, 0, &error) == -1 && error.status == AR_CONTENT, "a second name");
    write_file("images/a.png", "abc", 0600); /* another file */
    CHECK(ar_images_open(&images, 0, &error) == -1 && error.status == AR_CONTENT, "another file");
    unlinkat(folder_fd, "images/a.png", 0);
    CHECK(symlinkat("../other", folder_fd, "images/a.png") == 0 && ar_images_open(&images, 0, &error) == -1, "a link");
    ar_images_release(&images);
}

static void test_folder_of_a_lane(void)
{
    mkdirat(folder_fd, "lane", 0700);
    int dirfd = openat(folder_fd, "lane", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(ar_files_prepare(dirfd, &error) == 0, "%s", error.what);
    CHECK(ar_files_put(dirfd, AR_FILES_DATA_NAME, "a longer one", 12, &error) == 0, "%s", error.what);
    CHECK(ar_files_put(dirfd, AR_FILES_DATA_NAME, "0007", 4, &error) == 0, "%s", error.what); /* of the lane behind it */
    CHECK(symlinkat("data_name", dirfd, AR_FILES_SAMPLE_NAME) == 0 && ar_files_put(dirfd, AR_FILES_SAMPLE_NAME, "x", 1, &error) == -1, "a link");
    CHECK(unlinkat(dirfd, AR_FILES_SAMPLE_NAME, 0) == 0, "a link");
    uint32_t old = 0;
    int fd = ar_files_open_set(dirfd, "spots", &old, &error);
    CHECK(fd >= 0 && write(fd, "a\n", 2) == 2, "%s", error.what);
    close(fd);
    CHECK(ar_files_open_set(dirfd, "spots", &old, &error) == -1, "a set that is there already");
    close(dirfd);
    struct ran ran = shell(SHELL("cd lane; cat data_name image_analysis_results/spots.csv; ls"));
    CHECK_TEXT(ran.out, "0007a\ndata_name\nimage_analysis_results\n");
}

/* ---- all ------------------------------------------------------------------------------------------------------------ */

int main(void)
{
    if (!mkdtemp(folder) || (folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return 1;
    setenv("LC_ALL", "C", 1); /* what programs say is looked at */
    CHECK(ar_proc_supervise(0, &error) == 0, "%s", error.what);
    test_exit_status();
    test_processor_time_is_that_of_all_processes();
    test_surroundings();
    test_signals_are_as_in_a_fresh_process();
    test_input_is_fed();
    test_standard_descriptors_of_the_caller_may_be_closed();
    test_environment();
    test_background_process_that_holds_the_output_open();
    test_processes_in_sessions_of_their_own();
    test_many_are_left();
    test_output_limit();
    test_much_output();
    test_log_limit();
    test_much_log_does_not_hold_up_a_method();
    test_time_limit();
    test_memory_limit();
    test_stop();
    test_worker_ends_its_method_when_its_parent_dies();
    test_unstarted();
    test_find();
    test_log_tail();
    test_images();
    test_images_refused();
    test_image_types_refused();
    test_image_is_looked_at_again_when_opened();
    test_folder_of_a_lane();

    struct ran ran = shell(SHELL("cd /; rm -rf \"$OLDPWD\""));
    CHECK(ran.result == 0 && access(folder, F_OK) != 0, "%s is left", folder);
    return check_done();
}
