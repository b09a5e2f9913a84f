/*
 * foreground.h - lend the terminal to another program: commands, editors
 *
 * What the program's user types at it is not ours: an interrupt ends it and
 * not us, and when it is stopped, so are we, so that the shell gets its turn.
 */
#ifndef LIB_BASE_FOREGROUND_H
#define LIB_BASE_FOREGROUND_H

struct buf;
struct err;

/*
 * foreground_run - run a command by the shell, and wait for it
 *
 * command	for sh -c
 * arg		its $1; NULL: none
 * dir		descriptor of its working directory; -1: ours
 * input	its standard input; -1: ours
 *
 * Returns its exit status, 128 and the signal when one ended it, or -1 with
 * err when it could not be started.
 */
int	foreground_run(const char *command, const char *arg, int dir,
	    int input, struct err *err);

/*
 * foreground_edit - let an editor, $VISUAL or $EDITOR or vi, change a file
 *
 * 0, or -1 with err: then what is in the file should not count.
 */
int	foreground_edit(const char *path, struct err *err);
/*
 * foreground_file - a new file for an editor in $TMPDIR, readable by its owner
 *
 * prefix	how its name begins
 *
 * Returns its path, to be freed, or NULL with err.
 */
char	*foreground_file(const char *prefix, const struct buf *text,
	    struct err *err);

#endif
