/*
 * content.c - header fields, MIME parts, text, and the message itself
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/postcat/view.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define WIDTH		78
#define TEXT_MAX	(16u << 20)	/* nobody reads more */
#define NAME_MAX_LEN	200		/* of a file that a message names */
#define NAME_TRIES	1000
#define BOLD		1

/* Say so where the content does not go on to its end. */
static void
tell_damage(struct view *v)
{
	if (queue_content_damage(v->content) != NULL)
		log_warning("%s: %s", v->name,
		    queue_content_damage(v->content));
}

/* ---- header fields ---- */

/* A decoded value, broken at blanks where the line grows too long. */
static void
put_folded(struct view *v, const char *text, size_t column)
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

static void
put_header(struct view *v, const struct queue_content_header *h)
{
	struct buf text = BUF_INIT;

	if (v->o->is_raw) {
		view_put(v, h->raw, h->len);
		putc('\n', v->out);
		return;
	}
	queue_content_header_text(h, &text);
	view_color(v, BOLD);
	view_puts(v, h->name);
	putc(':', v->out);
	view_color(v, 0);
	putc(' ', v->out);
	put_folded(v, text.ptr, strlen(h->name) + 2);
	buf_done(&text);
}

int
view_headers(struct view *v, struct err *err)
{
	struct queue_content *c = view_content(v, err);
	const struct queue_content_part *p;
	size_t i;

	if (c == NULL)
		return -1;
	p = queue_content_part(c, 0);
	for (i = 0; i < p->header_count; i++)
		put_header(v, queue_content_header(c, p->first_header + i));
	tell_damage(v);
	return p->header_count > 0;
}

static bool
is_wanted(const struct view *v, const char *name)
{
	size_t i;

	for (i = 0; v->o->headers[i] != NULL; i++)
		if (strcasecmp(v->o->headers[i], name) == 0)
			return true;
	return false;
}

int
view_header(struct view *v, struct err *err)
{
	struct queue_content *c = view_content(v, err);
	const struct queue_content_header *h;
	const struct queue_content_part *p;
	struct buf text = BUF_INIT;
	size_t i;
	int found = 0;

	if (c == NULL)
		return -1;
	p = queue_content_part(c, 0);
	for (i = 0; i < p->header_count; i++) {
		h = queue_content_header(c, p->first_header + i);
		if (!is_wanted(v, h->name))
			continue;
		found = 1;
		if (v->o->is_raw || v->o->headers[1] != NULL) {
			put_header(v, h);
			continue;
		}
		buf_reset(&text);
		queue_content_header_text(h, &text);
		view_puts(v, text.ptr);
		putc('\n', v->out);
	}
	buf_done(&text);
	return found;
}

/* ---- the tree ---- */

static void
put_part(struct view *v, struct queue_content *c, size_t i)
{
	const struct queue_content_part *p = queue_content_part(c, i);
	struct buf line = BUF_INIT;
	const char *word;
	unsigned defects = p->defects;

	queue_content_number(c, i, &line);
	fprintf(v->out, "%-8s%*s", line.ptr, (int)(2 * p->depth), "");
	view_color(v, BOLD);
	view_puts(v, p->type);
	view_color(v, 0);
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
	view_puts(v, line.ptr);
	if (p->file_name[0] != '\0') {
		buf_reset(&line);
		text_visible(&line, p->file_name, 0);
		fprintf(v->out, "  \"%s\"", line.ptr);
	}
	while ((word = queue_content_defect(&defects)) != NULL) {
		view_color(v, 31);
		fprintf(v->out, "  [%s]", word);
		view_color(v, 0);
	}
	putc('\n', v->out);
	buf_done(&line);
}

int
view_mime(struct view *v, struct err *err)
{
	struct queue_content *c = view_content(v, err);
	size_t i;

	if (c == NULL)
		return -1;
	for (i = 0; queue_content_part(c, i) != NULL; i++)
		put_part(v, c, i);
	tell_damage(v);
	return 1;
}

/* ---- a part ---- */

/*
 * The file name that a message asks for, without anything that leads
 * elsewhere or hides: no directories, no leading dot, no control bytes.
 */
static void
safe_name(const struct queue_content_part *p, const char *number,
    struct buf *out)
{
	const char *name = p->file_name, *slash;
	size_t i;

	while ((slash = strpbrk(name, "/\\")) != NULL)
		name = slash + 1;
	name += strspn(name, ". ");
	for (i = 0; name[i] != '\0' && i < NAME_MAX_LEN; i++)
		buf_addc(out, (unsigned char)name[i] < ' ' ||
		    name[i] == 0x7f ? '_' : name[i]);
	while (out->len > 0 && !text_is_utf8(out->ptr, out->len))
		buf_truncate(out, out->len - 1);	/* cut in a character */
	if (out->len == 0)
		buf_addf(out, "part-%s", number);
}

/* Open a new file; never one that is there. */
static FILE *
open_new(struct view *v, const struct buf *wanted, struct buf *path,
    struct err *err)
{
	const char *dot = strrchr(wanted->ptr, '.');
	size_t stem = dot != NULL && dot != wanted->ptr ?
	    (size_t)(dot - wanted->ptr) : wanted->len;
	int fd = -1, i;

	buf_set(path, wanted->ptr, wanted->len);
	for (i = 1; i < NAME_TRIES; i++) {
		fd = openat(v->o->cwd, path->ptr, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd != -1 || errno != EEXIST)
			break;
		buf_set(path, wanted->ptr, stem);
		buf_addf(path, "-%d%s", i, wanted->ptr + stem);
	}
	if (fd == -1) {
		err_sys(err, "create %s", path->ptr);
		return NULL;
	}
	return fdopen(fd, "w");
}

static bool
write_out(void *ctx, const char *data, size_t len)
{
	view_put(ctx, data, len);
	return !ferror(((struct view *)ctx)->out);
}

static int
save_part(struct view *v, struct queue_content *c, size_t i,
    enum queue_content_form form, struct err *err)
{
	struct buf wanted = BUF_INIT, path = BUF_INIT, shown = BUF_INIT;
	FILE *out = v->out, *file;
	bool is_terminal = v->is_terminal;
	int rc = -1;

	safe_name(queue_content_part(c, i), v->o->part, &wanted);
	if ((file = open_new(v, &wanted, &path, err)) != NULL) {
		v->out = file;
		v->is_terminal = false;
		rc = queue_content_get(c, i, form, write_out, v, err);
		v->out = out;
		v->is_terminal = is_terminal;
		if (fclose(file) != 0 && rc == 0)
			rc = err_sys(err, "write %s", path.ptr);
		text_visible(&shown, path.ptr, 0);
		if (rc == 0)
			fprintf(v->out, "%s\n", shown.ptr);
	}
	buf_done(&wanted);
	buf_done(&path);
	buf_done(&shown);
	return rc;
}

int
view_part(struct view *v, struct err *err)
{
	enum queue_content_form form = v->o->is_decoded ? CONTENT_DECODED :
	    CONTENT_RAW;
	struct queue_content *c = view_content(v, err);
	size_t i;
	int rc;

	if (c == NULL)
		return -1;
	tell_damage(v);
	if (!queue_content_find(c, v->o->part, &i))
		return err_set(err, ERR_NOT_FOUND, "%s: there is no part %s; "
		    "--mime shows what there is", v->name, v->o->part);
	if (v->o->has_auto_name)
		rc = save_part(v, c, i, form, err);
	else
		rc = queue_content_get(c, i, form, write_out, v, err);
	return rc == -1 ? -1 : 1;
}

/* ---- text, and the whole ---- */

int
view_text(struct view *v, struct err *err)
{
	struct queue_content *c = view_content(v, err);
	struct buf text = BUF_INIT;
	int rc;

	if (c == NULL)
		return -1;
	rc = queue_content_text(c, TEXT_MAX, &text, err);
	if (rc == 1) {
		view_put(v, text.ptr, text.len);
		if (text.len > 0 && text.ptr[text.len - 1] != '\n')
			putc('\n', v->out);
	}
	buf_done(&text);
	tell_damage(v);
	return rc;
}

/* A line, or its end. */
static bool
write_eml(void *ctx, const char *data, size_t len)
{
	struct view *v = ctx;

	if (v->o->has_crlf && len == 1 && data[0] == '\n')
		fputs("\r\n", v->out);
	else
		view_put(v, data, len);
	return true;
}

int
view_eml(struct view *v, struct err *err)
{
	return queue_content_message(v->qf, v->name, write_eml, v, err) ==
	    -1 ? -1 : 1;
}
