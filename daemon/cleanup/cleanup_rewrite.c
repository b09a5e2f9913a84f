/*
 * cleanup_rewrite.c - a changed envelope, and writing the message anew
 *
 * Records in front of a recipient belong to it (O, notify_flags,
 * dsn_orig_rcpt): they are held back until it is known whether it stays.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/cleanup/cleanup_edit.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/mail/milter_wire.h"
#include "lib/queue/queue_rec.h"
#include "lib/queue/queue_writer.h"

/* ---- what filters ask for ---- */

/* internal_form - of "<user@domain>" or "user@domain" */
static void
internal_form(const char *text, struct buf *out)
{
	struct buf plain = BUF_INIT;
	const char *rest;

	if (address_parse_path(text, false, out, &rest, NULL) == -1) {
		buf_sets(&plain, text + (*text == '<'));
		if (plain.len > 0 && plain.ptr[plain.len - 1] == '>')
			buf_truncate(&plain, plain.len - 1);
		buf_reset(out);
		address_unquote(out, plain.ptr);
	}
	buf_done(&plain);
}

static void
change_sender(struct cleanup_edit *e, const struct milter_answer *a)
{
	char *copy = xstrdup(a->value), *rest = copy, *word;

	internal_form(a->text, &e->sender);
	e->has_sender = true;
	buf_reset(&e->envid);
	buf_reset(&e->ret);
	while ((word = text_split(&rest, " \t")) != NULL) {
		if (strncasecmp(word, "ENVID=", 6) == 0)
			buf_sets(&e->envid, word + 6);
		else if (strcasecmp(word, "RET=FULL") == 0)
			buf_sets(&e->ret, "1");
		else if (strcasecmp(word, "RET=HDRS") == 0)
			buf_sets(&e->ret, "2");
		else
			log_warning("Ignoring bad ESMTP parameter \"%s\" in "
			    "SMFI_CHGFROM request", word);
	}
	free(copy);
}

/* read_notify - "NEVER", "SUCCESS,FAILURE": bits, 0 when malformed */
static unsigned
read_notify(char *list)
{
	static const struct {
		const char	*word;
		unsigned	 bit;
	} words[] = { { "NEVER", DSN_NOTIFY_NEVER },
		{ "SUCCESS", DSN_NOTIFY_SUCCESS },
		{ "FAILURE", DSN_NOTIFY_FAILURE },
		{ "DELAY", DSN_NOTIFY_DELAY } };
	unsigned bits = 0;
	char *word;
	size_t i;

	while ((word = text_split(&list, ",")) != NULL) {
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strcasecmp(word, words[i].word) == 0)
				break;
		if (i == sizeof(words) / sizeof(words[0]))
			return 0;
		bits |= words[i].bit;
	}
	return (bits & DSN_NOTIFY_NEVER) != 0 && bits != DSN_NOTIFY_NEVER ?
	    0 : bits;
}

static void
add_rcpt(struct cleanup_edit *e, const struct milter_answer *a)
{
	struct buf rcpt = BUF_INIT, orcpt = BUF_INIT;
	char *copy = xstrdup(a->value), *rest = copy, *word;
	unsigned notify = 0;

	internal_form(a->text, &rcpt);
	while ((word = text_split(&rest, " \t")) != NULL) {
		unsigned bits = 0;

		if (strncasecmp(word, "NOTIFY=", 7) == 0 &&
		    (bits = read_notify(word + 7)) != 0)
			notify = bits;
		else if (strncasecmp(word, "ORCPT=", 6) == 0 &&
		    strchr(word, ';') != NULL)
			buf_sets(&orcpt, word + 6);
		else
			log_warning("%s: ignoring ESMTP argument from Milter "
			    "or header/body_checks: \"%s\"", e->c->id.ptr,
			    word);
	}
	if (rcpt.len == 0) {
		log_warning("%s: ignoring attempt from Milter to add null "
		    "recipient", e->c->id.ptr);
	} else {
		buf_add(&e->added, rcpt.ptr, rcpt.len + 1);
		buf_add(&e->added, orcpt.ptr, orcpt.len + 1);
		buf_addu(&e->added, notify);
		buf_addc(&e->added, '\0');
	}
	free(copy);
	buf_done(&rcpt);
	buf_done(&orcpt);
}

/* next_string - of a buf of strings with a NUL behind each */
static const char *
next_string(const struct buf *list, const char *s)
{
	s = s == NULL ? list->ptr : s + strlen(s) + 1;
	return s < list->ptr + list->len ? s : NULL;
}

/* forget_added - a filter takes back what it, or one before it, has added */
static void
forget_added(struct cleanup_edit *e, const char *rcpt)
{
	const char *s = NULL, *orcpt, *notify;

	while ((s = next_string(&e->added, s)) != NULL) {
		orcpt = s + strlen(s) + 1;
		notify = orcpt + strlen(orcpt) + 1;
		if (strcmp(s, rcpt) == 0) {
			size_t at = (size_t)(s - e->added.ptr);

			buf_delete(&e->added, at, (size_t)(notify +
			    strlen(notify) + 1 - s));
			forget_added(e, rcpt);
			return;
		}
		s = notify;
	}
}

static void
remove_rcpt(struct cleanup_edit *e, const struct milter_answer *a)
{
	struct buf rcpt = BUF_INIT;

	internal_form(a->text, &rcpt);
	forget_added(e, rcpt.ptr);
	buf_add(&e->removed, rcpt.ptr, rcpt.len + 1);
	buf_done(&rcpt);
}

void
cleanup_edit_envelope(struct cleanup_edit *e, const struct milter_answer *a)
{
	if (a->kind == MILTER_CHANGE_FROM)
		change_sender(e, a);
	else if (a->kind == MILTER_ADD_RCPT)
		add_rcpt(e, a);
	else if (a->kind == MILTER_DELETE_RCPT)
		remove_rcpt(e, a);
}

/* ---- writing ---- */

/* One recipient, until all that belongs to it is known. */
struct group {
	struct buf	 records, orig, orcpt;
	unsigned	 notify;
};

static void
group_reset(struct group *g)
{
	buf_reset(&g->records);
	buf_reset(&g->orig);
	buf_reset(&g->orcpt);
	g->notify = 0;
}

/* group_take - hold a record that belongs to the next recipient; false: it does not */
static bool
group_take(struct group *g, int type, struct span data)
{
	static const char orcpt[] = "dsn_orig_rcpt=", notify[] =
	    "notify_flags=";

	if (type == QUEUE_REC_ORCPT) {
		buf_set(&g->orig, data.ptr, data.len);
	} else if (type == QUEUE_REC_ATTR && data.len >= sizeof(orcpt) - 1 &&
	    memcmp(data.ptr, orcpt, sizeof(orcpt) - 1) == 0) {
		buf_set(&g->orcpt, data.ptr + sizeof(orcpt) - 1,
		    data.len - (sizeof(orcpt) - 1));
	} else if (type == QUEUE_REC_ATTR && data.len >= sizeof(notify) &&
	    memcmp(data.ptr, notify, sizeof(notify) - 1) == 0) {
		struct buf number = BUF_INIT;

		buf_set(&number, data.ptr + sizeof(notify) - 1,
		    data.len - (sizeof(notify) - 1));
		g->notify = (unsigned)strtoul(number.ptr, NULL, 10);
		buf_done(&number);
	} else {
		return false;
	}
	queue_rec_put(&g->records, type, data.ptr, data.len);
	return true;
}

static bool
is_removed(const struct cleanup_edit *e, const char *address)
{
	const char *s = NULL;

	while ((s = next_string(&e->removed, s)) != NULL)
		if (strcmp(s, address) == 0)
			return true;
	return false;
}

static void
put_records(struct cleanup *c, const struct buf *records)
{
	const char *p = records->ptr, *end = p + records->len;
	struct span data;
	size_t used;
	int type;

	while (queue_rec_get(p, (size_t)(end - p), true, &type, &data.ptr,
	    &data.len, &used, NULL) == 1) {
		cleanup_out(c, type, data.ptr, data.len);
		p += used;
	}
}

/* put_rcpt - an old recipient, unless it is removed */
static void
put_rcpt(struct cleanup_edit *e, struct group *g, struct span data)
{
	struct cleanup *c = e->c;
	struct buf rcpt = BUF_INIT;

	buf_set(&rcpt, data.ptr, data.len);
	if (!is_removed(e, g->orig.len > 0 ? g->orig.ptr : rcpt.ptr)) {
		(void)rcpt_dups_is_new(c->seen_rcpts, g->orcpt.ptr, g->notify,
		    g->orig.ptr, rcpt.ptr);
		put_records(c, &g->records);
		cleanup_out(c, QUEUE_REC_RCPT, data.ptr, data.len);
		c->rcpt_count++;
	}
	group_reset(g);
	buf_done(&rcpt);
}

static void
put_sender(struct cleanup_edit *e, struct span old)
{
	struct cleanup *c = e->c;

	if (!e->has_sender) {
		cleanup_out(c, QUEUE_REC_FROM, old.ptr, old.len);
		return;
	}
	if (e->envid.len > 0)
		cleanup_outf(c, QUEUE_REC_ATTR, "envelope_id=%s",
		    e->envid.ptr);
	if (e->ret.len > 0)
		cleanup_outf(c, QUEUE_REC_ATTR, "ret_flags=%s", e->ret.ptr);
	cleanup_rewrite(c, CLASS_ENV_FROM, e->sender.ptr, &c->sender);
	if (!text_is_ascii(c->sender.ptr))
		c->sendopts |= SENDOPT_SENDER;
	cleanup_out(c, QUEUE_REC_FROM, c->sender.ptr, c->sender.len);
	cleanup_sender_bcc(c);
}

static void
put_added(struct cleanup_edit *e)
{
	struct cleanup *c = e->c;
	const char *s = NULL, *orcpt, *notify;

	while ((s = next_string(&e->added, s)) != NULL) {
		orcpt = s + strlen(s) + 1;
		notify = orcpt + strlen(orcpt) + 1;
		cleanup_extra_rcpt(c, s, orcpt,
		    (unsigned)strtoul(notify, NULL, 10));
		s = notify;
	}
	/* What milter_header_checks adds comes from no client either. */
	for (s = c->bcc.ptr + e->old_bcc; s < c->bcc.ptr + c->bcc.len;
	    s += strlen(s) + 1)
		cleanup_extra_rcpt(c, s, "", 0);
}

static void
put_content(struct cleanup_edit *e, int old, off_t body, off_t xtra)
{
	struct cleanup *c = e->c;
	struct span data;
	size_t i;
	int type;

	for (i = 0; i < e->header_count; i++)
		cleanup_out_header(c, e->headers[i].text,
		    strlen(e->headers[i].text));
	c->body_offset = queue_writer_tell(c->out);
	if (e->new_body != -1)
		cleanup_reader_start(&e->reader, NULL, e->new_body, 0,
		    e->new_body_len);
	else
		cleanup_reader_start(&e->reader, NULL, old, body, xtra);
	while (cleanup_reader_next(&e->reader, &type, &data))
		cleanup_out(c, type, data.ptr, data.len);
}

/* put_found - what milter_header_checks says, in front of the recipients there */
static void
put_found(struct cleanup_edit *e, bool *is_put)
{
	struct cleanup *c = e->c;

	if (*is_put)
		return;
	*is_put = true;
	if (strcmp(c->filter.ptr, e->old_filter.ptr) != 0)
		cleanup_outs(c, QUEUE_REC_FILTER, c->filter.ptr);
	if (strcmp(c->redirect.ptr, e->old_redirect.ptr) != 0)
		cleanup_outs(c, QUEUE_REC_REDIRECT, c->redirect.ptr);
}

/* rewrite_segment - envelope or extracted records, up to the one that ends it */
static int
rewrite_segment(struct cleanup_edit *e, bool is_envelope)
{
	struct cleanup *c = e->c;
	struct group g = { BUF_INIT, BUF_INIT, BUF_INIT, 0 };
	struct span data;
	bool is_put = is_envelope;
	int type = 0;

	while (cleanup_reader_next(&e->reader, &type, &data)) {
		if (group_take(&g, type, data))
			continue;
		if (type == QUEUE_REC_MESG || type == QUEUE_REC_END)
			break;
		if (type == QUEUE_REC_RCPT) {
			put_found(e, &is_put);
			put_rcpt(e, &g, data);
		} else if (type == QUEUE_REC_FROM) {
			put_sender(e, data);
		} else {
			cleanup_out(c, type, data.ptr, data.len);
		}
	}
	put_found(e, &is_put);
	buf_done(&g.records);
	buf_done(&g.orig);
	buf_done(&g.orcpt);
	return type;
}

void
cleanup_edit_rewrite(struct cleanup_edit *e, int old)
{
	struct cleanup *c = e->c;
	off_t body = c->body_offset, xtra = c->xtra_offset;
	bool is_whole;

	rcpt_dups_reset(c->seen_rcpts);
	c->rcpt_count = 0;
	cleanup_reader_start(&e->reader, NULL, old, 0, e->old_end);
	is_whole = rewrite_segment(e, true) == QUEUE_REC_MESG;
	put_added(e);
	cleanup_out(c, QUEUE_REC_MESG, "", 0);
	c->data_offset = queue_writer_tell(c->out);
	put_content(e, old, body, xtra);
	c->xtra_offset = queue_writer_tell(c->out);
	cleanup_reader_start(&e->reader, NULL, old, xtra, e->old_end);
	is_whole = is_whole && rewrite_segment(e, false) == QUEUE_REC_END;
	cleanup_out(c, QUEUE_REC_END, "", 0);
	if (!is_whole && c->status == 0) {
		log_warning("%s: cannot read back what was written",
		    c->id.ptr);
		cleanup_fail(c, CLEANUP_WRITE, NULL);
	}
}
