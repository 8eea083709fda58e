/* SPDX-License-Identifier: MIT */
#include "methods/proc_sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>

void ar_proc_account(struct ar_proc_end *end, const struct rusage *usage)
{
    uint64_t memory = (uint64_t)usage->ru_maxrss * 1024;

    end->cpu += (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec);
    end->cpu += (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
    if (memory > end->memory)
        end->memory = memory;
}

uint64_t ar_proc_peak(pid_t pid)
{
    char path[64], line[256];
    unsigned long long kib = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status && kib == 0 && fgets(line, sizeof line, status))
        (void)!sscanf(line, "VmHWM: %llu kB", &kib);
    if (status)
        fclose(status);
    return (uint64_t)kib * 1024;
}

void ar_proc_forget_peak(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, "5", 1);
    close(fd);
}

/* ---- finding children ----------------------------------------------------------------------------------------------- */

static void add_child(struct ar_buf *children, pid_t pid)
{
    ar_buf_add(children, &pid, sizeof pid);
}

/* Takes the children that the kernel lists. False where it keeps no list (CONFIG_PROC_CHILDREN). */
static bool list_children(struct ar_buf *children)
{
    FILE *list = fopen("/proc/thread-self/children", "re");
    int pid;

    if (!list)
        return false;
    while (fscanf(list, "%d", &pid) == 1)
        add_child(children, (pid_t)pid);
    fclose(list);
    return true;
}

/* The parent of the process whose folder in /proc is name, or -1. The format is in proc(5): "PID (NAME) STATE PPID …". */
static pid_t parent_of(int proc_fd, const char *name)
{
    char path[64], text[512];

    snprintf(path, sizeof path, "%.32s/stat", name);
    int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return -1;
    text[n] = '\0';

    const char *behind_name = strrchr(text, ')');
    if (!behind_name || strlen(behind_name) < 5)
        return -1;
    return (pid_t)strtol(behind_name + 4, NULL, 10);
}

/* Takes the children that a search of /proc finds. */
static int search_children(struct ar_buf *children, struct ar_error *error)
{
    char self[32] = "";
    DIR *dir = opendir("/proc");

    if (!dir)
        return ar_fail_errno(error, errno, "cannot look for processes in '/proc'");
    /* A /proc of another PID namespace has other numbers. */
    if (readlink("/proc/self", self, sizeof self - 1) < 0 || strtol(self, NULL, 10) != getpid()) {
        closedir(dir);
        return ar_fail(error, AR_SYSTEM, "cannot look for processes in '/proc': it is not that of this process");
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        if (parent_of(dirfd(dir), entry->d_name) == getpid())
            add_child(children, (pid_t)strtol(entry->d_name, NULL, 10));
    }
    closedir(dir);
    return 0;
}

int ar_proc_children(struct ar_buf *children, struct ar_error *error)
{
    if (!list_children(children) && search_children(children, error) != 0)
        return -1;
    return ar_buf_check(children, error);
}

/* ---- ending them ---------------------------------------------------------------------------------------------------- */

/* What a search for children did. */
struct hunt {
    struct ar_buf killed; /* pid_t */
    pid_t refused;        /* one that could not be killed, or 0 */
    int errnum;           /* why */
};

static bool is_known(const pid_t *known, size_t n, pid_t pid)
{
    for (size_t i = 0; i < n; i++)
        if (known[i] == pid)
            return true;
    return false;
}

/* The children (pid_t) but those known. 0 or -1; to be released in both cases. */
static int find_others(struct ar_buf *others, const pid_t *known, size_t n, struct ar_error *error)
{
    struct ar_buf children;

    ar_buf_init(&children);
    ar_buf_init(others);
    int result = ar_proc_children(&children, error);
    for (size_t at = 0; result == 0 && at < children.len; at += sizeof(pid_t)) {
        pid_t pid;

        memcpy(&pid, children.data + at, sizeof pid);
        if (!is_known(known, n, pid))
            add_child(others, pid);
    }
    ar_buf_release(&children);
    return result == 0 ? ar_buf_check(others, error) : -1;
}

/* Kills all children but those known. A child's number stays its own until it is reaped here: no other process is ever hit. */
static int hunt(struct hunt *hunt, const pid_t *known, size_t n, struct ar_error *error)
{
    struct ar_buf others;
    int result = find_others(&others, known, n, error);
    const pid_t *pid = (const pid_t *)(const void *)others.data;

    ar_buf_init(&hunt->killed);
    hunt->refused = 0;
    for (size_t i = 0; result == 0 && i < others.len / sizeof *pid; i++) {
        if (kill(pid[i], SIGKILL) == 0) {
            add_child(&hunt->killed, pid[i]);
        } else {
            hunt->refused = pid[i];
            hunt->errnum = errno;
        }
    }
    ar_buf_release(&others);
    return result == 0 ? ar_buf_check(&hunt->killed, error) : -1;
}

static int fail_refused(const struct hunt *hunt, const char *name, struct ar_error *error)
{
    return ar_fail_errno(error, hunt->errnum, "cannot end process %ld, which '%s' left running", (long)hunt->refused, name);
}

static void wait_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

int ar_proc_sweep(struct ar_proc_end *end, struct ar_error *error)
{
    int options = WNOHANG;

    for (;;) {
        struct rusage usage;
        struct hunt one;
        pid_t pid = wait4(-1, NULL, options, &usage);

        options = WNOHANG;
        if (pid > 0) {
            ar_proc_account(end, &usage);
            continue;
        }
        if (pid < 0)
            return errno == ECHILD ? 0 : ar_fail_errno(error, errno, "cannot wait for what '%s' left running", end->name);
        int result = hunt(&one, NULL, 0, error);
        size_t killed = one.killed.len;
        ar_buf_release(&one.killed);
        if (result != 0)
            return -1;
        if (killed > 0)
            options = 0; /* one of them will end: no need to look again before */
        else if (one.refused)
            return fail_refused(&one, end->name, error);
        else
            wait_a_moment(); /* it forked while it was looked for */
    }
}

/* The kernel's list may lack a child while others come and go: only what is not found twice is not there. */
int ar_proc_sweep_others(const pid_t *known, size_t n, struct ar_error *error)
{
    for (int missed = 0; missed < 2;) {
        struct hunt one;

        if (hunt(&one, known, n, error) != 0) {
            ar_buf_release(&one.killed);
            return -1;
        }
        for (size_t at = 0; at < one.killed.len; at += sizeof(pid_t)) {
            pid_t pid;

            memcpy(&pid, one.killed.data + at, sizeof pid);
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        }
        size_t killed = one.killed.len;
        ar_buf_release(&one.killed);
        if (killed == 0 && one.refused)
            return fail_refused(&one, ar_tr("a worker"), error);
        missed = killed == 0 ? missed + 1 : 0;
        if (missed == 1)
            wait_a_moment();
    }
    return 0;
}

int ar_proc_await_others(const pid_t *known, size_t n, int milliseconds, struct ar_error *error)
{
    for (int waited = 0, missed = 0; waited < milliseconds && missed < 2; waited++) {
        struct ar_buf others;
        int result = find_others(&others, known, n, error);
        const pid_t *pid = (const pid_t *)(const void *)others.data;

        for (size_t i = 0; result == 0 && i < others.len / sizeof *pid; i++)
            waitpid(pid[i], NULL, WNOHANG);
        missed = others.len == 0 ? missed + 1 : 0;
        ar_buf_release(&others);
        if (result != 0)
            return -1;
        wait_a_moment();
    }
    return 0;
}
