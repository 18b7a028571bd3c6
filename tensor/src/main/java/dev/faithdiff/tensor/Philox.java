package dev.faithdiff.tensor;

/**
 * PyTorch's CUDA generator: Philox4x32-10 (Salmon et al., 2011) with cuRAND's counters and ATen's distribution of elements.
 *
 * <p>A call gives a thread four words from counter (offset, thread) and key (seed). A tensor of more elements than threads
 * (256 for each block, at most the resident ones) uses the other words: element i is made by thread i mod threads, from word
 * i / threads mod 4 of call i / threads / 4. Normals pair words 0, 1 and words 2, 3: first the sine, then the cosine.
 *
 * <p>Words and first normals agree with stored outputs of the published algorithm. Not proven on a GPU: the fast sine and
 * cosine of the device (last bits of normals), the reuse of words, and {@code rand} and {@code randint}, which follow ATen's source.
 */
public final class Philox implements Rng {
    private static final int BLOCK = 256, WORDS = 4;
    private static final float INV = 0x1p-32f, INV_TWO_PI = 0x1p-32f * 6.2831855f;

    private final int residentThreads;
    private long seed, offset;

    Philox(long seed, int residentThreads) {
        if (residentThreads < BLOCK) {
            throw new OpError("a CUDA device has at least " + BLOCK + " resident threads, not " + residentThreads);
        }
        this.seed = seed;
        this.residentThreads = residentThreads / BLOCK * BLOCK;
    }

    @Override public float[] randn(int count) {
        float[] x = new float[count];
        draw(count, WORDS, (i, words, lane) -> {
            int pair = lane & 2;
            double radius = Math.sqrt(-2 * Math.log(unsigned(words[pair]) * INV + INV / 2));
            float angle = Math.fma(unsigned(words[pair + 1]), INV_TWO_PI, INV_TWO_PI / 2);
            x[i] = (float) (radius * ((lane & 1) == 0 ? Math.sin(angle) : Math.cos(angle)));
        });
        return x;
    }

    @Override public float[] rand(int count) {
        float[] x = new float[count];
        draw(count, WORDS, (i, words, lane) -> {
            float u = unsigned(words[lane]) * INV + INV / 2; // in (0, 1], of which 1 becomes 0
            x[i] = u == 1 ? 0 : u;
        });
        return x;
    }

    @Override public long[] randint(long low, long high, int count) {
        long range = Rng.range(low, high);
        boolean wide = Long.compareUnsigned(range, 1L << 28) >= 0;
        long[] x = new long[count];
        draw(count, wide ? WORDS / 2 : WORDS, (i, words, lane) -> {
            long word = wide ? (long) words[2 * lane] << 32 | words[2 * lane + 1] & 0xffffffffL : words[lane] & 0xffffffffL;
            x[i] = low + Long.remainderUnsigned(word, range);
        });
        return x;
    }

    @Override public long[] state() { return new long[] {seed, offset}; }

    @Override public void restore(long[] state) {
        if (state.length != 2) throw new OpError("this is not the state of a CUDA generator");
        seed = state[0];
        offset = state[1];
    }

    /** The four words of one thread's call: counter (offset, thread), both 64 bits, key (seed). */
    static int[] words(long seed, long thread, long offset) {
        int a = (int) offset, b = (int) (offset >>> 32), c = (int) thread, d = (int) (thread >>> 32);
        int k = (int) seed, l = (int) (seed >>> 32);
        for (int round = 0; round < 10; round++) {
            long p = (a & 0xffffffffL) * 0xd2511f53L, q = (c & 0xffffffffL) * 0xcd9e8d57L;
            a = (int) (q >>> 32) ^ b ^ k;
            b = (int) q;
            c = (int) (p >>> 32) ^ d ^ l;
            d = (int) p;
            k += 0x9e3779b9;
            l += 0xbb67ae85;
        }
        return new int[] {a, b, c, d};
    }

    private interface Element {
        void set(int i, int[] words, int lane);
    }

    private void draw(int count, int lanes, Element element) {
        if (count == 0) return;
        long threads = Math.min(residentThreads, Math.ceilDiv((long) count, BLOCK) * BLOCK);
        for (int i = 0; i < count; i++) {
            long round = i / threads;
            element.set(i, words(seed, i % threads, offset + round / lanes), (int) (round % lanes));
        }
        offset += (count - 1) / (threads * lanes) + 1;
    }

    private static float unsigned(int word) { return word & 0xffffffffL; }
}
