package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/** An entry on a GPU. */
record CudaEntry(CudaDevice device, CUfunction function, String name) implements KernelEntry {
    private static final int SHARED_WITHOUT_ASKING = 48 << 10;

    @Override public void run(Launch l) { device.request(() -> launch(l)); }

    private void launch(Launch l) {
        if (l.shared > SHARED_WITHOUT_ASKING) {
            check(JCudaDriver.cuFuncSetAttribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, l.shared),
                    name + " with " + l.shared + " bytes of shared memory");
        }
        check(JCudaDriver.cuLaunchKernel(function, l.gridX, l.gridY, l.gridZ, l.block, 1, 1, l.shared, device.stream(), l.parameters, null),
                name + " on a grid of " + l.gridX + "x" + l.gridY + "x" + l.gridZ + " blocks of " + l.block);
    }
}
