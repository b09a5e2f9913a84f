/*
 * paint.c - the terminal: paints grids, reads keys
 *
 * SPDX-License-Identifier: ISC
 */
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <term.h>
/* Macros of term.h that are words of ours. */
#undef columns
#undef lines
#undef key_end

#include "cmd/qtop/paint.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "cmd/qtop/keys.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

#define ESC_WAIT_MS	25	/* what follows an escape that soon belongs to it */
#define CLICK_MS	300	/* two that soon are a double click */
#define COPY_MAX	65536

static struct {
	SCREEN		*screen;
	bool		 is_on, is_utf8;
	struct termios	 before;
	char		 reset[512];	/* what makes the terminal usable again */
	size_t		 reset_len;
	attr_t		 attrs[ROLE_COUNT];
	short		 pairs[ROLE_COUNT];
	int64_t		 clicked_ms;
	int		 click_x, click_y;
} tty;

bool
paint_is_utf8(void)
{
	return tty.is_utf8;
}

/* ---- when all fails ---- */

/* Only what may be called from a handler. */
static void
crash(int sig)
{
	ssize_t n;

	if (tty.is_on) {
		n = write(STDOUT_FILENO, tty.reset, tty.reset_len);
		(void)n;
		tcsetattr(STDIN_FILENO, TCSANOW, &tty.before);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
keep_string(const char *text)
{
	size_t len = text != NULL && text != (char *)-1 ? strlen(text) : 0;

	if (tty.reset_len + len < sizeof(tty.reset)) {
		memcpy(tty.reset + tty.reset_len, text != NULL ? text : "",
		    len);
		tty.reset_len += len;
	}
}

static void
watch_crashes(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE,
	    SIGABRT };
	struct sigaction sa;
	size_t i;

	tty.reset_len = 0;
	keep_string("\033[?1000l\033[?1002l\033[?1006l");	/* mouse */
	keep_string(tigetstr("sgr0"));
	keep_string(tigetstr("rmkx"));
	keep_string(tigetstr("cnorm"));
	keep_string(tigetstr("rmcup"));
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = crash;
	sa.sa_flags = (int)SA_RESETHAND;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

/* ---- start and end ---- */

int
paint_start(bool has_mouse, struct err *err)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(err, ERR_NOT_FOUND, "standard input and output "
		    "must be a terminal; --batch needs none");
	if (term == NULL || term[0] == '\0')
		return err_set(err, ERR_NOT_FOUND, "TERM is not set");
	tty.is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	tcgetattr(STDIN_FILENO, &tty.before);
	tty.screen = newterm(NULL, stdout, stdin);
	if (tty.screen == NULL)
		return err_set(err, ERR_NOT_FOUND, "the terminal type '%.40s' "
		    "is not known here", term);
	set_term(tty.screen);
	if (tigetstr("cup") == NULL) {
		endwin();
		return err_set(err, ERR_NOT_FOUND, "a terminal of type "
		    "'%.40s' cannot show a screen", term);
	}
	set_escdelay(ESC_WAIT_MS);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	if (has_colors()) {
		start_color();
		use_default_colors();
	}
	tty.is_on = true;
	watch_crashes();
	paint_mouse(has_mouse);
	return 0;
}

void
paint_stop(void)
{
	if (!tty.is_on)
		return;
	paint_mouse(false);
	endwin();
	tty.is_on = false;
}

void
paint_mouse(bool has_mouse)
{
	mousemask(has_mouse ? BUTTON1_PRESSED | BUTTON1_CLICKED |
	    BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
	mouseinterval(0);
}

void
paint_theme(const struct theme *t)
{
	const struct theme_look *l;
	int i;

	for (i = 0; i < ROLE_COUNT; i++) {
		l = &t->look[i];
		tty.attrs[i] = ((l->attr & THEME_BOLD) ? A_BOLD : 0) |
		    ((l->attr & THEME_REVERSE) ? A_REVERSE : 0) |
		    ((l->attr & THEME_UNDERLINE) ? A_UNDERLINE : 0) |
		    ((l->attr & THEME_DIM) ? A_DIM : 0);
		tty.pairs[i] = 0;
		if (!has_colors()) {
			/* Bars would be lost. */
			if (l->bg != -1)
				tty.attrs[i] |= A_REVERSE;
			continue;
		}
		if (l->fg == -1 && l->bg == -1)
			continue;
		tty.pairs[i] = (short)(i + 1);
		init_pair((short)(i + 1), COLORS >= 16 || l->fg < 8 ? l->fg :
		    (short)(l->fg == 8 ? -1 : l->fg - 8), COLORS >= 16 ||
		    l->bg < 8 ? l->bg : (short)(l->bg - 8));
	}
	bkgd(COLOR_PAIR(tty.pairs[ROLE_NORMAL]) | ' ');
}

void
paint_size(int *width, int *height)
{
	*width = COLS;
	*height = LINES;
}

/* ---- painting ---- */

static void
paint_run(int x, int y, const char *text, unsigned role)
{
	attr_set(tty.attrs[role], tty.pairs[role], NULL);
	mvaddstr(y, x, text);
}

void
paint_grid(const struct grid *g, bool is_whole)
{
	struct buf run = BUF_INIT;
	const struct cell *c;
	int x, y, from;
	unsigned role;

	if (is_whole)
		clearok(stdscr, TRUE);
	erase();
	for (y = 0; y < g->height && y < LINES; y++) {
		for (x = 0; x < g->width && x < COLS; ) {
			from = x;
			role = grid_at(g, x, y)->role;
			buf_reset(&run);
			for (; x < g->width && x < COLS; x++) {
				c = grid_at(g, x, y);
				if (c->role != role)
					break;
				buf_adds(&run, c->text);
			}
			paint_run(from, y, run.ptr, role);
		}
	}
	buf_done(&run);
	attr_set(A_NORMAL, 0, NULL);
	if (g->cursor_x >= 0 && g->cursor_x < COLS && g->cursor_y < LINES) {
		curs_set(1);
		move(g->cursor_y, g->cursor_x);
	} else {
		curs_set(0);
	}
	refresh();
}

/* ---- keys ---- */

static int
special(int c)
{
	static const struct {
		int	 curses, ours;
	} keys[] = {
		{ KEY_UP, KEYS_UP }, { KEY_DOWN, KEYS_DOWN },
		{ KEY_LEFT, KEYS_LEFT }, { KEY_RIGHT, KEYS_RIGHT },
		{ KEY_PPAGE, KEYS_PAGE_UP }, { KEY_NPAGE, KEYS_PAGE_DOWN },
		{ KEY_HOME, KEYS_HOME }, { KEY_END, KEYS_END },
		{ KEY_BACKSPACE, KEYS_BACKSPACE }, { KEY_DC, KEYS_DELETE },
		{ KEY_BTAB, KEYS_BACK_TAB }, { KEY_ENTER, KEYS_ENTER },
		{ KEY_RESIZE, KEYS_RESIZE }, { KEY_MOUSE, KEYS_MOUSE },
	};
	size_t i;

	if (c >= KEY_F(1) && c <= KEY_F(12))
		return KEYS_F(c - KEY_F(0));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].curses == c)
			return keys[i].ours;
	return KEYS_RESIZE;		/* nothing that means anything */
}

static bool
read_mouse(struct paint_event *e)
{
	int64_t now = clock_mono_ms();
	MEVENT me;

	if (getmouse(&me) != OK)
		return false;
	e->x = me.x;
	e->y = me.y;
	e->is_wheel_up = (me.bstate & BUTTON4_PRESSED) != 0;
	e->is_wheel_down = (me.bstate & BUTTON5_PRESSED) != 0;
	if (e->is_wheel_up || e->is_wheel_down)
		return true;
	if ((me.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED)) == 0)
		return false;
	e->is_double = now - tty.clicked_ms < CLICK_MS && tty.click_x == me.x &&
	    tty.click_y == me.y;
	tty.clicked_ms = now;
	tty.click_x = me.x;
	tty.click_y = me.y;
	return true;
}

struct paint_event
paint_read(void)
{
	struct paint_event e = { .key = KEYS_NONE };
	wint_t c;
	int rc;

	rc = get_wch(&c);
	if (rc == ERR)
		return e;
	if (rc == KEY_CODE_YES)
		e.key = special((int)c);
	else if (c == 127)
		e.key = KEYS_BACKSPACE;
	else
		e.key = (int)c;
	if (e.key == KEYS_MOUSE && !read_mouse(&e))
		e.key = KEYS_RESIZE;
	return e;
}

void
paint_discard(void)
{
	flushinp();
}

/* ---- others have the terminal ---- */

void
paint_pause(void)
{
	paint_mouse(false);
	def_prog_mode();
	endwin();
}

void
paint_resume(void)
{
	reset_prog_mode();
	clearok(stdscr, TRUE);
	refresh();
}

void
paint_suspend(void)
{
	struct sigaction sa, old;

	paint_pause();
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	sigaction(SIGTSTP, &sa, &old);
	kill(0, SIGTSTP);
	sigaction(SIGTSTP, &old, NULL);
	paint_resume();
}

void
paint_copy(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strnlen(text, COPY_MAX), i;
	const unsigned char *p = (const unsigned char *)text;
	struct buf out = BUF_INIT;
	unsigned n;

	buf_adds(&out, "\033]52;c;");
	for (i = 0; i < len; i += 3) {
		n = (unsigned)p[i] << 16 | (i + 1 < len ? p[i + 1] << 8 : 0) |
		    (i + 2 < len ? p[i + 2] : 0);
		buf_addc(&out, digits[n >> 18]);
		buf_addc(&out, digits[n >> 12 & 63]);
		buf_addc(&out, i + 1 < len ? digits[n >> 6 & 63] : '=');
		buf_addc(&out, i + 2 < len ? digits[n & 63] : '=');
	}
	buf_addc(&out, '\a');
	fwrite(out.ptr, 1, out.len, stdout);
	fflush(stdout);
	buf_done(&out);
}
