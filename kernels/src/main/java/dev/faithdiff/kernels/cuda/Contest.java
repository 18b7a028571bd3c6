package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import java.util.Arrays;
import java.util.List;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;

/** Measures ways to compute the same on a device. */
final class Contest {
    private static final int ROUNDS = 3, RUNS = 4;
    private static final double LITTLE_WORK = 1e7;

    private Contest() {}

    /** Whether so many multiplications are over so soon that measuring and compiling are not worth their time. */
    static boolean isLittle(double multiplications) { return multiplications < LITTLE_WORK; }

    /** Which is the fastest, or -1 if all fail: the shortest of a few rounds in turns, so that a clock that still rises favours none. */
    static int fastest(CudaDevice device, List<Runnable> ways) {
        float[] least = new float[ways.size()];
        Arrays.fill(least, Float.POSITIVE_INFINITY);
        boolean[] fails = new boolean[ways.size()];
        CUevent begin = new CUevent(), end = new CUevent();
        check(JCudaDriver.cuEventCreate(begin, 0), "making an event");
        check(JCudaDriver.cuEventCreate(end, 0), "making an event");
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < least.length; i++) {
                if (fails[i]) continue;
                try {
                    ways.get(i).run();
                    least[i] = Math.min(least[i], millis(device, ways.get(i), begin, end));
                } catch (CudaError | OutOfMemoryError e) {
                    fails[i] = true;
                    least[i] = Float.POSITIVE_INFINITY;
                }
            }
        }
        check(JCudaDriver.cuEventDestroy(begin), "freeing an event");
        check(JCudaDriver.cuEventDestroy(end), "freeing an event");
        int best = -1;
        for (int i = 0; i < least.length; i++) if (!fails[i] && (best < 0 || least[i] < least[best])) best = i;
        return best;
    }

    private static float millis(CudaDevice device, Runnable way, CUevent begin, CUevent end) {
        float[] millis = {0};
        check(JCudaDriver.cuEventRecord(begin, device.stream()), "recording an event");
        for (int i = 0; i < RUNS; i++) way.run();
        check(JCudaDriver.cuEventRecord(end, device.stream()), "recording an event");
        check(JCudaDriver.cuEventSynchronize(end), "waiting for an event");
        check(JCudaDriver.cuEventElapsedTime(millis, begin, end), "asking for the time between events");
        return millis[0];
    }
}
