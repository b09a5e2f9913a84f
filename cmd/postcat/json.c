/*
 * json.c - a queue file as one JSON object on one line
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "cmd/postcat/view.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define CONTENT_MAX	(256u << 20)	/* more is left to --eml */

static void
put_text(struct buf *out, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	json_member(out, name, text);
	buf_adds(out, ", ");
}

static void
put_number(struct buf *out, const char *name, long long n)
{
	buf_addf(out, "\"%s\": %lld, ", name, n);
}

/* Take back the last ", ". */
static void
end(struct buf *out, const char *close)
{
	if (out->len >= 2 && out->ptr[out->len - 2] == ',')
		buf_truncate(out, out->len - 2);
	buf_adds(out, close);
}

/* Bytes as text where they are UTF-8 without NUL, else as base64. */
static void
put_bytes(struct buf *out, const char *name, const char *data, size_t len)
{
	struct buf text = BUF_INIT;

	if (memchr(data, '\0', len) == NULL && text_is_utf8(data, len)) {
		buf_set(&text, data, len);
		json_member(out, name, text.ptr);
	} else {
		buf_addf(out, "\"%s_b64\": ", name);
		json_base64(out, data, len);
	}
	buf_adds(out, ", ");
	buf_done(&text);
}

static void
put_rcpt(struct buf *out, const struct queue_view_rcpt *r)
{
	buf_addc(out, '{');
	json_member(out, "address", r->address);
	buf_adds(out, ", ");
	json_member(out, "state", r->type == QUEUE_REC_RCPT ? "to-do" :
	    r->type == QUEUE_REC_DONE ? "done" : "cancelled");
	buf_adds(out, ", ");
	put_text(out, "orig_address", r->orig);
	put_text(out, "dsn_orig_rcpt", r->dsn_orcpt);
	if (r->notify != 0)
		put_number(out, "notify_flags", r->notify);
	put_text(out, "dsn", r->dsn);
	put_text(out, "reason", r->reason);
	put_number(out, "offset", r->offset);
	end(out, "}, ");
}

static void
put_envelope(struct buf *out, const struct queue_view_facts *f)
{
	size_t i;

	buf_adds(out, "\"envelope\": {");
	if (f->sender != NULL) {
		json_member(out, "sender", f->sender);
		buf_adds(out, ", ");
	}
	put_text(out, "fullname", f->fullname);
	put_text(out, "filter", f->filter);
	put_text(out, "redirect", f->redirect);
	put_text(out, "verp", f->verp);
	if (f->arrival.tv_sec > 0)
		buf_addf(out, "\"arrived\": %lld.%06ld, ",
		    (long long)f->arrival.tv_sec, (long)f->arrival.tv_usec);
	if (f->created > 0)
		put_number(out, "created", f->created);
	if (f->has_warn)
		put_number(out, "delay_warning", f->warn_at);
	buf_adds(out, "\"recipients\": [");
	for (i = 0; i < f->rcpt_count; i++)
		put_rcpt(out, &f->rcpts[i]);
	end(out, "], \"attributes\": {");
	for (i = 0; i < f->attr_count; i++)
		if (strcmp(queue_view_attr(f, f->attrs[i].name),
		    f->attrs[i].value) == 0)	/* of several the last */
			put_text(out, f->attrs[i].name, f->attrs[i].value);
	end(out, "}");
	if (f->size_fields > 0)
		buf_addf(out, ", \"size\": {\"content_size\": %ld, "
		    "\"data_offset\": %ld, \"recipients\": %ld, "
		    "\"qmgr_flags\": %ld, \"content_length\": %ld, "
		    "\"sendopts\": %ld}", f->content_size, f->data_offset,
		    f->claimed_rcpts, f->qmgr_flags, f->content_length,
		    f->sendopts);
	buf_adds(out, "}, ");
}

/* Every record that can be reached, in the order of reading. */
static void
put_records(struct buf *out, struct queue_view *v)
{
	const char *value;
	size_t len;
	int type;
	bool in_content = false;
	bool is_at_start = queue_file_seek(v->qf, 0, NULL) == 0;

	buf_adds(out, "\"records\": [");
	while (is_at_start && queue_file_next(v->qf, &type, &value, &len,
	    NULL) == 1) {
		if (type == QUEUE_REC_XTRA)
			in_content = false;
		buf_addf(out, "{\"offset\": %lld, \"type\": ",
		    (long long)queue_file_offset(v->qf));
		if (type > ' ' && type < 127)
			json_put_string(out, (char[]){ (char)type, '\0' });
		else
			buf_addf(out, "%d", type);
		buf_adds(out, ", ");
		json_member(out, "name", in_content &&
		    type == QUEUE_REC_PART ? "unterminated_text" :
		    queue_rec_name(type));
		buf_addf(out, ", \"length\": %zu, ", len);
		if (!in_content)	/* what is text stands in "content" */
			put_bytes(out, "value", value, len);
		end(out, "}, ");
		in_content |= type == QUEUE_REC_MESG;
		if (type == QUEUE_REC_END)
			break;
	}
	end(out, "], ");
}

static void
put_parts(struct buf *out, struct queue_content *c)
{
	const struct queue_content_part *p;
	struct buf number = BUF_INIT;
	const char *word;
	unsigned defects;
	size_t i;

	buf_adds(out, "\"parts\": [");
	for (i = 0; (p = queue_content_part(c, i)) != NULL; i++) {
		buf_reset(&number);
		queue_content_number(c, i, &number);
		buf_addc(out, '{');
		put_text(out, "part", number.ptr);
		put_text(out, "type", p->type);
		put_text(out, "charset", p->charset);
		put_text(out, "encoding", p->encoding);
		put_text(out, "disposition", p->disposition);
		put_text(out, "file_name", p->file_name);
		put_text(out, "content_id", p->id);
		put_number(out, "encoded_bytes", p->encoded_bytes);
		put_number(out, "decoded_bytes", p->decoded_bytes);
		defects = p->defects;
		if (defects != 0)
			buf_adds(out, "\"defects\": [");
		while ((word = queue_content_defect(&defects)) != NULL) {
			json_put_string(out, word);
			buf_adds(out, ", ");
		}
		if (p->defects != 0)
			end(out, "], ");
		end(out, "}, ");
	}
	end(out, "], ");
	buf_done(&number);
}

static void
put_headers(struct buf *out, struct queue_content *c)
{
	const struct queue_content_part *p = queue_content_part(c, 0);
	const struct queue_content_header *h;
	struct buf text = BUF_INIT;
	size_t i;

	buf_adds(out, "\"headers\": [");
	for (i = 0; i < p->header_count; i++) {
		h = queue_content_header(c, p->first_header + i);
		buf_reset(&text);
		queue_content_header_text(h, &text);
		buf_addc(out, '{');
		json_member(out, "name", h->name);
		buf_adds(out, ", ");
		json_member(out, "value", text.ptr);
		buf_adds(out, ", ");
		put_bytes(out, "raw", h->raw, h->len);
		end(out, "}, ");
	}
	end(out, "], ");
	buf_done(&text);
}

static bool
add(void *ctx, const char *data, size_t len)
{
	struct buf *text = ctx;

	buf_add(text, data, len);
	return text->len < CONTENT_MAX;
}

static void
put_content(struct buf *out, struct queue_view *v)
{
	struct buf text = BUF_INIT;

	queue_content_message(v->qf, v->name, add, &text, NULL);
	put_bytes(out, "content", text.ptr, text.len);
	buf_done(&text);
}

int
view_json(struct queue_view *v, struct err *err)
{
	const struct queue_view_facts *f = queue_view_facts(v);
	struct queue_content *c = queue_view_content(v, NULL);
	struct buf out = BUF_INIT;

	(void)err;
	buf_adds(&out, "{\"v\": 1, ");
	put_text(&out, "path", v->name);
	put_text(&out, "queue", v->queue);
	put_text(&out, "id", v->id);
	buf_addf(&out, "\"file\": {\"inode\": %llu, \"mtime\": %lld, "
	    "\"bytes\": %lld, \"mode\": \"%04o\"}, ",
	    (unsigned long long)v->st.st_ino, (long long)v->st.st_mtime,
	    (long long)v->st.st_size, (unsigned)v->st.st_mode & 07777);
	put_envelope(&out, f);
	put_records(&out, v);
	if (c != NULL) {
		put_headers(&out, c);
		put_parts(&out, c);
		put_content(&out, v);
	}
	put_text(&out, "damage", f->damage != NULL ? f->damage :
	    c != NULL ? queue_content_damage(c) : NULL);
	buf_addf(&out, "\"complete\": %s}\n", f->has_end ? "true" : "false");
	fwrite(out.ptr, 1, out.len, v->out);
	buf_done(&out);
	return 1;
}
