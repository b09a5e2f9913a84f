/*
 * queue_file_fuzz.c - fuzz the reader of queue files, and what a lister makes
 * of one
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_rec.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int	LLVMFuzzerInitialize(int *argc, char ***argv);

static char spool[] = "/tmp/posthorn-fuzz.XXXXXX";

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	params.empty_address_recipient = "MAILER-DAEMON";
	params.hash_queue_names = "";
	if (mkdtemp(spool) == NULL || chdir(spool) == -1 ||
	    mkdir("hold", 0700) == -1 || mkdir("defer", 0700) == -1)
		abort();
	return 0;
}

static void
put(const char *path, const uint8_t *data, size_t size, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, mode);

	if (fd == -1 || file_write_all(fd, data, size) == -1)
		abort();
	close(fd);
}

static void
read_all(const uint8_t *data, size_t size, enum queue_file_mode mode)
{
	int fd = memfd_create("fuzz", 0), type, records = 0;
	struct queue_file *qf;
	struct err err = ERR_INIT;
	const char *value;
	size_t len;

	if (fd == -1 || file_write_all(fd, data, size) == -1)
		abort();
	lseek(fd, 0, SEEK_SET);
	qf = queue_file_new(fd, "fuzz", mode);
	while (queue_file_next(qf, &type, &value, &len, &err) == 1 &&
	    records++ < 100000) {
		if (value[len] != '\0')
			abort();
		if (mode == QUEUE_FILE_PLAIN && type == QUEUE_REC_PTR &&
		    queue_file_jump(qf, value, &err) == -1)
			break;
	}
	queue_file_close(qf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct queue_message m;
	struct queue_rec_size parsed;
	struct buf out = BUF_INIT;
	char text[128];

	if (m.memory == NULL)
		queue_message_init(&m);
	read_all(data, size, QUEUE_FILE_NORMAL);
	read_all(data, size, QUEUE_FILE_PLAIN);
	/* The second half may be its defer log. */
	put("hold/ABCDEF1", data, size, 0700);
	put("defer/ABCDEF1", data + size / 2, size - size / 2, 0600);
	queue_message_read(&m, "hold", "ABCDEF1", QUEUE_MESSAGE_ENVELOPE |
	    QUEUE_MESSAGE_REASONS | QUEUE_MESSAGE_HEADERS, NULL);
	queue_message_header(&m, "subject", 0, &out);
	snprintf(text, sizeof(text), "%.*s", (int)(size < 127 ? size : 127),
	    (const char *)data);
	queue_rec_size_parse(text, &parsed, NULL);
	queue_rec_ptr_parse(text, NULL);
	buf_done(&out);
	return 0;
}
