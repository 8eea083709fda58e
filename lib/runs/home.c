/* SPDX-License-Identifier: MIT */
#include "runs/home.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { HOLDER_MAX = 1024, RUNS_A_SECOND = 1000, PATIENCE = 1000, MOMENT_NS = 10000000 };

/* Host, process, time. */
#define HOLDER "ar-run on %s, process %ld, since %s"

int ar_home_open(struct ar_home *home, const char *dir, bool make, struct ar_error *error)
{
    *home = (struct ar_home){ .fd = -1, .lock = -1 };
    ar_buf_init(&home->path);
    ar_buf_init(&home->log);
    ar_buf_init(&home->text);
    if (!*dir) /* not that of the file system's root */
        return make ? ar_fail_open(error, ENOENT, "cannot open the folder '%s'", dir) : 1;
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    ar_buf_add(&home->path, dir, n);
    ar_buf_add_text(&home->path, n == 1 && *dir == '/' ? AR_HOME : "/" AR_HOME);
    if (ar_buf_check(&home->path, error) != 0)
        return -1;
    if (make) {
        home->fd = ar_dir_open(home->path.data, error);
        return home->fd < 0 ? -1 : 0;
    }
    home->fd = open(home->path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (home->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 1;
    return home->fd < 0 ? ar_fail_open(error, errno, "cannot open the folder '%s'", home->path.data) : 0;
}

void ar_home_release(struct ar_home *home)
{
    if (home->lock >= 0)
        close(home->lock);
    if (home->fd >= 0)
        close(home->fd);
    home->fd = home->lock = -1;
    ar_buf_release(&home->path);
    ar_buf_release(&home->log);
    ar_buf_release(&home->text);
}

const char *ar_home_path(struct ar_home *home, const char *name)
{
    ar_buf_clear(&home->text);
    ar_buf_add_format(&home->text, "%s/%s", home->path.data, name);
    return home->text.data;
}

void ar_add_time(struct ar_buf *text, time_t time)
{
    struct tm parts;
    char utc[32] = "";
    if (gmtime_r(&time, &parts))
        strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", &parts);
    ar_buf_add_text(text, utc);
}

void ar_host_name(char name[256])
{
    name[0] = name[255] = '\0';
    if (gethostname(name, 255) != 0)
        snprintf(name, 256, "?");
}

/* ---- the lock ------------------------------------------------------------------------------------------------------- */

static void add_holder(int fd, struct ar_buf *who)
{
    char text[HOLDER_MAX];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    ar_buf_add_text(who, *text ? text : N_("another run"));
}

/* Who has signed as the holder. */
struct holder {
    char host[256], since[64];
    long process;
};

/* Reads what sign has written. False where it is something else. */
static bool read_holder(const char *who, struct holder *holder)
{
    return sscanf(who, "ar-run on %255[^,], process %ld, since %63s", holder->host, &holder->process, holder->since) == 3;
}

void ar_home_show_holder(const char *who, struct ar_buf *shown)
{
    struct holder holder;
    if (read_holder(who, &holder))
        ar_buf_add_tr(shown, HOLDER, holder.host, holder.process, holder.since);
    else
        ar_buf_add_text(shown, ar_tr(who));
}

/* Who holds it, for those who find it held. */
static int sign(struct ar_home *home, struct ar_error *error)
{
    struct ar_buf text, now;
    char host[256];
    ar_buf_init(&text);
    ar_buf_init(&now);
    ar_host_name(host);
    ar_add_time(&now, time(NULL));
    ar_buf_add_format(&text, HOLDER, host, (long)getpid(), now.data);
    ar_buf_add_char(&text, '\n');
    text.failed |= now.failed;
    ar_buf_release(&now);
    int result = ar_buf_check(&text, error);
    if (result == 0 && (ftruncate(home->lock, 0) != 0 || pwrite(home->lock, text.data, text.len, 0) != (ssize_t)text.len))
        result = ar_fail_errno(error, errno, "cannot write '%s'", ar_home_path(home, AR_HOME_LOCK));
    ar_buf_release(&text);
    return result;
}

/* Is who has signed a process of this host that is no more? Its tools hold the lock until they have ended, which they were asked to. */
static bool is_held_by_dead(int fd)
{
    char here[256];
    struct holder holder;
    struct ar_buf who;
    ar_host_name(here);
    ar_buf_init(&who);
    add_holder(fd, &who);
    bool dead = !who.failed && read_holder(who.data, &holder) && strcmp(holder.host, here) == 0 && holder.process > 0 &&
                kill((pid_t)holder.process, 0) != 0 && errno == ESRCH;
    ar_buf_release(&who);
    return dead;
}

/* 0, or -1 with errno. */
static int take(int fd, bool wait, const volatile sig_atomic_t *stop)
{
    for (int moments = 0;; moments++) {
        if (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) == 0)
            return 0;
        int why = errno;
        bool goes_on = why == EINTR || (why == EWOULDBLOCK && moments < PATIENCE && is_held_by_dead(fd));
        errno = why;
        if (!goes_on || *stop)
            return -1;
        if (why == EWOULDBLOCK)
            nanosleep(&(struct timespec){ .tv_nsec = MOMENT_NS }, NULL);
    }
}

int ar_home_lock(struct ar_home *home, bool wait, const volatile sig_atomic_t *stop, struct ar_error *error)
{
    home->lock = openat(home->fd, AR_HOME_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (home->lock < 0)
        return ar_fail_open(error, errno, "cannot open '%s'", ar_home_path(home, AR_HOME_LOCK));
    if (take(home->lock, wait, stop) == 0)
        return sign(home, error);
    int why = errno;
    if (why == EWOULDBLOCK) {
        struct ar_buf who, shown;
        ar_buf_init(&who);
        ar_buf_init(&shown);
        add_holder(home->lock, &who);
        ar_home_show_holder(who.data, &shown);
        size_t folder = home->path.len - strlen(AR_HOME);
        ar_fail(error, AR_SYSTEM, "the folder '%.*s' is taken: %s", (int)(folder > 1 ? folder - 1 : folder), home->path.data, shown.data);
        ar_hint(error, "Wait for it (--wait does), or run into another folder (-d).");
        ar_buf_release(&who);
        ar_buf_release(&shown);
    } else {
        ar_fail_errno(error, why, "cannot lock '%s'", ar_home_path(home, AR_HOME_LOCK));
    }
    close(home->lock);
    home->lock = -1;
    return -1;
}

bool ar_home_holder(const struct ar_home *home, struct ar_buf *who)
{
    int fd = openat(home->fd, AR_HOME_LOCK, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (held)
        add_holder(fd, who);
    close(fd);
    return held;
}

/* ---- logs ----------------------------------------------------------------------------------------------------------- */

/*
 * A link that changes at once. It is for people: where the file system has no links, or the folder was copied with a folder in the place
 * of it, a run goes on without.
 */
static void link_latest(const struct ar_home *home, const char *run)
{
    static const char temporary[] = AR_HOME_LOG "/.latest.tmp";
    unlinkat(home->fd, temporary, 0);
    if (symlinkat(run, home->fd, temporary) != 0 || renameat(home->fd, temporary, home->fd, AR_HOME_LATEST) != 0)
        unlinkat(home->fd, temporary, 0);
}

int ar_home_begin_log(struct ar_home *home, struct ar_error *error)
{
    char name[64], path[96], utc[32] = "run";
    struct tm parts;
    time_t now = time(NULL);
    if (gmtime_r(&now, &parts))
        strftime(utc, sizeof utc, "%Y%m%dT%H%M%SZ", &parts);
    if (mkdirat(home->fd, AR_HOME_LOG, 0777) != 0 && errno != EEXIST)
        return ar_fail_errno(error, errno, "cannot make the folder '%s'", ar_home_path(home, AR_HOME_LOG));
    int made = -1;
    for (int i = 1; i <= RUNS_A_SECOND && made != 0; i++) {
        snprintf(name, sizeof name, i == 1 ? "%s" : "%s-%d", utc, i);
        snprintf(path, sizeof path, AR_HOME_LOG "/%s", name);
        made = mkdirat(home->fd, path, 0777);
        if (made != 0 && errno != EEXIST)
            break;
    }
    if (made != 0)
        return ar_fail_errno(error, errno, "cannot make the folder '%s'", ar_home_path(home, path));
    link_latest(home, name);
    ar_buf_clear(&home->log);
    ar_buf_add_text(&home->log, ar_home_path(home, path));
    snprintf(path, sizeof path, AR_HOME_LOG "/%s/" AR_HOME_TOOLS, name);
    if (mkdirat(home->fd, path, 0777) != 0)
        return ar_fail_errno(error, errno, "cannot make the folder '%s'", ar_home_path(home, path));
    return ar_buf_check(&home->log, error);
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

void ar_home_begun(const struct ar_home *home)
{
    unlinkat(home->fd, AR_HOME_ENDED, 0);
}

/* STATUS, a blank, and the time. */
void ar_home_ended(const struct ar_home *home, int status)
{
    struct ar_buf text;
    struct ar_error ignored;
    ar_buf_init(&text);
    ar_buf_add_format(&text, "%d ", status);
    ar_add_time(&text, time(NULL));
    ar_buf_add_char(&text, '\n');
    if (!text.failed)
        (void)!ar_file_put(home->fd, AR_HOME_ENDED, true, text.data, text.len, false, &ignored);
    ar_buf_release(&text);
}

bool ar_home_last(const struct ar_home *home, int *status, char time[32])
{
    char text[64], rest;
    int fd = openat(home->fd, AR_HOME_ENDED, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return sscanf(text, "%3d %31[0-9TZ:-]%c", status, time, &rest) == 3 && rest == '\n';
}
