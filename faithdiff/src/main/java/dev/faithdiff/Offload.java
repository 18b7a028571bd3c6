package dev.faithdiff;

import dev.faithdiff.nn.Residency;
import dev.faithdiff.nn.Residency.Place;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which weights lie on a device. On the CPU they are mapped from their files, and this changes nothing. */
public enum Offload {
    /** All of them, from opening the model on. */
    NONE,
    /** Those of the network at work: text encoders, encoders and decoder leave before the U-Net comes, and it leaves before they do. */
    STAGES,
    /** As STAGES, and of the U-Net the resnet or transformer at work and the next one, in each step anew from pinned host memory. */
    BLOCKS,
    /** The first of these for which the device has room. */
    AUTO;

    /** What a tile of 1024 x 1024 needs beside weights, in F32, with scratch of the libraries. */
    private static final long WORKING = 6L << 30;
    private static final Pattern BLOCK = Pattern.compile("((down_blocks\\.\\d+|mid_block|up_blocks\\.\\d+)\\.\\w+\\.\\d+)\\..*");

    /** This, or for AUTO what the folder's weights take of the device's free memory. @param dtype the type of activations */
    Offload chosen(Path folder, Device device, DType dtype) {
        if (this != AUTO) return this;
        if (device == Device.CPU) return NONE;
        long room = device.freeBytes() - WORKING * dtype.bytes() / Float.BYTES;
        return room >= bytes(folder) ? NONE : room >= bytes(folder.resolve("unet")) ? STAGES : BLOCKS;
    }

    /** Size of all weights below a folder; 0 where there is none, of which opening it will tell. */
    private static long bytes(Path folder) {
        if (!Files.isDirectory(folder)) return 0;
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(f -> f.toString().endsWith(".safetensors")).mapToLong(f -> f.toFile().length()).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What moves a model's weights, or null where none move. */
    Residency residency(Device device) { return this == NONE || device == Device.CPU ? null : new Residency(device, this::place); }

    /** The stage and block of a parameter of any of the model's files. */
    private Place place(String key) {
        if (key.startsWith("text_")) return new Place("text encoders", null);
        if (key.startsWith("denoise_encoder.")) return new Place("LQ encoder", null);
        if (key.startsWith("encoder.") || key.startsWith("quant_conv.")) return new Place("encoder", null);
        if (key.startsWith("decoder.") || key.startsWith("post_quant_conv.")) return new Place("decoder", null);
        Matcher block = BLOCK.matcher(key);
        return new Place("U-Net", this == BLOCKS && block.matches() ? block.group(1) : null);
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
