/*
 * A plugin for QEMU that watches loads from an address window: the ESP8266 reads its flash in aligned 32-bit words only, and
 * QEMU does not mind. At the end every word of the window that was read in another way is printed, with the instruction
 * that first did.
 *
 * Arguments: start=ADDRESS,end=ADDRESS, and out=FILE.
 *
 * The declarations are those of the plugin interface (QEMU's include/qemu/qemu-plugin.h), version 1, as far as they are used.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_callback)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*memory_callback)(unsigned int, qemu_plugin_meminfo_t, uint64_t, void *);
typedef void (*exit_callback)(qemu_plugin_id_t, void *);
enum { NO_REGISTERS = 0, READS_AND_WRITES = 3 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, tb_callback);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, memory_callback, int, int, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, exit_callback, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t start, end;
static char out[4096];
/* For each word of the window: the instruction that first read a part of it, or 0. */
static uint64_t *readers;

static void on_access(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *instruction)
{
    unsigned int size = 1u << qemu_plugin_mem_size_shift(info);
    (void)cpu;
    if (address < start || address >= end || (size == 4 && address % 4 == 0)
        || qemu_plugin_mem_is_store(info)) {
        return;
    }
    uint64_t *reader = &readers[(address - start) / 4];
    if (*reader == 0) {
        *reader = (uint64_t)(uintptr_t)instruction;
    }
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        void *address = (void *)(uintptr_t)qemu_plugin_insn_vaddr(instruction);
        qemu_plugin_register_vcpu_mem_cb(instruction, on_access, NO_REGISTERS, READS_AND_WRITES, address);
    }
}

static void on_exit_of_machine(qemu_plugin_id_t id, void *unused)
{
    (void)id;
    (void)unused;
    FILE *file = fopen(out, "w");
    if (file == NULL) {
        return;
    }
    for (uint64_t word = 0; word < (end - start) / 4; word++) {
        if (readers[word] != 0) {
            fprintf(file, "0x%08" PRIx64 " 0x%08" PRIx64 "\n", start + 4 * word, readers[word]);
        }
    }
    fprintf(file, "end\n");
    fclose(file);
}

__attribute__((visibility("default"))) int qemu_plugin_install(
    qemu_plugin_id_t id, const void *info, int count, char **arguments)
{
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], "start=", 6) == 0) {
            start = strtoull(arguments[i] + 6, NULL, 0);
        } else if (strncmp(arguments[i], "end=", 4) == 0) {
            end = strtoull(arguments[i] + 4, NULL, 0);
        } else if (strncmp(arguments[i], "out=", 4) == 0) {
            snprintf(out, sizeof out, "%s", arguments[i] + 4);
        } else {
            return 1;
        }
    }
    if (end <= start || end - start > (1u << 26) || out[0] == '\0') {
        return 1;
    }
    readers = calloc((end - start) / 4, sizeof *readers);
    if (readers == NULL) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, on_exit_of_machine, NULL);
    return 0;
}
