/*
 * drop.c - copy a submission from standard input into maildrop, checking it
 *
 * The input comes from any local user and ends up in a file that the mail
 * system trusts: so it is taken apart record by record, what is not allowed
 * in its segment ends the program, and only what passed is written. The time
 * record is ours. Nothing is kept in memory but one read buffer.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postdrop/drop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/ipc/endpoint.h"
#include "lib/mail/address.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"
#include "lib/table/maps.h"
#include "lib/table/user_list.h"

#define READ_SIZE	65536
#define FRAME_MAX	8		/* type and length bytes of one record */

enum segment { ENVELOPE, CONTENT, EXTRACTED, FINISHED };

/* What a submission may bring, segment by segment (3.3). */
static const char *const allowed[] = {
	[ENVELOPE] = "MCFSRVAin", [CONTENT] = "XLN", [EXTRACTED] = "EAR",
	[FINISHED] = ""
};

struct drop {
	struct queue_writer *writer;
	enum segment	 segment;
	int		 senders, recipients;
	int		 status;
	const char	*reason;
	struct buf	 text;		/* owns the reason */
	struct buf	 record;	/* an envelope record as C string */
};

static char unfinished[256];	/* path of the file that a signal must remove */

void
drop_cleanup(void)
{
	if (unfinished[0] != '\0')
		unlink(unfinished);
	unfinished[0] = '\0';
}

static void
refuse(struct drop *d, int status, const char *reason)
{
	d->status |= status;
	if (d->reason[0] == '\0' && reason[0] != '\0') {
		buf_sets(&d->text, reason);
		d->reason = d->text.ptr;
	}
}

static void
put(struct drop *d, int type, const void *data, size_t len)
{
	struct err err = ERR_INIT;

	if (d->status != 0 || queue_writer_rec(d->writer, type, data, len) == 0)
		return;
	queue_writer_error(d->writer, &err);
	log_warning("uid=%ld: %s", (long)getuid(), err.text);
	d->status |= err.errnum == EFBIG ? DROP_SIZE : DROP_WRITE;
}

/* May this login use that sender? One pattern of its list must say so. */
static bool
pattern_allows(const char *pattern, const char *sender)
{
	const char *domain = address_domain(sender);

	if (strcmp(pattern, "*") == 0)
		return true;
	if (strcmp(pattern, "<>") == 0)
		return sender[0] == '\0';
	if (pattern[0] == '@')
		return domain != NULL && strcasecmp(pattern + 1, domain) == 0;
	return strcasecmp(pattern, sender) == 0;
}

static bool
may_use_sender(const char *sender)
{
	const char *login;
	char number[32];
	struct buf value = BUF_INIT;
	struct maps *maps;
	char *rest, *word;
	bool may = false;

	/* The default lets everybody be anybody; no table is needed for it. */
	if (strcmp(params.local_login_sender_maps, "static:*") == 0)
		return true;
	login = user_list_login();
	if (strcmp(login, "unknown") == 0) {
		snprintf(number, sizeof(number), "uid:%ld", (long)getuid());
		login = number;
	}
	if (sender[0] == '\0')
		sender = params.empty_address_local_login_sender_maps_lookup_key;
	maps = maps_open("local_login_sender_maps",
	    params.local_login_sender_maps, TABLE_FOLD | TABLE_UTF8);
	switch (maps_find(maps, login, false, &value)) {
	case TABLE_FOUND:
		rest = value.ptr;
		while (!may && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
			may = pattern_allows(word, strcmp(sender, "<>") == 0 ?
			    "" : sender);
		break;
	case TABLE_NOT_FOUND:
		break;
	default:
		log_fatal("uid=%ld: local_login_sender_maps lookup error for %s",
		    (long)getuid(), login);
	}
	maps_free(maps);
	buf_done(&value);
	return may;
}

static void
take_sender(struct drop *d, const char *sender, size_t len)
{
	struct buf reason = BUF_INIT, external = BUF_INIT;

	d->senders++;
	if (memchr(sender, '\0', len) != NULL) {
		refuse(d, DROP_BAD, "NUL in FROM record");
	} else if (!may_use_sender(sender)) {
		address_quote(&external, sender);
		buf_setf(&reason, "not authorized to use sender='%s'",
		    external.ptr);
		log_warning("uid=%ld: %s", (long)getuid(), reason.ptr);
		refuse(d, DROP_PERM, reason.ptr);
	}
	put(d, QUEUE_REC_FROM, sender, len);
	buf_done(&reason);
	buf_done(&external);
}

static bool
attr_is_allowed(const char *name, const char *value)
{
	static const char *const any[] = { "envelope_id", "notify_flags",
	    "ret_flags", "dsn_orig_rcpt", "create_time", NULL };
	int i;

	if (strcmp(name, "encoding") == 0)
		return strcmp(value, "7bit") == 0 || value[0] == '\0' ||
		    strcmp(value, "8bit") == 0;
	if (strcmp(name, "rewrite_context") == 0)
		return strcmp(value, "local") == 0 ||
		    strcmp(value, "remote") == 0;
	/* Only the reports that a user may ask for (sendmail -bv, -v). */
	if (strcmp(name, "trace_flags") == 0)
		return strcmp(value, "512") == 0 || strcmp(value, "1024") == 0;
	for (i = 0; any[i] != NULL; i++)
		if (strcmp(name, any[i]) == 0)
			return true;
	return false;
}

static void
take_attr(struct drop *d, const char *data, size_t len)
{
	char *copy = xstrndup(data, len), *name, *value;
	struct buf out = BUF_INIT;
	const char *why;

	if ((why = queue_rec_attr(copy, &name, &value)) != NULL) {
		log_warning("uid=%ld: ignoring malformed record: %s: %.200s",
		    (long)getuid(), why, data);
	} else if (!attr_is_allowed(name, value)) {
		log_warning("uid=%ld: ignoring attribute record: %.200s=%.200s",
		    (long)getuid(), name, value);
	} else {
		buf_setf(&out, "%s=%s", name, value);
		put(d, QUEUE_REC_ATTR, out.ptr, out.len);
	}
	buf_done(&out);
	free(copy);
}

static bool
breaks_line(const char *data, size_t len)
{
	return memchr(data, '\0', len) != NULL ||
	    memchr(data, '\r', len) != NULL || memchr(data, '\n', len) != NULL;
}

/* One record of the submission: check it, and write what may stand. */
static void
take(struct drop *d, int type, const char *data, size_t len)
{
	if (type == 0 || strchr(allowed[d->segment], type) == NULL)
		log_fatal("uid=%ld: unexpected record type: %d",
		    (long)getuid(), type);
	if (len > (size_t)params.line_length_limit)
		log_fatal("uid=%ld: malformed input", (long)getuid());
	if (d->segment != CONTENT) {
		buf_set(&d->record, data, len);
		data = d->record.ptr;
	}
	if (d->segment != CONTENT && type != QUEUE_REC_FROM &&
	    breaks_line(data, len))
		log_fatal("uid=%ld: null or line break in '%s' record type: "
		    "%.100s", (long)getuid(), queue_rec_name(type), data);

	switch (type) {
	case QUEUE_REC_FROM:
		if (memchr(data, '\n', len) != NULL ||
		    memchr(data, '\r', len) != NULL)
			log_fatal("uid=%ld: null or line break in '%s' record "
			    "type: %.100s", (long)getuid(),
			    queue_rec_name(type), data);
		take_sender(d, data, len);
		break;
	case QUEUE_REC_ATTR:
		take_attr(d, data, len);
		break;
	case QUEUE_REC_RCPT:
		d->recipients++;
		put(d, type, data, len);
		break;
	default:
		put(d, type, data, len);
	}
	if (type == QUEUE_REC_MESG || type == QUEUE_REC_XTRA ||
	    type == QUEUE_REC_END)
		d->segment++;
}

/*
 * Take records off the front of in. A record may be cut by the end of what
 * was read so far; only a short one can be, or the input is garbage.
 */
static void
take_all(struct drop *d, struct buf *in)
{
	struct err err = ERR_INIT;
	const char *value;
	size_t at = 0, len, used;
	int type, got;

	while (d->segment != FINISHED) {
		got = queue_rec_get(in->ptr + at, in->len - at, false, &type,
		    &value, &len, &used, &err);
		if (got == 0 &&
		    in->len - at <= (size_t)params.line_length_limit + FRAME_MAX)
			break;
		if (got != 1)
			log_fatal("uid=%ld: malformed input", (long)getuid());
		take(d, type, value, len);
		at += used;
	}
	buf_delete(in, 0, at);
}

/* True when the submission came to its end record. */
static bool
read_submission(struct drop *d)
{
	struct buf in = BUF_INIT;
	ssize_t n;

	while (d->segment != FINISHED) {
		buf_reserve(&in, READ_SIZE);
		n = read(STDIN_FILENO, in.ptr + in.len, READ_SIZE);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		in.len += (size_t)n;
		in.ptr[in.len] = '\0';
		take_all(d, &in);
	}
	buf_done(&in);
	return d->segment == FINISHED;
}

static void
say(const struct buf *list)
{
	/* A caller that has gone away is noticed by the missing end record. */
	(void)file_write_all(STDOUT_FILENO, list->ptr, list->len);
}

static void
open_file(struct drop *d)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	struct timeval tv = clock_timeval();

	while ((d->writer = queue_writer_create("maildrop", 0444,
	    &err)) == NULL) {
		/* The peer's words. It passes: the caller waits for us. */
		log_warning("%s", err.text);
		sleep(10);
	}
	queue_path(&text, "maildrop", queue_writer_id(d->writer));
	if (text.len < sizeof(unfinished))
		memcpy(unfinished, text.ptr, text.len + 1);

	buf_setf(&text, "%ld %ld", (long)tv.tv_sec, (long)tv.tv_usec);
	put(d, QUEUE_REC_TIME, text.ptr, text.len);

	buf_reset(&text);
	attr_put_str(&text, "protocol", "postdrop_protocol");
	attr_put_str(&text, "queue_id", queue_writer_id(d->writer));
	attr_put_end(&text);
	say(&text);
	buf_done(&text);
}

static void
finish(struct drop *d)
{
	struct err err = ERR_INIT;

	if (d->status == 0 && (d->senders == 0 || d->recipients == 0))
		d->status = DROP_BAD;
	if (d->status != 0) {
		queue_writer_abort(d->writer);
		unfinished[0] = '\0';
		return;
	}
	if (queue_writer_commit(d->writer, &err) == -1) {
		log_warning("uid=%ld: %s", (long)getuid(), err.text);
		d->status |= err.errnum == EFBIG ? DROP_SIZE : DROP_WRITE;
	}
	unfinished[0] = '\0';
	if (d->status == 0 && endpoint_trigger("public",
	    params.pickup_service_name, "W", 1, 1, 0, &err) == -1)
		log_warning("%s", err.text);
}

int
drop_run(void)
{
	struct drop d = { .reason = "", .text = BUF_INIT,
	    .record = BUF_INIT };
	struct buf reply = BUF_INIT;

	open_file(&d);
	if (!read_submission(&d)) {
		queue_writer_abort(d.writer);	/* cancelled by the caller */
		unfinished[0] = '\0';
		return 0;
	}
	finish(&d);

	attr_put_int(&reply, "status", d.status);
	attr_put_str(&reply, "reason", d.reason);
	attr_put_end(&reply);
	say(&reply);
	buf_done(&reply);
	buf_done(&d.text);
	buf_done(&d.record);
	return d.status;
}
