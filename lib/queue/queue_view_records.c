/*
 * queue_view_records.c - each record as bytes and as what it means; damage and dead bytes too
 *
 * The file is walked as a queue manager walks it, pointers followed, and each
 * record that can be reached is noted once. Then the notes are printed in the
 * order of the file, so that what no walk reaches is seen between them.
 *
 * SPDX-License-Identifier: ISC
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/queue/queue_view.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_rec.h"

#define ROW		16	/* bytes of a line of the dump */
#define ROWS_MAX	8	/* of one record; more are counted */
#define RECORDS_MAX	1000000
#define BOLD		1
#define RED		31
#define CYAN		36

struct record {
	off_t	 at, end;
	int	 type;
	bool	 in_content;
	off_t	 to;		/* of a pointer; -1: no pointer, 0: unused */
	off_t	 from;		/* a pointer leads here; -1: none */
};

struct walk {
	struct record	*all;
	size_t		 count, room;
	off_t		 damage_at;	/* -1: none */
	char		*damage;
};

static int
by_offset(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void
note(struct walk *w, struct queue_file *qf, int type, bool in_content,
    off_t to, off_t from)
{
	if (w->count == w->room) {
		w->room = w->room * 2 + 256;
		w->all = xreallocarray(w->all, w->room, sizeof(*w->all));
	}
	w->all[w->count++] = (struct record){ queue_file_offset(qf),
	    queue_file_tell(qf), type, in_content, to, from };
}

/* Follow everything; stops at the end record, at damage, or when there is too much. */
static void
walk_file(struct walk *w, struct queue_file *qf)
{
	struct err err = ERR_INIT;
	const char *value;
	size_t len;
	off_t to, from = -1;
	int type, got = 0;
	bool in_content = false;

	while (w->count < RECORDS_MAX && (got = queue_file_next(qf, &type,
	    &value, &len, &err)) == 1) {
		if (type == QUEUE_REC_XTRA)
			in_content = false;
		to = type == QUEUE_REC_PTR ? queue_rec_ptr_parse(value, NULL) :
		    -1;
		note(w, qf, type, in_content, to, from);
		from = -1;
		in_content |= type == QUEUE_REC_MESG;
		if (type == QUEUE_REC_PTR && to != 0) {
			from = queue_file_offset(qf);
			if (queue_file_jump(qf, value, &err) == -1) {
				got = -1;
				break;
			}
		}
		/* Behind it stand records that were linked in before. */
		if (type == QUEUE_REC_END)
			break;
	}
	if (got == -1) {
		w->damage_at = queue_file_tell(qf);
		w->damage = xstrdup(err.text);
	} else if (got == 0) {
		w->damage_at = queue_file_size(qf);
		w->damage = xstrdup("the file ends without an end record");
	}
}

/* Loops note a record many times: once is enough. */
static void
sort(struct walk *w)
{
	size_t i, n = 0;

	if (w->count > 1)
		qsort(w->all, w->count, sizeof(*w->all), by_offset);
	for (i = 0; i < w->count; i++) {
		if (n > 0 && w->all[n - 1].at == w->all[i].at) {
			if (w->all[n - 1].from == -1)
				w->all[n - 1].from = w->all[i].from;
			continue;
		}
		w->all[n++] = w->all[i];
	}
	w->count = n;
}

static void
put_rows(struct queue_view *v, off_t at, off_t end)
{
	unsigned char row[ROW];
	ssize_t n, i;
	int rows;

	for (rows = 0; at < end && rows < ROWS_MAX; rows++, at += n) {
		n = pread(queue_file_fd(v->qf), row, end - at < ROW ?
		    (size_t)(end - at) : ROW, at);
		if (n <= 0)
			return;
		fprintf(v->out, "%7lld  ", (long long)at);	/* 78 columns in all */
		for (i = 0; i < ROW; i++)
			if (i < n)
				fprintf(v->out, "%02x%s", row[i],
				    i == ROW / 2 - 1 ? "  " : " ");
			else
				fprintf(v->out, "  %s", i == ROW / 2 - 1 ?
				    "  " : " ");
		fputs(" |", v->out);
		for (i = 0; i < n; i++)
			putc(row[i] >= ' ' && row[i] < 0x7f ? row[i] : '.',
			    v->out);
		fputs("|\n", v->out);
	}
	if (at < end)
		fprintf(v->out, "%7s  ... %lld more bytes\n", "",
		    (long long)(end - at));
}

static void
put_record(struct queue_view *v, const struct record *r)
{
	fprintf(v->out, "%8lld  ", (long long)r->at);
	queue_view_color(v, BOLD);
	if (isgraph(r->type))
		fprintf(v->out, "%c", r->type);
	else
		fprintf(v->out, "?%02x", (unsigned)r->type & 0xff);
	queue_view_color(v, 0);
	fprintf(v->out, "  %-6lld  %s", (long long)(r->end - r->at),
	    r->in_content && r->type == QUEUE_REC_PART ?
	    "unterminated_text" : queue_rec_name(r->type));
	queue_view_color(v, CYAN);
	if (r->to > 0)
		fprintf(v->out, "  ---> %lld", (long long)r->to);
	else if (r->to == 0)
		fputs("  (leads nowhere yet)", v->out);
	if (r->from >= 0)
		fprintf(v->out, "  <--- %lld", (long long)r->from);
	queue_view_color(v, 0);
	putc('\n', v->out);
	put_rows(v, r->at, r->end);
}

static void
put_gap(struct queue_view *v, off_t at, off_t end)
{
	if (at >= end)
		return;
	queue_view_color(v, RED);
	fprintf(v->out, "%8lld  -  %-6lld  not reached by any record\n",
	    (long long)at, (long long)(end - at));
	queue_view_color(v, 0);
	put_rows(v, at, end);
}

static void
put_damage(struct queue_view *v, const struct walk *w)
{
	struct buf text = BUF_INIT;

	text_visible(&text, w->damage, 0);
	queue_view_color(v, RED);
	fprintf(v->out, "%8lld  !  DAMAGE  %s\n", (long long)w->damage_at,
	    text.ptr);
	queue_view_color(v, 0);
	buf_done(&text);
}

int
queue_view_records(struct queue_view *v, struct err *err)
{
	struct walk w = { .damage_at = -1 };
	struct queue_file *plain;
	off_t at = 0, size = queue_file_size(v->qf);
	bool has_told = false;
	size_t i;
	int fd;

	if (size == -1)
		return err_set(err, ERR_SYNTAX, "%s: not a regular file",
		    v->name);
	if ((fd = dup(queue_file_fd(v->qf))) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1)
		return err_sys(err, "%s", v->name);
	plain = queue_file_new(fd, v->name, QUEUE_FILE_PLAIN);
	walk_file(&w, plain);
	queue_file_close(plain);
	sort(&w);
	for (i = 0; i < w.count && !ferror(v->out); i++) {
		if (w.damage != NULL && !has_told &&
		    w.damage_at < w.all[i].at) {
			put_damage(v, &w);
			has_told = true;
		}
		put_gap(v, at, w.all[i].at);
		put_record(v, &w.all[i]);
		if (w.all[i].end > at)
			at = w.all[i].end;
	}
	if (w.damage != NULL && !has_told)
		put_damage(v, &w);
	put_gap(v, at, size);
	free(w.damage);
	free(w.all);
	return 1;
}
