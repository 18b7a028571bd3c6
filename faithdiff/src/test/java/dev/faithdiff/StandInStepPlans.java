package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.StandInPlans;
import dev.faithdiff.kernels.cuda.op.PlanKernel;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.NormedOp;
import dev.faithdiff.tensor.op.Op;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What {@link StepPlansTest} runs in a JVM of its own: the ops of a guided restoration to 1024 x 1024 with the full-size model, seen on a device that
 * computes nothing, and cuDNN's plans for them.
 */
final class StandInStepPlans {
    private StandInStepPlans() {}

    /** @param arguments an empty folder, and {@code all} to compile every plan, not one of each kind */
    public static void main(String[] arguments) throws IOException {
        System.setProperty("dry.fused", "true");
        Map<String, Integer> uses = new TreeMap<>();
        Set<GraphPattern> patterns = patterns(Path.of(arguments[0]), uses);
        System.out.println(patterns.size() + " patterns; ops that ask for plans, and those of products and attention that do not: " + uses);
        assertThat(uses).containsKeys("CudnnLinear", "CudnnLinearAdd", "CudnnLinearGeglu", "CudnnConv2dPlan", "CudnnConv2dAdd", "CudnnAttention",
                "CudnnSelfAttention", "CudnnUpsampleConv2d", "CudnnLinearF8", "CudnnLinearAddF8", "CudnnLinearGegluF8", "CudnnSelfAttentionF8",
                "CudnnNormLinearF8", "CudnnNormConv2dF8");
        StandInPlans.open();
        StandInPlans.prove(patterns, arguments.length > 1 ? patterns : StandInPlans.ofEachKind(patterns), "sm_80", "sm_90", "sm_100");
    }

    private static Set<GraphPattern> patterns(Path folder, Map<String, Integer> uses) throws IOException {
        FullSizeModel.write(folder);
        Set<GraphPattern> patterns = new LinkedHashSet<>();
        Options options = Options.defaults().with(SCALE, 4.0).with(STEPS, 2).with(PROMPT, "a").with(NEGATIVE, "b");
        try (FaithDiff faithDiff = FullSizeModel.open(folder, Backend.device("dry"), DType.F16, DType.F16, Offload.NONE)) {
            Engine.observed((op, in, out, kernel, nanos) -> {
                List<GraphPattern> asked = asked(op, in, uses);
                patterns.addAll(asked);
            }, () -> faithDiff.restore(Image.of(256, 256, new byte[256 * 256 * 3]), options));
        }
        return patterns;
    }

    @SuppressWarnings("unchecked")
    private static <O extends Op> List<GraphPattern> asked(O op, Tensor[] in, Map<String, Integer> uses) {
        List<GraphPattern> asked = new ArrayList<>();
        new CudaBackend().kernels().stream().filter(k -> k.op() == op.getClass() && k instanceof PlanKernel<?>).forEach(k -> {
            asked.addAll(((PlanKernel<O>) k).asked(op, in));
            uses.merge(asked.isEmpty() ? "no plan: " + op.name() + " " + in[0].dtype() : k.name(), 1, Integer::sum);
        });
        if (op instanceof NormedOp normed) asked.addAll(asked(normed.then(), NormedOp.ofThen(in, in[0]), uses));
        return asked;
    }
}
