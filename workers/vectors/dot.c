/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Inner products, plainly and with the vector units of x86. Which one runs is asked of the
 * processor, once a scan: the program is built for any.
 *
 * Invariants: all give the same number. Nothing blocks, nothing is logged.
 */
#include "workers/vectors/dot.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static int32_t dot_plain(const int8_t *components, const int16_t *query, size_t count)
{
    int32_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += (int32_t)components[i] * query[i];
    }
    return sum;
}

#if defined(__x86_64__)

static int32_t sum_of_lanes(__m128i lanes)
{
    lanes = _mm_add_epi32(lanes, _mm_shuffle_epi32(lanes, _MM_SHUFFLE(1, 0, 3, 2)));
    lanes = _mm_add_epi32(lanes, _mm_shuffle_epi32(lanes, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(lanes);
}

/* Sixteen at a time, widened by shifting each byte down from the upper half of its word. */
static int32_t dot_sse2(const int8_t *components, const int16_t *query, size_t count)
{
    __m128i sum = _mm_setzero_si128();

    for (size_t i = 0; i < count; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(components + i));
        __m128i low = _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
        __m128i high = _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8);
        __m128i first = _mm_loadu_si128((const __m128i *)(const void *)(query + i));
        __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(query + i + 8));

        sum = _mm_add_epi32(sum, _mm_madd_epi16(low, first));
        sum = _mm_add_epi32(sum, _mm_madd_epi16(high, second));
    }
    return sum_of_lanes(sum);
}

__attribute__((target("avx2"))) static __m256i widen(const int8_t *components)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)components));
}

__attribute__((target("avx2"))) static int32_t dot_avx2(const int8_t *components,
                                                        const int16_t *query, size_t count)
{
    __m256i even = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();

    for (size_t i = 0; i < count; i += 32) {
        __m256i first = _mm256_loadu_si256((const __m256i *)(const void *)(query + i));
        __m256i second = _mm256_loadu_si256((const __m256i *)(const void *)(query + i + 16));

        even = _mm256_add_epi32(even, _mm256_madd_epi16(widen(components + i), first));
        odd = _mm256_add_epi32(odd, _mm256_madd_epi16(widen(components + i + 16), second));
    }
    even = _mm256_add_epi32(even, odd);
    return sum_of_lanes(
        _mm_add_epi32(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1)));
}

#endif

dot_function dot_of_kind(enum dot_kind kind)
{
    switch (kind) {
    case DOT_PLAIN:
        return dot_plain;
#if defined(__x86_64__)
    case DOT_SSE2:
        return dot_sse2;
    case DOT_AVX2:
        return __builtin_cpu_supports("avx2") ? dot_avx2 : NULL;
#else
    case DOT_SSE2:
    case DOT_AVX2:
#endif
    case DOT_KIND_COUNT:
        break;
    }
    return NULL;
}

dot_function dot_best(void)
{
    for (unsigned kind = DOT_KIND_COUNT; kind-- > 0;) {
        dot_function function = dot_of_kind((enum dot_kind)kind);

        if (function) {
            return function;
        }
    }
    return dot_plain;
}
