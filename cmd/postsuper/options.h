/*
 * options.h - the command line of postsuper, read and checked
 */
#ifndef CMD_POSTSUPER_OPTIONS_H
#define CMD_POSTSUPER_OPTIONS_H

#include "cmd/postsuper/bulk.h"
#include "cmd/postsuper/edit.h"
#include "cmd/postsuper/super.h"

/* Short options fill classic, long ones bulk and edit: never both. */
struct super_options {
	const char	*config_dir;
	struct super_request classic;
	const char	*const *queues;		/* operands of the classic actions */
	struct bulk	 bulk;
	struct bulk_edit edit;
	enum bulk_status (*run)(const struct bulk *b);	/* NULL: classic */
};
#define SUPER_OPTIONS_INIT { .bulk = BULK_INIT, .edit = BULK_EDIT_INIT }

/*
 * super_options_read - what cannot be meant ends the process
 *
 * o	out; borrows of argv, and of itself: it must stay where it is
 */
void	super_options_read(int argc, char **argv, struct super_options *o);
void	super_options_done(struct super_options *o);

struct buf;
/* super_schema - append the JSON schema of what --json writes */
void	super_schema(struct buf *out);

#endif
