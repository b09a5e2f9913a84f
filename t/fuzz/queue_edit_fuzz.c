/*
 * queue_edit_fuzz.c - fuzz what people give the editor: the form that comes back
 * from an editor (the first byte is 0), or the argument of a change
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_edit.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/buf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char form[] = "# a form\nsender: <ann@a.example>\n"
	    "recipient: <bob@b.example>\nfilter: smtp:[f]\n\nSubject: x\n\n"
	    "text\n";
	struct queue_edit *e = queue_edit_new();
	struct buf before = BUF_INIT, after = BUF_INIT;
	enum queue_edit_op op;

	if (size > 0 && data[0] == 0) {
		buf_adds(&before, form);
		buf_add(&after, data + 1, size - 1);
		queue_edit_read_form(e, &before, &after, NULL);
	} else if (size > 0 && data[0] <= EDIT_OP_COUNT) {
		buf_add(&after, data + 1, size - 1);
		op = (enum queue_edit_op)(data[0] - 1);
		/* Tables, and files of a selection, are somebody else's. */
		if (strcasestr(after.ptr, "map") == NULL &&
		    ((op != EDIT_DROP_RCPT && op != EDIT_MARK_DONE) ||
		    strchr(after.ptr, '@') == NULL))
			queue_edit_add(e, op, after.ptr, NULL);
	}
	buf_reset(&before);
	queue_edit_describe(e, &before);
	if (queue_edit_is_empty(e) != (before.len == 0))
		__builtin_trap();
	queue_edit_free(e);
	buf_done(&before);
	buf_done(&after);
	return 0;
}
