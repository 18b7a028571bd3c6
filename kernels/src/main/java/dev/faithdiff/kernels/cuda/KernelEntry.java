package dev.faithdiff.kernels.cuda;

import java.util.List;

/** A compiled entry of one of our sources, ready to run. */
interface KernelEntry {
    /** Enqueues the kernel with the geometry and the arguments of a launch. */
    void run(Launch launch);

    /** A device that runs our sources: a GPU or, in tests, an emulation of one. */
    interface Target {
        /** An entry of a source, compiled at the first call. @param defines compiler options such as {@code -DT0=F16} */
        KernelEntry entry(String source, String entry, List<String> defines);

        /** The launch that this thread fills and reuses. */
        Launch launch();
    }
}
