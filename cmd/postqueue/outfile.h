/*
 * outfile.h - standard output into a file, all or nothing
 */
#ifndef CMD_POSTQUEUE_OUTFILE_H
#define CMD_POSTQUEUE_OUTFILE_H

#include <sys/types.h>

/*
 * outfile_begin - from here on standard output goes to this file
 *
 * mode		of the file
 * is_packed	compress as the name's end says (lib/base/pack.h)
 *
 * The caller goes on as a child process, which may lay its rights aside. The
 * parent keeps them, writes beside the file, and renames when the child has
 * ended with status 0, 3 or 4; it ends with the child's status.
 */
void	outfile_begin(const char *path, mode_t mode, int is_packed);

#endif
