package dev.faithdiff.jmh.peer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.faithdiff.jmh.KernelBench;
import dev.faithdiff.jmh.Timed;
import dev.faithdiff.jmh.Workload;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Param;

/** ONNX Runtime on the laboratory's cases, with as many threads as the kernels have; compiled with the Maven profile {@code peers}. */
public class PeerBench extends Timed {
    @Param("LinearOp/unet-640") public String name;

    @Override protected Workload make() throws OrtException {
        Case c = KernelBench.find(name);
        Workload work = new Workload();
        int[][] sizes = Stream.of(c.outline()).map(OnnxModel::sizes).toArray(int[][]::new);
        int inputs = c.op() instanceof AttentionOp ? sizes.length : 1;
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        OrtSession.SessionOptions options = work.hold(new OrtSession.SessionOptions());
        options.setIntraOpNumThreads(Parallel.threads());
        OrtSession session = work.hold(environment.createSession(OnnxModel.of(c, sizes, inputs), options));
        Map<String, OnnxTensor> in = new HashMap<>();
        for (int i = 0; i < inputs; i++) {
            long[] shape = Arrays.stream(sizes[i]).asLongStream().toArray();
            in.put("" + i, work.hold(OnnxTensor.createTensor(environment, OnnxModel.normal(sizes[i]).asFloatBuffer(), shape)));
        }
        return work.repeat(() -> run(session, in));
    }

    private static Object run(OrtSession session, Map<String, OnnxTensor> in) {
        try (OrtSession.Result result = session.run(in)) {
            return result.size();
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }
}
