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

/* What a search for children did. */
struct hunt {
    unsigned killed;
    pid_t refused; /* one that could not be killed, or 0 */
    int errnum;    /* why */
};

static void hunt_kill(struct hunt *hunt, pid_t pid)
{
    if (kill(pid, SIGKILL) == 0) {
        hunt->killed++;
    } else {
        hunt->refused = pid;
        hunt->errnum = errno;
    }
}

/* Kills the children that the kernel lists, or the first of them. False where it keeps no list (CONFIG_PROC_CHILDREN). */
static bool hunt_listed(struct hunt *hunt)
{
    char list[4096];
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, list, sizeof list - 1) : -1;

    if (fd >= 0)
        close(fd);
    if (n < 0)
        return false;
    while (n > 0 && list[n - 1] != ' ') /* a number that was cut */
        n--;
    list[n] = '\0';
    for (char *at = list, *end; *at != '\0'; at = end) {
        long pid = strtol(at, &end, 10);

        if (end == at)
            break;
        if (pid > 0)
            hunt_kill(hunt, (pid_t)pid);
        end += *end == ' ';
    }
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

/* Kills the children that a search of /proc finds. */
static int hunt_all(struct hunt *hunt, struct ar_error *error)
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
            hunt_kill(hunt, (pid_t)strtol(entry->d_name, NULL, 10));
    }
    closedir(dir);
    return 0;
}

/* A child's number stays its own until it is reaped here: no other process is ever hit. */
int ar_proc_sweep(struct ar_proc_end *end, struct ar_error *error)
{
    int options = WNOHANG;

    for (;;) {
        struct rusage usage;
        struct hunt hunt = {0};
        pid_t pid = wait4(-1, NULL, options, &usage);

        options = WNOHANG;
        if (pid > 0) {
            ar_proc_account(end, &usage);
            continue;
        }
        if (pid < 0)
            return errno == ECHILD ? 0 : ar_fail_errno(error, errno, "cannot wait for what '%s' left running", end->name);
        if (!hunt_listed(&hunt) && hunt_all(&hunt, error) != 0)
            return -1;
        if (hunt.killed > 0)
            options = 0; /* one of them will end: no need to look again before */
        else if (hunt.refused)
            return ar_fail_errno(error, hunt.errnum, "cannot end process %ld, which '%s' left running", (long)hunt.refused,
                                 end->name);
        else
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* it forked while it was looked for */
    }
}
