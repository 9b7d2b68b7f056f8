/* Stands between a program and its disk: tells what it does to the files of one folder, and makes it fail.
 *
 * Loaded with LD_PRELOAD. It writes one record per call to the file CAMPAIGN_DISK_LOG: every write, truncation, sync,
 * opening and unlinking below CAMPAIGN_DISK_FOLDER with its bytes, every send on a socket, every write to stdout and
 * stderr; once before the call (phase 'b') and once after it ('e'). CAMPAIGN_DISK_FAULT=N:ERRNO:HOW:KINDS makes the
 * Nth call of KINDS fail: `once`, `on` from there on, `short` (half of the write arrives, then as `on`), or `kill` (the
 * process dies of it).
 * Calls that the model of a disk in model.rs does not know are told as kind 'x', and fail the test. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct head {
    uint8_t kind, phase;
    uint16_t path_len;
    uint32_t error;
    uint64_t call, file;
    int64_t offset, result;
    uint64_t data_len;
};

static int log_fd = -1;
static char folder[PATH_MAX];
static size_t folder_len;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static atomic_ulong calls, candidates;
static unsigned long fault_at;
static int fault_errno;
static char fault_how[8], fault_kinds[16];
static long long stall_at = -1;
static unsigned stall_seconds;

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("CAMPAIGN_DISK_LOG"), *where = getenv("CAMPAIGN_DISK_FOLDER");
    const char *fault = getenv("CAMPAIGN_DISK_FAULT"), *stall = getenv("CAMPAIGN_DISK_STALL");
    if (!log || !where) return;
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    snprintf(folder, sizeof folder, "%s", where);
    folder_len = strlen(folder);
    if (fault) sscanf(fault, "%lu:%d:%7[a-z]:%15[a-z]", &fault_at, &fault_errno, fault_how, fault_kinds);
    if (stall) sscanf(stall, "%lld:%u", &stall_at, &stall_seconds);
}

static void tell(struct head head, const char *path, const struct iovec *data, int count) {
    struct iovec parts[66] = {{&head, sizeof head}, {(void *)path, path ? strlen(path) : 0}};
    size_t left = head.data_len;
    int used = 2;
    head.path_len = (uint16_t)parts[1].iov_len;
    for (int i = 0; i < count && left > 0 && used < 66; i++) {
        parts[used] = data[i];
        if (parts[used].iov_len > left) parts[used].iov_len = left;
        left -= parts[used++].iov_len;
    }
    head.data_len -= left;
    pthread_mutex_lock(&order);
    if (syscall(SYS_writev, log_fd, parts, used) < 0) abort();
    pthread_mutex_unlock(&order);
}

/* Whether a path is in the folder; the shared memory of the WAL index is memory, not disk. */
static int is_ours(const char *path) {
    size_t len = strlen(path);
    return log_fd >= 0 && !strncmp(path, folder, folder_len) && !(len > 4 && !strcmp(path + len - 4, "-shm"));
}

static int path_of(int fd, char *path) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_MAX - 1);
    path[len < 0 ? 0 : len] = 0;
    return len > 0;
}

static uint64_t file_of(int fd) {
    struct stat stat;
    return fstat(fd, &stat) ? 0 : stat.st_ino;
}

/* 'f' where the call is to fail, 'h' where half of it is to arrive first, 0 where it is to go on. */
static char fate(char kind) {
    if (!fault_at || !strchr(fault_kinds, kind)) return 0;
    unsigned long n = atomic_fetch_add(&candidates, 1) + 1;
    if (n < fault_at || (n > fault_at && (!strcmp(fault_how, "once") || !strcmp(fault_how, "kill")))) return 0;
    return n == fault_at && !strcmp(fault_how, "short") && kind == 'w' ? 'h' : 'f';
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static size_t length(const struct iovec *data, int count) {
    size_t sum = 0;
    for (int i = 0; i < count; i++) sum += data[i].iov_len;
    return sum;
}

static ssize_t real_write(int fd, const struct iovec *data, int count, off64_t offset, size_t most) {
    struct iovec cut = {data[0].iov_base, most};
    if (offset >= 0) return syscall(SYS_pwrite64, fd, data[0].iov_base, most, offset);
    if (most < length(data, count)) return syscall(SYS_writev, fd, &cut, 1);
    return syscall(SYS_writev, fd, data, count);
}

/* Every write to whatever; `offset` is negative where the file's own position counts. */
static ssize_t writes(int fd, const struct iovec *data, int count, off64_t offset) {
    char path[PATH_MAX];
    struct head head = {.phase = 'b', .data_len = length(data, count)};
    size_t all = head.data_len;
    if (log_fd < 0 || !path_of(fd, path)) return real_write(fd, data, count, offset, all);
    if (fd == 1 || fd == 2) head.kind = 'p';
    else if (!strncmp(path, "socket:", 7)) head.kind = 'n';
    else if (is_ours(path)) head.kind = 'w';
    else return real_write(fd, data, count, offset, all);
    head.call = atomic_fetch_add(&calls, 1);
    head.file = file_of(fd);
    head.offset = offset >= 0 ? offset : head.kind == 'w' ? lseek64(fd, 0, SEEK_CUR) : 0;
    tell(head, path, data, count);
    char end = head.kind == 'w' ? fate('w') : 0;
    ssize_t result = end == 'f' ? -1 : real_write(fd, data, count, offset, end ? (all + 1) / 2 : all);
    head.error = end ? (uint32_t)fault_errno : result < 0 ? (uint32_t)errno : 0;
    int error = end == 'f' ? fault_errno : errno;
    head.phase = 'e', head.result = result, head.data_len = 0;
    tell(head, path, NULL, 0);
    errno = error;
    return result;
}

ssize_t write(int fd, const void *bytes, size_t len) {
    struct iovec data = {(void *)bytes, len};
    return writes(fd, &data, 1, -1);
}
ssize_t writev(int fd, const struct iovec *data, int count) { return writes(fd, data, count, -1); }
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset) {
    struct iovec data = {(void *)bytes, len};
    return writes(fd, &data, 1, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset) { return pwrite64(fd, bytes, len, offset); }

static ssize_t sends(const struct iovec *data, size_t count) {
    struct head head = {.kind = 'n', .phase = 'b', .data_len = length(data, (int)count)};
    head.call = atomic_fetch_add(&calls, 1);
    if (log_fd >= 0) tell(head, "socket", data, (int)count);
    return 0;
}
ssize_t send(int fd, const void *bytes, size_t len, int flags) {
    REAL(send);
    struct iovec data = {(void *)bytes, len};
    sends(&data, 1);
    return real(fd, bytes, len, flags);
}
ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to, socklen_t to_len) {
    struct iovec data = {(void *)bytes, len};
    sends(&data, 1);
    return syscall(SYS_sendto, fd, bytes, len, flags, to, to_len);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    sends(message->msg_iov, message->msg_iovlen);
    return syscall(SYS_sendmsg, fd, message, flags);
}

/* A call on an open file without bytes. */
static int on_file(char kind, int fd, off64_t offset, long number) {
    char path[PATH_MAX];
    struct head head = {.kind = (uint8_t)kind, .phase = 'b', .offset = offset};
    int ours = log_fd >= 0 && path_of(fd, path) && is_ours(path), fails = 0;
    if (ours) {
        head.call = atomic_fetch_add(&calls, 1);
        head.file = file_of(fd);
        tell(head, path, NULL, 0);
        fails = fate(kind) != 0;
    }
    int result = fails ? -1 : (int)syscall(number, fd, offset);
    int error = fails ? fault_errno : errno;
    if (ours) {
        head.phase = 'e', head.result = result, head.error = result < 0 ? (uint32_t)error : 0;
        tell(head, path, NULL, 0);
        if (fails && !strcmp(fault_how, "kill")) kill(getpid(), SIGKILL);
    }
    errno = error;
    return result;
}
int fsync(int fd) { return on_file('s', fd, 0, SYS_fsync); }
int fdatasync(int fd) { return on_file('s', fd, 0, SYS_fdatasync); }
int ftruncate64(int fd, off64_t len) { return on_file('t', fd, len, SYS_ftruncate); }
int ftruncate(int fd, off_t len) { return ftruncate64(fd, len); }
int fallocate64(int fd, int mode, off64_t offset, off64_t len) {
    on_file('x', fd, offset, SYS_fsync);
    return (int)syscall(SYS_fallocate, fd, mode, offset, len);
}
int posix_fallocate64(int fd, off64_t offset, off64_t len) { return fallocate64(fd, 0, offset, len) ? errno : 0; }

static int opens(int at, const char *path, int flags, mode_t mode) {
    struct head head = {.kind = flags & O_TRUNC && flags & O_ACCMODE ? 'x' : 'o', .phase = 'e'};
    int ours = is_ours(path);
    if (ours && fate('o')) {
        head.call = atomic_fetch_add(&calls, 1);
        head.result = -1, head.error = (uint32_t)fault_errno;
        tell(head, path, NULL, 0);
        errno = fault_errno;
        return -1;
    }
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (ours && fd >= 0) {
        head.call = atomic_fetch_add(&calls, 1);
        head.file = file_of(fd);
        tell(head, path, NULL, 0);
    }
    return fd;
}
#define OPEN(name) int name(const char *path, int flags, ...) { \
    va_list rest; va_start(rest, flags); mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); return opens(AT_FDCWD, path, flags, mode); }
OPEN(open)
OPEN(open64)
#define OPENAT(name) int name(int at, const char *path, int flags, ...) { \
    va_list rest; va_start(rest, flags); mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); return opens(at, path, flags, mode); }
OPENAT(openat)
OPENAT(openat64)

static int names(char kind, const char *path, long number, const char *to) {
    struct head head = {.kind = (uint8_t)kind, .phase = 'b'};
    int ours = is_ours(path) || (to && is_ours(to)), fails = 0;
    if (ours) {
        head.call = atomic_fetch_add(&calls, 1);
        tell(head, path, NULL, 0);
        fails = fate(kind) != 0;
    }
    int result = fails ? -1 : (int)syscall(number, path, to);
    int error = fails ? fault_errno : errno;
    if (ours) {
        head.phase = 'e', head.result = result, head.error = result < 0 ? (uint32_t)error : 0;
        tell(head, path, NULL, 0);
    }
    errno = error;
    return result;
}
int unlink(const char *path) { return names('u', path, SYS_unlink, NULL); }
int rename(const char *path, const char *to) { return names('x', path, SYS_rename, to); }

ssize_t pread64(int fd, void *bytes, size_t len, off64_t offset) {
    char path[PATH_MAX];
    if (fault_at && strchr(fault_kinds, 'r') && path_of(fd, path) && is_ours(path) && fate('r')) {
        struct head head = {.kind = 'r', .phase = 'e', .result = -1, .error = (uint32_t)fault_errno};
        head.call = atomic_fetch_add(&calls, 1);
        tell(head, path, NULL, 0);
        errno = fault_errno;
        return -1;
    }
    if (offset == stall_at && path_of(fd, path) && is_ours(path)) sleep(stall_seconds);
    return syscall(SYS_pread64, fd, bytes, len, offset);
}
ssize_t pread(int fd, void *bytes, size_t len, off_t offset) { return pread64(fd, bytes, len, offset); }
