package dev.faithdiff.jmh.peer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.faithdiff.jmh.KernelBench;
import dev.faithdiff.jmh.Timed;
import dev.faithdiff.jmh.Workload;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.lab.OnnxModel;
import java.util.HashMap;
import java.util.Map;
import org.openjdk.jmh.annotations.Param;

/** ONNX Runtime on the laboratory's cases, with as many threads as the kernels have; compiled with the Maven profile {@code peers}. */
public class PeerBench extends Timed {
    @Param("LinearOp/unet-640") public String name;

    @Override protected Workload make() throws OrtException {
        OnnxModel model = OnnxModel.of(KernelBench.find(name));
        Workload work = new Workload();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        OrtSession.SessionOptions options = work.hold(new OrtSession.SessionOptions());
        options.setIntraOpNumThreads(Parallel.threads());
        OrtSession session = work.hold(environment.createSession(model.file(), options));
        Map<String, OnnxTensor> in = new HashMap<>();
        for (int i = 0; i < model.inputs().length; i++) {
            in.put("" + i, work.hold(OnnxTensor.createTensor(environment, model.values(i), model.inputs()[i])));
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
