package dev.faithdiff.kernels.cuda;

import java.nio.charset.StandardCharsets;
import jcuda.jcudnn.cudnnBackendAttributeName;
import jcuda.jcudnn.cudnnBackendAttributeType;
import jcuda.jcudnn.cudnnHandle;

/** For which device plans are made: that of a handle, or one that is described in cuDNN's own JSON and need not be here. */
final class CudnnTarget {
    private static final int HEURISTICS_DEVICE = 204, PLAN_DEVICE = 407;

    /** A handle that tells its address. */
    static final class Handle extends cudnnHandle {
        private long value() { return getNativePointer(); }
    }

    private final Handle handle;
    private final CudnnDescriptor device;

    /** The device of a handle. */
    CudnnTarget(Handle handle) {
        this.handle = handle;
        device = null;
    }

    /** A described device, for which plans can be made but not run. */
    CudnnTarget(String json) {
        handle = null;
        device = new CudnnDescriptor(CudnnDescriptor.DEVICE).text(CudnnDescriptor.DEVICE_TEXT, json.getBytes(StandardCharsets.UTF_8))
                .finish("the description of a device");
    }

    Handle handle() { return handle; }

    void inGraph(CudnnDescriptor graph) { set(graph, cudnnBackendAttributeName.CUDNN_ATTR_OPERATIONGRAPH_HANDLE, -1); }

    void inHeuristics(CudnnDescriptor heuristics) { set(heuristics, -1, HEURISTICS_DEVICE); }

    void inPlan(CudnnDescriptor plan) { set(plan, cudnnBackendAttributeName.CUDNN_ATTR_EXECUTION_PLAN_HANDLE, PLAN_DEVICE); }

    private void set(CudnnDescriptor d, int forHandle, int forDevice) {
        if (handle != null && forHandle >= 0) d.words(forHandle, cudnnBackendAttributeType.CUDNN_TYPE_HANDLE, handle.value());
        if (device != null && forDevice >= 0) d.parts(forDevice, device);
    }
}
