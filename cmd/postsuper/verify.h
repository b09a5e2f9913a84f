/*
 * verify.h - what is not as it should be in the queue, and what would mend it
 */
#ifndef CMD_POSTSUPER_VERIFY_H
#define CMD_POSTSUPER_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/queue/queue_rec.h"

struct bulk;

enum verify_fix {
	VERIFY_FIX_NONE,	/* nothing that is safe */
	VERIFY_FIX_NAME,	/* another name or place, as -S does */
	VERIFY_FIX_ASIDE,	/* into the trash: nobody needs it */
	VERIFY_FIX_MODE,
	VERIFY_FIX_SIZE,	/* a new size record */
	VERIFY_FIX_COUNT
};

/* Texts are valid during the call. */
struct verify_finding {
	const char	*path, *queue, *name, *what;
	enum verify_fix	 fix;
	unsigned	 mode;		/* that it should have */
	struct queue_rec_size size;	/* the same */
};
typedef void (*verify_fn)(const struct verify_finding *f, void *ctx);

/* verify_each - look at every file of the queues, change nothing; how many there were */
size_t	verify_each(const struct bulk *b, verify_fn fn, void *ctx);
/* verify_tell - print one finding; with wants_fix also how it would be mended */
void	verify_tell(const struct bulk *b, const struct verify_finding *f,
	    bool wants_fix);

#endif
