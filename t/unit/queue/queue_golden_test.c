/*
 * queue_golden_test.c - every queue file in t/data/queue reads as a real
 * Postfix read it
 *
 * postcat-vod.txt beside each file lists offset and type of every record in
 * the order of reading, pointers followed; damaged files end with a warning.
 * The same walk through our reader must give the same list and the same
 * warning.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_file.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/queue/queue_rec.h"
#include "t/unit/unit.h"

#define GOLDEN_MAX	4000000

static const char *
data_dir(void)
{
	static char path[512];
	const char *src = getenv("PH_SRC");

	snprintf(path, sizeof(path), "%s/t/data/queue",
	    src != NULL ? src : ".");
	return path;
}

/* "%9lu %3d " at the start of a line of postcat -vod */
static bool
is_record_line(const char *line, long *offset, int *type)
{
	char *end;

	*offset = strtol(line, &end, 10);
	if (end - line != 9 || *end != ' ')
		return false;
	*type = (int)strtol(end, &end, 10);
	return end - line == 13 && *end == ' ';
}

/* One line a record, as far as the real one read. */
static void
expected_walk(struct buf *out, char *golden, bool *is_cut)
{
	char *line, *next, *warning;
	long offset;
	int type;

	*is_cut = strstr(golden, "[does not stop") != NULL;
	if ((warning = strstr(golden, "[stderr]\n")) != NULL)
		*warning = '\0';
	for (line = golden; *line != '\0'; line = next) {
		next = strchr(line, '\n');
		next = next == NULL ? line + strlen(line) : next + 1;
		/* A malformed attribute gives a prefix and no newline. */
		for (; is_record_line(line, &offset, &type); line += 14)
			buf_addf(out, "%ld %d\n", offset, type);
	}
	if (warning == NULL)
		return;
	for (line = warning + 9; *line != '\0'; line = next) {
		next = strchr(line, '\n');
		next = next == NULL ? line + strlen(line) : next + 1;
		if (strncmp(line, "postcat: warning: ", 18) == 0 &&
		    strstr(line, "record") != NULL &&
		    strstr(line, "size record") == NULL)
			buf_add(out, line + 18, (size_t)(next - line - 18));
	}
}

static void
our_walk(struct buf *out, const char *path, const char *name)
{
	struct queue_file *qf;
	struct err err = ERR_INIT;
	const char *value;
	size_t len;
	int fd, type, rc;

	fd = open(path, O_RDONLY);
	ck_assert_int_ne(fd, -1);
	qf = queue_file_new(fd, name, QUEUE_FILE_PLAIN);
	while ((rc = queue_file_next(qf, &type, &value, &len, &err)) == 1) {
		if (queue_file_offset(qf) == 0 &&
		    strchr(QUEUE_REC_ENVELOPE, type) == NULL)
			break;
		buf_addf(out, "%ld %d\n", (long)queue_file_offset(qf), type);
		if (type == QUEUE_REC_END)
			break;
		if (type == QUEUE_REC_PTR &&
		    (rc = queue_file_jump(qf, value, &err)) == -1)
			break;
	}
	if (rc == -1)
		buf_addf(out, "%s\n", err.text);
	queue_file_close(qf);
}

static void
compare(const char *dir, const char *name)
{
	struct buf path = BUF_INIT, golden = BUF_INIT;
	struct buf want = BUF_INIT, got = BUF_INIT;
	size_t same;
	bool is_cut;

	buf_setf(&path, "%s/postcat-vod.txt", dir);
	ck_assert_int_eq(file_read(path.ptr, &golden, GOLDEN_MAX, NULL), 0);
	for (same = 0; same < golden.len; same++)
		if (golden.ptr[same] == '\0')	/* message text may hold them */
			golden.ptr[same] = '?';
	expected_walk(&want, golden.ptr, &is_cut);
	buf_setf(&path, "%s/%s", dir, name);
	our_walk(&got, path.ptr, name);
	/* Where the real one never stopped, its list has no end to compare. */
	if (is_cut) {
		same = got.len < want.len ? got.len : want.len;
		buf_truncate(&want, same);
		buf_truncate(&got, same);
	}
	if (strcmp(want.ptr, got.ptr) != 0) {
		for (same = 0; want.ptr[same] == got.ptr[same]; same++)
			;
		ck_abort_msg("%s/%s\nexpected:\n%.200s\ngot:\n%.200s", dir,
		    name, want.ptr + same, got.ptr + same);
	}
	buf_done(&path);
	buf_done(&golden);
	buf_done(&want);
	buf_done(&got);
}

START_TEST(every_golden_file_reads_as_a_real_postfix_read_it)
{
	struct dirent *de, *fe;
	struct buf dir = BUF_INIT;
	DIR *top, *one;
	int files = 0;

	ck_assert_ptr_nonnull(top = opendir(data_dir()));
	while ((de = readdir(top)) != NULL) {
		buf_setf(&dir, "%s/%s", data_dir(), de->d_name);
		if (de->d_name[0] == '.' || (one = opendir(dir.ptr)) == NULL)
			continue;
		while ((fe = readdir(one)) != NULL) {
			if (strchr(fe->d_name, '.') != NULL)
				continue;
			compare(dir.ptr, fe->d_name);
			files++;
		}
		closedir(one);
	}
	closedir(top);
	ck_assert_int_ge(files, 100);
	buf_done(&dir);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_golden");

	tcase_add_test(tc, every_golden_file_reads_as_a_real_postfix_read_it);
	return unit_run("queue_golden", tc);
}
