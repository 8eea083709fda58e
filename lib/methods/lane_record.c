/* SPDX-License-Identifier: MIT */
#include "methods/lane_record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "bytes/io.h"
#include "bytes/text.h"

static const char header[] = "lane\tstate\tseconds\tbytes\tkey\tcause\tsample\n";

int ar_lane_record_open(const char *path, struct ar_error *error)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return ar_fail_open(error, errno, "cannot open '%s'", path);
    flock(fd, LOCK_EX); /* where several begin it at a time, one writes the header */
    int result = 0;
    if (fstat(fd, &st) == 0 && st.st_size == 0)
        result = ar_write_fd(fd, header, sizeof header - 1, path, error);
    flock(fd, LOCK_UN);
    if (result == 0)
        return fd;
    close(fd);
    return -1;
}

/* Adds a text up to its first line end. */
static void add_line(struct ar_buf *line, const char *text)
{
    size_t n = text ? strcspn(text, "\n") : 0;
    ar_buf_add_char(line, '\t');
    if (n)
        ar_text_show(line, text, n);
    else
        ar_buf_add_char(line, '-');
}

void ar_lane_record_line(struct ar_buf *lines, const struct ar_lane_event *event)
{
    const struct ar_target *target = event->target;
    ar_buf_add(lines, target->data, target->data_len);
    ar_buf_add_format(lines, "\t%s\t", event->state);
    if (event->memory)
        ar_buf_add_format(lines, "%.3f\t%" PRIu64, event->seconds, event->memory);
    else
        ar_buf_add_text(lines, "-\t-");
    ar_buf_add_format(lines, "\t%s", event->key && *event->key ? event->key : "-");
    add_line(lines, event->cause);
    ar_buf_add_char(lines, '\t');
    ar_text_show(lines, target->sample, target->sample_len);
    ar_buf_add_char(lines, '\n');
}

int ar_lane_record_write(int fd, const struct ar_buf *lines, struct ar_error *error)
{
    if (ar_buf_check(lines, error) != 0)
        return -1;
    return ar_write_fd(fd, lines->data, lines->len, ar_tr("the record of the lanes"), error);
}

int ar_lane_record_add(int fd, const struct ar_lane_event *event, struct ar_error *error)
{
    struct ar_buf line;
    ar_buf_init(&line);
    ar_lane_record_line(&line, event);
    int result = ar_lane_record_write(fd, &line, error);
    ar_buf_release(&line);
    return result;
}
