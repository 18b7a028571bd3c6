package dev.faithdiff.kernels.cuda;

import jcuda.driver.JCudaDriver;

/** A call of a CUDA library failed: the message has the call, its code and the library's text. */
public final class CudaError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CudaError(String message) { super(message); }

    /** Fails unless a driver call returned 0. */
    static void check(int code, String call) {
        if (code == 0) return;
        String[] name = {"unknown"}, text = {"no text"};
        JCudaDriver.cuGetErrorName(code, name);
        JCudaDriver.cuGetErrorString(code, text);
        throw new CudaError(call + " failed with code " + code + ", " + name[0] + ": " + text[0]);
    }
}
