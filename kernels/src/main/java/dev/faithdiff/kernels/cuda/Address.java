package dev.faithdiff.kernels.cuda;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;

/** Addresses as the objects that JCuda takes, and back. */
final class Address {
    private static final CUdeviceptr NULL = new CUdeviceptr();

    /** Native host memory. */
    private static final class Host extends Pointer {
        Host(long address) { super(address); }
    }

    /** Device memory as an offset from null, JCuda's only public way from a number to a CUdeviceptr. */
    private static final class OnDevice extends CUdeviceptr {
        OnDevice(long address) { super(NULL, address); }
    }

    /** Receives device memory from a call. */
    static final class NewDevice extends CUdeviceptr {
        long value() { return getNativePointer(); }
    }

    /** Receives host memory from a call. */
    static final class NewHost extends Pointer {
        long value() { return getNativePointer(); }
    }

    private Address() {}

    static Pointer host(long address) { return new Host(address); }

    static CUdeviceptr device(long address) { return new OnDevice(address); }
}
