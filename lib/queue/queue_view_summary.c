/*
 * queue_view_summary.c - one screen that tells what a message is and how it stands
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "lib/queue/queue_view.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_id.h"
#include "lib/queue/queue_rec.h"

#define LABEL		14	/* columns */
#define RCPTS_SHOWN	20
#define ATTACHMENTS_SHOWN 5
#define BOLD		1
#define RED		31

static void
put(struct queue_view *v, const char *label, const char *text)
{
	struct buf safe = BUF_INIT;

	if (text == NULL || text[0] == '\0')
		return;
	text_visible(&safe, text, 0);
	fprintf(v->out, "%-*s%s\n", LABEL, label, safe.ptr);
	buf_done(&safe);
}

static void
put_when(struct queue_view *v, const char *label, time_t t)
{
	struct buf text = BUF_INIT;

	queue_view_time(&text, t);
	put(v, label, text.ptr);
	buf_done(&text);
}

static void
warn(struct queue_view *v, const char *text)
{
	struct buf safe = BUF_INIT;

	text_visible(&safe, text, 0);
	queue_view_color(v, RED);
	fprintf(v->out, "%-*s%s\n", LABEL, "warning", safe.ptr);
	queue_view_color(v, 0);
	buf_done(&safe);
}

static void
put_state(struct queue_view *v, const struct queue_view_facts *f)
{
	struct buf text = BUF_INIT;
	time_t life = f->sender != NULL && f->sender[0] == '\0' ?
	    params.bounce_queue_lifetime : params.maximal_queue_lifetime;

	if (v->queue != NULL) {
		buf_adds(&text, v->queue);
		if ((v->st.st_mode & S_IXGRP) != 0)
			buf_adds(&text, ", forced expiration requested");
		put(v, "state", text.ptr);
	}
	if (f->arrival.tv_sec > 0)
		put_when(v, "arrived", f->arrival.tv_sec);
	if (v->queue != NULL && (strcmp(v->queue, "deferred") == 0 ||
	    strcmp(v->queue, "incoming") == 0) &&
	    v->st.st_mtime > clock_now())
		put_when(v, "next attempt", v->st.st_mtime);
	if (v->queue != NULL && f->arrival.tv_sec > 0)
		put_when(v, "expires", (f->created > 0 ? f->created :
		    f->arrival.tv_sec) + life);
	buf_done(&text);
}

static void
put_rcpt(struct queue_view *v, const struct queue_view_rcpt *r)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "  %s  <%s>", r->type == QUEUE_REC_RCPT ? "to do " :
	    r->type == QUEUE_REC_DONE ? "done  " : "cancel", r->address);
	if (r->orig != NULL && strcmp(r->orig, r->address) != 0)
		buf_addf(&text, " was <%s>", r->orig);
	if (r->reason != NULL && r->reason[0] != '\0')
		buf_addf(&text, "  %s %s", r->dsn != NULL ? r->dsn : "",
		    r->reason);
	put(v, "", text.ptr);
	buf_done(&text);
}

static void
put_envelope(struct queue_view *v, const struct queue_view_facts *f)
{
	struct buf text = BUF_INIT;
	size_t i;

	buf_addf(&text, "<%s>", f->sender != NULL ? f->sender : "");
	if (f->fullname != NULL)
		buf_addf(&text, " (%s)", f->fullname);
	if (f->sender != NULL)
		put(v, "sender", text.ptr);
	buf_setf(&text, "%zu to do, %zu done, %zu cancelled", f->to_do,
	    f->done, f->cancelled);
	put(v, "recipients", text.ptr);
	for (i = 0; i < f->rcpt_count && i < RCPTS_SHOWN; i++)
		put_rcpt(v, &f->rcpts[i]);
	if (f->rcpt_count > RCPTS_SHOWN)
		fprintf(v->out, "%-*s  ... and %zu more\n", LABEL, "",
		    f->rcpt_count - RCPTS_SHOWN);
	put(v, "redirect", f->redirect);
	put(v, "filter", f->filter);
	buf_reset(&text);
	if (queue_view_attr(f, "log_client_name")[0] != '\0')
		buf_addf(&text, "%s[%s]%s%s  %s",
		    queue_view_attr(f, "log_client_name"),
		    queue_view_attr(f, "log_client_address"),
		    queue_view_attr(f, "log_helo_name")[0] != '\0' ? "  helo=" :
		    "", queue_view_attr(f, "log_helo_name"),
		    queue_view_attr(f, "log_protocol_name"));
	put(v, "client", text.ptr);
	buf_reset(&text);
	buf_adds(&text, queue_view_attr(f, "sasl_username"));
	if (queue_view_attr(f, "sasl_method")[0] != '\0')
		buf_addf(&text, " (%s)", queue_view_attr(f, "sasl_method"));
	put(v, "login", text.ptr);
	buf_done(&text);
}

static void
put_headers(struct queue_view *v, const struct queue_content *c)
{
	static const char *const shown[] = { "Subject", "From", "To", "Cc",
	    "Date", "Message-ID" };
	const struct queue_content_part *p = queue_content_part(c, 0);
	const struct queue_content_header *h;
	struct buf text = BUF_INIT;
	size_t i, k;

	for (k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
		for (i = 0; i < p->header_count; i++) {
			h = queue_content_header(c, p->first_header + i);
			if (strcasecmp(h->name, shown[k]) != 0)
				continue;
			buf_reset(&text);
			queue_content_header_text(h, &text);
			put(v, shown[k], text.ptr);
		}
	buf_done(&text);
}

static void
put_structure(struct queue_view *v, const struct queue_view_facts *f,
    const struct queue_content *c)
{
	const struct queue_content_part *p;
	struct buf text = BUF_INIT;
	size_t i;

	queue_view_size(&text, c != NULL ? queue_content_bytes(c) :
	    (off_t)f->content_length);
	buf_adds(&text, " message, ");
	queue_view_size(&text, v->st.st_size);
	buf_adds(&text, " file");
	put(v, "size", text.ptr);
	if (c == NULL) {
		buf_done(&text);
		return;
	}
	buf_setf(&text, "%zu, top is %s", queue_content_leaves(c),
	    queue_content_part(c, 0)->type);
	put(v, "parts", text.ptr);
	for (i = 0; i < ATTACHMENTS_SHOWN &&
	    (p = queue_content_attachment(c, i)) != NULL; i++) {
		buf_setf(&text, "%s  %s, ", p->file_name[0] != '\0' ?
		    p->file_name : "(no name)", p->type);
		queue_view_size(&text, p->decoded_bytes);
		put(v, "attachment", text.ptr);
	}
	if (queue_content_attachment(c, i) != NULL)
		put(v, "attachment", "... and more");
	buf_done(&text);
}

static void
put_warnings(struct queue_view *v, const struct queue_view_facts *f,
    const struct queue_content *c)
{
	const struct queue_content_part *p;
	struct buf text = BUF_INIT;
	const char *word;
	unsigned defects;
	uint64_t inode;
	size_t i;

	if (f->damage != NULL)
		warn(v, f->damage);
	else if (!f->has_end)
		warn(v, "there is no end record: the file is not complete");
	if ((v->st.st_mode & S_IRWXU) != S_IRWXU && v->queue != NULL)
		warn(v, "its mode says that it is not ready: nobody delivers it");
	if (f->size_text != NULL && f->size_fields == 0)
		warn(v, "the size record is damaged");
	if (f->size_fields >= 3 &&
	    (size_t)f->claimed_rcpts != f->rcpt_count) {
		buf_setf(&text, "the size record counts %ld recipients",
		    f->claimed_rcpts);
		warn(v, text.ptr);
	}
	if (f->sender == NULL)
		warn(v, "there is no sender record");
	if (v->id != NULL && (!queue_id_inode(v->id, &inode) ||
	    inode != v->st.st_ino))
		warn(v, "its ID does not carry its inode: postsuper -s gives it "
		    "another name");
	if (c == NULL)
		warn(v, "there is no message content");
	else if (queue_content_damage(c) != NULL)
		warn(v, queue_content_damage(c));
	for (i = 0; c != NULL && (p = queue_content_part(c, i)) != NULL &&
	    i < RCPTS_SHOWN; i++) {
		defects = p->defects;
		while ((word = queue_content_defect(&defects)) != NULL) {
			buf_sets(&text, "part ");
			queue_content_number(c, i, &text);
			buf_addf(&text, ": %s", word);
			warn(v, text.ptr);
		}
	}
	buf_done(&text);
}

int
queue_view_summary(struct queue_view *v, struct err *err)
{
	const struct queue_view_facts *f = queue_view_facts(v);
	struct queue_content *c = queue_view_content(v, NULL);

	(void)err;
	queue_view_color(v, BOLD);
	put(v, v->id != NULL ? v->id : "file", v->id != NULL &&
	    strlen(v->id) < LABEL ? v->name : "");
	if (v->id != NULL && strlen(v->id) >= LABEL) {
		fprintf(v->out, "%s\n", v->id);
		put(v, "", v->name);
	} else if (v->id == NULL) {
		put(v, "file", v->name);
	}
	queue_view_color(v, 0);
	put_state(v, f);
	put_envelope(v, f);
	if (c != NULL)
		put_headers(v, c);
	put_structure(v, f, c);
	put_warnings(v, f, c);
	return 1;
}
