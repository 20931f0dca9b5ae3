// Each program of umlmon starts here: dist/umlmon and its siblings are links to this one, which executes Node with the
// bundle beside it. Node reads variables, and opens a debugger on SIGUSR1, before a bundle runs. So this program removes
// what Node and the loader of programs would act on, before it executes Node (docs/threat-model.md).
//
// Its name when called selects the program. Names in capitals come from src/setup/build/build.mjs.
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

enum { maxFlags = 8, failed = 126, wrongUsage = 2 };

struct program {
  const char *name;
  const char *flags[maxFlags]; // Of Node; a null pointer ends them.
};

static const struct program programs[] = {PROGRAMS};

// Lists of src/system/environment.json; a name may end with an asterisk. A daemon outlives the shell of
// its caller: it gets these variables, and no others.
static const char *const daemons[] = {"umlmon", "umldir", "umlweb", NULL};
static const char *const daemonVariables[] = {DAEMON_VARIABLES, NULL};
// Certificates, and no code: umldir asks etcd, through TLS.
static const char *const umldirVariables[] = {UMLDIR_VARIABLES, NULL};
// A client has the variables of its user, who may name any of them to umlrun -env: all but what acts on Node, on
// OpenSSL within it, or on the loader and the C library (ld.so(8), "secure-execution mode").
static const char *const loaderVariables[] = {LOADER_VARIABLES, NULL};
// What is taken from umlrun keeps its value under this name, for -env.
#define KEPT "UMLMON_KEPT_"

static const char *const nodePlaces[] = {NODE, "/usr/local/bin/node", "/usr/bin/node", "/bin/node"};

static int isAmong(const char *const *names, const char *name, size_t length) {
  for (; *names; names++) {
    size_t size = strlen(*names);
    if ((*names)[size - 1] == '*' ? length >= size - 1 && strncmp(*names, name, size - 1) == 0
                                  : length == size && strncmp(*names, name, size) == 0)
      return 1;
  }
  return 0;
}

static void fail(const char *what, int status) {
  dprintf(2, "umlmon: %s\n", what);
  exit(status);
}

static char *join(const char *first, const char *second, const char *third) {
  size_t size = strlen(first) + strlen(second) + strlen(third) + 1;
  char *text = malloc(size);
  if (!text) fail("no memory", failed);
  snprintf(text, size, "%s%s%s", first, second, third);
  return text;
}

static void cleanEnvironment(const char *program) {
  int isDaemon = isAmong(daemons, program, strlen(program));
  int isUmldir = strcmp(program, "umldir") == 0;
  int isUmlrun = strcmp(program, "umlrun") == 0;
  char **to = environ;
  for (char **from = environ; *from; from++) {
    size_t length = strcspn(*from, "=");
    int stays = isDaemon ? isAmong(daemonVariables, *from, length) : !isAmong(loaderVariables, *from, length);
    if (stays || (isUmldir && isAmong(umldirVariables, *from, length))) *to++ = *from;
    else if (isUmlrun) *to++ = join(KEPT, *from, "");
  }
  *to = NULL;
}

// Descriptors that the starter passes on purpose: below this number. Node marks others as its own, so a daemon could not
// distinguish them: descriptors that are not passed are closed here.
enum { firstPassed = 3, mostPassed = 1024 };

static void closeBetween(unsigned from, unsigned to) {
  if (from <= to) syscall(SYS_close_range, from, to, 0);
}

static void keepNumber(char *kept, const char *text) {
  char *end = NULL;
  long fd = text && *text ? strtol(text, &end, 10) : -1;
  if (fd >= firstPassed && fd < mostPassed && end && !*end) kept[fd] = 1;
}

// A lock or a pipe of the shell that starts a daemon would else stay open as long as that runs. Given are: what a service
// manager passes (sd_listen_fds(3)), the report to a starter (system/processes/background.ts), and what an argument names.
static void closeInherited(int argc, char **argv) {
  char kept[mostPassed] = {0};
  const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
  if (pid && count && atol(pid) == getpid())
    for (long i = 0, n = atol(count); i < n && firstPassed + i < mostPassed; i++) kept[firstPassed + i] = 1;
  keepNumber(kept, getenv("UMLMON_REPORT_FD"));
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], "/dev/fd/", 8) == 0) keepNumber(kept, argv[i] + 8);
    if (strncmp(argv[i], "/proc/self/fd/", 14) == 0) keepNumber(kept, argv[i] + 14);
  }
  unsigned from = firstPassed;
  for (unsigned fd = firstPassed; fd < mostPassed; fd++)
    if (kept[fd]) {
      closeBetween(from, fd - 1);
      from = fd + 1;
    }
  closeBetween(from, ~0U);
}

// Node takes this mask over, and lets the signal through when something is there to take it: until then its default
// action would end the program.
static void holdSigusr1(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static const struct program *programOf(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
    if (strcmp(programs[i].name, name) == 0) return &programs[i];
  return NULL;
}

int main(int argc, char **argv) {
  // The path that was executed: argv[0] is what the caller wants it to be.
  const struct program *program = programOf((const char *)getauxval(AT_EXECFN));
  if (!program) fail("the launcher is to be called by the name of a program of umlmon", wrongUsage);

  char home[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", home, sizeof home - 1);
  if (length <= 0 || length == sizeof home - 1) fail("cannot read /proc/self/exe, to find the programs", failed);
  home[length] = 0;
  *strrchr(home, '/') = 0;

  char **words = calloc(argc + maxFlags + 3, sizeof *words);
  if (!words) fail("no memory", failed);
  int count = 1;
  for (int i = 0; i < maxFlags && program->flags[i]; i++) words[count++] = (char *)program->flags[i];
  words[count++] = join(home, "/", join(program->name, ".cjs", ""));
  for (int i = 1; i < argc; i++) words[count++] = argv[i];

  if (isAmong(daemons, program->name, strlen(program->name))) closeInherited(argc, argv);
  cleanEnvironment(program->name);
  holdSigusr1();
  // Never by PATH: who may be root is not to run what an entry of PATH leads to.
  for (size_t i = 0; i < sizeof nodePlaces / sizeof *nodePlaces; i++) {
    words[0] = (char *)nodePlaces[i];
    execv(words[0], words);
  }
  fail("cannot run node: it is not at " NODE ", nor in /usr/local/bin and /usr/bin (hint: build umlmon again)", failed);
}
