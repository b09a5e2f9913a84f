/*
 * view.h - the long options: one queue file seen in many ways
 *
 * Those that others show, too, are in lib/queue/queue_view.h.
 */
#ifndef CMD_POSTCAT_VIEW_H
#define CMD_POSTCAT_VIEW_H

#include <stdbool.h>

#include "lib/queue/queue_view.h"

struct buf;
struct err;

struct view_options {
	const char	*const *headers;	/* --header, NULL-terminated */
	const char	*part;
	const char	*output;		/* NULL: standard output */
	bool		 is_raw, is_decoded, has_crlf, has_auto_name, is_redacted;
	int		 cwd;			/* where --auto-name puts files */
	struct queue_attempts *attempts;	/* of --timeline; NULL: not asked */
};

/* view_options - what was asked for */
static inline const struct view_options *
view_options(const struct queue_view *v)
{
	return v->own;
}

/*
 * A view: 1 when it has shown something, 0 when there was nothing to show, -1
 * with err.
 */
typedef int	(*view_fn)(struct queue_view *v, struct err *err);
int	view_header(struct queue_view *v, struct err *err);
int	view_part(struct queue_view *v, struct err *err);
int	view_eml(struct queue_view *v, struct err *err);
int	view_json(struct queue_view *v, struct err *err);
/* view_schema - append the JSON schema of view_json */
void	view_schema(struct buf *out);
/* view_listing - append envelope, header fields and text as lines, to be compared */
int	view_listing(struct queue_view *v, struct buf *out, struct err *err);

/*
 * redact_file - a copy of the queue file in memory without what is private
 *
 * Local parts, names, subjects, file names and text are replaced; the same by
 * the same. Returns a descriptor, or -1 with err.
 */
int	redact_file(int fd, const char *name, struct err *err);
/* redact_log - the same for what a log says: addresses, and words that are local parts seen before */
extern const struct queue_view_redact redact_log;

#endif
