/*
 * queue_log_test.c - per-message logs: what is written, what is read
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_log.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/conf/params.h"
#include "t/unit/folder.h"
#include "t/unit/forbid.h"
#include "t/unit/unit.h"

static char data[512];

static void
setup(void)
{
	const char *src = getenv("PH_SRC");

	if (src == NULL)
		src = realpath(".", NULL);
	snprintf(data, sizeof(data), "%s/t/data/queue", src);
	unit_folder_enter("defer bounce");
	params.hash_queue_names = "deferred, defer";
	params.hash_queue_depth = 1;
	params.backwards_bounce_logfile_compatibility = true;
	params.deliver_lock_attempts = 2;
	params.deliver_lock_delay = 1;
}

START_TEST(an_entry_is_written_as_a_real_postfix_writes_it)
{
	static const char refused[] =
	    "connect to 127.0.0.1[127.0.0.1]:9: Connection refused";
	struct queue_rcpt rcpt = { "Zed@odd.example", "Zed@odd.example",
	    "rfc822;zed@odd.example", 12, 833 };
	struct dsn dsn = { "4.4.1", "delayed", refused, "", "", "", "" };
	struct buf got = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	ck_assert_int_eq(queue_log_append("defer", "9407A1", &rcpt, &dsn,
	    &err), 0);
	ck_assert_int_eq(file_read("defer/9/9407A1", &got, 10000, &err), 0);
	ck_assert_str_eq(got.ptr,
	    "\n<Zed@odd.example>: connect to 127.0.0.1[127.0.0.1]:9: "
	    "Connection refused\nrecipient=Zed@odd.example\noffset=833\n"
	    "dsn_orig_rcpt=rfc822;zed@odd.example\nnotify_flags=12\n"
	    "status=4.4.1\naction=delayed\nreason=connect to "
	    "127.0.0.1[127.0.0.1]:9: Connection refused\n\n");
	ck_assert_int_eq(stat("defer/9/9407A1", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	buf_done(&got);
}
END_TEST

START_TEST(what_was_written_comes_back)
{
	struct queue_rcpt rcpt = { "a b@x.example", "orig@x.example", "", 0,
	    -1 };
	struct dsn dsn = { "nonsense", "failed", "line\none", "smtp",
	    "550 no", "dns", "mx.example" };
	struct queue_rcpt nobody = { "", "", "", 0, 5 };
	struct queue_log_entry e;
	struct queue_log *ql;
	struct err err = ERR_INIT;

	ck_assert_int_eq(queue_log_append("bounce", "9407A1", &rcpt, &dsn,
	    &err), 0);
	ck_assert_int_eq(queue_log_append("bounce", "9407A1", &nobody, &dsn,
	    &err), 0);
	ql = queue_log_open("bounce", "9407A1", &err);
	ck_assert_ptr_nonnull(ql);
	ck_assert_int_eq(queue_log_next(ql, &e), 1);
	ck_assert_str_eq(e.rcpt.address, "\"a b\"@x.example");
	ck_assert_str_eq(e.rcpt.orig, "orig@x.example");
	ck_assert_str_eq(e.dsn.status, "5.0.0");
	ck_assert_str_eq(e.dsn.reason, "line?one");
	ck_assert_str_eq(e.dsn.diag_type, "smtp");
	ck_assert_str_eq(e.dsn.mta_name, "mx.example");
	ck_assert_int_eq(queue_log_next(ql, &e), 1);
	ck_assert_str_eq(e.rcpt.address, "<>");
	ck_assert_int_eq(e.rcpt.offset, 5);
	ck_assert_int_eq(queue_log_next(ql, &e), 0);
	queue_log_close(ql);
	ck_assert_int_eq(queue_log_remove("bounce", "9407A1", &err), 0);
	ck_assert_int_eq(queue_log_remove("bounce", "9407A1", &err), 0);
	ck_assert_ptr_null(queue_log_open("bounce", "9407A1", &err));
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
}
END_TEST

static const struct {
	const char	*address, *status, *reason;
} old[] = {
	{ "one@remote.example", "4.0.0", "old style only" },
	{ "two@remote.example", "4.1.1",
	    "new style, fields in another order" },
	{ "three@remote.example", "4.0.0", "the new text wins" },
	{ "(MAILER-DAEMON)", "4.0.0", "empty old recipient" },
	{ "(recipient address unavailable)", "4.2.1",
	    "(description unavailable)" },
	{ "<>", "4.0.0", "tab?here, control ? here" },
};

START_TEST(old_and_damaged_entries_read_as_a_real_postfix_reads_them)
{
	char command[700];
	struct queue_log_entry e;
	struct queue_log *ql;
	struct err err = ERR_INIT;
	size_t i;

	snprintf(command, sizeof(command), "mkdir -p defer/0 && "
	    "cp %s/old-defer-log/0BEEFA84019.defer defer/0/0BEEFA84019", data);
	ck_assert_int_eq(system(command), 0);
	ql = queue_log_open("defer", "0BEEFA84019", &err);
	ck_assert_ptr_nonnull(ql);
	for (i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		ck_assert_int_eq(queue_log_next(ql, &e), 1);
		ck_assert_str_eq(e.rcpt.address, old[i].address);
		ck_assert_str_eq(e.dsn.status, old[i].status);
		ck_assert_str_eq(e.dsn.reason, old[i].reason);
	}
	ck_assert_int_eq(queue_log_next(ql, &e), 0);
	queue_log_close(ql);
}
END_TEST

START_TEST(one_reader_serves_log_after_log)
{
	char reason[9000];
	struct queue_rcpt rcpt = { "a@b.example", "", "", 0, -1 };
	struct dsn dsn = { "4.0.0", "delayed", reason, "", "", "", "" };
	struct queue_log_entry e;
	struct queue_log *ql = NULL;
	struct err err = ERR_INIT;

	/* Longer than what is read at once. */
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	ck_assert_int_eq(queue_log_append("defer", "9407A1", &rcpt, &dsn,
	    &err), 0);
	dsn.reason = "short";
	ck_assert_int_eq(queue_log_append("defer", "1407A1", &rcpt, &dsn,
	    &err), 0);
	ck_assert_int_eq(queue_log_reopen(&ql, "defer/9/9407A1", &err), 0);
	ck_assert_int_eq(queue_log_next(ql, &e), 1);
	ck_assert_str_eq(e.dsn.reason, reason);
	ck_assert_int_eq(queue_log_reopen(&ql, "defer/2/2407A1", &err), -1);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	ck_assert_int_eq(queue_log_next(ql, &e), 0);
	ck_assert_int_eq(queue_log_reopen(&ql, "defer/1/1407A1", &err), 0);
	ck_assert_int_eq(queue_log_next(ql, &e), 1);
	ck_assert_str_eq(e.dsn.reason, "short");
	ck_assert_int_eq(queue_log_next(ql, &e), 0);
	/* A directory is none, and neither is what nobody writes to. */
	ck_assert_int_eq(mkdir("defer/3", 0700), 0);
	ck_assert_int_eq(mkdir("defer/3/3407A1", 0700), 0);
	ck_assert_int_eq(queue_log_reopen(&ql, "defer/3/3407A1", &err), -1);
	ck_assert_int_eq(mkfifo("defer/3/3407A2", 0600), 0);
	ck_assert_int_eq(queue_log_reopen(&ql, "defer/3/3407A2", &err), 0);
	ck_assert_int_eq(queue_log_next(ql, &e), 0);
	queue_log_close(ql);
}
END_TEST

START_TEST(a_log_that_somebody_holds_is_an_error_in_the_end)
{
	struct queue_rcpt rcpt = { "a@b", "", "", 0, -1 };
	struct dsn dsn = { "5.0.0", "failed", "r", "", "", "", "" };
	struct err err = ERR_INIT;
	int fd = open("bounce/9407A1", O_CREAT | O_WRONLY, 0600);

	params.deliver_lock_attempts = 1;
	ck_assert_int_eq(file_lock(fd, 2 /* LOCK_EX */), 0);
	ck_assert_int_eq(queue_log_append("bounce", "9407A1", &rcpt, &dsn,
	    &err), -1);
	close(fd);
}
END_TEST

START_TEST(an_entry_that_must_be_safe_is_whole_or_not_there)
{
	struct queue_rcpt rcpt = { "a@b", "", "", 0, -1 };
	struct dsn failed = { "5.0.0", "failed", "r", "", "", "", "" };
	struct dsn delayed = { "4.0.0", "delayed", "r", "", "", "", "" };
	struct err err = ERR_INIT;
	struct stat before, after;

	ck_assert_int_eq(queue_log_append("bounce", "9407A1", &rcpt, &failed,
	    &err), 0);
	ck_assert_int_eq(stat("bounce/9407A1", &before), 0);
	forbid_call(SCMP_SYS(fsync), EIO);
	/* The done mark follows: it must be on the disk first. */
	ck_assert_int_eq(queue_log_append("bounce", "9407A1", &rcpt, &failed,
	    &err), -1);
	ck_assert_int_eq(err.errnum, EIO);
	ck_assert_int_eq(stat("bounce/9407A1", &after), 0);
	ck_assert_int_eq(before.st_size, after.st_size);
	/* One more try is all that a lost one costs. */
	ck_assert_int_eq(queue_log_append("defer", "9407A1", &rcpt, &delayed,
	    &err), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_log");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, an_entry_is_written_as_a_real_postfix_writes_it);
	tcase_add_test(tc, what_was_written_comes_back);
	tcase_add_test(tc,
	    old_and_damaged_entries_read_as_a_real_postfix_reads_them);
	tcase_add_test(tc, one_reader_serves_log_after_log);
	tcase_add_test(tc, a_log_that_somebody_holds_is_an_error_in_the_end);
	tcase_add_test(tc, an_entry_that_must_be_safe_is_whole_or_not_there);
	return unit_run("queue_log", tc);
}
