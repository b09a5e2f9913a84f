/*
 * sweep_file.h - what ALL and the repair do with one file
 */
#ifndef CMD_POSTSUPER_SWEEP_FILE_H
#define CMD_POSTSUPER_SWEEP_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/base/buf.h"

struct sweep_file {
	const char	*queue;
	bool		 is_message;	/* stands in a message queue */
	struct buf	 path, name;	/* as they are now */
	struct buf	 to;		/* scratch for another path */
	int		 type;		/* as its directory says; DT_UNKNOWN is possible */
	struct stat	 st;
};

/* sweep_file - do with f what the actions ask for; its queue, path, name and type are set */
void	sweep_file(struct sweep_file *f, unsigned actions);

#endif
