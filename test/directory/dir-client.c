/*
 * A client of umldir.x made with rpcgen and libtirpc: the oracle for the directory over TCP.
 *
 *   dir-client ADDRESS PORT null | list | port VM [HOST] | watch SINCE WAIT_MS | register VM
 *
 * Exit status: 0 = done, 1 = the answer is a failure (printed as "CODE|place|cause|hint"), 2 = usage,
 * 4 = an error of RPC (printed as libtirpc reports it).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <rpc/rpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "umldir.h"

static CLIENT *client;

static void *need(void *answer)
{
    if (answer == NULL) {
        clnt_perror(client, "call");
        exit(4);
    }
    return answer;
}

static int failed(const dir_failure *why)
{
    printf("%s|%s|%s|%s\n", why->code, why->place, why->cause, why->hint);
    return 1;
}

static void print_vm(const char *host, const dir_vm *vm)
{
    printf("%s@%s state=%d since=%llu ready=%d %s:%u\n", vm->name, host, vm->state,
           (unsigned long long)vm->state_since, vm->ready, vm->address, vm->port);
}

static int print_list(const dir_list_answer *answer)
{
    if (answer->kind != DIR_ANSWER_OK)
        return failed(&answer->dir_list_answer_u.why);
    const dir_list *list = &answer->dir_list_answer_u.list;
    for (u_int i = 0; i < list->entries.entries_len; i++)
        print_vm(list->entries.entries_val[i].host, &list->entries.entries_val[i].vm);
    printf("here=%s more=%d next=%llu sharing=%d\n", list->here, list->more, (unsigned long long)list->next,
           list->state.sharing);
    return 0;
}

static int print_changes(const dir_watch_answer *answer)
{
    if (answer->kind != DIR_ANSWER_OK)
        return failed(&answer->dir_watch_answer_u.why);
    const dir_changes *list = &answer->dir_watch_answer_u.list;
    for (u_int i = 0; i < list->changes.changes_len; i++) {
        const dir_change *change = &list->changes.changes_val[i];
        printf("%llu %d ", (unsigned long long)change->sequence, change->kind);
        print_vm(change->entry.host, &change->entry.vm);
    }
    printf("next=%llu\n", (unsigned long long)list->next);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
        return 2;
    int fd = RPC_ANYSOCK;
    client = clnttcp_create(&address, UMLDIR, UMLDIR_V1, &fd, 0, 0);
    if (client == NULL) {
        clnt_pcreateerror("connect");
        return 4;
    }
    const char *word = argv[3];
    char *name = argc > 4 ? argv[4] : "";
    char *host = argc > 5 ? argv[5] : "";
    if (strcmp(word, "null") == 0) {
        need(umldir_null_1(NULL, client));
        return 0;
    }
    if (strcmp(word, "list") == 0) {
        dir_list_args args = {.after_host = "", .after_vm = ""};
        return print_list(need(umldir_list_1(&args, client)));
    }
    if (strcmp(word, "port") == 0) {
        dir_target args = {.vm = name, .host = host};
        const dir_port_answer *answer = need(umldir_get_port_1(&args, client));
        if (answer->kind != DIR_ANSWER_OK)
            return failed(&answer->dir_port_answer_u.why);
        const dir_port *port = &answer->dir_port_answer_u.port;
        printf("%s %s:%u redirector=%u\n", port->host, port->address, port->port, port->redirector);
        return 0;
    }
    if (strcmp(word, "watch") == 0 && argc > 5) {
        dir_watch_args args = {.since = strtoull(name, NULL, 10), .wait_ms = atoi(host)};
        return print_changes(need(umldir_watch_1(&args, client)));
    }
    if (strcmp(word, "register") == 0) {
        dir_vm args = {.name = name, .address = ""};
        const dir_simple_answer *answer = need(umldir_register_1(&args, client));
        return answer->kind == DIR_ANSWER_OK ? 0 : failed(&answer->dir_simple_answer_u.why);
    }
    return 2;
}
