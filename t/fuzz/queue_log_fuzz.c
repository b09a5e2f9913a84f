/*
 * queue_log_fuzz.c - fuzz the reader of defer logs: what it gives is text that
 * can be shown, and classified
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_log.h"
#include "lib/queue/queue_reason.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int	LLVMFuzzerInitialize(int *argc, char ***argv);

static char spool[] = "/tmp/posthorn-fuzz.XXXXXX";

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_to(0);
	params.hash_queue_names = "";
	if (mkdtemp(spool) == NULL || chdir(spool) == -1 ||
	    mkdir("defer", 0700) == -1)
		abort();
	return 0;
}

static void
check(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (!text_is_utf8(text, strlen(text)))
		abort();
	for (; *p != '\0'; p++)
		if (*p < ' ' || *p == 0x7f)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue_log_entry e;
	struct buf text = BUF_INIT, addr = BUF_INIT;
	struct queue_log *ql;
	bool is_suspended;
	int fd = open("defer/A1", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || file_write_all(fd, data, size) == -1)
		abort();
	close(fd);
	if ((ql = queue_log_open("defer", "A1", NULL)) == NULL)
		abort();
	while (queue_log_next(ql, &e) == 1) {
		check(e.rcpt.address);
		check(e.dsn.reason);
		check(e.dsn.status);
		check(e.dsn.mta_name);
		queue_reason_classify(e.dsn.reason, e.dsn.status, NULL);
		queue_reason_code(queue_reason_peel(e.dsn.reason,
		    &is_suspended));
		buf_reset(&text);
		queue_reason_relay(e.dsn.reason, &text, &addr);
		queue_reason_signature(e.dsn.reason, &text);
		check(text.ptr);
	}
	queue_log_close(ql);
	buf_done(&text);
	buf_done(&addr);
	return 0;
}
