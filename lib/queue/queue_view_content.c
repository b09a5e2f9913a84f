/*
 * queue_view_content.c - header fields, the tree of MIME parts, text
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_view.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/queue/queue_content.h"

#define WIDTH		78
#define TEXT_MAX	(16u << 20)	/* nobody reads more */
#define BOLD		1
#define RED		31

/* ---- header fields ---- */

/* A decoded value, broken at blanks where the line grows too long. */
static void
put_folded(struct queue_view *v, const char *text, size_t column)
{
	struct buf safe = BUF_INIT;
	const char *p, *blank;
	size_t len;

	text_visible(&safe, text, 0);
	for (p = safe.ptr; column + strlen(p) > WIDTH; p = blank + 1) {
		len = column < WIDTH ? WIDTH - column : 1;
		blank = memrchr(p, ' ', len);
		if (blank == NULL || blank == p)
			blank = strchr(p + 1, ' ');
		if (blank == NULL)
			break;
		fprintf(v->out, "%.*s\n    ", (int)(blank - p), p);
		column = 4;
	}
	fprintf(v->out, "%s\n", p);
	buf_done(&safe);
}

void
queue_view_header(struct queue_view *v, const struct queue_content_header *h)
{
	struct buf text = BUF_INIT;

	if (v->is_raw) {
		queue_view_put(v, h->raw, h->len);
		putc('\n', v->out);
		return;
	}
	queue_content_header_text(h, &text);
	queue_view_color(v, BOLD);
	queue_view_puts(v, h->name);
	putc(':', v->out);
	queue_view_color(v, 0);
	putc(' ', v->out);
	put_folded(v, text.ptr, strlen(h->name) + 2);
	buf_done(&text);
}

int
queue_view_headers(struct queue_view *v, struct err *err)
{
	struct queue_content *c = queue_view_content(v, err);
	const struct queue_content_part *p;
	size_t i;

	if (c == NULL)
		return -1;
	p = queue_content_part(c, 0);
	for (i = 0; i < p->header_count; i++)
		queue_view_header(v, queue_content_header(c, p->first_header + i));
	return p->header_count > 0;
}

/* ---- the tree ---- */

static void
put_part(struct queue_view *v, struct queue_content *c, size_t i)
{
	const struct queue_content_part *p = queue_content_part(c, i);
	struct buf line = BUF_INIT;
	const char *word;
	unsigned defects = p->defects;

	queue_content_number(c, i, &line);
	fprintf(v->out, "%-8s%*s", line.ptr, (int)(2 * p->depth), "");
	queue_view_color(v, BOLD);
	queue_view_puts(v, p->type);
	queue_view_color(v, 0);
	buf_reset(&line);
	if (p->charset[0] != '\0')
		buf_addf(&line, "  charset=%s", p->charset);
	buf_addf(&line, "  %s  %lld", p->encoding,
	    (long long)p->encoded_bytes);
	if (p->decoded_bytes != p->encoded_bytes)
		buf_addf(&line, " -> %lld", (long long)p->decoded_bytes);
	buf_adds(&line, " bytes");
	if (p->disposition[0] != '\0')
		buf_addf(&line, "  %s", p->disposition);
	queue_view_puts(v, line.ptr);
	if (p->file_name[0] != '\0') {
		buf_reset(&line);
		text_visible(&line, p->file_name, 0);
		fprintf(v->out, "  \"%s\"", line.ptr);
	}
	while ((word = queue_content_defect(&defects)) != NULL) {
		queue_view_color(v, RED);
		fprintf(v->out, "  [%s]", word);
		queue_view_color(v, 0);
	}
	putc('\n', v->out);
	buf_done(&line);
}

int
queue_view_mime(struct queue_view *v, struct err *err)
{
	struct queue_content *c = queue_view_content(v, err);
	size_t i;

	if (c == NULL)
		return -1;
	for (i = 0; queue_content_part(c, i) != NULL; i++)
		put_part(v, c, i);
	return 1;
}

/* ---- text ---- */

int
queue_view_text(struct queue_view *v, struct err *err)
{
	struct queue_content *c = queue_view_content(v, err);
	struct buf text = BUF_INIT;
	int rc;

	if (c == NULL)
		return -1;
	rc = queue_content_text(c, TEXT_MAX, &text, err);
	if (rc == 1) {
		queue_view_put(v, text.ptr, text.len);
		if (text.len > 0 && text.ptr[text.len - 1] != '\n')
			putc('\n', v->out);
	}
	buf_done(&text);
	return rc;
}
