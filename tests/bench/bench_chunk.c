/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * How fast bodies are cut into chunks: all that ebb-index does in the stage `chunk`, with its
 * artifacts.
 *
 *   bench_chunk BODY OUT ROUNDS [SIZE [OVERLAP]]
 *
 * BODY is structure's artifact; it is read ROUNDS times over as if it were one long document, and
 * the chunks are written to OUT. Prints one JSON object; cpu_us is the processor's time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/parse.h"
#include "common/proc.h"
#include "proto/artifact.h"
#include "workers/index/chunker.h"

#define RECORD_MAX_BYTES ((size_t)4 << 20)

struct bench {
    const char *path;
    uint64_t rounds, round;
    struct artifact_reader *reader;
    struct arena *arena;
    struct artifact_writer *writer;
    struct buf record;
    uint64_t text_bytes;
};

static void check(int result, const struct error *err)
{
    if (result < 0) {
        fprintf(stderr, "bench_chunk: %s\n", err->msg);
        exit(1);
    }
}

static uint64_t cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000U +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* VmHWM: ru_maxrss is at least the parent's. */
static uint64_t peak_bytes(void)
{
    struct error err = ERROR_INIT;
    struct proc_memory memory = {0};

    check(proc_memory_read(0, &memory, &err), &err);
    return memory.peak_rss_bytes;
}

static int reopen(struct bench *bench, struct error *err)
{
    artifact_close(bench->reader);
    bench->reader = artifact_open(bench->path, "body", err);
    return bench->reader ? 0 : -1;
}

static int rewind_body(void *context, struct error *err)
{
    struct bench *bench = context;

    bench->round = 1;
    return reopen(bench, err);
}

static int next_block(void *context, struct body_block *ret_block, struct error *err)
{
    struct bench *bench = context;
    const uint8_t *data;
    size_t size_bytes;
    struct body_record record = {.kind = BODY_IMAGE};

    for (;;) {
        bool more = artifact_next(bench->reader, &data, &size_bytes) == 1;

        if (more) {
            arena_reset(bench->arena);
            if (body_record_decode(data, size_bytes, bench->arena, &record, err) < 0) {
                return -1;
            }
        }
        if (more && record.kind == BODY_BLOCK) {
            *ret_block = record.block;
            bench->text_bytes += record.block.text_bytes;
            return 1;
        }
        if (bench->round++ == bench->rounds) {
            return 0;
        }
        if (reopen(bench, err) < 0) {
            return -1;
        }
    }
}

static int emit_chunk(void *context, const struct chunk_record *chunk, struct error *err)
{
    struct bench *bench = context;

    buf_reset(&bench->record, bench->record.capacity);
    if (chunk_record_encode(chunk, &bench->record, err) < 0) {
        return -1;
    }
    return artifact_append(bench->writer, bench->record.data, bench->record.size, err);
}

int main(int argc, char **argv)
{
    static const struct chunker_ops ops = {rewind_body, next_block, emit_chunk};
    struct error err = ERROR_INIT;
    struct chunk_sizes sizes = {.sizes = {1024}, .count = 1, .overlap = 128};
    struct bench bench = {.path = argv[1]};
    uint64_t number = 0;
    uint64_t begun_us;
    uint32_t count;
    uint32_t searched;

    if (argc < 4 || argc > 6) {
        fprintf(stderr, "usage: bench_chunk BODY OUT ROUNDS [SIZE [OVERLAP]]\n");
        return 2;
    }
    check(parse_u64(argv[3], 1, 1000000, &bench.rounds, &err), &err);
    if (argc > 4) {
        check(parse_u64(argv[4], CHUNK_SIZE_MIN, CHUNK_SIZE_MAX, &number, &err), &err);
        sizes.sizes[0] = (uint32_t)number;
    }
    if (argc > 5) {
        check(parse_u64(argv[5], 0, (sizes.sizes[0] - 1) / 2, &number, &err), &err);
        sizes.overlap = (uint32_t)number;
    }
    buf_init(&bench.record, RECORD_MAX_BYTES);
    bench.arena = arena_create(0);
    bench.writer = artifact_create(argv[2], "chunks", &err);
    check(bench.arena && bench.writer ? 0 : -1, &err);
    begun_us = cpu_us();
    check(chunk_body(&sizes, &ops, &bench, &count, &searched, &err), &err);
    check(artifact_commit(bench.writer, NULL, &err), &err);
    printf("{\"text_bytes\": %" PRIu64 ", \"chunks\": %" PRIu32 ", \"cpu_us\": %" PRIu64
           ", \"peak_rss_bytes\": %" PRIu64 "}\n",
           bench.text_bytes, searched, cpu_us() - begun_us, peak_bytes());
    artifact_close(bench.reader);
    arena_destroy(bench.arena);
    buf_deinit(&bench.record);
    return 0;
}
