/* SPDX-License-Identifier: MIT */
#include "docker_digest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t turn(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

/* The message schedule of one block (6.2.2, step 1). */
static void schedule_fill(uint32_t schedule[64], const unsigned char *block)
{
	size_t at;

	for (at = 0; at < 16; at++)
		schedule[at] = (uint32_t)block[4 * at] << 24 | (uint32_t)block[4 * at + 1] << 16 |
			       (uint32_t)block[4 * at + 2] << 8 | block[4 * at + 3];
	for (; at < 64; at++) {
		uint32_t near = schedule[at - 2], far = schedule[at - 15];

		schedule[at] = schedule[at - 16] + schedule[at - 7] +
			       (turn(far, 7) ^ turn(far, 18) ^ far >> 3) +
			       (turn(near, 17) ^ turn(near, 19) ^ near >> 10);
	}
}

static void block_take(uint32_t state[8], const unsigned char *block)
{
	uint32_t schedule[64], v[8];
	size_t at;

	schedule_fill(schedule, block);
	memcpy(v, state, sizeof(v));
	for (at = 0; at < 64; at++) {
		uint32_t e = v[4], a = v[0];
		uint32_t choice = (e & v[5]) ^ (~e & v[6]);
		uint32_t majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
		uint32_t first = v[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice +
				 constants[at] + schedule[at];
		uint32_t second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority;

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += first;
		v[0] = first + second;
	}
	for (at = 0; at < 8; at++)
		state[at] += v[at];
}

void digest_print(const void *bytes, size_t length, char text[DIGEST_SIZE])
{
	uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	unsigned char last[2 * BLOCK_BYTES] = {0};
	const unsigned char *at = bytes;
	uint64_t bits = (uint64_t)length * 8;
	size_t index, size;

	for (; length >= BLOCK_BYTES; at += BLOCK_BYTES, length -= BLOCK_BYTES)
		block_take(state, at);
	/* A one, zeros, and the length in bits: one block more, or two. */
	if (length > 0)
		memcpy(last, at, length);
	last[length] = 0x80;
	size = length + 9 > BLOCK_BYTES ? sizeof(last) : BLOCK_BYTES;
	for (index = 0; index < 8; index++)
		last[size - 1 - index] = (unsigned char)(bits >> (8 * index));
	for (index = 0; index < size; index += BLOCK_BYTES)
		block_take(state, last + index);
	for (index = 0; index < 8; index++)
		(void)snprintf(text + 8 * index, 9, "%08x", state[index]);
}
