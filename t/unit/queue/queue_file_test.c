/*
 * queue_file_test.c - the reader on hostile bytes
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_file.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_dir.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

static void
setup(void)
{
	unit_folder_enter("maildrop incoming active deferred hold");
	params.hash_queue_names = "deferred, defer";
	params.hash_queue_depth = 1;
	params.enable_long_queue_ids = false;
}

static struct queue_file *
reader_of(const struct buf *bytes, enum queue_file_mode mode)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(file_write_all(fd, bytes->ptr, bytes->len), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return queue_file_new(fd, "file", mode);
}

/* The error that reading these bytes to the end gives, "" for none. */
static const char *
error_of(const void *data, size_t len, enum queue_file_mode mode)
{
	static struct err err;
	struct buf bytes = BUF_INIT;
	struct queue_file *qf;
	const char *value;
	size_t n;
	int type, rc;

	buf_add(&bytes, data, len);
	qf = reader_of(&bytes, mode);
	err_reset(&err);
	while ((rc = queue_file_next(qf, &type, &value, &n, &err)) == 1)
		;
	ck_assert((rc == -1) == (err.kind != ERR_NONE));
	queue_file_close(qf);
	buf_done(&bytes);
	return err.text;
}

#define ERROR_OF(lit, mode)	error_of(lit, sizeof(lit) - 1, mode)

START_TEST(damage_gets_the_documented_refusal)
{
	ck_assert_str_eq(ERROR_OF("", QUEUE_FILE_PLAIN), "");
	ck_assert_str_eq(ERROR_OF("S\3abc", QUEUE_FILE_PLAIN), "");
	ck_assert_str_eq(ERROR_OF("S", QUEUE_FILE_PLAIN),
	    "file: unexpected EOF reading length, record type 83");
	ck_assert_str_eq(ERROR_OF("S\200", QUEUE_FILE_PLAIN),
	    "file: unexpected EOF reading length, record type 83");
	ck_assert_str_eq(ERROR_OF("S\3ab", QUEUE_FILE_PLAIN),
	    "file: unexpected EOF in data, record type 83 length 3");
	ck_assert_str_eq(ERROR_OF("A\377\377\377\377\377\1x",
	    QUEUE_FILE_PLAIN),
	    "file: too many length bits, record type 65");
	ck_assert_str_eq(ERROR_OF("A\200\200\200\200\1x", QUEUE_FILE_PLAIN),
	    "file: too many length bits, record type 65");
	ck_assert_str_eq(ERROR_OF("A\377\377\377\177x", QUEUE_FILE_PLAIN),
	    "file: unexpected EOF in data, record type 65 length 268435455");
	ck_assert_str_eq(ERROR_OF("p\017            xyz", QUEUE_FILE_NORMAL),
	    "file: malformed pointer record value: xyz");
	ck_assert_str_eq(ERROR_OF("p\017               ", QUEUE_FILE_NORMAL),
	    "file: malformed pointer record value: ");
	ck_assert_str_eq(ERROR_OF("p\023 99999999999999999999",
	    QUEUE_FILE_NORMAL) == NULL ? "" : "x", "x");
	/* A pointer to itself. */
	ck_assert_str_eq(ERROR_OF("N\0p\017              2",
	    QUEUE_FILE_NORMAL), "file: too many reverse jump records");
	/* Beyond the end: just the end. */
	ck_assert_str_eq(ERROR_OF("N\0p\017         999999",
	    QUEUE_FILE_NORMAL), "");
}
END_TEST

START_TEST(normal_mode_follows_pointers_hides_padding_and_stops_after_end)
{
	static const char bytes[] =
	    "S\1a"				/* 0 */
	    "p\017             25"		/* 3 */
	    "X\3bad"				/* 20 */
	    "N\1b" "w\2  " "E\0" "R\1z";	/* 25 */
	struct buf b = BUF_INIT;
	struct queue_file *qf;
	struct err err = ERR_INIT;
	const char *value;
	size_t n;
	int type;

	buf_add(&b, bytes, sizeof(bytes) - 1);
	qf = reader_of(&b, QUEUE_FILE_NORMAL);
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_int_eq(type, 'S');
	ck_assert_str_eq(value, "a");
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_int_eq(type, 'N');
	ck_assert_int_eq(queue_file_offset(qf), 25);
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_int_eq(type, 'E');
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 0);
	ck_assert_int_eq(queue_file_seek(qf, 34, &err), 0);
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 1);
	ck_assert_int_eq(type, 'R');
	queue_file_close(qf);
	buf_done(&b);
}
END_TEST

/* Records of every size around the window's, from a file and from a pipe. */
START_TEST(records_longer_than_the_window_arrive_whole)
{
	static const size_t sizes[] = { 0, 1, 16380, 16384, 16385, 65536,
	    65537, 300000, 5 };
	struct buf b = BUF_INIT, data = BUF_INIT;
	struct queue_file *qf;
	struct err err = ERR_INIT;
	const char *value;
	size_t i, j, n;
	int type, fds[2];
	pid_t pid;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		buf_reset(&data);
		for (j = 0; j < sizes[i]; j++)
			buf_addc(&data, (int)(j % 251 + i));
		queue_rec_put(&b, 'N', data.ptr, data.len);
	}
	if (_i == 0) {
		qf = reader_of(&b, QUEUE_FILE_PLAIN);
		pid = 0;
	} else {
		ck_assert_int_eq(pipe(fds), 0);
		if ((pid = fork()) == 0) {
			close(fds[0]);
			_exit(file_write_all(fds[1], b.ptr, b.len) == 0 ?
			    0 : 1);
		}
		close(fds[1]);
		qf = queue_file_new(fds[0], "pipe", QUEUE_FILE_PLAIN);
	}
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err),
		    1);
		ck_assert_uint_eq(n, sizes[i]);
		for (j = 0; j < n; j++)
			if ((unsigned char)value[j] !=
			    (unsigned char)(j % 251 + i))
				ck_abort_msg("byte %zu of record %zu", j, i);
		ck_assert_int_eq(value[n], '\0');
	}
	ck_assert_int_eq(queue_file_next(qf, &type, &value, &n, &err), 0);
	ck_assert_int_eq(queue_file_tell(qf), (off_t)b.len);
	queue_file_close(qf);
	buf_done(&b);
	buf_done(&data);
}
END_TEST

static void
put_file(const char *id, size_t text_len)
{
	struct buf bytes = BUF_INIT, path = BUF_INIT;
	char *text = calloc(1, text_len + 1);
	int fd;

	memset(text, 'x', text_len);
	queue_rec_put(&bytes, QUEUE_REC_FROM, id, strlen(id));
	queue_rec_put(&bytes, QUEUE_REC_FULL, text, text_len);
	queue_path(&path, "hold", id);
	fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL, 0700);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(file_write_all(fd, bytes.ptr, bytes.len), 0);
	close(fd);
	free(text);
	buf_done(&bytes);
	buf_done(&path);
}

START_TEST(one_reader_serves_file_after_file)
{
	static const struct {
		const char	*id;
		size_t		 len;
	} files[] = { { "1AAAAA1", 10 }, { "1AAAAA2", 300000 },
	    { "1AAAAA3", 0 }, { "1AAAAA4", 20000 } };
	struct queue_file *qf = NULL;
	struct err err = ERR_INIT;
	struct buf path = BUF_INIT;
	const char *value;
	size_t i, len;
	int type;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		put_file(files[i].id, files[i].len);
		queue_path(&path, "hold", files[i].id);
		ck_assert_int_eq(queue_file_reopen(&qf, path.ptr,
		    QUEUE_FILE_NORMAL, &err), 0);
		ck_assert_int_eq(queue_file_next(qf, &type, &value, &len,
		    &err), 1);
		ck_assert_str_eq(value, files[i].id);
		ck_assert_int_eq(queue_file_next(qf, &type, &value, &len,
		    &err), 1);
		ck_assert_int_eq(type, QUEUE_REC_FULL);
		ck_assert_uint_eq(len, files[i].len);
		ck_assert_uint_eq(strspn(value, "x"), len);
		ck_assert_int_eq(queue_file_next(qf, &type, &value, &len,
		    &err), 0);
		ck_assert_int_eq(queue_file_reopen(&qf, "hold/nothing",
		    QUEUE_FILE_NORMAL, &err), -1);
		ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
		ck_assert_int_eq(queue_file_fd(qf), -1);
	}
	queue_file_close(qf);
	buf_done(&path);
}
END_TEST

START_TEST(only_a_recipient_can_be_marked_done)
{
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT, back = BUF_INIT;
	int fd;

	queue_rec_put(&b, 'S', "ann", 3);
	queue_rec_put(&b, 'R', "bob", 3);
	queue_file_close(reader_of(&b, QUEUE_FILE_PLAIN));
	fd = open("file", O_RDWR);
	ck_assert_int_eq(queue_file_mark_done(fd, 0, &err), -1);
	ck_assert_int_eq(queue_file_mark_done(fd, 999, &err), -1);
	ck_assert_int_eq(queue_file_mark_done(fd, 5, &err), 0);
	ck_assert_int_eq(queue_file_mark_done(fd, 5, &err), -1);
	close(fd);
	ck_assert_int_eq(file_read("file", &back, 100, &err), 0);
	ck_assert_str_eq(back.ptr, "S\3annD\3bob");
	buf_done(&b);
	buf_done(&back);
}
END_TEST

START_TEST(only_ready_regular_files_with_valid_names_are_opened)
{
	struct err err = ERR_INIT;
	struct stat st;

	close(open("incoming/AAAAA1", O_CREAT | O_WRONLY, 0700));
	close(open("incoming/AAAAA2", O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(symlink("AAAAA1", "incoming/AAAAA3"), 0);
	ck_assert_int_eq(mkfifo("incoming/AAAAA4", 0700), 0);
	ck_assert_int_eq(mkdir("incoming/AAAAA5", 0700), 0);
	ck_assert_int_eq(queue_file_may_open("incoming", "AAAAA1", &st, &err),
	    1);
	ck_assert_int_eq(queue_file_may_open("incoming", "AAAAA2", &st, &err),
	    0);
	ck_assert_int_eq(queue_file_may_open("incoming", "AAAAA3", &st, &err),
	    -1);
	ck_assert_int_eq(queue_file_may_open("incoming", "AAAAA4", &st, &err),
	    -1);
	ck_assert_int_eq(queue_file_may_open("incoming", "AAAAA6", &st, &err),
	    0);
	ck_assert_int_eq(queue_file_may_open("incoming", "../x", &st, &err),
	    0);
	ck_assert_int_eq(queue_file_may_open("../x", "AAAAA1", &st, &err), -1);
	ck_assert_ptr_null(queue_file_open("incoming", "AAAAA2",
	    QUEUE_FILE_PLAIN, &err));
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	ck_assert_ptr_null(queue_file_open("incoming", "AAAAA3",
	    QUEUE_FILE_PLAIN, &err));
	ck_assert_int_eq(err.kind, ERR_DENIED);
	ck_assert_ptr_null(queue_file_open("incoming", "AAAAA4",
	    QUEUE_FILE_PLAIN, &err));
	ck_assert_int_eq(err.kind, ERR_DENIED);
	ck_assert_ptr_null(queue_file_open("incoming", "AAAAA5",
	    QUEUE_FILE_PLAIN, &err));
	ck_assert_int_eq(err.kind, ERR_DENIED);
	ck_assert_ptr_null(queue_file_open("incoming", "AAAAA6",
	    QUEUE_FILE_PLAIN, &err));
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
}
END_TEST

START_TEST(moves_make_hash_directories_and_report_who_was_faster)
{
	struct err err = ERR_INIT;
	struct queue_dir *qd;

	close(open("incoming/9407A1", O_CREAT | O_WRONLY, 0700));
	ck_assert_int_eq(queue_move("9407A1", "incoming", "deferred", &err),
	    0);
	ck_assert_int_eq(access("deferred/9/9407A1", F_OK), 0);
	ck_assert_int_eq(queue_move("9407A1", "incoming", "hold", &err), -1);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	/* Already where it should be: somebody's answer was lost. */
	ck_assert_int_eq(queue_move("9407A1", "incoming", "deferred", &err),
	    0);
	close(open("deferred/9/1.2", O_CREAT | O_WRONLY, 0600));
	qd = queue_dir_open("deferred", &err);
	ck_assert_str_eq(queue_dir_next(qd), "9407A1");
	ck_assert_str_eq(queue_dir_path(qd), "deferred/9/9407A1");
	ck_assert_int_eq(queue_dir_depth(qd), 1);
	ck_assert_ptr_null(queue_dir_next(qd));
	queue_dir_close(qd);
	ck_assert_int_eq(queue_remove("9407A1", "deferred", &err), 0);
	ck_assert_int_eq(queue_remove("9407A1", "deferred", &err), -1);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_walk_enters_one_character_names_and_survives_a_file_there)
{
	struct err err = ERR_INIT;
	struct queue_dir *qd;
	const char *id;
	int n = 0;

	ck_assert_int_eq(mkdir("incoming/A", 0700), 0);
	ck_assert_int_eq(mkdir("incoming/A/B", 0700), 0);
	close(open("incoming/A/B/ABCDE1", O_CREAT | O_WRONLY, 0700));
	close(open("incoming/XBCDE1", O_CREAT | O_WRONLY, 0700));
	close(open("incoming/Q", O_CREAT | O_WRONLY, 0700));
	qd = queue_dir_open("incoming", &err);
	while ((id = queue_dir_next(qd)) != NULL) {
		ck_assert(strcmp(id, "ABCDE1") == 0 ||
		    strcmp(id, "XBCDE1") == 0);
		n++;
	}
	ck_assert_int_eq(n, 2);
	queue_dir_close(qd);

	/* Nobody enters anything in maildrop. */
	ck_assert_int_eq(mkdir("maildrop/A", 0700), 0);
	close(open("maildrop/A/ABCDE1", O_CREAT | O_WRONLY, 0700));
	qd = queue_dir_open("maildrop", &err);
	ck_assert_str_eq(queue_dir_next(qd), "A");
	ck_assert_ptr_null(queue_dir_next(qd));
	queue_dir_close(qd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_file");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, damage_gets_the_documented_refusal);
	tcase_add_test(tc,
	    normal_mode_follows_pointers_hides_padding_and_stops_after_end);
	tcase_add_loop_test(tc,
	    records_longer_than_the_window_arrive_whole, 0, 2);
	tcase_add_test(tc, one_reader_serves_file_after_file);
	tcase_add_test(tc, only_a_recipient_can_be_marked_done);
	tcase_add_test(tc,
	    only_ready_regular_files_with_valid_names_are_opened);
	tcase_add_test(tc,
	    moves_make_hash_directories_and_report_who_was_faster);
	tcase_add_test(tc,
	    a_walk_enters_one_character_names_and_survives_a_file_there);
	return unit_run("queue_file", tc);
}
