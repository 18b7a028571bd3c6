package dev.faithdiff.cli;

import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The most memory that this process has held: resident memory on Linux, the peak of the tensor pool elsewhere. */
final class PeakMemory {
    private PeakMemory() {}

    static long bytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        } catch (IOException e) {
            // Not Linux.
        }
        return Device.CPU.pool().peakBytes();
    }
}
