/*
 * line_diff.c - what differs between two texts, line by line
 *
 * The greedy algorithm of E. Myers ("An O(ND) difference algorithm and its
 * variations", 1986), on line hashes. Equal ends are cut off first; beyond a
 * bound on D, which bounds memory and time, all that is between them counts
 * as different.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/line_diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"

#define D_MAX	2000

struct lines {
	struct span	*at;
	size_t		 count;
};

/* One line of the result: from which text, and where. */
struct edit {
	char	 sign;			/* ' ' '-' '+' */
	size_t	 a, b;			/* next line of each, from 0 */
};

struct script {
	struct edit	*edits;
	size_t		 count, room;
};

static void
cut(struct span text, struct lines *out)
{
	const char *p = text.ptr, *end = p + text.len, *nl;
	size_t room = 0;

	out->at = NULL;
	out->count = 0;
	for (; p < end; p = nl < end ? nl + 1 : end) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		if (out->count == room) {
			room = room * 2 + 64;
			out->at = xreallocarray(out->at, room,
			    sizeof(*out->at));
		}
		out->at[out->count++] = (struct span){ p, (size_t)(nl - p) };
	}
}

static bool
same(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
	return a->at[i].len == b->at[k].len &&
	    memcmp(a->at[i].ptr, b->at[k].ptr, a->at[i].len) == 0;
}

static void
add(struct script *s, char sign, size_t a, size_t b)
{
	if (s->count == s->room) {
		s->room = s->room * 2 + 64;
		s->edits = xreallocarray(s->edits, s->room,
		    sizeof(*s->edits));
	}
	s->edits[s->count++] = (struct edit){ sign, a, b };
}

/* Everything from a0 to an is old, from b0 to bn new. */
static void
replace(struct script *s, size_t a0, size_t an, size_t b0, size_t bn)
{
	size_t i;

	for (i = a0; i < an; i++)
		add(s, '-', i, b0);
	for (i = b0; i < bn; i++)
		add(s, '+', an, i);
}

/* Walk the trace back from the end; edits come out in reverse. */
static void
walk_back(struct script *s, long *const *trace, long d, long x, long y,
    size_t a0, size_t b0)
{
	const long *v;
	long k, before, px, py;

	for (; d >= 0; d--) {
		v = trace[d] + d;	/* of d - 1, from -d to d */
		k = x - y;
		before = k == -d || (k != d && v[k - 1] < v[k + 1]) ?
		    k + 1 : k - 1;
		px = d == 0 ? 0 : v[before];
		py = d == 0 ? 0 : px - before;
		while (x > px && y > py) {
			x--, y--;
			add(s, ' ', a0 + (size_t)x, b0 + (size_t)y);
		}
		if (d == 0)
			break;
		if (x == px)
			add(s, '+', a0 + (size_t)x, b0 + (size_t)--y);
		else
			add(s, '-', a0 + (size_t)--x, b0 + (size_t)y);
	}
}

static void
reverse(struct script *s, size_t from)
{
	struct edit swap;
	size_t i, k;

	for (i = from, k = s->count; i + 1 < k; i++) {
		swap = s->edits[i];
		s->edits[i] = s->edits[--k];
		s->edits[k] = swap;
	}
}

/* The shortest script for the middle; false when it is too long. */
static bool
compare(struct script *s, const struct lines *a, size_t a0, size_t an,
    const struct lines *b, size_t b0, size_t bn)
{
	long n = (long)(an - a0), m = (long)(bn - b0), d, k, x, y;
	long *trace[D_MAX + 1], *v = xcalloc(2 * D_MAX + 3, sizeof(*v));
	long *mid = v + D_MAX + 1, i;
	size_t from = s->count;
	bool found = false;

	for (d = 0; d <= D_MAX && !found; d++) {
		trace[d] = xcalloc((size_t)(2 * d + 1), sizeof(**trace));
		memcpy(trace[d], mid - d, (size_t)(2 * d + 1) *
		    sizeof(**trace));
		for (k = -d; k <= d && !found; k += 2) {
			x = k == -d || (k != d && mid[k - 1] < mid[k + 1]) ?
			    mid[k + 1] : mid[k - 1] + 1;
			for (y = x - k; x < n && y < m && same(a, a0 +
			    (size_t)x, b, b0 + (size_t)y); x++, y++)
				;
			mid[k] = x;
			found = x >= n && y >= m;
		}
		if (found)
			walk_back(s, trace, d, n, m, a0, b0);
	}
	for (i = 0; i < d; i++)
		free(trace[i]);
	free(v);
	reverse(s, from);
	return found;
}

static void
put_line(struct buf *out, char sign, struct span line)
{
	struct buf text = BUF_INIT;
	size_t i;

	buf_add(&text, line.ptr, line.len);
	for (i = 0; i < text.len; i++)
		if (text.ptr[i] == '\0')
			text.ptr[i] = '\x01';	/* shown, too, and no end */
	buf_addc(out, sign);
	text_visible(out, text.ptr, 0);
	buf_addc(out, '\n');
	buf_done(&text);
}

static void
print(const struct script *s, const struct lines *a, const struct lines *b,
    size_t context, struct buf *out)
{
	size_t i, k, last = 0, from;
	bool is_open = false;

	for (i = 0; i < s->count; i++) {
		if (s->edits[i].sign == ' ')
			continue;
		from = i > context ? i - context : 0;
		if (is_open && from < last)
			from = last;
		if (!is_open || from > last)
			buf_addf(out, "@@ -%zu +%zu @@\n",
			    s->edits[from].a + 1, s->edits[from].b + 1);
		for (k = from; k < s->count && (k <= i ||
		    s->edits[k].sign != ' '); k++)
			put_line(out, s->edits[k].sign,
			    s->edits[k].sign == '+' ? b->at[s->edits[k].b] :
			    a->at[s->edits[k].a]);
		i = k - 1;
		for (; k < s->count && k <= i + context &&
		    s->edits[k].sign == ' '; k++)
			put_line(out, ' ', a->at[s->edits[k].a]);
		last = k;
		i = k - 1;
		is_open = true;
	}
}

bool
line_diff(struct span before, struct span after, size_t context,
    struct buf *out)
{
	struct script s = { NULL, 0, 0 };
	struct lines a, b;
	size_t head = 0, tail = 0, i;
	bool differs;

	cut(before, &a);
	cut(after, &b);
	while (head < a.count && head < b.count && same(&a, head, &b, head))
		head++;
	while (tail < a.count - head && tail < b.count - head &&
	    same(&a, a.count - tail - 1, &b, b.count - tail - 1))
		tail++;
	differs = head + tail < a.count || head + tail < b.count;
	for (i = head > context ? head - context : 0; i < head; i++)
		add(&s, ' ', i, i);
	if (differs && !compare(&s, &a, head, a.count - tail, &b, head,
	    b.count - tail))
		replace(&s, head, a.count - tail, head, b.count - tail);
	for (i = tail; i > 0 && i + context > tail; i--)
		add(&s, ' ', a.count - i, b.count - i);
	if (differs)
		print(&s, &a, &b, context, out);
	free(s.edits);
	free(a.at);
	free(b.at);
	return differs;
}
