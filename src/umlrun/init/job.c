/* The job: strings that each end in a NUL (src/umlrun/job.ts). It mounts, creates a terminal, and defines the command. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

char *arguments[32768], *environment[4096];
char *directory = "/";
char streams[3];
int sync_at_end;
int terminal = -1, slave = -1;
int tools = -1;
static char *job, *job_end;

static char *next(void)
{
	char *word = job;
	if (job >= job_end)
		return "";
	job += strlen(job) + 1;
	return word;
}

static void read_job(void)
{
	struct stat st;
	int fd = open("/run/job", O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	if (fd < 0 || fstat(fd, &st) < 0 || !(job = malloc(st.st_size + 1)))
		fail("read", "the job");
	while (done < (size_t)st.st_size) {
		ssize_t n = read(fd, job + done, st.st_size - done);
		if (n <= 0)
			fail("read", "the job");
		done += n;
	}
	close(fd);
	job[done] = 0;
	job_end = job + done;
}

/* mkdir -p; whether it worked, its user will see. */
static void make_directory(const char *path)
{
	char part[4096];
	for (size_t i = 1; i < sizeof part && path[i - 1]; i++)
		if (path[i] == '/' || path[i] == 0) {
			memcpy(part, path, i);
			part[i] = 0;
			mkdir(part, 0755);
		}
}

/* The real root becomes the root; the old one stays reachable through `tools` only. */
void enter_root(void)
{
	symlink("/proc/self/fd", ROOT "/dev/fd");
	symlink("/proc/self/fd/0", ROOT "/dev/stdin");
	symlink("/proc/self/fd/1", ROOT "/dev/stdout");
	symlink("/proc/self/fd/2", ROOT "/dev/stderr");
	tools = open("/run/in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tools < 0 || chdir(ROOT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0)
		fail("enter", "the root file system");
}

static void open_terminal(unsigned short rows, unsigned short columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };
	int unlocked = 0;
	terminal = open(ROOT "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (terminal < 0 || ioctl(terminal, TIOCSPTLCK, &unlocked) < 0)
		fail("open", "a terminal");
	ioctl(terminal, TIOCSWINSZ, &size);
	slave = ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		fail("open", "a terminal");
}

/* Replaces an existing file or link. Errors are ignored: the program that reads the file reports them. */
static void write_file(const char *path, const char *text)
{
	int fd;
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		unlink(path);
	close(fd);
}

void do_job(void)
{
	size_t argc = 0, envc = 0;
	read_job();
	while (job < job_end) {
		char *verb = next();
		int may_fail = *verb == '?';
		if (may_fail)
			verb++;
		if (!strcmp(verb, "mount")) {
			char *type = next(), *from = next(), *to = next(), *options = next();
			unsigned long flags = strtoul(next(), NULL, 10);
			make_directory(to);
			if (mount(from, to, type, flags, options) < 0 && !may_fail)
				fail("mount at", to + (!strncmp(to, ROOT "/", 3) ? 2 : 0));
		} else if (!strcmp(verb, "module")) {
			char *path = next();
			int fd = open(path, O_RDONLY | O_CLOEXEC);
			if ((fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0) && !may_fail)
				fail("load", path);
			if (fd >= 0)
				close(fd);
		} else if (!strcmp(verb, "mkdir")) {
			make_directory(next());
		} else if (!strcmp(verb, "hostname")) {
			char *name = next();
			sethostname(name, strlen(name));
		} else if (!strcmp(verb, "network")) {
			char *address = next(), *mask = next();
			network_up(address, mask, next());
		} else if (!strcmp(verb, "file")) {
			char *path = next();
			write_file(path, next());
		} else if (!strcmp(verb, "terminal")) {
			unsigned short rows = atoi(next());
			open_terminal(rows, atoi(next()));
		} else if (!strcmp(verb, "streams")) {
			memcpy(streams, next(), sizeof streams);
		} else if (!strcmp(verb, "sync")) {
			sync_at_end = 1;
		} else if (!strcmp(verb, "directory")) {
			directory = next();
		} else if (!strcmp(verb, "env") && envc < sizeof environment / sizeof *environment - 1) {
			environment[envc++] = next();
		} else if (!strcmp(verb, "arg") && argc < sizeof arguments / sizeof *arguments - 1) {
			arguments[argc++] = next();
		} else {
			errno = E2BIG;
			fail("take", verb);
		}
	}
}
