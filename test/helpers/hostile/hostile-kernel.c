/*
 * A UML kernel that its guest has taken over: any program, as the user of the VM, in the jail. It does the part of a kernel
 * that the monitor needs: announce the management console, answer version, end at cad and halt. It takes orders from the
 * test at con0: an order and numbers per line, each answered with lines and "done".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The monitor recognises a UML kernel by these. */
const char marker[] __attribute__((used)) = "uml_dir=";
const char tap_marker[] __attribute__((used)) = "user_init_tap: init failed";
const char banner[] __attribute__((used)) = "Linux version 9.9.9 (hostile@nowhere) #1";

extern char **environ;
static char umid[64];
static int notify_socket;

struct notification { unsigned magic, version, type, length; char data[512]; };

static void say(const char *name, long result) {
  printf("%s %s\n", name, result >= 0 ? "ok" : strerrorname_np(errno));
}
#define TRY(name, call) do { errno = 0; say(name, (long)(call)); } while (0)

static int unix_address(struct sockaddr_un *address, const char *path) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  strcpy(address->sun_path, path);
  return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}

/* With a descriptor along, for a receiver that would keep it. */
static int notify(unsigned type, const char *text) {
  struct sockaddr_un to;
  int length = unix_address(&to, "/run/mon/notify");
  struct notification packet = {0xcafebabe, 2, type, strlen(text) + 1, ""};
  strcpy(packet.data, text);
  struct iovec part = {&packet, 16 + packet.length};
  union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
  struct msghdr message = {&to, length, &part, 1, &control, sizeof control, 0};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &(int){1}, sizeof(int));
  return sendmsg(notify_socket, &message, 0);
}

static void open_files(void) {
  const char *hidden[] = {"/etc/shadow", "/etc/passwd", "/proc/self/status", "/proc/1/environ", "/dev/mem", "/dev/null",
    "/sys/kernel", "/../../../etc/passwd", "/home", "/root", "/var/lib/umlmon", "/run/systemd", "/bin/sh"};
  for (unsigned i = 0; i < sizeof hidden / sizeof *hidden; i++) TRY(hidden[i], open(hidden[i], O_RDONLY));
}

static void plant_files(void) {
  const char *places[] = {"/planted", "/kernel/planted", "/shared/planted", "/run/planted", "/run/mon/planted", "/disks/planted"};
  for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
    TRY(places[i], open(places[i], O_WRONLY | O_CREAT, 0600));
    TRY(places[i], symlink("/etc/shadow", places[i]));
  }
  TRY("/kernel/linux", open("/kernel/linux", O_WRONLY));
  TRY("/run/mon/notify", unlink("/run/mon/notify"));
  TRY("/disks/root.dsk", unlink("/disks/root.dsk"));
  TRY("/disks/root.dsk", rename("/disks/root.dsk", "/run/uml/image"));
  TRY("/disks/root.dsk", link("/disks/root.dsk", "/run/uml/image"));
  TRY("/disks", chmod("/disks", 0777));
}

/* All ways to make one, where it may write. */
static void set_ids(void) {
  int fd;
  if (chdir("/run/uml")) return;
  fd = open("plain", O_WRONLY | O_CREAT, 0755);
  TRY("chmod", chmod("plain", 04755));
  TRY("fchmod", fchmod(fd, 02755));
  TRY("fchmodat", syscall(SYS_fchmodat, AT_FDCWD, "plain", 06755));
  TRY("open", syscall(SYS_open, "a", O_WRONLY | O_CREAT, 04755));
  TRY("openat", syscall(SYS_openat, AT_FDCWD, "/disks/b", O_WRONLY | O_CREAT, 04755));
  TRY("creat", syscall(SYS_creat, "c", 04755));
  TRY("mknod", mknod("d", S_IFREG | 04755, 0));
  TRY("mkdir", mkdir("e", 02777));
  close(fd);
  unlink("plain");
  if (chdir("/")) return;
}

static void system_calls(void) {
  char bytes[64] = "";
  struct sockaddr_un shared;
  unix_address(&shared, "/shared/test.sock");
  TRY("unix stream", socket(AF_UNIX, SOCK_STREAM, 0));
  TRY("unix packets", socket(AF_UNIX, SOCK_SEQPACKET, 0));
  TRY("unix pair", socketpair(AF_UNIX, SOCK_DGRAM, 0, (int[2]){0}));
  TRY("connect", connect(notify_socket, (void *)&shared, sizeof shared));
  TRY("inet", socket(AF_INET, SOCK_STREAM, 0));
  TRY("inet6", socket(AF_INET6, SOCK_DGRAM, 0));
  TRY("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  TRY("packet", socket(AF_PACKET, SOCK_RAW, 0));
  TRY("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
  TRY("alg", socket(AF_ALG, SOCK_SEQPACKET, 0));
  TRY("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
  TRY("umount2", syscall(SYS_umount2, "/tmp", 2));
  TRY("open_tree", syscall(SYS_open_tree, -1, "/", 1));
  TRY("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
  TRY("chroot", chroot("/tmp"));
  TRY("unshare", unshare(CLONE_NEWUSER));
  TRY("clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  TRY("clone3", syscall(SYS_clone3, bytes, sizeof bytes));
  TRY("setns", syscall(SYS_setns, 0, 0));
  TRY("setuid", setuid(0));
  TRY("setgid", setgid(0));
  unsigned header[] = {0x20080522, 0}, capabilities[] = {1 << 21, 1 << 21, 0, 0, 0, 0};
  TRY("capset", syscall(SYS_capset, header, capabilities));
  TRY("keyctl", syscall(SYS_keyctl, 0, -3, 1));
  TRY("add_key", syscall(SYS_add_key, "user", "a", "b", 1, -3));
  TRY("bpf", syscall(SYS_bpf, 0, bytes, sizeof bytes));
  TRY("io_uring_setup", syscall(SYS_io_uring_setup, 8, bytes));
  TRY("perf_event_open", syscall(SYS_perf_event_open, bytes, 0, -1, -1, 0));
  TRY("userfaultfd", syscall(SYS_userfaultfd, 0));
  TRY("process_vm_readv", syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0));
  TRY("pidfd_open", syscall(SYS_pidfd_open, 1, 0));
  TRY("pidfd_getfd", syscall(SYS_pidfd_getfd, 0, 0, 0));
  TRY("open_by_handle_at", syscall(SYS_open_by_handle_at, 0, bytes, 0));
  TRY("init_module", syscall(SYS_init_module, bytes, 1, ""));
  TRY("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
  TRY("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
  TRY("swapon", syscall(SYS_swapon, "/tmp/x", 0));
  TRY("settimeofday", syscall(SYS_settimeofday, 0, 0));
  TRY("sethostname", syscall(SYS_sethostname, "x", 1));
  TRY("sched_setscheduler", syscall(SYS_sched_setscheduler, 0, 1, bytes));
  TRY("sched_setaffinity", syscall(SYS_sched_setaffinity, 0, 8, bytes));
  TRY("setpriority", syscall(SYS_setpriority, 0, 0, -20));
  TRY("shmget", syscall(SYS_shmget, 1, 4096, 01600));
  TRY("mq_open", syscall(SYS_mq_open, "x", 0102, 0600, 0));
  TRY("mknod", mknod("/tmp/mem", S_IFCHR | 0600, 1 << 8 | 1));
  TRY("i386", ({ long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20)); errno = -r; r < 0 ? -1 : r; }));
  struct { unsigned long soft, hard; } all = {-1, -1};
  TRY("prlimit", syscall(SYS_prlimit64, 0, 6, &all, 0));
}

static void terminals(int first, int last) {
  for (int fd = first; fd <= last; fd++) {
    TRY("TIOCSTI", ioctl(fd, TIOCSTI, "x"));
    TRY("TIOCSETD", ioctl(fd, TIOCSETD, &(int){15}));
    TRY("FIONBIO", ioctl(fd, FIONBIO, &(int){0}));
    TRY("F_SETFL", fcntl(fd, F_SETFL, 0));
    TRY("TIOCSCTTY", ioctl(fd, TIOCSCTTY, 1));
  }
}

/* Taps by their names, and what a Unix socket reveals about interfaces. */
static void taps(char *names) {
  for (char *name = strtok(names, " "); name; name = strtok(0, " ")) {
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    int fd = open("/dev/net/tun", O_RDWR);
    TRY(name, ioctl(fd, TUNSETIFF, &request));
    close(fd);
  }
  struct ifconf list = {0};
  struct ifreq one = {0};
  strcpy(one.ifr_name, "lo");
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  TRY("SIOCGIFCONF", ioctl(fd, SIOCGIFCONF, &list));
  TRY("SIOCGIFFLAGS", ioctl(fd, SIOCGIFFLAGS, &one));
  close(fd);
}

static void descriptors(void) {
  for (int fd = 0; fd < 1024; fd++)
    if (fcntl(fd, F_GETFD) >= 0) printf("%d ", fd);
  printf("\n");
}

static void fill(const char *path, long most) {
  static char block[1 << 20];
  memset(block, 1, sizeof block);
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  long written = 0, n = 1;
  while (n > 0 && written < most) written += (n = write(fd, block, sizeof block)) > 0 ? n : 0;
  printf("%ld %s\n", written, n < 0 ? strerrorname_np(errno) : "ok");
  close(fd);
}

static void fork_bomb(void) {
  static pid_t children[100000];
  int count = 0;
  while (count < 100000 && (children[count] = fork()) > 0) count++;
  if (count < 100000 && children[count] == 0) for (;;) poll(0, 0, -1);
  int why = errno;
  for (int i = 0; i < count; i++) kill(children[i], SIGKILL);
  while (wait(0) > 0);
  printf("%d %s\n", count, strerrorname_np(why));
}

/* Deeper than a path can be long, with links to places outside on the way. */
static void dig(void) {
  if (chdir("/run/uml")) return;
  int depth = 0;
  for (; depth < 1500; depth++) {
    if (symlink("/../../../../../../../../etc", "link") || mkdir("abc", 0700) || chdir("abc")) break;
  }
  printf("%d\n", depth);
  if (chdir("/")) return;
}

static void obey(char *line) {
  char word[32] = "";
  long a = 0, b = 0;
  sscanf(line, "%31s %ld %ld", word, &a, &b);
  if (!strcmp(word, "open-files")) open_files();
  else if (!strcmp(word, "plant-files")) plant_files();
  else if (!strcmp(word, "system-calls")) system_calls();
  else if (!strcmp(word, "set-ids")) set_ids();
  else if (!strcmp(word, "taps")) taps(line + strlen("taps "));
  else if (!strcmp(word, "terminals")) terminals(a, b);
  else if (!strcmp(word, "descriptors")) descriptors();
  else if (!strcmp(word, "environment")) for (char **e = environ; *e; e++) printf("%s\n", *e);
  else if (!strcmp(word, "fill-memory")) { fill("/tmp/filler", 1L << 40); unlink("/tmp/filler"); }
  else if (!strcmp(word, "grow-image")) fill("/disks/root.dsk", a);
  else if (!strcmp(word, "fork-bomb")) fork_bomb();
  else if (!strcmp(word, "dig")) dig();
  else if (!strcmp(word, "signal")) {
    TRY("kill", kill(a, 0));
    TRY("ptrace", ptrace(PTRACE_ATTACH, a, 0, 0));
    TRY("process 1", kill(1, SIGKILL));
  } else if (!strcmp(word, "connect")) {
    struct sockaddr_un to;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int length = unix_address(&to, strchr(line, ' ') + 1);
    if (to.sun_path[0] == '@') { to.sun_path[0] = 0; length--; }
    else TRY("look", access(to.sun_path, F_OK));
    TRY("connect", connect(fd, (struct sockaddr *)&to, length));
    close(fd);
  } else if (!strcmp(word, "use-lock")) {
    TRY("write", write(a, "x", 1));
    TRY("ftruncate", ftruncate(a, 1 << 20));
    TRY("fallocate", fallocate(a, 0, 0, 1 << 20));
    TRY("fchmod", fchmod(a, 0777));
    TRY("fchown", fchown(a, getuid(), -1));
  } else if (!strcmp(word, "flood")) {
    char text[300];
    for (int i = 0; i < a; i++) {
      memset(text, 'x', 200);
      snprintf(text + 200, 90, "\x1b]0;owned\x07 %d", i);
      notify(i % 4, text);
    }
  } else if (!strcmp(word, "close")) {
    for (int fd = a; fd <= b; fd++) close(fd);
  } else if (!strcmp(word, "swap")) {
    /* A FIFO that blocks who reads it. */
    mkfifo("/tmp/fifo", 0600);
    dup2(open("/tmp/fifo", O_RDWR), a);
  } else if (!strcmp(word, "rename")) prctl(PR_SET_NAME, "sshd");
  else if (!strcmp(word, "stray")) {
    if (fork() == 0) {
      setsid();
      if (fork() == 0) for (;;) poll(0, 0, -1);
      _exit(0);
    }
    wait(0);
  } else if (!strcmp(word, "calibrate")) {
    for (int i = 0; i < 70; i++) printf("%01000d\n", 0);
    printf("Calibrating delay loop... 1.00 BogoMIPS (lpj=1)\n");
  } else if (!strcmp(word, "exit")) _exit(a);
  printf("done\n");
}

static void answer(int fd) {
  struct { unsigned magic, version, length; char data[512]; } request;
  struct { int error, more; unsigned length; char data[512]; } reply = {0};
  struct sockaddr_un from;
  socklen_t size = sizeof from;
  long n = recvfrom(fd, &request, sizeof request, 0, (struct sockaddr *)&from, &size);
  if (n < 13) return;
  if (!strncmp(request.data, "version", 7)) strcpy(reply.data, "Linux vm1 9.9.9 \x1b]0;owned\x07 x86_64");
  reply.length = strlen(reply.data) + 1;
  sendto(fd, &reply, 12 + reply.length, MSG_DONTWAIT, (struct sockaddr *)&from, size);
  if (!strncmp(request.data, "cad", 3) || !strncmp(request.data, "halt", 4)) _exit(0);
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOLBF, 1 << 16);
  for (int i = 1; i < argc; i++) if (!strncmp(argv[i], "umid=", 5)) snprintf(umid, sizeof umid, "%s", argv[i] + 5);
  signal(SIGIO, SIG_IGN);
  char path[100];
  snprintf(path, sizeof path, "/run/uml/%s", umid);
  mkdir(path, 0700);
  strcat(path, "/mconsole");
  struct sockaddr_un address;
  int length = unix_address(&address, path);
  int console = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(console, (struct sockaddr *)&address, length)) perror(path);
  notify_socket = socket(AF_UNIX, SOCK_DGRAM, 0);
  notify(0, path);
  static char line[4096];
  unsigned filled = 0;
  for (;;) {
    struct pollfd polled[] = {{0, POLLIN, 0}, {console, POLLIN, 0}};
    if (poll(polled, 2, -1) < 0) continue;
    if (polled[1].revents) answer(console);
    if (!polled[0].revents) continue;
    long n = read(0, line + filled, sizeof line - 1 - filled);
    if (n <= 0) continue;
    filled += n;
    char *end;
    while ((end = memchr(line, '\n', filled))) {
      *end = 0;
      obey(line);
      filled -= end + 1 - line;
      memmove(line, end + 1, filled);
    }
  }
}
