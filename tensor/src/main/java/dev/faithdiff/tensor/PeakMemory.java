package dev.faithdiff.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The most memory that this process has held: resident memory on Linux, the peak of the tensor pool elsewhere. */
public final class PeakMemory {
    private PeakMemory() {}

    /** The peak in bytes since the process began, or since {@link #reset}. */
    public static long bytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        } catch (IOException e) {
            // Not Linux.
        }
        return Device.CPU.pool().peakBytes();
    }

    /** Begins anew with what is held now, where the system allows that. */
    public static void reset() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        } catch (IOException e) {
            // Not Linux, or not allowed: the peak stays that of the process.
        }
    }
}
