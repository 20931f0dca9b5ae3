/*
 * A client of umlmonctrl.x made with rpcgen and libtirpc: the oracle for our XDR and RPC.
 *
 *   ctrl-client SOCKET null | info | start | stop [TIMEOUT_MS] | kill | cad
 *   ctrl-client SOCKET log CHANNEL OFFSET MAX [WAIT_MS]
 *   ctrl-client SOCKET events SINCE MAX [WAIT_MS]
 *
 *   ctrl-client SOCKET images
 *   ctrl-client SOCKET create IMAGE BYTES
 *   ctrl-client SOCKET copy IMAGE NEW
 *
 *   ctrl-client SOCKET raw PROCEDURE_NUMBER
 *   ctrl-client tcp:ADDRESS:PORT login COMMAND [ARGUMENT ...]
 *
 * Exit status: 0 = done, 1 = the answer is a failure (printed as "CODE|place|cause|hint"), 2 = usage,
 * 4 = an error of RPC (printed as libtirpc reports it).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <rpc/rpc.h>
#include "umlmonctrl.h"

static CLIENT *client;

static void *need(void *answer)
{
    if (answer == NULL) {
        clnt_perror(client, "call");
        exit(4);
    }
    return answer;
}

static int failed(const failure *why)
{
    printf("%s|%s|%s|%s\n", why->code, why->place, why->cause, why->hint);
    return 1;
}

static int print_operation(const operation_answer *answer)
{
    if (answer->kind != ANSWER_OK)
        return failed(&answer->operation_answer_u.why);
    const operation_report *report = &answer->operation_answer_u.report;
    printf("id=%llu joined=%d state=%d elapsed_ms=%u summary=%s\n", (unsigned long long)report->id,
           report->joined, report->state, report->elapsed_ms, report->summary);
    return 0;
}

static int print_info(const info_answer *answer)
{
    if (answer->kind != ANSWER_OK)
        return failed(&answer->info_answer_u.why);
    const vm_info *info = &answer->info_answer_u.info;
    printf("name=%s\nstate=%d\nstate_since=%llu\nmonitor_pid=%d\nkernel_pid=%d\nmem=%llu\nuser=%s\n",
           info->name, info->state, (unsigned long long)info->state_since, info->monitor_pid,
           info->kernel_pid, (unsigned long long)info->mem, info->user);
    for (u_int i = 0; i < info->settings.settings_len; i++) {
        const setting *one = &info->settings.settings_val[i];
        printf("setting %s=%s (%s)\n", one->key, one->value, one->origin);
    }
    for (u_int i = 0; i < info->consoles.consoles_len; i++) {
        const console_info *one = &info->consoles.consoles_val[i];
        printf("console %s viewers=%u out=%llu logged=%d\n", one->channel, one->viewers,
               (unsigned long long)one->bytes_out, one->logged);
    }
    if (info->last_exit != NULL)
        printf("last_exit cause=%d code=%d signal=%d panic=%s\n", info->last_exit->cause,
               info->last_exit->code, info->last_exit->signal, info->last_exit->panic);
    printf("events_next=%llu\n", (unsigned long long)info->events_next);
    return 0;
}

/* The bytes go to standard output, the offsets to standard error. */
static int print_log(const log_read_answer *answer)
{
    if (answer->kind != ANSWER_OK)
        return failed(&answer->log_read_answer_u.why);
    const log_bytes *bytes = &answer->log_read_answer_u.bytes;
    fprintf(stderr, "offset=%llu oldest=%llu end=%llu\n", (unsigned long long)bytes->offset,
            (unsigned long long)bytes->oldest, (unsigned long long)bytes->end);
    fwrite(bytes->data.umlmon_data_val, 1, bytes->data.umlmon_data_len, stdout);
    return 0;
}

static int print_events(const events_answer *answer)
{
    if (answer->kind != ANSWER_OK)
        return failed(&answer->events_answer_u.why);
    const event_list *list = &answer->events_answer_u.list;
    for (u_int i = 0; i < list->events.events_len; i++) {
        const event *one = &list->events.events_val[i];
        printf("%llu %s %s\n", (unsigned long long)one->sequence, one->kind, one->text);
    }
    printf("next=%llu\n", (unsigned long long)list->next);
    return 0;
}

static int call_raw(u_long procedure)
{
    struct timeval wait = {25, 0};
    enum clnt_stat status =
        clnt_call(client, procedure, (xdrproc_t)xdr_void, NULL, (xdrproc_t)xdr_void, NULL, wait);
    printf("%s\n", clnt_sperrno(status));
    return status == RPC_SUCCESS ? 0 : 4;
}

static int print_images(const disk_list_answer *answer)
{
    if (answer->kind != ANSWER_OK)
        return failed(&answer->disk_list_answer_u.why);
    const image_list *list = &answer->disk_list_answer_u.list;
    for (u_int i = 0; i < list->images.images_len; i++) {
        const image_info *image = &list->images.images_val[i];
        printf("%s %d %llu", image->path, image->kind, (unsigned long long)image->size);
        for (u_int j = 0; j < image->holders.holders_len; j++)
            printf(" %s:%s", image->holders.holders_val[j].holder, image->holders.holders_val[j].writes ? "rw" : "ro");
        printf("\n");
    }
    return 0;
}

/* Starts a disk command and follows its job until it has finished. */
static int run_disk(disk_request *request)
{
    job_answer *answer = need(umlmon_disk_run_1(request, client));
    for (;;) {
        if (answer->kind != ANSWER_OK)
            return failed(&answer->job_answer_u.why);
        const job *now = &answer->job_answer_u.job;
        if (now->outcome.state == JOB_FAILED)
            return failed(&now->outcome.job_outcome_u.why);
        if (now->outcome.state == JOB_DONE)
            return printf("%s\n", now->outcome.job_outcome_u.result.summary) < 0;
        if (now->outcome.state == JOB_CANCELLED)
            return printf("cancelled\n") > 0;
        job_watch_args watch = {.id = now->id, .seen = now->progress, .wait_ms = 10000};
        answer = need(umlmon_job_watch_1(&watch, client));
    }
}

static CLIENT *connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        exit(2);
    strcpy(address.sun_path, path);
    int fd = RPC_ANYSOCK;
    return clntunix_create(&address, UMLMONCTRL, UMLMONCTRL_V1, &fd, 0, 0);
}

/* ADDRESS:PORT, in numbers. */
static CLIENT *connect_tcp(char *place)
{
    char *colon = strchr(place, ':');
    if (colon == NULL)
        exit(2);
    *colon = '\0';
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
    inet_pton(AF_INET, place, &address.sin_addr);
    int fd = RPC_ANYSOCK;
    return clnttcp_create(&address, UMLMONCTRL, UMLMONCTRL_V1, &fd, 0, 0);
}

/* Two messages of the client from standard input, a line each; the answers to standard output. */
static int log_in(void)
{
    static char line[UMLMON_TEXT_MAX];
    for (int step = 0; step < 2; step++) {
        if (fgets(line, sizeof line, stdin) == NULL)
            return 2;
        line[strcspn(line, "\n")] = '\0';
        char *message = line;
        auth_answer *answer = need(step == 0 ? umlmon_auth_begin_1(&message, client) : umlmon_auth_finish_1(&message, client));
        if (answer->kind != ANSWER_OK)
            return failed(&answer->auth_answer_u.why);
        printf("%s %s\n", answer->auth_answer_u.step.message, answer->auth_answer_u.step.role);
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    client = strncmp(argv[1], "tcp:", 4) == 0 ? connect_tcp(argv[1] + 4) : connect_unix(argv[1]);
    if (client == NULL) {
        clnt_pcreateerror(argv[1]);
        return 4;
    }
    client->cl_auth = authunix_create_default();
    /* A stop takes as long as its stages; libtirpc would give up after 25 s. */
    struct timeval patience = {300, 0};
    clnt_control(client, CLSET_TIMEOUT, (char *)&patience);

    const char *command = argv[2];
    char **args = argv + 3;
    int count = argc - 3;
    if (strcmp(command, "login") == 0 && count >= 1) {
        int status = log_in();
        if (status != 0)
            return status;
        command = *args++;
        count--;
    }
    if (strcmp(command, "null") == 0)
        return need(umlmon_null_1(NULL, client)) == NULL;
    if (strcmp(command, "info") == 0)
        return print_info(need(umlmon_info_1(NULL, client)));
    if (strcmp(command, "start") == 0)
        return print_operation(need(umlmon_start_1(NULL, client)));
    if (strcmp(command, "stop") == 0) {
        stop_args stop = {.timeout_ms = count > 0 ? strtoul(args[0], NULL, 10) : 0};
        return print_operation(need(umlmon_stop_1(&stop, client)));
    }
    if (strcmp(command, "kill") == 0)
        return print_operation(need(umlmon_kill_1(NULL, client)));
    if (strcmp(command, "cad") == 0) {
        simple_answer *answer = need(umlmon_ctrl_alt_del_1(NULL, client));
        return answer->kind == ANSWER_OK ? 0 : failed(&answer->simple_answer_u.why);
    }
    if (strcmp(command, "log") == 0 && count >= 3) {
        log_read_args log = {.channel = args[0],
                             .offset = strtoull(args[1], NULL, 10),
                             .max = strtoul(args[2], NULL, 10),
                             .wait_ms = count > 3 ? strtoul(args[3], NULL, 10) : 0};
        return print_log(need(umlmon_log_read_1(&log, client)));
    }
    if (strcmp(command, "events") == 0 && count >= 2) {
        events_args events = {.since = strtoull(args[0], NULL, 10),
                              .max = strtoul(args[1], NULL, 10),
                              .wait_ms = count > 2 ? strtoul(args[2], NULL, 10) : 0};
        return print_events(need(umlmon_events_1(&events, client)));
    }
    if (strcmp(command, "images") == 0) {
        disk_list_args list = {.after = "", .max = 100};
        return print_images(need(umlmon_disk_list_1(&list, client)));
    }
    if (strcmp(command, "create") == 0 && count >= 2) {
        disk_request request = {.verb = DISK_CREATE};
        request.disk_request_u.sized.image = args[0];
        request.disk_request_u.sized.size = strtoull(args[1], NULL, 10);
        return run_disk(&request);
    }
    if (strcmp(command, "copy") == 0 && count >= 2) {
        disk_request request = {.verb = DISK_COPY};
        request.disk_request_u.pair.image = args[0];
        request.disk_request_u.pair.other = args[1];
        return run_disk(&request);
    }
    if (strcmp(command, "raw") == 0 && count >= 1)
        return call_raw(strtoul(args[0], NULL, 10));
    return 2;
}
