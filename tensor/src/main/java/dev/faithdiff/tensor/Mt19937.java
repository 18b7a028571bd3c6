package dev.faithdiff.tensor;

/** PyTorch's CPU generator: MT19937 (Matsumoto and Nishimura, 1998) and ATen's conversions of its 32-bit words to numbers. */
public final class Mt19937 implements Rng {
    private static final int N = 624, M = 397;
    private static final int SMALL = 16; // fewer normals than this come one by one, in float64
    private static final double TWO_PI = 2 * Math.PI;

    private final int[] words = new int[N];
    private int next = N;
    private double spare = Double.NaN; // the second normal of a pair, NaN for none

    Mt19937(long seed) {
        words[0] = (int) seed;
        for (int i = 1; i < N; i++) words[i] = 1812433253 * (words[i - 1] ^ words[i - 1] >>> 30) + i;
    }

    @Override public float[] randn(int count) {
        float[] x = new float[count];
        if (count < SMALL) {
            for (int i = 0; i < count; i++) x[i] = (float) normal();
            return x;
        }
        for (int i = 0; i < count; i++) x[i] = uniform();
        for (int at = 0; at + SMALL <= count; at += SMALL) boxMuller(x, at);
        if (count % SMALL != 0) {
            for (int i = count - SMALL; i < count; i++) x[i] = uniform();
            boxMuller(x, count - SMALL);
        }
        return x;
    }

    /** Standard normals of {@code torch.randn(count, dtype=float64)}. */
    public double[] randnDoubles(int count) {
        double[] x = new double[count];
        if (count < SMALL) {
            for (int i = 0; i < count; i++) x[i] = normal();
            return x;
        }
        for (int i = 0; i < count; i++) x[i] = uniformDouble();
        for (int at = 0; at + SMALL <= count; at += SMALL) boxMuller(x, at);
        if (count % SMALL != 0) {
            for (int i = count - SMALL; i < count; i++) x[i] = uniformDouble();
            boxMuller(x, count - SMALL);
        }
        return x;
    }

    @Override public float[] rand(int count) {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) x[i] = uniform();
        return x;
    }

    /** Uniform in [0, 1): {@code torch.rand(count, dtype=float64)}, exact. */
    public double[] randDoubles(int count) {
        double[] x = new double[count];
        for (int i = 0; i < count; i++) x[i] = uniformDouble();
        return x;
    }

    @Override public long[] randint(long low, long high, int count) {
        long range = Rng.range(low, high);
        boolean wide = Long.compareUnsigned(range, 1L << 28) >= 0;
        long[] x = new long[count];
        for (int i = 0; i < count; i++) x[i] = low + Long.remainderUnsigned(wide ? word64() : word() & 0xffffffffL, range);
        return x;
    }

    /** A random order of 0 to count - 1: {@code torch.randperm(count)}, exact. */
    public long[] randperm(int count) {
        long[] x = new long[count];
        for (int i = 0; i < count; i++) x[i] = i;
        for (int i = 0; i < count - 1; i++) {
            int j = i + Integer.remainderUnsigned(word(), count - i);
            long swapped = x[i];
            x[i] = x[j];
            x[j] = swapped;
        }
        return x;
    }

    @Override public long[] state() {
        long[] state = new long[N + 2];
        for (int i = 0; i < N; i++) state[i] = words[i];
        state[N] = next;
        state[N + 1] = Double.doubleToRawLongBits(spare);
        return state;
    }

    @Override public void restore(long[] state) {
        if (state.length != N + 2 || state[N] < 0 || state[N] > N) throw new OpError("this is not the state of a CPU generator");
        for (int i = 0; i < N; i++) words[i] = (int) state[i];
        next = (int) state[N];
        spare = Double.longBitsToDouble(state[N + 1]);
    }

    private int word() {
        if (next == N) twist();
        int y = words[next++];
        y ^= y >>> 11;
        y ^= y << 7 & 0x9d2c5680;
        y ^= y << 15 & 0xefc60000;
        return y ^ y >>> 18;
    }

    private void twist() {
        for (int i = 0; i < N; i++) {
            int y = words[i] & 0x80000000 | words[(i + 1) % N] & 0x7fffffff;
            words[i] = words[(i + M) % N] ^ y >>> 1 ^ -(y & 1) & 0x9908b0df;
        }
        next = 0;
    }

    private long word64() { return (long) word() << 32 | word() & 0xffffffffL; }

    private float uniform() { return (word() & 0xffffff) * 0x1p-24f; }

    private double uniformDouble() { return (word64() & (1L << 53) - 1) * 0x1p-53; }

    private double normal() {
        if (spare == spare) {
            double x = spare;
            spare = Double.NaN;
            return x;
        }
        double angle = TWO_PI * uniformDouble(), radius = Math.sqrt(-2 * Math.log1p(-uniformDouble()));
        spare = radius * Math.sin(angle);
        return radius * Math.cos(angle);
    }

    /** Sixteen uniforms to normals, in pairs eight apart. */
    private static void boxMuller(float[] x, int at) {
        for (int i = at; i < at + 8; i++) {
            float radius = (float) Math.sqrt(-2 * Math.log(1 - x[i])), angle = (float) TWO_PI * x[i + 8];
            x[i] = (float) (radius * Math.cos(angle));
            x[i + 8] = (float) (radius * Math.sin(angle));
        }
    }

    private static void boxMuller(double[] x, int at) {
        for (int i = at; i < at + 8; i++) {
            double radius = Math.sqrt(-2 * Math.log(1 - x[i])), angle = TWO_PI * x[i + 8];
            x[i] = radius * Math.cos(angle);
            x[i + 8] = radius * Math.sin(angle);
        }
    }
}
