/*
 * original.c - the message that a notice reports on, from its queue file
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/bounce/original.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/serve/notice.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"

/* The next content record: 1 and its type, else 0. */
static int
next_text(struct queue_file *qf, int *type, const char **value, size_t *len)
{
	struct err err = ERR_INIT;
	int got = queue_file_next(qf, type, value, len, &err);

	if (got == -1)
		log_warning("%s", err.text);
	return got == 1 &&
	    (*type == QUEUE_REC_TEXT || *type == QUEUE_REC_PART);
}

static void
copy(void *ctx, const struct compose_out *out, bool headers_only)
{
	struct original *o = ctx;
	const char *value;
	bool was_part = false;
	size_t len;
	int type;

	if (queue_file_seek(o->file, o->content, NULL) == -1)
		return;
	while (next_text(o->file, &type, &value, &len)) {
		if (headers_only && len == 0 && !was_part &&
		    type == QUEUE_REC_TEXT)
			break;
		was_part = type == QUEUE_REC_PART;
		out->line(out->ctx, value, len, was_part);
	}
	if (was_part)
		out->line(out->ctx, "", 0, false);
}

/* A Message-ID that fits one line; anything else is not worth a thread. */
static void
find_message_id(struct original *o)
{
	const char *value;
	struct span text;
	bool was_part = false;
	size_t len, name_len;
	int type;

	if (queue_file_seek(o->file, o->content, NULL) == -1)
		return;
	while (next_text(o->file, &type, &value, &len) &&
	    (len > 0 || was_part)) {
		name_len = was_part ? 0 : header_name_len(value, len);
		was_part = type == QUEUE_REC_PART;
		if (name_len == 0 || was_part || header_lookup(
		    (struct span){ value, name_len }) != HEADER_MESSAGE_ID)
			continue;
		value = memchr(value, ':', len);
		text = span_trim((struct span){ value + 1,
		    strlen(value + 1) });
		if (text.len > 2 && text.ptr[0] == '<' &&
		    text.ptr[text.len - 1] == '>')
			buf_set(&o->message_id, text.ptr, text.len);
		return;
	}
}

/* Up to the content: size and arrival. False when there is no content. */
static bool
read_envelope(struct original *o)
{
	struct queue_rec_size size;
	const char *value;
	size_t len;
	int type;

	while (queue_file_next(o->file, &type, &value, &len, NULL) == 1) {
		if (type == QUEUE_REC_SIZE && o->size == 0 &&
		    queue_rec_size_parse(value, &size, NULL) == 0)
			o->size = size.content_length;
		else if (type == QUEUE_REC_TIME && o->view.arrival == 0)
			o->view.arrival = (time_t)queue_rec_number(value);
		else if (type == QUEUE_REC_MESG)
			break;
	}
	o->content = queue_file_tell(o->file);
	return type == QUEUE_REC_MESG;
}

/*
 * open_file - of any mode: cleanup has what it does not take reported while
 * the file is 0600, which queue_file_open passes over
 */
static struct queue_file *
open_file(const char *queue, const char *id, struct err *err)
{
	struct queue_file *qf = NULL;
	struct buf path = BUF_INIT;
	struct stat st;
	int fd;

	queue_path(&path, queue, id);
	fd = open(path.ptr, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		err_sys(err, "%s", path.ptr);
	else if (!S_ISREG(st.st_mode))
		err_set(err, ERR_SYNTAX, "%s: not a regular file", path.ptr);
	else
		qf = queue_file_new(fd, path.ptr, QUEUE_FILE_NORMAL);
	if (qf == NULL && fd != -1)
		close(fd);
	buf_done(&path);
	return qf;
}

void
original_open(struct original *o, const struct notice *n)
{
	struct err err = ERR_INIT;

	memset(o, 0, sizeof(*o));
	buf_init(&o->sender);
	buf_init(&o->message_id);
	if (n->sender[0] != '\0')
		address_quote(&o->sender, n->sender);
	else
		buf_addf(&o->sender, "MAILER-DAEMON@%s", params.myorigin);
	o->view.queue_id = n->queue_id;
	o->view.envelope_id = n->envelope_id;
	o->view.is_utf8 = n->sendopts != 0;
	o->view.ctx = o;
	o->file = open_file(n->queue_name, n->queue_id, &err);
	if (o->file == NULL) {
		log_warning("%s: report without the message: %s", n->queue_id,
		    err.text);
	} else if (read_envelope(o)) {
		o->view.copy = copy;
		if (params.enable_threaded_bounces)
			find_message_id(o);
	}
	o->view.sender = o->sender.ptr;
	o->view.message_id = o->message_id.ptr;
}

void
original_close(struct original *o)
{
	queue_file_close(o->file);
	buf_done(&o->sender);
	buf_done(&o->message_id);
}
