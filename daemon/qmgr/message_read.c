/*
 * message_read.c - what the envelope of a message says
 *
 * The records of envelope and extracted segment come in one loop. Recipients
 * are taken until the limit is reached; then next_offset remembers where to
 * go on, and the rest of the file is still read for its other records, since
 * they matter to all recipients. Only when the size record says that the
 * writer kept recipients apart from the others may the loop jump over them.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "daemon/qmgr/message.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define FLAG_MIXED	1		/* recipients stand among other records */
#define TRACE_RECORD	1024		/* sendmail -v */

/* ---- one record each ---- */

/* What belongs to the next recipient. */
struct pending {
	char	*orig, *dsn_orcpt;
	unsigned dsn_notify;
};

struct reading {
	struct message	  *m;
	struct queue_file *qf;
	size_t		   limit;
	struct pending	   next;
	struct queue_rec_size size;
	bool		   has_size, has_arrival, has_created;
	bool		   was_continuing;
	bool		   at_extra;	/* content was skipped: X must follow */
	bool		   has_client;	/* a log_ attribute was seen (3.8) */
	bool		   is_done;
};

static void
forget_pending(struct reading *r)
{
	recipient_set(&r->next.orig, "");
	recipient_set(&r->next.dsn_orcpt, "");
	r->next.dsn_notify = 0;
}

static void
warn_order(const struct reading *r, const char *what, const char *value)
{
	log_warning("%s: ignoring out-of-order %s <%.200s>", r->m->id, what,
	    value);
}

static int	measure_old_file(struct reading *r);

static int
set_size(struct reading *r, const char *value)
{
	struct err err = ERR_INIT;
	struct message *m = r->m;

	if (r->has_size)
		return 0;
	if (queue_rec_size_parse(value, &r->size, &err) == -1) {
		log_warning("%s: %s", m->id, err.text);
		return -1;
	}
	r->has_size = true;
	m->data_size = r->size.content_size;
	m->data_offset = r->size.data_offset;
	m->rcpt_count = m->unread = r->size.rcpt_count;
	m->qmgr_flags = r->size.qmgr_flags;
	m->content_length = r->size.content_length;
	m->sendopts = r->size.sendopts;
	return r->size.fields == 1 ? measure_old_file(r) : 0;
}

static void
set_arrival(struct reading *r, const char *value)
{
	int64_t sec, usec;

	if (r->has_arrival || !num_scan(&value, &sec))
		return;
	if (*value != ' ' || !num_scan(&value, &usec) || usec < 0 ||
	    usec > 999999)
		usec = 0;
	r->m->arrival.tv_sec = (time_t)sec;
	r->m->arrival.tv_usec = (suseconds_t)usec;
	r->has_arrival = sec > 0;
}

static void
set_created(struct reading *r, const char *value)
{
	time_t t = (time_t)queue_rec_number(value);

	if (r->has_created || t <= 0)
		return;
	r->has_created = true;
	r->m->created = t;
}

static void
set_verp(struct reading *r, const char *value)
{
	struct message *m = r->m;

	if (m->verp_delimiters[0] != '\0')
		return;
	if (m->sender == NULL || m->sender[0] == '\0') {
		log_warning("%s: ignoring VERP request for null sender",
		    m->id);
		return;
	}
	if (strlen(value) != 2 ||
	    strspn(value, params.verp_delimiter_filter) != 2) {
		log_warning("%s: ignoring bad VERP request: \"%.100s\"",
		    m->id, value);
		return;
	}
	recipient_set(&m->verp_delimiters, value);
}

static void
set_ret(struct reading *r, const char *value)
{
	int64_t n;

	if (num_parse_int(value, DSN_RET_FULL, DSN_RET_HDRS, &n, NULL) == -1)
		log_warning("%s: ignoring malformed DSN return flags: %.100s",
		    r->m->id, value);
	else
		r->m->ret_flags = (int)n;
}

static void
set_notify(struct reading *r, const char *value)
{
	int64_t n;

	if (message_more(r->m))
		return;
	if (num_parse_int(value, 0, 15, &n, NULL) == -1) {
		log_warning("%s: ignoring malformed DSN notify flags: %.100s",
		    r->m->id, value);
		return;
	}
	if (r->next.dsn_notify != 0)
		warn_order(r, "DSN notify flags", value);
	r->next.dsn_notify = (unsigned)n;
}

static void
set_pending(struct reading *r, char **text, const char *what,
    const char *value)
{
	if (message_more(r->m))
		return;
	if ((*text)[0] != '\0')
		warn_order(r, what, *text);
	recipient_set(text, value);
}

static void
add_recipient(struct reading *r, const char *address, off_t offset)
{
	struct message *m = r->m;
	struct recipient *rcpt;

	if (m->batch_count == m->batch_room) {
		m->batch_room = m->batch_room * 2 + 4;
		m->batch = xreallocarray(m->batch, m->batch_room,
		    sizeof(m->batch[0]));
	}
	rcpt = &m->batch[m->batch_count++];
	memset(rcpt, 0, sizeof(*rcpt));
	recipient_set(&rcpt->address, address);
	rcpt->orig = r->next.orig;
	rcpt->dsn_orcpt = r->next.dsn_orcpt;
	rcpt->dsn_notify = r->next.dsn_notify;
	rcpt->offset = offset;
	memset(&r->next, 0, sizeof(r->next));	/* taken */
	forget_pending(r);
}

static int
set_recipient(struct reading *r, const char *address, off_t offset)
{
	struct message *m = r->m;
	struct err err = ERR_INIT;

	if (message_more(m))
		return 0;		/* behind the limit: for another batch */
	add_recipient(r, address, offset);
	m->unread--;
	if (m->batch_count < r->limit)
		return 0;
	m->next_offset = queue_file_tell(r->qf);
	if (m->has_all_other) {
		r->is_done = true;
	} else if ((m->qmgr_flags & FLAG_MIXED) != 0) {
		;			/* read on for the others */
	} else if (offset > m->data_offset) {
		m->has_all_other = true;
		r->is_done = true;
	} else if (queue_file_seek(r->qf, m->data_offset, &err) == -1) {
		log_warning("%s: %s", m->id, err.text);
		return -1;
	}
	return 0;
}

static void
set_trace(struct reading *r, const char *value, off_t offset)
{
	int flags = (int)queue_rec_number(value);

	r->m->trace_flags = flags;
	r->m->trace_offset = flags == TRACE_RECORD ? offset : 0;
}

/* Attributes that are one text for agents; old files have the client's under plain names. */
static void
set_text(struct reading *r, const char *name, const char *value)
{
	struct message *m = r->m;
	const struct {
		const char *name, *old;
		char **text;
	} texts[] = {
		{ "log_client_name", "client_name", &m->client_name },
		{ "log_client_address", "client_address", &m->client_addr },
		{ "log_client_port", "client_port", &m->client_port },
		{ "log_protocol_name", "protocol_name", &m->client_proto },
		{ "log_helo_name", "helo_name", &m->client_helo },
		{ "sasl_method", NULL, &m->sasl_method },
		{ "sasl_username", NULL, &m->sasl_username },
		{ "sasl_sender", NULL, &m->sasl_sender },
		{ "log_ident", NULL, &m->log_ident },
		{ "rewrite_context", NULL, &m->rewrite_context },
		{ "encoding", NULL, &m->encoding },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(name, texts[i].name) == 0) {
			recipient_set(texts[i].text, value);
			if (texts[i].old != NULL)
				r->has_client = true;
		} else if (texts[i].old != NULL && !r->has_client &&
		    strcmp(name, texts[i].old) == 0 &&
		    (*texts[i].text)[0] == '\0') {
			recipient_set(texts[i].text, value);
		} else {
			continue;
		}
		return;
	}
}

static int	record(struct reading *r, int type, const char *value,
		    size_t len, off_t offset);

static int
set_attribute(struct reading *r, const char *record_text, off_t offset)
{
	struct buf copy = BUF_INIT;
	const char *why;
	char *name, *value;
	int type, rc = 0;

	buf_sets(&copy, record_text);
	why = queue_rec_attr(copy.ptr, &name, &value);
	if (why != NULL) {
		log_warning("%s: bad attribute record: %s: %.200s", r->m->id,
		    why, record_text);
		rc = -1;
	} else if ((type = queue_rec_attr_type(name)) != 0) {
		rc = record(r, type, value, strlen(value), offset);
	} else if (r->was_continuing) {
		;
	} else if (strcmp(name, "trace_flags") == 0) {
		set_trace(r, value, offset);
	} else {
		set_text(r, name, value);
	}
	buf_done(&copy);
	return rc;
}

static void
set_warn(struct reading *r, const char *value, off_t offset)
{
	if (r->m->warn_offset != 0)
		return;
	r->m->warn_offset = offset;
	r->m->warn_time = (time_t)queue_rec_number(value);
}

/* Records that belong to the message, once. */
static int
message_record(struct reading *r, int type, const char *value, off_t offset)
{
	struct message *m = r->m;

	switch (type) {
	case QUEUE_REC_SIZE:
		return set_size(r, value);
	case QUEUE_REC_TIME:
		set_arrival(r, value);
		break;
	case QUEUE_REC_CTIME:
		set_created(r, value);
		break;
	case QUEUE_REC_FILTER:
		recipient_set(&m->filter, value);
		break;
	case QUEUE_REC_REDIRECT:
		recipient_set(&m->redirect, value);
		break;
	case QUEUE_REC_FROM:
		if (m->sender == NULL)
			m->sender = xstrdup(value);
		break;
	case QUEUE_REC_DSN_ENVID:
		recipient_set(&m->envelope_id, value);
		break;
	case QUEUE_REC_DSN_RET:
		set_ret(r, value);
		break;
	case QUEUE_REC_WARN:
		set_warn(r, value, offset);
		break;
	case QUEUE_REC_VERP:
		set_verp(r, value);
		break;
	default:		/* F I M X K r e P: nothing for us */
		break;
	}
	return 0;
}

static int
record(struct reading *r, int type, const char *value, size_t len,
    off_t offset)
{
	(void)len;
	switch (type) {
	case QUEUE_REC_RCPT:
		return set_recipient(r, value, offset);
	case QUEUE_REC_DONE:
	case QUEUE_REC_CANCELED:
		if (!message_more(r->m)) {
			r->m->unread--;
			forget_pending(r);
		}
		return 0;
	case QUEUE_REC_ORCPT:
		set_pending(r, &r->next.orig, "original recipient", value);
		return 0;
	case QUEUE_REC_DSN_ORCPT:
		set_pending(r, &r->next.dsn_orcpt, "DSN original recipient",
		    value);
		return 0;
	case QUEUE_REC_DSN_NOTIFY:
		set_notify(r, value);
		return 0;
	case QUEUE_REC_ATTR:
		return set_attribute(r, value, offset);
	case QUEUE_REC_END:
		r->m->has_all_other = true;
		r->is_done = true;
		return 0;
	default:
		return r->was_continuing ? 0 :
		    message_record(r, type, value, offset);
	}
}

/* ---- files from before 1.0 ---- */

/*
 * One number in C, and M holds where X is (11.2): find data offset, size and
 * the number of recipients by going through the file once.
 */
static int
measure_old_file(struct reading *r)
{
	struct message *m = r->m;
	const char *value;
	size_t len;
	off_t back = queue_file_tell(r->qf);
	off_t extra;
	int type, got;

	m->unread = m->data_size = 0;
	if (queue_file_seek(r->qf, 0, NULL) == -1)
		return -1;
	while ((got = queue_file_next(r->qf, &type, &value, &len, NULL)) == 1) {
		if (type == QUEUE_REC_RCPT || type == QUEUE_REC_DONE ||
		    type == QUEUE_REC_CANCELED)
			m->unread++;
		if (type == QUEUE_REC_END)
			break;
		if (type != QUEUE_REC_MESG)
			continue;
		m->data_offset = queue_file_tell(r->qf);
		extra = (off_t)queue_rec_number(value);
		if (extra < m->data_offset ||
		    queue_file_seek(r->qf, extra, NULL) == -1)
			return -1;
		m->data_size = extra - m->data_offset;
	}
	if (got != 1 || m->data_size <= 0) {
		log_warning("%s: message rejected: bad size in old file",
		    m->id);
		return -1;
	}
	m->rcpt_count = m->unread;
	m->qmgr_flags = FLAG_MIXED;
	m->content_length = m->data_size;
	return queue_file_seek(r->qf, back, NULL);
}

/* ---- the loop ---- */

static bool
is_allowed(const struct reading *r, int type)
{
	if (r->at_extra)
		return type == QUEUE_REC_XTRA;
	return type != 0 && (strchr(QUEUE_REC_ENVELOPE, type) != NULL ||
	    strchr(QUEUE_REC_EXTRACT, type) != NULL || type == QUEUE_REC_XTRA);
}

/* 1 for a record, 0 when it was a pointer or the content; -1 damaged. */
static int
next_record(struct reading *r, int *type, const char **value, size_t *len,
    off_t *offset)
{
	struct message *m = r->m;
	struct err err = ERR_INIT;
	off_t pos = queue_file_tell(r->qf);
	int got;

	if (m->data_offset > 0 && pos == m->data_offset && !r->at_extra) {
		if (queue_file_seek(r->qf, pos + m->data_size, &err) == -1) {
			log_warning("%s: %s", m->id, err.text);
			return -1;
		}
		r->at_extra = true;
		return 0;
	}
	got = queue_file_next(r->qf, type, value, len, &err);
	if (got != 1) {
		if (got == -1)
			log_warning("%s", err.text);
		log_warning("%s: message rejected: missing end record",
		    m->id);
		return -1;
	}
	*offset = queue_file_offset(r->qf);
	if (*type == QUEUE_REC_PTR) {
		if (queue_file_jump(r->qf, *value, &err) == 0)
			return 0;
		log_warning("%s", err.text);
		log_warning("%s: message rejected: missing end record",
		    m->id);
		return -1;
	}
	if (!is_allowed(r, *type)) {
		log_warning("Unexpected record type '%c' at offset %ld",
		    *type, (long)*offset);
		return -1;
	}
	r->at_extra = false;
	return 1;
}

static int
check_complete(const struct reading *r)
{
	struct message *m = r->m;
	const char *missing = NULL;

	if (!r->has_arrival)
		missing = "missing arrival time record";
	else if (m->sender == NULL)
		missing = "missing sender record";
	else if (!r->has_size)
		missing = "missing size record";
	if (missing != NULL) {
		log_warning("%s: message rejected: %s", m->id, missing);
		return -1;
	}
	if (!r->has_created)
		m->created = m->arrival.tv_sec;
	return 0;
}

static void
check_count(struct message *m)
{
	if (message_more(m) || m->unread == 0)
		return;
	log_warning("%s: rcpt count mismatch (%ld)", m->id, m->unread);
	m->unread = 0;
}

/* A redirect address takes the place of everybody (7.2). */
static void
redirect(struct message *m)
{
	size_t i;

	if (m->redirect[0] == '\0' || m->batch_count == 0)
		return;
	for (i = 1; i < m->batch_count; i++)
		recipient_done(&m->batch[i]);
	m->batch_count = 1;
	recipient_set(&m->batch[0].address, m->redirect);
	m->next_offset = 0;
	m->unread = 0;
}

int
message_read(struct message *m, struct queue_file *qf, size_t limit)
{
	struct reading r = { .m = m, .qf = qf, .limit = limit };
	const char *value;
	size_t len;
	off_t offset, from = m->next_offset;
	int type, got, rc = 0;

	if (r.limit > MESSAGE_BATCH_MAX)
		r.limit = MESSAGE_BATCH_MAX;
	if (r.limit == 0)
		r.limit = 1;
	forget_pending(&r);
	r.was_continuing = from > 0;
	m->next_offset = 0;
	/* A new reader stands at the start. */
	if (from > 0 && queue_file_seek(qf, from, NULL) == -1)
		return -1;
	while (rc == 0 && !r.is_done) {
		got = next_record(&r, &type, &value, &len, &offset);
		if (got == 1)
			rc = record(&r, type, value, len, offset);
		else if (got == -1)
			rc = -1;
	}
	forget_pending(&r);
	if (rc == 0 && !r.was_continuing)
		rc = check_complete(&r);
	if (rc == -1)
		return -1;
	check_count(m);
	redirect(m);
	return 0;
}
