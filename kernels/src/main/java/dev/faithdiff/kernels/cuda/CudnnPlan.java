package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudnnDescriptor.check;
import static jcuda.jcudnn.cudnnBackendAttributeName.*;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_HEUR_MODE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_NUMERICAL_NOTE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_VOID_PTR;
import static jcuda.jcudnn.cudnnBackendDescriptorType.*;
import static jcuda.jcudnn.cudnnBackendNumericalNote.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import jcuda.jcudnn.JCudnn;

/** A graph made ready for one kind of device by one of cuDNN's engines: its kernels are chosen and compiled. */
final class CudnnPlan implements AutoCloseable {
    static final int HEURISTICS_A = 3, HEURISTICS_B = 1;
    private static final int TEXT = 405, MOST_NOTES = 16, MOST_CONFIGURATIONS = 16;
    private static final long[] NUMBERS = LongStream.rangeClosed(1, 16).toArray();

    private final CudnnDescriptor plan, configuration;
    private final long workspace;

    /** @param configuration what it was made of, which lives as long; null if it was restored */
    private CudnnPlan(CudnnDescriptor plan, CudnnDescriptor configuration) {
        this.plan = plan;
        this.configuration = configuration;
        workspace = plan.readLong(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
    }

    /**
     * Plans in the order that cuDNN's heuristics A and B expect, fastest first. Engines whose results change from run to run, or that do not sum in
     * F32, are left out.
     *
     * @param most    how many, at most
     * @param seconds compiles no further plan after this time
     */
    static List<CudnnPlan> ranked(CudnnDescriptor graph, CudnnTarget target, int most, double seconds) {
        List<CudnnPlan> plans = new ArrayList<>();
        long begin = System.nanoTime();
        for (int mode : new int[] {HEURISTICS_A, HEURISTICS_B}) {
            int enough = mode == HEURISTICS_A ? most - most / 3 : most;
            for (CudnnDescriptor c : configurations(graph, target, mode, MOST_CONFIGURATIONS)) {
                boolean inTime = plans.isEmpty() || (System.nanoTime() - begin) / 1e9 < seconds;
                CudnnPlan plan = plans.size() < enough && inTime && isExact(c) ? of(c, target) : null;
                if (plan == null) c.close();
                else plans.add(plan);
            }
        }
        return plans;
    }

    /** Engines with their settings as a heuristic ranks them, each to be closed. */
    static List<CudnnDescriptor> configurations(CudnnDescriptor graph, CudnnTarget target, int mode, int most) {
        CudnnDescriptor[] found = IntStream.range(0, most).mapToObj(i -> new CudnnDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR))
                .toArray(CudnnDescriptor[]::new);
        int count = 0;
        try (CudnnDescriptor heuristics = new CudnnDescriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)) {
            heuristics.parts(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph).value(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
            target.inHeuristics(heuristics);
            if (heuristics.finished() == 0) count = heuristics.readParts(CUDNN_ATTR_ENGINEHEUR_RESULTS, found);
        }
        for (int i = count; i < most; i++) found[i].close();
        return List.of(found).subList(0, count);
    }

    /** Whether its results are the same in each run, with sums in F32. */
    static boolean isExact(CudnnDescriptor configuration) {
        try (CudnnDescriptor engine = new CudnnDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR)) {
            configuration.readParts(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
            for (int note : engine.readValues(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, MOST_NOTES)) {
                switch (note) {
                    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION,
                            CUDNN_NUMERICAL_NOTE_WINOGRAD, CUDNN_NUMERICAL_NOTE_FFT -> { return false; }
                    default -> { }
                }
            }
            return true;
        }
    }

    /** The plan of a configuration, or null if cuDNN cannot make it. */
    private static CudnnPlan of(CudnnDescriptor configuration, CudnnTarget target) {
        CudnnDescriptor plan = new CudnnDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
        target.inPlan(plan);
        return finished(plan.parts(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration), configuration);
    }

    /** A plan that was kept as {@link #text}, or null if this cuDNN cannot use it. */
    static CudnnPlan restored(byte[] text, CudnnTarget target) {
        CudnnDescriptor plan = new CudnnDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
        target.inPlan(plan);
        try {
            return finished(plan.text(TEXT, text), null);
        } catch (CudaError e) {
            plan.close();
            return null;
        }
    }

    private static CudnnPlan finished(CudnnDescriptor plan, CudnnDescriptor configuration) {
        if (plan.finished() == 0) return new CudnnPlan(plan, configuration);
        plan.close();
        return null;
    }

    /** The plan with its compiled kernels, as JSON. */
    byte[] text() { return plan.readText(TEXT); }

    /** Bytes of scratch memory. */
    long workspace() { return workspace; }

    /** Enqueues it. @param scratch address of {@link #workspace} bytes @param addresses of the operands in their order */
    void run(CudnnTarget target, long scratch, long... addresses) {
        try (CudnnDescriptor pack = new CudnnDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)) {
            pack.longs(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, Arrays.copyOf(NUMBERS, addresses.length))
                    .words(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, addresses)
                    .words(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, scratch).finish("the addresses of a plan");
            check(JCudnn.cudnnBackendExecute(target.handle(), plan, pack), "running a plan");
        }
    }

    @Override public void close() {
        plan.close();
        if (configuration != null) configuration.close();
    }
}
