/*
 * A kernel of umlrun(1) that its guest has taken over: any program, as the user of the run, in the jail. It tries everything
 * at once, prints each result at standard output, a line each, and ends. umlrun then fails, and prints the last lines.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* umlrun recognises a UML kernel by these. */
const char marker[] __attribute__((used)) = "uml_dir=";
const char banner[] __attribute__((used)) = "Linux version 9.9.9 (hostile@nowhere) #1";

#define SAY(name, call) do { errno = 0; long r = (long)(call); \
  printf("%s=%s ", name, r >= 0 ? "ok" : strerrorname_np(errno)); } while (0)

static struct sockaddr_un to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  return address;
}

static long send_by_message(int fd, struct sockaddr_un *address, size_t length) {
  struct iovec part = {"x", 1};
  struct msghdr message = {address, length, &part, 1, 0, 0, 0};
  return sendmsg(fd, &message, 0);
}

/* All ways to a socket that is there as stream.sock and datagram.sock. */
static void sockets(const char *directory) {
  char path[256];
  int pair[2] = {-1, -1}, packets[2] = {-1, -1}, stream, datagram;
  struct sockaddr_un address;
  snprintf(path, sizeof path, "%s/stream.sock", directory);
  SAY("stat", access(path, F_OK));
  address = to(path);
  SAY("stream", stream = socket(AF_UNIX, SOCK_STREAM, 0));
  SAY("connect", connect(stream < 0 ? 0 : stream, (void *)&address, sizeof address));
  snprintf(path, sizeof path, "%s/datagram.sock", directory);
  address = to(path);
  SAY("datagram", datagram = socket(AF_UNIX, SOCK_DGRAM, 0));
  SAY("pair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
  SAY("packets", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets));
  int all[] = {0, 1, 5, datagram, pair[0]};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    long sent = sendto(all[i], "x", 1, MSG_NOSIGNAL, (void *)&address, sizeof address);
    long told = send_by_message(all[i], &address, sizeof address);
    if (sent >= 0 || told >= 0) printf("sent-by-%d ", all[i]);
  }
  /* It has a peer, and an address does not change that. */
  if (sendto(packets[0], "x", 1, 0, (void *)&address, sizeof address) == 1 &&
      recv(packets[1], path, sizeof path, MSG_DONTWAIT) == 1)
    printf("to-peer ");
  printf("\n");
}

static void set_ids(const char *directory) {
  int fd;
  if (chdir(directory)) return;
  SAY("plain", fd = open("plain", O_WRONLY | O_CREAT, 0755));
  SAY("chmod", chmod("plain", 04755));
  SAY("chmod-g", chmod("plain", 02755));
  SAY("fchmod", fchmod(fd, 06755));
  SAY("fchmodat", syscall(SYS_fchmodat, AT_FDCWD, "plain", 04755));
  SAY("fchmodat2", syscall(452, AT_FDCWD, "plain", 04755, 0));
  SAY("open", syscall(SYS_open, "a", O_WRONLY | O_CREAT, 04755));
  SAY("openat", syscall(SYS_openat, AT_FDCWD, "b", O_WRONLY | O_CREAT, 04755));
  SAY("tmpfile", syscall(SYS_openat, AT_FDCWD, ".", O_WRONLY | O_TMPFILE, 04755));
  unsigned long how[3] = {O_WRONLY | O_CREAT, 04755, 0};
  SAY("openat2", syscall(SYS_openat2, AT_FDCWD, "c", how, sizeof how));
  SAY("creat", syscall(SYS_creat, "d", 04755));
  SAY("mknod", mknod("e", S_IFREG | 04755, 0));
  SAY("mknodat", mknodat(AT_FDCWD, "f", S_IFREG | 02755, 0));
  SAY("mkdir", mkdir("g", 02777));
  SAY("mkdirat", mkdirat(AT_FDCWD, "h", 04777));
  SAY("bits", chmod("plain", 01700));
  printf("\n");
}

static void list(const char *path) {
  DIR *directory = opendir(path);
  printf("%s:", path);
  if (!directory) printf(" %s", strerrorname_np(errno));
  else for (struct dirent *entry; (entry = readdir(directory));)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) printf(" %.40s", entry->d_name);
  printf("\n");
}

static void descriptors(void) {
  printf("descriptors:");
  for (int fd = 0; fd < 1024; fd++) {
    struct stat st;
    if (fstat(fd, &st) == 0) printf(" %d%s", fd, S_ISSOCK(st.st_mode) ? "" : "!");
  }
  printf("\n");
}

/* The orders are in the file `orders` of the first share: an order and a path per line. */
int main(void) {
  char word[32], path[256];
  descriptors();
  FILE *orders = fopen("/share/0/orders", "r");
  while (orders && fscanf(orders, "%31s %255s", word, path) == 2) {
    if (!strcmp(word, "sockets")) sockets(path);
    if (!strcmp(word, "set-ids")) set_ids(path);
    if (!strcmp(word, "list")) list(path);
  }
  fflush(stdout);
  return 3;
}
