
// Behind prelude.cuh: what needs its types.
inline float element(F16, uint64_t word, int k) { return half_to_float((unsigned short)(word >> (k % 2 * 16))); }
inline float element(BF16, uint64_t word, int k) { return __uint_as_float((unsigned int)(word >> (k % 2 * 16)) << 16); }
inline unsigned int pack_pair(F16, float low, float high) { return float_to_half(low) | (unsigned int)float_to_half(high) << 16; }
inline unsigned int pack_pair(BF16, float low, float high) { return float_to_bf16(low) | (unsigned int)float_to_bf16(high) << 16; }
