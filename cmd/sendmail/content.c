/*
 * content.c - a message from a file descriptor as queue text records
 *
 * Input is read in large pieces and cut at newlines in place; a line longer
 * than the limit goes out in parts as soon as that much of it is there, so
 * memory stays small whatever the input is.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/sendmail/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/mail/address_list.h"
#include "lib/mail/header.h"
#include "lib/queue/queue_rec.h"

#define READ_SIZE	65536

struct reader {
	const struct content_options *opt;
	content_sink	 sink;
	void		*ctx;
	bool		 past_from;	/* the leading "From " lines are over */
	bool		 in_line;	/* parts of this line went out already */
	bool		 seen_line, fixes;
	bool		 at_end;	/* a lone dot */
};

/* "From ", also quoted with '>': a mailbox separator, not part of the mail. */
static bool
is_from_line(const char *data, size_t len)
{
	while (len > 0 && *data == '>')
		data++, len--;
	return len >= 5 && memcmp(data, "From ", 5) == 0;
}

static void
give(struct reader *r, int type, const char *data, size_t len)
{
	if (!r->past_from && !r->in_line) {
		if (is_from_line(data, len) && type == QUEUE_REC_TEXT)
			return;
		r->past_from = true;
	}
	r->sink(type, data, len, r->ctx);
	r->in_line = type == QUEUE_REC_PART;
}

/* One line as it came, without its newline. */
static void
take_line(struct reader *r, const char *data, size_t len)
{
	size_t limit = r->opt->line_limit;

	if (!r->seen_line) {
		r->seen_line = true;
		r->fixes = r->opt->endings == CONTENT_ALWAYS ||
		    (r->opt->endings == CONTENT_STRICT && len > 0 &&
		    data[len - 1] == '\r');
	}
	if (r->fixes)
		while (len > 0 && data[len - 1] == '\r')
			len--;
	if (!r->opt->ignores_dot && !r->in_line && len == 1 && *data == '.') {
		r->at_end = true;
		return;
	}
	for (; len >= limit; data += limit, len -= limit)
		give(r, QUEUE_REC_PART, data, limit);
	give(r, QUEUE_REC_TEXT, data, len);
}

/*
 * Take whole lines off the front, and from a line that has not ended what is
 * over the limit; trailing CRs stay for the newline that may follow them.
 */
static void
take_lines(struct reader *r, struct buf *in)
{
	size_t at = 0, limit = r->opt->line_limit;
	const char *lf;

	while (!r->at_end && (lf = memchr(in->ptr + at, '\n',
	    in->len - at)) != NULL) {
		take_line(r, in->ptr + at, (size_t)(lf - in->ptr) - at);
		at = (size_t)(lf - in->ptr) + 1;
	}
	while (!r->at_end && in->len - at > limit + 1024) {
		r->seen_line = true;
		give(r, QUEUE_REC_PART, in->ptr + at, limit);
		at += limit;
	}
	buf_delete(in, 0, at);
}

int
content_read(int fd, const struct content_options *opt, content_sink sink,
    void *ctx, struct err *err)
{
	struct reader r = { .opt = opt, .sink = sink, .ctx = ctx,
	    .fixes = opt->endings == CONTENT_ALWAYS };
	struct buf in = BUF_INIT;
	ssize_t n = 1;
	const char *p;
	size_t len;

	while (!r.at_end && n > 0) {
		buf_reserve(&in, READ_SIZE);
		while ((n = read(fd, in.ptr + in.len, READ_SIZE)) == -1 &&
		    errno == EINTR)
			;
		if (n <= 0)
			break;
		in.len += (size_t)n;
		in.ptr[in.len] = '\0';
		take_lines(&r, &in);
	}
	/* What remains is a last line without a newline: it stays without. */
	for (p = in.ptr, len = in.len; !r.at_end && len > 0;) {
		size_t part = len < opt->line_limit ? len : opt->line_limit;

		if (!r.in_line && !opt->ignores_dot && len == 1 && *p == '.')
			break;
		give(&r, QUEUE_REC_PART, p, part);
		p += part;
		len -= part;
	}
	buf_done(&in);
	return n == -1 ? err_sys(err, "read") : 0;
}

void
extract_init(struct extract *x)
{
	*x = (struct extract){ 0 };
	x->header = xcalloc(1, sizeof(*x->header));
	x->normal = xcalloc(1, sizeof(*x->normal));
	x->resent = xcalloc(1, sizeof(*x->resent));
	buf_init(x->header);
	buf_init(x->normal);
	buf_init(x->resent);
}

void
extract_done(struct extract *x)
{
	buf_done(x->header);
	buf_done(x->normal);
	buf_done(x->resent);
	free(x->header);
	free(x->normal);
	free(x->resent);
}

static bool
keep_address(const char *internal, size_t offset, size_t len, void *ctx)
{
	(void)offset, (void)len;
	buf_add(ctx, internal, strlen(internal) + 1);
	return true;
}

/* The header collected so far is complete. */
static void
end_header(struct extract *x)
{
	size_t len = header_name_len(x->header->ptr, x->header->len);
	const char *value;
	unsigned flags;

	if (len > 0) {
		flags = header_flags_of(header_lookup(
		    (struct span){ x->header->ptr, len }));
		value = strchr(x->header->ptr + len, ':');
		if ((flags & HEADER_IS_EXTRACT) != 0 && value != NULL) {
			if ((flags & HEADER_IS_RESENT) != 0)
				x->seen_resent = true;
			address_list_each(value + 1, false, keep_address,
			    (flags & HEADER_IS_RESENT) != 0 ? x->resent :
			    x->normal);
		}
	}
	buf_reset(x->header);
}

void
extract_record(struct extract *x, int type, const char *data, size_t len)
{
	bool starts_line = !x->in_line;

	x->in_line = type == QUEUE_REC_PART;
	if (x->is_body)
		return;
	if (starts_line && !(len > 0 && (*data == ' ' || *data == '\t') &&
	    x->header->len > 0)) {
		end_header(x);
		if (header_name_len(data, len) == 0) {
			x->is_body = true;
			return;
		}
	} else if (starts_line) {
		buf_addc(x->header, '\n');
	}
	buf_add(x->header, data, len);
}

void
extract_finish(struct extract *x)
{
	if (!x->is_body)
		end_header(x);
}
