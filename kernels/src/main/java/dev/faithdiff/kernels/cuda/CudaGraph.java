package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import java.util.Arrays;
import java.util.function.Supplier;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/**
 * Work as a CUDA graph, launched by one call. The first run is a plain one, in which kernels are compiled and algorithms measured. The second run
 * captures the work on the stream, with copies of the inputs and memory from a reserve of the pool. From then on a run copies its inputs and
 * launches the graph. While ops are observed or checked, runs are plain. A capture holds the device's lock.
 */
final class CudaGraph implements Replay {
    private final CudaDevice device;
    private final Replay work;
    private final Scope held = Scope.detached();
    private final CUgraphExec graph = new CUgraphExec();
    private boolean warm, captured;
    private Pool.Reserve memory;
    private Tensor[] inputs;
    private Tensor result;

    CudaGraph(CudaDevice device, Replay work) {
        this.device = device;
        this.work = work;
    }

    @Override public Tensor run(Tensor... in) {
        // Before the first run, so that what the work leaves idle is still there when it is captured.
        if (inputs == null) inputs = Arrays.stream(in).map(t -> kept(() -> Tensor.empty(device, t.dtype(), t.shape()))).toArray(Tensor[]::new);
        if (!warm || Engine.isObserved()) {
            warm = true;
            return work.run(in);
        }
        return device.exclusive(() -> launched(in));
    }

    private Tensor launched(Tensor... in) {
        if (!captured) capture();
        if (in.length != inputs.length) throw new CudaError("captured work takes " + inputs.length + " inputs, not " + in.length);
        for (int i = 0; i < in.length; i++) {
            if (!in[i].shape().equals(inputs[i].shape()) || in[i].dtype() != inputs[i].dtype()) {
                throw new CudaError("captured work takes " + inputs[i] + " as input " + i + ", not " + in[i]);
            }
            device.copy(in[i], inputs[i]);
        }
        check(JCudaDriver.cuGraphLaunch(graph, device.stream()), "launching captured work");
        return result;
    }

    private void capture() {
        memory = device.pool().reserve();
        try {
            CUgraph recorded = new CUgraph();
            // Relaxed: the driver may still be asked for a block that the pool lacks.
            check(JCudaDriver.cuStreamBeginCapture(device.stream(), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED), "beginning a capture");
            device.setCapturing(true);
            int ended;
            try {
                result = kept(() -> work.run(inputs));
            } finally {
                device.setCapturing(false);
                ended = JCudaDriver.cuStreamEndCapture(device.stream(), recorded);
            }
            check(ended, "ending a capture");
            check(JCudaDriver.cuGraphInstantiate(graph, recorded, 0), "making a graph of captured work");
            captured = true;
            check(JCudaDriver.cuGraphDestroy(recorded), "freeing captured work");
            memory.seal();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** A tensor that is freed when this is closed. */
    private Tensor kept(Supplier<Tensor> make) {
        try (Scope _ = Scope.open()) {
            return held.adopt(make.get());
        }
    }

    @Override public void close() {
        held.close();
        if (captured) check(JCudaDriver.cuGraphExecDestroy(graph), "freeing a graph");
        captured = false;
        if (memory != null) memory.close();
    }
}
