/* SPDX-License-Identifier: MIT */
/* Atomic files, folders, temporary files and mapped inputs. */
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <zlib.h>

#include "bytes/file.h"
#include "bytes/text.h"
#include "check.h"
#include "scratch.h"

/* The number of entries of a folder, hidden ones too; -1 where there is none. */
static int entries_of(const char *name)
{
    DIR *dir = opendir(scratch_path(name));
    int count = -2; /* . and .. */
    if (dir == NULL)
        return -1;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void check_file(const char *name, const char *want)
{
    size_t n = 0;
    char *got = scratch_get(name, &n);
    CHECK(got != NULL, "%s is not there", name);
    if (got != NULL)
        CHECK_BYTES(got, n, want, strlen(want));
    free(got);
}

static bool exists(const char *name)
{
    return access(scratch_path(name), F_OK) == 0;
}

/* Makes the calls of that number fail with errnum, in this process from now on. */
static void forbid(int number, int errnum)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)errnum),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = AR_COUNT(code), .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
        perror("seccomp");
        exit(1);
    }
}

/* Makes every open with O_TMPFILE fail as on a file system without it. */
static void forbid_tmpfile(void)
{
    const unsigned int bit = O_TMPFILE & ~O_DIRECTORY;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bit, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = AR_COUNT(code), .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
        perror("seccomp");
        exit(1);
    }
}

/* Runs test in a child, whose failures count here. */
static void in_child(void (*test)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        check_count = check_failures = 0;
        test();
        fflush(stdout);
        _exit(check_failures > 0 ? 1 : check_count > 0 ? 0 : 2);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %d", status);
}

/* ---- atomic files --------------------------------------------------------------------------------------------------- */

static void test_file_appears_whole(void)
{
    static const bool syncs[] = {false, true};
    int dir = scratch_open();
    mkdirat(dir, "atomic", 0777);
    for (size_t i = 0; i < AR_COUNT(syncs); i++) {
        struct ar_file file;
        struct ar_error error = {0};
        struct stat status;
        CHECK(ar_file_create(&file, dir, "atomic/new", false, &error) == 0, "%s", error.what);
        scratch_write(file.fd, "first", 5);
        CHECK(!exists("atomic/new"));
        CHECK(ar_file_commit(&file, syncs[i], &error) == 0, "%s", error.what);
        CHECK(file.fd == -1);
        check_file("atomic/new", "first");
        mode_t mask = umask(0);
        umask(mask);
        CHECK(stat(scratch_path("atomic/new"), &status) == 0 && (status.st_mode & 07777) == (0666 & ~mask));

        /* In place of what was there; who has it open keeps the old one. */
        int old = open(scratch_path("atomic/new"), O_RDONLY | O_CLOEXEC);
        CHECK(ar_file_create(&file, dir, "atomic/new", false, &error) == 0);
        scratch_write(file.fd, "second", 6);
        check_file("atomic/new", "first");
        CHECK(ar_file_commit(&file, syncs[i], &error) == 0, "%s", error.what);
        check_file("atomic/new", "second");
        char bytes[10];
        CHECK(read(old, bytes, 10) == 5 && memcmp(bytes, "first", 5) == 0);
        close(old);

        CHECK(ar_file_create(&file, dir, "atomic/new", false, &error) == 0);
        errno = ENOTTY;
        ar_file_abandon(&file);
        CHECK(errno == ENOTTY && file.fd == -1);
        ar_file_abandon(&file);
        check_file("atomic/new", "second");
        CHECK(entries_of("atomic") == 1, "%d", entries_of("atomic"));
        CHECK(ar_dir_remove(dir, "atomic/new", &error) == 0);
    }
    rmdir(scratch_path("atomic"));
    close(dir);
}

static void test_file_without_tmpfile(void)
{
    forbid_tmpfile();
    test_file_appears_whole();
    struct ar_file file;
    struct ar_error error = {0};
    int dir = scratch_open();
    char name[256];
    /* 255 bytes, and a cut would go through a character */
    memset(name, 'a', 255);
    memcpy(name + 239, "視野視野視", 15);
    name[255] = '\0';
    mkdirat(dir, "long", 0777);
    char path[512];
    snprintf(path, sizeof(path), "long/%s", name);
    CHECK(ar_file_create(&file, dir, path, true, &error) == 0, "%s", error.what);
    CHECK(entries_of("long") == 1);
    CHECK(file.temporary != NULL && file.temporary[0] == '.' && strlen(file.temporary) <= 255);
    CHECK(ar_utf8_check(file.temporary, strlen(file.temporary)) == strlen(file.temporary));
    ar_file_abandon(&file);
    CHECK(entries_of("long") == 0);
    CHECK(ar_file_put(dir, path, true, "x", 1, false, &error) == 0);
    check_file(path, "x");
    CHECK(entries_of("long") == 1);
    CHECK(ar_dir_remove(dir, "long", &error) == 0);
    close(dir);
}

static void test_file_names_that_are_wrong(void)
{
    static const char *const wrong[] = {"", "/", "missing/file", "folder", "folder/", ".", "..", "folder/.", "file/x"};
    int dir = scratch_open();
    struct ar_file file;
    struct ar_error error;
    char name[300];
    mkdirat(dir, "folder", 0777);
    scratch_put("file", "", 0);
    for (size_t i = 0; i < AR_COUNT(wrong); i++) {
        memset(&error, 0, sizeof(error));
        CHECK(ar_file_create(&file, dir, wrong[i], false, &error) == -1 && error.status == AR_INPUT, "'%s'", wrong[i]);
        CHECK(strncmp(error.what, "cannot create '", 15) == 0, "%s", error.what);
        CHECK(file.fd == -1 && file.dirfd == -1);
    }
    CHECK(ar_file_create(&file, dir, "folder", false, &error) == -1 && error.system_errno == EISDIR);
    memset(name, 'a', 256);
    name[256] = '\0';
    CHECK(ar_file_create(&file, dir, name, false, &error) == -1 && error.system_errno == ENAMETOOLONG);
    CHECK(ar_file_create(&file, AT_FDCWD, "/dev/null", false, &error) == -1 && error.status == AR_INPUT);
    CHECK(strstr(error.what, "'/dev/null'") != NULL && error.hint[0] != '\0', "%s", error.what);
    CHECK(mkfifoat(dir, "fifo", 0600) == 0 && symlinkat("fifo", dir, "to-fifo") == 0);
    CHECK(ar_file_create(&file, dir, "to-fifo", false, &error) == -1 && error.status == AR_INPUT);
    /* A link to a file is replaced itself. */
    CHECK(symlinkat("file", dir, "to-file") == 0);
    CHECK(ar_file_put(dir, "to-file", false, "x", 1, false, &error) == 0);
    check_file("file", "");
    check_file("to-file", "x");
    close(dir);
}

/* Nothing is made outside of the folder, nor through a link. */
static void check_beneath(void)
{
    static const char *const refused[] = {"link/x",    "link/new/x", "../x",    "folder/../../x", "folder/../x", "/x",
                                          "folder/..", "dangling/x", "inner/link/x", "folder/",  ""};
    struct ar_error error = {0};
    int base = scratch_open();
    CHECK(mkdirat(base, "outside", 0777) == 0 && mkdirat(base, "root", 0777) == 0);
    int dir = openat(base, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mkdirat(dir, "folder", 0777);
    mkdirat(dir, "inner", 0777);
    CHECK(symlinkat("../outside", dir, "link") == 0 && symlinkat("../../outside", dir, "inner/link") == 0);
    CHECK(symlinkat("../outside/not-there", dir, "dangling") == 0);
    CHECK(symlinkat("../outside/target", dir, "file-link") == 0);
    for (size_t i = 0; i < AR_COUNT(refused); i++) {
        CHECK(ar_file_put(dir, refused[i], true, "x", 1, false, &error) == -1 && error.status == AR_INPUT, "'%s'", refused[i]);
        CHECK(entries_of("outside") == 0 && entries_of("root/folder") == 0, "'%s'", refused[i]);
    }
    CHECK(entries_of(".") == 2 && entries_of("root/inner") == 1);
    CHECK(ar_file_put(dir, "file-link", true, "x", 1, false, &error) == 0, "%s", error.what);
    CHECK(entries_of("outside") == 0);
    check_file("root/file-link", "x");
    CHECK(ar_file_put(dir, "folder//a/./b/c", true, "deep", 4, true, &error) == 0, "%s", error.what);
    check_file("root/folder/a/b/c", "deep");
    CHECK(ar_file_put(dir, "top", true, "t", 1, false, &error) == 0, "%s", error.what);
    check_file("root/top", "t");
    CHECK(ar_file_put(dir, "top/x", true, "t", 1, false, &error) == -1 && error.status == AR_INPUT);

    static const char *const closed[] = {"link/x", "link", "../outside", "/", "inner/link/x", "link/", "dangling"};
    for (size_t i = 0; i < AR_COUNT(closed); i++)
        CHECK(ar_open_beneath(dir, closed[i], O_RDONLY, 0) == -1 && errno != ENOENT, "'%s'", closed[i]);
    CHECK(ar_open_beneath(dir, "link", O_PATH, 0) == -1 && errno == ELOOP);
    CHECK(ar_open_beneath(dir, "not-there", O_RDONLY, 0) == -1 && errno == ENOENT);
    CHECK(ar_open_beneath(dir, "", O_RDONLY, 0) == -1 && errno == ENOENT);
    CHECK(ar_open_beneath(dir, "top/", O_RDONLY, 0) == -1 && errno == ENOTDIR);
    int fd = ar_open_beneath(dir, "folder/a/b/c", O_RDONLY, 0777);
    CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    close(fd);
    fd = ar_open_beneath(dir, "folder/", O_RDONLY | O_DIRECTORY, 0);
    CHECK(fd >= 0);
    close(fd);
    mode_t mask = umask(022);
    fd = ar_open_beneath(dir, "folder/made", O_RDWR | O_CREAT | O_EXCL, 0640);
    umask(mask);
    struct stat status;
    CHECK(fd >= 0 && fstat(fd, &status) == 0 && (status.st_mode & 0777) == 0640);
    close(fd);
    close(dir);
    CHECK(ar_dir_remove(base, "root", &error) == 0 && ar_dir_remove(base, "outside", &error) == 0, "%s", error.what);
    close(base);
}

static void check_beneath_without_openat2(void)
{
    forbid(SYS_openat2, ENOSYS);
    check_beneath();
}

static void check_beneath_in_a_sandbox(void)
{
    forbid(SYS_openat2, EPERM);
    forbid_tmpfile();
    check_beneath();
}

static void test_commit_if_changed(void)
{
    static const struct {
        const char *bytes;
        bool changed;
    } steps[] = {{"one", true}, {"one", false}, {"two", true}, {"three", true}, {"", true}, {"", false}};
    int dir = scratch_open();
    struct ar_error error = {0};
    struct stat before = {0}, after;
    for (size_t i = 0; i < AR_COUNT(steps); i++) {
        struct ar_file file;
        bool changed;
        CHECK(ar_file_create(&file, dir, "same", true, &error) == 0);
        scratch_write(file.fd, steps[i].bytes, strlen(steps[i].bytes));
        CHECK(ar_file_commit_if_changed(&file, &changed, &error) == 0 && changed == steps[i].changed, "step %zu", i);
        check_file("same", steps[i].bytes);
        CHECK(fstatat(dir, "same", &after, 0) == 0 && (before.st_ino != after.st_ino) == steps[i].changed, "step %zu", i);
        before = after;
    }
    /* More than a piece, with the difference at the end; and a link to the same bytes is not the file. */
    char *bytes = calloc(1, 100001);
    for (int i = 0; i < 2; i++) {
        struct ar_file file;
        bool changed;
        bytes[100000] = (char)i;
        CHECK(ar_file_create(&file, dir, "large", true, &error) == 0);
        scratch_write(file.fd, bytes, 100001);
        CHECK(ar_file_commit_if_changed(&file, &changed, &error) == 0 && changed, "%d", i);
        CHECK(unlinkat(dir, "link-to-large", 0) == 0 || i == 0);
        CHECK(symlinkat("large", dir, "link-to-large") == 0);
        CHECK(ar_file_create(&file, dir, "link-to-large", true, &error) == 0);
        scratch_write(file.fd, bytes, 100001);
        CHECK(ar_file_commit_if_changed(&file, &changed, &error) == 0 && changed);
    }
    free(bytes);
    close(dir);
}

/* A file that cannot be written whole leaves the old one, and nothing beside it. */
static void check_write_that_fails(void)
{
    struct ar_error error = {0};
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    char bytes[2000] = "";
    int dir = scratch_open();
    mkdirat(dir, "limited", 0777);
    CHECK(ar_file_put(dir, "limited/file", true, "old", 3, false, &error) == 0);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK(ar_file_put(dir, "limited/file", true, bytes, sizeof(bytes), true, &error) == -1);
    CHECK(error.status == AR_SYSTEM && error.system_errno == EFBIG);
    CHECK_TEXT(error.what, "cannot write 'limited/file': File too large");
    check_file("limited/file", "old");
    CHECK(entries_of("limited") == 1);
    close(dir);
}

static void check_write_that_fails_without_tmpfile(void)
{
    forbid_tmpfile();
    check_write_that_fails();
}

/* ---- folders -------------------------------------------------------------------------------------------------------- */

static void test_dir_open(void)
{
    struct ar_error error = {0};
    int fd = ar_dir_open(scratch_path("one/two//three/"), &error);
    CHECK(fd >= 0 && entries_of("one/two/three") == 0, "%s", error.what);
    close(fd);
    fd = ar_dir_open(scratch_path("one/two"), &error);
    CHECK(fd >= 0);
    close(fd);
    scratch_put("plain", "", 0);
    CHECK(ar_dir_open(scratch_path("plain"), &error) == -1 && error.status == AR_INPUT);
    CHECK(strncmp(error.what, "cannot open the folder '", 24) == 0, "%s", error.what);
    CHECK(ar_dir_open(scratch_path("plain/x/y"), &error) == -1 && error.status == AR_INPUT, "%s", error.what);
    CHECK(ar_dir_open("", &error) == -1 && error.status == AR_INPUT);
    CHECK(ar_dir_open("/proc/not/there", &error) == -1 && strstr(error.what, "make the folder '/proc/not'") != NULL, "%s",
          error.what);
}

static void test_dir_remove(void)
{
    struct ar_error error = {0};
    int dir = scratch_open();
    CHECK(ar_dir_remove(dir, "not-there", &error) == 0);
    mkdirat(dir, "kept", 0777);
    scratch_put("kept/file", "x", 1);
    mkdirat(dir, "gone", 0777);
    mkdirat(dir, "gone/a", 0777);
    mkdirat(dir, "gone/a/b", 0777);
    mkdirat(dir, "gone/empty", 0777);
    scratch_put("gone/.hidden", "x", 1);
    scratch_put("gone/a/b/file", "x", 1);
    CHECK(symlinkat("../kept", dir, "gone/link") == 0 && symlinkat("../../../kept", dir, "gone/a/b/link") == 0);
    CHECK(mkfifoat(dir, "gone/fifo", 0600) == 0);
    CHECK(ar_dir_remove(dir, "gone", &error) == 0, "%s", error.what);
    CHECK(!exists("gone"));
    check_file("kept/file", "x");
    /* A link or file is removed itself. */
    CHECK(symlinkat("kept", dir, "link") == 0);
    CHECK(ar_dir_remove(dir, "link", &error) == 0 && !exists("link"));
    CHECK(ar_dir_remove(dir, "kept/file", &error) == 0 && entries_of("kept") == 0);
    CHECK(ar_dir_remove(AT_FDCWD, scratch_path("kept"), &error) == 0 && !exists("kept"));
    CHECK(ar_dir_remove(AT_FDCWD, "/proc/self/status", &error) == -1 && strstr(error.what, "cannot remove") != NULL);
    close(dir);
}

/* Far more folders in each other than a path or a process' descriptors could hold. */
static void test_dir_remove_deep(void)
{
    struct ar_error error = {0};
    int dir = scratch_open(), at = dup(dir);
    for (int i = 0; i < 5000; i++) {
        CHECK(mkdirat(at, "nested", 0777) == 0);
        int next = openat(at, "nested", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = next;
        if (i % 100 == 0) {
            CHECK(mkdirat(at, "other", 0777) == 0);
            close(openat(at, "file", O_WRONLY | O_CREAT, 0600));
        }
    }
    close(at);
    CHECK(ar_dir_remove(dir, "nested", &error) == 0, "%s", error.what);
    CHECK(!exists("nested"));
    close(dir);
}

/* Folders that their owner made unreadable; what is another's stays and is reported, and the rest goes. */
static void check_dir_remove_as_a_user(void)
{
    struct ar_error error = {0};
    int dir = scratch_open();
    if (geteuid() == 0) {
        mkdirat(dir, "theirs", 0755);
        mkdirat(dir, "home", 0777);
        fchmodat(dir, "home", 0777, 0);
        scratch_put("theirs/file", "x", 1);
        chmod(scratch_folder, 0755);
        CHECK(setgid(65534) == 0 && setuid(65534) == 0);
    } else {
        mkdirat(dir, "home", 0777);
    }
    mkdirat(dir, "home/a", 0777);
    mkdirat(dir, "home/a/locked", 0777);
    scratch_put("home/a/locked/file", "x", 1);
    mkdirat(dir, "home/a/locked/inner", 0777);
    scratch_put("home/a/locked/inner/file", "x", 1);
    CHECK(fchmodat(dir, "home/a/locked/inner", 0500, 0) == 0 && fchmodat(dir, "home/a/locked", 0, 0) == 0);
    CHECK(ar_dir_remove(dir, "home/a", &error) == 0, "%s", error.what);
    CHECK(!exists("home/a"));
    if (exists("theirs")) {
        CHECK(ar_dir_remove(dir, "theirs", &error) == -1 && error.status == AR_SYSTEM && error.system_errno == EACCES);
        CHECK_TEXT(error.what, "cannot remove 'file': Permission denied");
        check_file("theirs/file", "x");
    }
    close(dir);
}

/* ---- temporary files ------------------------------------------------------------------------------------------------ */

static void check_spool(void)
{
    struct ar_error error = {0};
    char bytes[10];
    setenv("TMPDIR", scratch_path("tmp"), 1);
    mkdir(scratch_path("tmp"), 0777);
    CHECK_TEXT(ar_tmpdir(), scratch_path("tmp"));
    int fd = ar_spool_open(&error);
    CHECK(fd >= 0, "%s", error.what);
    scratch_write(fd, "abc", 3);
    CHECK(pread(fd, bytes, 10, 0) == 3 && memcmp(bytes, "abc", 3) == 0);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(entries_of("tmp") == 0);
    close(fd);

    struct ar_buf path;
    struct stat status;
    ar_buf_init(&path);
    ar_buf_add_text(&path, "before:");
    fd = ar_tmpdir_make(&path, &error);
    CHECK(fd >= 0 && entries_of("tmp") == 1, "%s", error.what);
    CHECK(strncmp(path.data, "before:", 7) == 0, "%s", path.data);
    CHECK(strstr(path.data, scratch_path("tmp/ar-")) == path.data + 7, "%s", path.data);
    CHECK(stat(path.data + 7, &status) == 0 && S_ISDIR(status.st_mode) && (status.st_mode & 0777) == 0700);
    close(fd);
    rmdir(path.data + 7);

    setenv("TMPDIR", "/not/there", 1);
    CHECK(ar_spool_open(&error) == -1 && error.status == AR_INPUT && error.hint[0] != '\0');
    CHECK_TEXT(error.what, "cannot make a temporary file in '/not/there' (TMPDIR): No such file or directory");
    ar_buf_clear(&path);
    CHECK(ar_tmpdir_make(&path, &error) == -1);
    CHECK_TEXT(error.what, "cannot make a temporary folder in '/not/there' (TMPDIR): No such file or directory");
    CHECK(path.len == 0);
    char name[256];
    CHECK_TEXT(ar_spool_name(name), "temporary file in /not/there (TMPDIR)");
    setenv("TMPDIR", "", 1);
    CHECK_TEXT(ar_tmpdir(), "/tmp");
    unsetenv("TMPDIR");
    CHECK_TEXT(ar_tmpdir(), "/tmp");
    ar_buf_release(&path);
    rmdir(scratch_path("tmp"));
}

static void check_spool_without_tmpfile(void)
{
    forbid_tmpfile();
    check_spool();
}

/* ---- mapped inputs -------------------------------------------------------------------------------------------------- */

/* Maps fd, which it closes, from where it stands. */
static int map_fd(struct ar_map *map, int fd, uint64_t max, struct ar_error *error)
{
    struct ar_in *in = ar_in_new(fd, "it", error);
    int result = in != NULL ? ar_map_in(map, in, max, error) : -1;
    ar_in_free(in);
    close(fd);
    return result;
}

static void check_map(int fd, uint64_t max, const char *want, size_t n, bool spooled)
{
    struct ar_map map;
    struct ar_error error = {0};
    CHECK(map_fd(&map, fd, max, &error) == 0, "%s", error.what);
    CHECK(map.len == n && memcmp(map.data, want, n) == 0, "%" PRIu64 " instead of %zu", map.len, n);
    CHECK(map.data != NULL && map.spooled == spooled && map.fd >= 0);
    CHECK(ar_map_check(&map, "it", &error) == 0);
    ar_map_release(&map);
    CHECK(map.fd == -1 && map.len == 0 && map.data != NULL);
    ar_map_release(&map);
}

static void test_map(void)
{
    enum { N = 40000 };
    static char bytes[N];
    for (size_t i = 0; i < N; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    check_map(scratch_memory(bytes, N), UINT64_MAX, bytes, N, false);
    check_map(scratch_memory(bytes, N), 100, bytes, 100, false);
    check_map(scratch_memory(bytes, N), 0, bytes, 0, false);
    check_map(scratch_pipe(bytes, N), UINT64_MAX, bytes, N, true);
    check_map(scratch_pipe(bytes, N), 100, bytes, 100, true);
    check_map(scratch_memory("", 0), UINT64_MAX, "", 0, true);
    check_map(scratch_pipe("", 0), UINT64_MAX, "", 0, true);
    /* From where the descriptor stands, at and off a page's border, and at the end. */
    static const size_t starts[] = {1, 4095, 4096, 5000, N};
    for (size_t i = 0; i < AR_COUNT(starts); i++) {
        int fd = scratch_memory(bytes, N);
        lseek(fd, (off_t)starts[i], SEEK_SET);
        check_map(fd, UINT64_MAX, bytes + starts[i], N - starts[i], false);
    }
    /* A file of the kernel, which says that it is empty. */
    struct ar_map map;
    struct ar_error error = {0};
    CHECK(map_fd(&map, open("/proc/self/status", O_RDONLY | O_CLOEXEC), UINT64_MAX, &error) == 0);
    CHECK(map.len > 100 && map.spooled && memcmp(map.data, "Name:", 5) == 0);
    ar_map_release(&map);
}

/* What was read before is left out, and the input stands behind what was mapped. */
static void test_map_in_the_middle(void)
{
    for (int piped = 0; piped < 2; piped++) {
        struct ar_error error = {0};
        struct ar_map map;
        char bytes[20];
        int fd = piped ? scratch_pipe("0123456789abcdef", 16) : scratch_memory("0123456789abcdef", 16);
        struct ar_in *in = ar_in_new(fd, "it", &error);
        CHECK(ar_in_read(in, bytes, 3, &error) == 3);
        CHECK(ar_map_in(&map, in, 5, &error) == 0);
        CHECK_BYTES(map.data, map.len, "34567", 5);
        CHECK(ar_in_offset(in) == 8);
        ssize_t got = ar_in_read(in, bytes, sizeof(bytes), &error);
        CHECK_BYTES(bytes, got, "89abcdef", 8);
        ar_in_free(in);
        close(fd);
        CHECK_BYTES(map.data, map.len, "34567", 5);
        ar_map_release(&map);
    }
}

static void test_map_of_compressed_input(void)
{
    char bytes[100];
    z_stream z = {.next_in = (Bytef *)(uintptr_t) "hello\n", .avail_in = 6};
    z.next_out = (Bytef *)bytes;
    z.avail_out = sizeof(bytes);
    deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    size_t n = sizeof(bytes) - z.avail_out;
    deflateEnd(&z);
    struct ar_map map;
    struct ar_error error = {0};
    CHECK(map_fd(&map, scratch_memory(bytes, n), UINT64_MAX, &error) == 0, "%s", error.what);
    CHECK_BYTES(map.data, map.len, "hello\n", 6);
    CHECK(map.filter == AR_FILTER_GZIP && map.spooled && map.source_bytes == n);
    ar_map_release(&map);
    CHECK(map_fd(&map, scratch_memory(bytes, n - 1), UINT64_MAX, &error) == -1 && error.status == AR_INPUT);
    CHECK(map.fd == -1);
    ar_map_release(&map);
}

static void test_map_of_a_file_that_changes(void)
{
    struct ar_map map;
    struct ar_error error = {0};
    scratch_put("changing", "0123456789", 10);
    for (int i = 0; i < 2; i++) {
        int fd = open(scratch_path("changing"), O_RDWR | O_CLOEXEC);
        CHECK(map_fd(&map, dup(fd), UINT64_MAX, &error) == 0);
        CHECK(ar_map_check(&map, "x", &error) == 0);
        if (i == 0) {
            scratch_write(fd, "abc", 3);
            struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
            futimens(fd, times);
        } else {
            struct timespec times[2] = {map.mtime, map.mtime};
            CHECK(ftruncate(fd, 11) == 0 && futimens(fd, times) == 0);
        }
        CHECK(ar_map_check(&map, "x", &error) == -1 && error.status == AR_INPUT);
        CHECK_TEXT(error.what, "'x' was changed while it was read");
        ar_map_release(&map);
        close(fd);
    }
}

static void check_map_without_a_spool(void)
{
    struct ar_map map;
    struct ar_error error = {0};
    setenv("TMPDIR", "/not/there", 1);
    CHECK(map_fd(&map, scratch_pipe("x", 1), UINT64_MAX, &error) == -1);
    CHECK(strstr(error.what, "'/not/there' (TMPDIR)") != NULL, "%s", error.what);
    /* A plain file needs none. */
    check_map(scratch_memory("x", 1), UINT64_MAX, "x", 1, false);

    setenv("TMPDIR", scratch_folder, 1);
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    static char bytes[2000];
    signal(SIGXFSZ, SIG_IGN);
    int fd = scratch_pipe(bytes, sizeof(bytes));
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK(map_fd(&map, fd, UINT64_MAX, &error) == -1 && error.status == AR_SYSTEM);
    CHECK(strstr(error.what, "(TMPDIR)': File too large") != NULL, "%s", error.what);
}

int main(void)
{
    scratch_begin();
    in_child(check_beneath);
    in_child(check_beneath_without_openat2);
    in_child(check_beneath_in_a_sandbox);
    test_file_appears_whole();
    in_child(test_file_without_tmpfile);
    test_file_names_that_are_wrong();
    test_commit_if_changed();
    in_child(check_write_that_fails);
    in_child(check_write_that_fails_without_tmpfile);
    test_dir_open();
    test_dir_remove();
    test_dir_remove_deep();
    in_child(check_dir_remove_as_a_user);
    in_child(check_spool);
    in_child(check_spool_without_tmpfile);
    test_map();
    test_map_in_the_middle();
    test_map_of_compressed_input();
    test_map_of_a_file_that_changes();
    in_child(check_map_without_a_spool);
    return check_done();
}
