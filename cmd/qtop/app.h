/*
 * app.h - the loop: keys, what workers have made, the screen
 */
#ifndef CMD_QTOP_APP_H
#define CMD_QTOP_APP_H

#include <stdbool.h>

#include "cmd/qtop/model.h"

struct app_options {
	enum source_kind kind;
	const char	*name;		/* of a snapshot or a copied queue */
	int		 fd;		/* of a snapshot */
	int		 load;		/* percent of a processor for looking */
	enum screen	 screen;
	const char	*filter, *theme;
	bool		 is_batch;
	long		 batches;	/* -n */
	int		 width, height;	/* of --batch */
	int		 refresh_s;	/* 0: as in the settings */
	bool		 no_mouse, wants_times;
	bool		 asks_instance;	/* whose queue? is the first question */
	char		**argv;		/* to start anew */
};

/* app_run - until the user has had enough; the exit status */
int	app_run(struct model *m, const struct app_options *o);

#endif
