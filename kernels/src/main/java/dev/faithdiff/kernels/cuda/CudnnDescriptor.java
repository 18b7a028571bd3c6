package dev.faithdiff.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnBackendAttributeType;
import jcuda.jcudnn.cudnnBackendDescriptor;

/**
 * A descriptor of cuDNN's graph API: first its attributes, then {@link #finish}. Values pass through native memory, since JCuda passes null where it
 * expects an address and gets an array.
 */
final class CudnnDescriptor extends cudnnBackendDescriptor implements AutoCloseable {
    /** Kinds, attributes and types that are newer than JCuda's constants. */
    static final int DEVICE = 38, ATTENTION = 41, DEVICE_HANDLE = 2701, DEVICE_TEXT = 2702, TEXT = 24;

    private static final int MOST_TEXT = 64 << 20;

    /** @param kind one of {@link jcuda.jcudnn.cudnnBackendDescriptorType} */
    CudnnDescriptor(int kind) { check(JCudnn.cudnnBackendCreateDescriptor(kind, this), "making a descriptor of kind " + kind); }

    /** Fails unless a call returned 0. */
    static void check(int code, String call) {
        if (code != 0) throw new CudaError(call + " failed with cuDNN status " + code + ", " + JCudnn.cudnnGetErrorString(code));
    }

    /** Integers of 64 bits. */
    CudnnDescriptor longs(int attribute, long... values) { return words(attribute, cudnnBackendAttributeType.CUDNN_TYPE_INT64, values); }

    /** Numbers, addresses or handles of 64 bits. */
    CudnnDescriptor words(int attribute, int type, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, values.length, arena.allocateFrom(ValueLayout.JAVA_LONG, values));
        }
    }

    /** One value of an enumeration. */
    CudnnDescriptor value(int attribute, int type, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, 1, arena.allocateFrom(ValueLayout.JAVA_INT, value));
        }
    }

    CudnnDescriptor number(int attribute, float value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, cudnnBackendAttributeType.CUDNN_TYPE_FLOAT, 1, arena.allocateFrom(ValueLayout.JAVA_FLOAT, value));
        }
    }

    CudnnDescriptor yes(int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, cudnnBackendAttributeType.CUDNN_TYPE_BOOLEAN, 1, arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) 1));
        }
    }

    CudnnDescriptor text(int attribute, byte[] text) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ended = arena.allocate(text.length + 1L);
            MemorySegment.copy(text, 0, ended, ValueLayout.JAVA_BYTE, 0, text.length);
            return set(attribute, TEXT, ended.byteSize(), ended);
        }
    }

    /** Other descriptors, which are finished. */
    CudnnDescriptor parts(int attribute, CudnnDescriptor... parts) {
        return words(attribute, cudnnBackendAttributeType.CUDNN_TYPE_BACKEND_DESCRIPTOR,
                Arrays.stream(parts).mapToLong(CudnnDescriptor::getNativePointer).toArray());
    }

    private CudnnDescriptor set(int attribute, int type, long count, MemorySegment values) {
        check(JCudnn.cudnnBackendSetAttribute(this, attribute, type, count, Address.host(values.address())), "setting attribute " + attribute);
        return this;
    }

    /** Finishes the descriptor. @param what it is, for the message */
    CudnnDescriptor finish(String what) {
        check(finished(), "finishing " + what);
        return this;
    }

    /** Finishes the descriptor, and returns cuDNN's status: what is asked for may not be there. */
    int finished() { return JCudnn.cudnnBackendFinalize(this); }

    /** An attribute of 64 bits. */
    long readLong(int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            check(get(attribute, cudnnBackendAttributeType.CUDNN_TYPE_INT64, 1, new long[1], value), "asking for attribute " + attribute);
            return value.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Values of an enumeration, at most {@code most}. */
    int[] readValues(int attribute, int type, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(ValueLayout.JAVA_INT, most);
            long[] count = {0};
            check(get(attribute, type, most, count, values), "asking for attribute " + attribute);
            return values.asSlice(0, 4 * Math.min(most, count[0])).toArray(ValueLayout.JAVA_INT);
        }
    }

    byte[] readText(int attribute) {
        long[] count = {0};
        check(JCudnn.cudnnBackendGetAttribute(this, attribute, TEXT, 0, count, null), "asking for the length of attribute " + attribute);
        if (count[0] > MOST_TEXT) throw new CudaError("attribute " + attribute + " has " + count[0] + " bytes");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(count[0]);
            check(get(attribute, TEXT, count[0], count, text), "asking for attribute " + attribute);
            byte[] bytes = text.toArray(ValueLayout.JAVA_BYTE);
            int end = bytes.length;
            while (end > 0 && bytes[end - 1] == 0) end--;
            return Arrays.copyOf(bytes, end);
        }
    }

    /** Fills given descriptors with an attribute's, and returns how many there were. */
    int readParts(int attribute, CudnnDescriptor... parts) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment to = arena.allocateFrom(ValueLayout.JAVA_LONG, Arrays.stream(parts).mapToLong(CudnnDescriptor::getNativePointer).toArray());
            long[] count = {0};
            int code = get(attribute, cudnnBackendAttributeType.CUDNN_TYPE_BACKEND_DESCRIPTOR, parts.length, count, to);
            check(code, "asking for attribute " + attribute);
            return (int) Math.min(parts.length, count[0]);
        }
    }

    private int get(int attribute, int type, long most, long[] count, MemorySegment to) {
        return JCudnn.cudnnBackendGetAttribute(this, attribute, type, most, count, Address.host(to.address()));
    }

    @Override public void close() { JCudnn.cudnnBackendDestroyDescriptor(this); }
}
