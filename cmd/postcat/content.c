/*
 * content.c - chosen header fields, a MIME part, and the message itself
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/postcat/view.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/queue/queue_content.h"

#define NAME_MAX_LEN	200		/* of a file that a message names */
#define NAME_TRIES	1000

/* ---- header fields ---- */

static bool
is_wanted(const struct queue_view *v, const char *name)
{
	size_t i;

	for (i = 0; view_options(v)->headers[i] != NULL; i++)
		if (strcasecmp(view_options(v)->headers[i], name) == 0)
			return true;
	return false;
}

int
view_header(struct queue_view *v, struct err *err)
{
	struct queue_content *c = queue_view_content(v, err);
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
		if (v->is_raw || view_options(v)->headers[1] != NULL) {
			queue_view_header(v, h);
			continue;
		}
		buf_reset(&text);
		queue_content_header_text(h, &text);
		queue_view_puts(v, text.ptr);
		putc('\n', v->out);
	}
	buf_done(&text);
	return found;
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
open_new(struct queue_view *v, const struct buf *wanted, struct buf *path,
    struct err *err)
{
	const char *dot = strrchr(wanted->ptr, '.');
	size_t stem = dot != NULL && dot != wanted->ptr ?
	    (size_t)(dot - wanted->ptr) : wanted->len;
	int fd = -1, i;

	buf_set(path, wanted->ptr, wanted->len);
	for (i = 1; i < NAME_TRIES; i++) {
		fd = openat(view_options(v)->cwd, path->ptr, O_WRONLY | O_CREAT | O_EXCL |
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
	queue_view_put(ctx, data, len);
	return !ferror(((struct queue_view *)ctx)->out);
}

static int
save_part(struct queue_view *v, struct queue_content *c, size_t i,
    enum queue_content_form form, struct err *err)
{
	struct buf wanted = BUF_INIT, path = BUF_INIT, shown = BUF_INIT;
	FILE *out = v->out, *file;
	bool is_terminal = v->is_terminal;
	int rc = -1;

	safe_name(queue_content_part(c, i), view_options(v)->part, &wanted);
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
view_part(struct queue_view *v, struct err *err)
{
	enum queue_content_form form = view_options(v)->is_decoded ? CONTENT_DECODED :
	    CONTENT_RAW;
	struct queue_content *c = queue_view_content(v, err);
	size_t i;
	int rc;

	if (c == NULL)
		return -1;
	if (!queue_content_find(c, view_options(v)->part, &i))
		return err_set(err, ERR_NOT_FOUND, "%s: there is no part %s; "
		    "--mime shows what there is", v->name, view_options(v)->part);
	if (view_options(v)->has_auto_name)
		rc = save_part(v, c, i, form, err);
	else
		rc = queue_content_get(c, i, form, write_out, v, err);
	return rc == -1 ? -1 : 1;
}

/* ---- the whole ---- */

/* A line, or its end. */
static bool
write_eml(void *ctx, const char *data, size_t len)
{
	struct queue_view *v = ctx;

	if (view_options(v)->has_crlf && len == 1 && data[0] == '\n')
		fputs("\r\n", v->out);
	else
		queue_view_put(v, data, len);
	return true;
}

int
view_eml(struct queue_view *v, struct err *err)
{
	return queue_content_message(v->qf, v->name, write_eml, v, err) ==
	    -1 ? -1 : 1;
}
