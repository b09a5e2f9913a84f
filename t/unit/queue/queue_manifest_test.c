/*
 * queue_manifest_test.c - an archive is as its manifest says, or it is refused
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_manifest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "t/unit/folder.h"
#include "t/unit/unit.h"

#define ID	"ABCDEF0123"
#define OTHER	"012345ABCD"
#define ARCHIVE	"0123456789abcdef0123456789abcdef"
/* sha256sum of "mail" and of nothing */
#define MAIL_SUM	"00d8d3f11739d2f3537099982b4674c29fc59a8fda350fca1379613adbb09119"
#define EMPTY_SUM	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
setup(void)
{
	unit_folder_enter("");
}

/* An archive of a message and its log, with these lines. */
static int
make_archive(const struct buf *lines)
{
	int fd = open("archive", O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(queue_archive_put_text(fd, ID, "mail", 4, 0, NULL),
	    0);
	ck_assert_int_eq(queue_archive_put_text(fd, ID ".defer", "", 0, 0,
	    NULL), 0);
	ck_assert_int_eq(queue_manifest_end(fd, lines, 0, NULL), 0);
	return fd;
}

static void
put_good(struct buf *lines)
{
	struct stat st = { .st_size = 0, .st_mode = S_IFREG | 0600 };

	queue_manifest_put_head(lines, ARCHIVE, 99, "h\"o\nst", 1);
	queue_manifest_put_file(lines, ID, "defer", "deferred", &st, 5,
	    EMPTY_SUM);
	st.st_size = 4;
	st.st_mode = S_IFREG | 0710;
	queue_manifest_put_file(lines, ID, "", "deferred", &st, 1795244913,
	    MAIL_SUM);
}

START_TEST(what_was_written_is_read)
{
	struct buf lines = BUF_INIT;
	struct queue_manifest m;
	struct err err = ERR_INIT;
	int fd;

	put_good(&lines);
	fd = make_archive(&lines);
	ck_assert_msg(queue_manifest_read(fd, "archive", &m, &err) == 0, "%s",
	    err.text);
	ck_assert_str_eq(m.archive, ARCHIVE);
	ck_assert_str_eq(m.host, "h\"o\nst");
	ck_assert_uint_eq(m.count, 2);
	ck_assert_uint_eq(m.messages, 1);
	ck_assert_str_eq(m.entries[0].id, ID);
	ck_assert_str_eq(m.entries[0].log, "");
	ck_assert_uint_eq(m.entries[0].mode, 0710);
	ck_assert_int_eq(m.entries[0].mtime, 1795244913);
	ck_assert_str_eq(m.entries[1].log, "defer");
	ck_assert_ptr_eq(queue_manifest_message(&m, ID), &m.entries[0]);
	ck_assert_ptr_null(queue_manifest_message(&m, OTHER));
	queue_manifest_done(&m);
	buf_done(&lines);
	close(fd);
}
END_TEST

#define HEAD	"{\"v\": 1, \"format\": \"posthorn-queue\", \"archive\": \"" \
		ARCHIVE "\", \"host\": \"h\"}\n"
#define MAIL	"{\"id\": \"" ID "\", \"log\": \"\", \"size\": 4, " \
		"\"sha256\": \"" MAIL_SUM "\"}\n"
#define LOG	"{\"id\": \"" ID "\", \"log\": \"defer\", \"size\": 0, " \
		"\"sha256\": \"" EMPTY_SUM "\"}\n"

static const struct {
	const char	*lines, *why;
} hostile[] = {
	{ "", "is empty" },
	{ HEAD, "names no message" },
	{ HEAD MAIL LOG "{}", "is cut" },
	{ HEAD "[1]\n", "is damaged" },
	{ HEAD MAIL "{\"id\": \n", "is damaged" },
	{ "{\"v\": 2, \"format\": \"posthorn-queue\"}\n", "format" },
	{ "{\"v\": 1, \"format\": \"posthorn-queue\"}\n", "no archive ID" },
	{ "{\"v\": 1, \"format\": \"posthorn-queue\", \"archive\": "
	    "\"../../../../../../../../etc/passwd\"}\n", "no archive ID" },
	{ HEAD MAIL, "does not name all" },
	{ HEAD MAIL LOG LOG, "is in the manifest twice" },
	{ HEAD MAIL MAIL LOG, "is in the manifest twice" },
	{ HEAD LOG, "is the log of no message" },
	{ HEAD "{\"id\": \"" OTHER "\", \"size\": 4}\n", "alone" },
	{ HEAD "{\"id\": \"../x\", \"size\": 4}\n", "neither" },
	{ HEAD "{\"id\": \"" ID "\", \"log\": \"../x\"}\n", "neither" },
	{ HEAD "{\"id\": 7}\n", "neither" },
	{ HEAD "{\"id\": \"" ID "\", \"size\": 5}\n", "as large" },
	{ HEAD "{\"id\": \"" ID "\", \"size\": 4, \"sha256\": \"" EMPTY_SUM
	    "\"}\n" LOG, "another checksum" },
};

START_TEST(what_is_not_as_it_says_is_refused)
{
	struct buf lines = BUF_INIT;
	struct queue_manifest m;
	struct err err = ERR_INIT;
	int fd;

	buf_adds(&lines, hostile[_i].lines);
	fd = make_archive(&lines);
	ck_assert_int_eq(queue_manifest_read(fd, "archive", &m, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYNTAX);
	ck_assert_msg(strstr(err.text, hostile[_i].why) != NULL, "%s", err.text);
	queue_manifest_done(&m);
	buf_done(&lines);
	close(fd);
}
END_TEST

START_TEST(an_archive_without_one_is_refused)
{
	struct queue_manifest m;
	struct err err = ERR_INIT;
	int fd = open("archive", O_RDWR | O_CREAT, 0600);

	ck_assert_int_eq(queue_archive_put_text(fd, ID, "mail", 4, 0, NULL),
	    0);
	ck_assert_int_eq(queue_archive_end(fd, NULL), 0);
	ck_assert_int_eq(queue_manifest_read(fd, "archive", &m, &err), -1);
	ck_assert_str_eq(err.text, "archive: manifest.jsonl: is missing");
	queue_manifest_done(&m);
	close(fd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("queue_manifest");

	tcase_add_checked_fixture(tc, setup, unit_folder_leave);
	tcase_add_test(tc, what_was_written_is_read);
	UNIT_LOOP(tc, what_is_not_as_it_says_is_refused, hostile);
	tcase_add_test(tc, an_archive_without_one_is_refused);
	return unit_run("queue_manifest", tc);
}
