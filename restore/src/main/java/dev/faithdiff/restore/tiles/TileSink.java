package dev.faithdiff.restore.tiles;

import dev.faithdiff.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Takes the finished parts of a result, each once, top rows first. */
@FunctionalInterface
public interface TileSink {
    /** Takes the part whose first row is {@code top} and whose first column is {@code left}. */
    void put(int top, int left, Patch part);

    /** This sink, and after each part a task. */
    default TileSink then(Runnable task) {
        return (top, left, part) -> {
            put(top, left, part);
            task.run();
        };
    }

    /** Puts the parts together in an F32 tensor {@code [1, H, W, C]} in host memory. */
    static TileSink into(Tensor whole) {
        long pixel = (long) whole.size(3) * Float.BYTES, pitch = whole.size(2) * pixel;
        return (top, left, p) -> {
            MemorySegment from = MemorySegment.ofArray(p.values());
            for (int y = 0; y < p.height(); y++) {
                MemorySegment.copy(from, y * p.width() * pixel, whole.segment(), (top + y) * pitch + left * pixel, p.width() * pixel);
            }
        };
    }
}
