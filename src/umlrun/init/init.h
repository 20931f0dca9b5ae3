/* Parts of the init of a throw-away VM; see main.c. */
#define _GNU_SOURCE
#include <stddef.h>

#define ROOT "/m" /* where the real root is mounted before it becomes the root */
#define PIECE 32768
#define HEAD 3

/* line.c: the serial line to the host, and frames on their way there */
extern int line;
extern char out[4 * PIECE];
extern size_t out_length, out_done;
int flush_out(void);
size_t room(void);
void wait_for_line(short events);
void head(char *at, char type, size_t length);
void say(char type, const void *data, size_t length);
void fail(const char *what, const char *which);

/* network.c: the interface to the world */
void loopback_up(void);
void network_up(const char *address, const char *mask, const char *gateway);

/* job.c: what the host wants done */
extern char *arguments[32768], *environment[4096];
extern char *directory;
extern char streams[3]; /* of the command: t terminal, p pipe, n nothing */
extern int sync_at_end;
extern int terminal, slave;
extern int tools; /* directory with the pieces of input */
void do_job(void);
void enter_root(void);

/* streams.c: the command, and what goes in and out */
void start_command(void);
void serve(int signals);
